//! A test waits for the calls of a client, with or without blocking its thread.

use std::time::Duration;

use sansgram_core::tl::functions::help::GetNearestDc;
use sansgram_harness::time_limit::LIMIT;
use sansgram_testkit::{TestServer, TestServerOptions};
use sansgram_tokio::{Client, Error, MemoryStore};

const SHORT: Duration = Duration::from_millis(20);

async fn call(client: Client, times: usize) -> Result<(), Error> {
    for _ in 0..times {
        client.invoke(&GetNearestDc {}).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_are_waited_for_up_to_a_time_limit() {
    let server = TestServer::start(TestServerOptions::default()).unwrap();
    let client = sansgram_tokio::start(server.config(), MemoryStore::new()).await.unwrap();
    assert_eq!(server.called::<GetNearestDc>(1, SHORT).await, []);

    let calls = tokio::spawn(call(client.clone(), 3));
    assert_eq!(server.called::<GetNearestDc>(3, LIMIT).await.len(), 3);
    calls.await.unwrap().unwrap();

    let calls = tokio::spawn(call(client, 2));
    let waited = tokio::task::block_in_place(|| server.wait_for_calls::<GetNearestDc>(5, LIMIT));
    assert_eq!(waited.len(), 5);
    calls.await.unwrap().unwrap();

    assert_eq!(server.called::<GetNearestDc>(6, SHORT).await.len(), 5);
    assert_eq!(server.wait_for_calls::<GetNearestDc>(6, SHORT).len(), 5);
}
