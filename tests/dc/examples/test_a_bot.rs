//! A bot, and its test without a network: a message to it, a flood wait, and a scripted answer.

use std::error::Error;
use std::time::Duration;

use sansgram_testkit::core::tl::{enums, functions::messages::SendMessage, types};
use sansgram_testkit::{Answer, TestServer, TestServerOptions};
use sansgram_tokio::core::SecureRandom;
use sansgram_tokio::{Client, MemoryStore, OsRandom, Update};

/// The bot: welcomes each user who writes to it.
async fn bot(client: Client) -> Result<(), sansgram_tokio::Error> {
    loop {
        let Some(Ok(enums::Updates::Updates(updates))) = client.next_update().await?.typed() else {
            continue;
        };
        for update in updates.updates {
            let enums::Update::NewMessage(new) = update else { continue };
            let enums::Message::Message(message) = new.message else { continue };
            let enums::Peer::User(from) = message.peer_id else { continue };
            if message.out {
                continue;
            }
            let to = types::InputPeerUser::new(from.user_id, 0);
            // Servers drop a second message with the same number.
            let mut random_id = [0; 8];
            OsRandom::default().fill(&mut random_id);
            client.invoke(&SendMessage::new(to, "welcome", i64::from_ne_bytes(random_id))).await?;
        }
    }
}

#[tokio::test]
async fn the_bot_waits_and_welcomes() -> Result<(), Box<dyn Error>> {
    let server = TestServer::start(TestServerOptions::default())?;
    server.respond_with::<SendMessage>(Answer::flood_wait(1)).times(1).expect(1);
    server
        .on::<SendMessage>(|call, request| {
            assert_eq!((call.user_id(), &*request.message), (Some(1), "welcome"));
            Ok(types::UpdateShortSentMessage::new(1, 2, 1, call.now()).into())
        })
        .expect(1);

    let client = sansgram_tokio::start(server.config(), MemoryStore::new()).await?;
    client.bot_login("1:sandbox").await?;
    // Updates come once their state is known.
    assert!(matches!(client.next_update().await?, Update::State(_)));
    let bot = tokio::spawn(bot(client));
    server.send_message(9996621234, 1, "/start").expect("both accounts exist");
    // The client waits out the flood by itself, and sends the answer again.
    let calls = server.called::<SendMessage>(2, Duration::from_secs(20)).await;
    assert_eq!((calls.len(), bot.is_finished()), (2, false));
    server.verify();
    Ok(())
}
