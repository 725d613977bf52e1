//! A bot, and its test without a network: a scripted answer, a flood wait and an update.
//!
//! Run it with `cargo test -p sansgram-testkit --test test_a_bot`.

use std::error::Error;
use std::time::{Duration, Instant};

use sansgram_testkit::core::tl::{enums, functions, types};
use sansgram_testkit::{Answer, TestServer, TestServerOptions};
use sansgram_tokio::{Client, MemoryStore, Update};

/// The bot: at the next update it looks up a user, again and again if the server demands a wait.
async fn bot(client: Client) -> Result<Vec<enums::User>, sansgram_tokio::Error> {
    while matches!(client.next_update().await?, Update::State(_)) {}
    let request =
        functions::users::GetUsers { id: vec![types::InputUser { user_id: 7, access_hash: 0 }.into()] };
    loop {
        match client.invoke(&request).await {
            Err(error) if error.flood_wait().is_some() => {
                tokio::time::sleep(error.flood_wait().unwrap_or_default()).await;
            }
            users => return users,
        }
    }
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

    let mut config = server.config();
    config.flood_sleep_threshold = Duration::ZERO;
    let client = sansgram_tokio::start(config, MemoryStore::new()).await?;
    client.bot_login("1:sandbox").await?;
    let (start, bot) = (Instant::now(), tokio::spawn(bot(client)));
    server.send_update_to(1, &enums::Update::from(types::UpdateConfig));
    assert_eq!(bot.await??, [types::UserEmpty { id: 7 }.into()]);
    assert!(start.elapsed() >= Duration::from_secs(1));
    server.verify();
    Ok(())
}
