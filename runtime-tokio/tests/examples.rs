//! The examples, against the test DCs.

#[path = "../examples/echo_bot.rs"]
#[allow(dead_code, reason = "`main` runs against Telegram")]
mod echo_bot;
#[path = "../examples/follow_updates.rs"]
#[allow(dead_code, reason = "`main` runs against Telegram")]
mod follow_updates;
#[path = "../examples/send_to_myself.rs"]
#[allow(dead_code, reason = "`main` runs against Telegram")]
mod send_to_myself;

use std::time::Duration;

use sansgram_testkit::{TestServer, TestServerOptions};
use sansgram_tokio::{Client, LoginProgress, MemoryStore, Update};
use tokio::sync::mpsc;
use tokio::time::timeout;

const BOT: i64 = 1;

async fn start(server: &TestServer) -> Client {
    sansgram_tokio::start(server.config(), MemoryStore::new()).await.unwrap()
}

async fn log_in(server: &TestServer, phone: &str, code: &str) -> (Client, i64) {
    let client = start(server).await;
    let LoginProgress::CodeSent(sent_code) = client.send_code(phone).await.unwrap().into() else {
        panic!("no code for {phone}");
    };
    let LoginProgress::LoggedIn(user) = client.sign_in(&sent_code, code).await.unwrap().into() else {
        panic!("{phone} has a password");
    };
    (client, user.id)
}

/// Waits until the server pushes updates to this client.
async fn subscribe(client: &Client) {
    assert!(matches!(client.next_update().await, Ok(Update::State(_))));
}

/// Follows the updates of this client until one contains all these words.
async fn arrives(client: &Client, words: &[&str]) {
    let (lines, mut printed) = mpsc::unbounded_channel::<String>();
    let seen = async {
        loop {
            let line = printed.recv().await.unwrap();
            if words.iter().all(|word| line.contains(word)) {
                break;
            }
        }
    };
    let follows = follow_updates::follow(client, move |line| lines.send(line).unwrap());
    tokio::select! {
        ended = follows => panic!("the updates ended: {ended:?}"),
        seen = timeout(Duration::from_secs(20), seen) => seen.expect("the update arrives"),
    }
}

#[tokio::test]
async fn a_message_to_oneself_arrives() {
    let server = TestServer::start(TestServerOptions::default()).unwrap();
    let (client, _) = log_in(&server, "9996620001", "22222").await;
    // A session is not told of what it did itself.
    let (other, _) = log_in(&server, "9996620001", "22222").await;
    subscribe(&other).await;
    send_to_myself::send_to_myself(&client, "to myself").await.unwrap();
    arrives(&other, &["to myself"]).await;
}

#[tokio::test]
async fn the_bot_answers_with_the_same_text() {
    let server = TestServer::start(TestServerOptions::default()).unwrap();
    let bot = start(&server).await;
    // The second time as if the bot was started again.
    for _ in 0..2 {
        echo_bot::log_in(&bot, "1:sandbox").await.unwrap();
    }
    let (client, id) = log_in(&server, "9996620001", "22222").await;
    subscribe(&bot).await;
    subscribe(&client).await;
    server.send_message(id, BOT, "over and over").expect("both accounts exist");
    tokio::select! {
        ended = echo_bot::echo(&bot) => panic!("the bot ended: {ended:?}"),
        () = arrives(&client, &["over and over", "out: false"]) => {}
    }
    let answer = server.calls().into_iter().find(|call| call.method == "messages.sendMessage");
    assert_eq!(answer.and_then(|call| call.user_id), Some(BOT));
}
