//! The examples of a runtime, against the test DCs. The test that includes this file has each example as a module.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::mpsc;
use std::task::Poll;

use sansgram_runtime::core::tl::{functions, types};
use sansgram_runtime::{Client, LoginProgress, MemoryStore, Runtime, Update};
use sansgram_testkit::{TestServer, TestServerOptions};

use crate::{download_file, echo_bot, follow_updates, send_to_myself};

const ADA: &str = "9996620001";
const BOT: i64 = 1;
/// Returns the output of the future that completes first.
async fn first<T>(left: impl Future<Output = T>, right: impl Future<Output = T>) -> T {
    let (mut left, mut right) = (pin!(left), pin!(right));
    poll_fn(|cx| match left.as_mut().poll(cx) {
        Poll::Pending => right.as_mut().poll(cx),
        ready => ready,
    })
    .await
}

fn serve() -> TestServer {
    TestServer::start(TestServerOptions::default()).unwrap()
}

async fn start<R: Runtime>(runtime: R, server: &TestServer) -> Client {
    Client::start(runtime, server.config(), MemoryStore::new()).await.unwrap()
}

async fn log_in<R: Runtime>(runtime: R, server: &TestServer) -> (Client, i64) {
    let client = start(runtime, server).await;
    let LoginProgress::CodeSent(sent_code) = client.send_code(ADA).await.unwrap().into() else {
        panic!("no code was sent");
    };
    let LoginProgress::LoggedIn(user) = client.sign_in(&sent_code, "22222").await.unwrap().into() else {
        panic!("the account has a password");
    };
    (client, user.id)
}

/// Waits until the server pushes updates to this client.
async fn subscribe(client: &Client) {
    assert!(matches!(client.next_update().await, Ok(Update::State(_))));
}

/// Follows the updates of this client until one contains all these words.
async fn arrives(client: &Client, words: &[&str]) {
    let (lines, printed) = mpsc::channel::<String>();
    let follows = async {
        let ended = follow_updates::follow(client, move |line| lines.send(line).unwrap()).await;
        panic!("the updates ended: {ended:?}");
    };
    let arrived =
        poll_fn(|_| match printed.try_iter().any(|line| words.iter().all(|it| line.contains(it))) {
            true => Poll::Ready(()),
            // Each line comes in a poll of the other future, which is polled first.
            false => Poll::Pending,
        });
    first(follows, arrived).await;
}

pub(crate) async fn a_message_to_oneself_arrives<R: Runtime + Clone>(runtime: R) {
    let server = serve();
    let (client, _) = log_in(runtime.clone(), &server).await;
    // A session is not told of what it did itself.
    let (other, _) = log_in(runtime.clone(), &server).await;
    subscribe(&other).await;
    send_to_myself::send_to_myself(&client, "to myself").await.unwrap();
    arrives(&other, &["to myself"]).await;
}

pub(crate) async fn the_bot_answers_with_the_same_text<R: Runtime + Clone>(runtime: R) {
    let server = serve();
    let bot = start(runtime.clone(), &server).await;
    // The second time as if the bot was started again.
    for _ in 0..2 {
        echo_bot::log_in(&bot, "1:sandbox").await.unwrap();
    }
    let (client, id) = log_in(runtime.clone(), &server).await;
    subscribe(&bot).await;
    subscribe(&client).await;
    server.send_message(id, BOT, "over and over").expect("both accounts exist");
    let echoes = async {
        let ended = echo_bot::echo(&bot).await;
        panic!("the bot ended: {ended:?}");
    };
    first(echoes, arrives(&client, &["over and over", "out: false"])).await;
    let answer = server.calls().into_iter().find(|call| call.method == "messages.sendMessage");
    assert_eq!(answer.and_then(|call| call.user_id), Some(BOT));
}

/// Uploads a file of two parts to the user's own chat.
pub(crate) async fn upload(client: &Client, bytes: &[u8]) {
    const PART: usize = 1 << 19;
    for (number, part) in (0..).zip(bytes.chunks(PART)) {
        let saved = functions::upload::SaveFilePart::new(7, number, part.to_vec());
        assert!(client.invoke(&saved).await.unwrap());
    }
    let parts = i32::try_from(bytes.len().div_ceil(PART)).unwrap();
    let file = types::InputFile::new(7, parts, "a.bin", "");
    let media = types::InputMediaUploadedDocument::new(file, "application/octet-stream", Vec::new());
    client.invoke(&functions::messages::SendMedia::new(types::InputPeerSelf, media, "", 8)).await.unwrap();
}

pub(crate) async fn the_newest_file_is_downloaded<R: Runtime + Clone>(runtime: R) {
    let server = serve();
    let (client, _) = log_in(runtime.clone(), &server).await;
    let refused = download_file::download(&client, &mut Vec::new()).await.unwrap_err();
    assert_eq!(refused.to_string(), "there is no file among the last 100 messages");
    // The last part is shorter than the others.
    let content: Vec<u8> = (0..600_001_u32).map(|at| (at % 251) as u8).collect();
    upload(&client, &content).await;
    send_to_myself::send_to_myself(&client, "a later message").await.unwrap();
    let mut downloaded = Vec::new();
    download_file::download(&client, &mut downloaded).await.unwrap();
    assert!(downloaded == content, "{} bytes of {}", downloaded.len(), content.len());
}

/// One test for each example; `run` makes a runtime and runs the test in it.
#[macro_export]
macro_rules! examples {
    ($run:expr) => {
        #[test]
        fn a_message_to_oneself_arrives() {
            sansgram_harness::time_limit::bounded(|| $run(shared::a_message_to_oneself_arrives));
        }

        #[test]
        fn the_bot_answers_with_the_same_text() {
            sansgram_harness::time_limit::bounded(|| $run(shared::the_bot_answers_with_the_same_text));
        }

        #[test]
        fn the_newest_file_is_downloaded() {
            sansgram_harness::time_limit::bounded(|| $run(shared::the_newest_file_is_downloaded));
        }
    };
}
