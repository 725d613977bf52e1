//! A bot, and its test without a network: a scripted answer, a flood wait and an update.
//!
//! Run it with `cargo test -p sansgram-testkit --test test_a_bot`.

use std::error::Error;
use std::time::{Duration, Instant};

use sansgram_testkit::core::tl::{enums, functions, types};
use sansgram_testkit::{Answer, TestServer, TestServerOptions};
use sansgram_tokio::{Client, MemoryStore, Update};

/// The bot: at the next update it looks up a user. The client waits out a flood by itself.
async fn bot(client: Client) -> Result<Vec<enums::User>, sansgram_tokio::Error> {
    while matches!(client.next_update().await?, Update::State(_)) {}
    client.invoke(&functions::users::GetUsers::new(vec![types::InputUser::new(7, 0).into()])).await
}

#[tokio::test]
async fn the_bot_waits_out_a_flood() -> Result<(), Box<dyn Error>> {
    let server = TestServer::start(TestServerOptions::default())?;
    server.respond_with::<functions::users::GetUsers>(Answer::flood_wait(1)).times(1).expect(1);
    server
        .on::<functions::users::GetUsers>(|call, request| {
            assert_eq!((call.user_id(), request.id.len()), (Some(1), 1));
            Ok(vec![types::UserEmpty { id: 7 }.into()])
        })
        .expect(1);

    let client = sansgram_tokio::start(server.config(), MemoryStore::new()).await?;
    client.bot_login("1:sandbox").await?;
    let (start, bot) = (Instant::now(), tokio::spawn(bot(client)));
    server.send_update_to(1, &enums::Update::from(types::UpdateConfig));
    assert_eq!(bot.await??, [types::UserEmpty { id: 7 }.into()]);
    assert!(start.elapsed() >= Duration::from_secs(1));
    server.verify();
    Ok(())
}
