//! The examples, against the test DCs.

#[path = "../examples/download_file.rs"]
#[allow(dead_code, reason = "`main` runs against Telegram")]
mod download_file;
#[path = "../examples/echo_bot.rs"]
#[allow(dead_code, reason = "`main` runs against Telegram")]
mod echo_bot;
#[path = "../examples/first_day.rs"]
#[allow(dead_code, reason = "`main` runs against Telegram")]
mod first_day;
#[path = "../examples/follow_updates.rs"]
#[allow(dead_code, reason = "`main` runs against Telegram")]
mod follow_updates;
#[path = "../examples/offline.rs"]
#[allow(dead_code, reason = "the test has test DCs of its own")]
mod offline;
#[path = "../examples/send_to_myself.rs"]
#[allow(dead_code, reason = "`main` runs against Telegram")]
mod send_to_myself;
#[macro_use]
#[path = "../../runtime/tests/examples/mod.rs"]
mod shared;
#[path = "../../tests/dc/examples/test_a_bot.rs"]
mod test_a_bot;

use sansgram_testkit::{TestServer, TestServerOptions};
use sansgram_tokio::core::client::StoredSession;
use sansgram_tokio::{Client, MemoryStore, ScriptedPrompt, Tokio};
use tokio::runtime::Runtime;

fn run<F: Future<Output = ()>>(test: impl FnOnce(Tokio) -> F) {
    let runtime = Runtime::new().unwrap();
    runtime.block_on(async { test(Tokio::current()).await });
}

examples!(run);

#[tokio::test]
async fn a_message_to_oneself_is_the_newest() {
    let server = TestServer::start(TestServerOptions::default()).unwrap();
    let text = offline::write_to_myself(server.config(), "hello").await.unwrap();
    assert_eq!(text.as_deref(), Some("hello"));
}

/// What `first_day.rs` has beside the other examples.
#[tokio::test]
async fn a_first_day() {
    let server = TestServer::start(TestServerOptions::default()).unwrap();
    let start = async |store| Client::start(Tokio::current(), server.config(), store).await.unwrap();
    let client = start(MemoryStore::new()).await;
    let mut prompt = ScriptedPrompt::new().phone("9996620002").code("22222").password("sandbox");
    let user = first_day::log_in(&client, &mut prompt).await.unwrap();
    send_to_myself::send_to_myself(&client, "hello").await.unwrap();
    let kept = first_day::keep(&client);
    client.disconnect().await;

    let again = start(MemoryStore::with_session(StoredSession::from_text(&kept).unwrap())).await;
    assert_eq!(again.get_me().await.unwrap().id, user.id);
    assert_eq!(first_day::chats(&again).await.unwrap(), [user.first_name]);
    first_day::log_out(&again).await.unwrap();
    assert!(!again.is_authorized().await.unwrap());

    let bot = start(MemoryStore::new()).await;
    assert_eq!(first_day::bot(&bot, "1:sandbox").await.unwrap().id, 1);
}
