//! Requests with a handle, and updates.

use std::pin::pin;
use std::time::Duration;

use sansgram_runtime::core::client::{
    ApiMisuse, Delivery, DisconnectReason, InvokeError, RequestOptions, Route,
};
use sansgram_runtime::core::tl::functions::help::GetNearestDc;
use sansgram_runtime::core::tl::{Deserialize, Serialize, enums};
use sansgram_runtime::{Client, ClientEvent, Error, MemoryStore, Runtime, Update};
use sansgram_testkit::accounts::Fault;
use sansgram_testkit::server::{FaultInjection, ServerOptions, TestDcs};

use super::clients::within;
use super::{config, dc_id, sandbox, sandbox_with};

pub(crate) async fn a_request_has_a_handle<R: Runtime>(runtime: R) {
    let served = sandbox();
    let client = Client::start(runtime, config(&served), MemoryStore::new()).await.unwrap();
    let first = client.send(&GetNearestDc {}, RequestOptions::default()).unwrap();
    // No other task ran in between, so the client has not connected.
    assert_eq!(first.delivery(), Some(Delivery::Queued));
    let options = RequestOptions::default().with_after(Some(first.id()));
    let second = client.send(&GetNearestDc {}, options).unwrap();
    let reply = second.reply().await.unwrap();
    // The server answers in the order of execution.
    assert_eq!(first.delivery(), Some(Delivery::Answered));
    assert_eq!(first.reply().await.unwrap(), reply);
}

pub(crate) async fn raw_requests_have_raw_replies<R: Runtime>(runtime: R) {
    let served = sandbox();
    let client = Client::start(runtime, config(&served), MemoryStore::new()).await.unwrap();
    let dc_of = |reply: Vec<u8>| {
        enums::NearestDc::from_bytes(&reply).map(|enums::NearestDc::NearestDc(it)| it.this_dc)
    };
    let query = GetNearestDc {}.to_bytes();
    assert_eq!(dc_of(client.invoke_raw(query.clone()).await.unwrap()), Ok(2));
    assert_eq!(dc_of(client.invoke_raw_with(query.clone(), Route::Dc(dc_id(1))).await.unwrap()), Ok(1));
    // A query of the wrong length is not sent.
    let refused = client.invoke_raw(vec![0; 5]).await;
    assert!(matches!(refused, Err(Error::Misuse(ApiMisuse::QueryLength(5)))), "{refused:?}");
}

pub(crate) async fn a_pending_request_ends_with_the_client<R: Runtime>(runtime: R) {
    // The driver may run on another thread, so a server that answers could be faster than the call of `disconnect`.
    let fault_injection = FaultInjection::default().with_silent_after_accept(true);
    let served = sandbox_with(ServerOptions::default().with_fault_injection(fault_injection));
    let client = Client::start(runtime, config(&served), MemoryStore::new()).await.unwrap();
    let pending = client.send(&GetNearestDc {}, RequestOptions::default()).unwrap();
    assert_eq!(pending.delivery(), Some(Delivery::Queued));
    client.disconnect().await;
    assert_eq!(pending.delivery(), None);
    let ended = pending.reply().await;
    assert!(matches!(ended, Err(Error::Stopped)), "{ended:?}");
}

pub(crate) async fn a_request_is_acknowledged_quickly<R: Runtime>(runtime: R) {
    let served = sandbox();
    let client = Client::start(runtime, config(&served), MemoryStore::new()).await.unwrap();
    for quick_ack in [true, false] {
        let options = RequestOptions::default().with_quick_ack(quick_ack);
        let mut request = client.send(&GetNearestDc {}, options).unwrap();
        request.wait_received().await.unwrap();
        assert!(request.delivery().unwrap() >= Delivery::Packed);
        request.reply().await.unwrap();
    }
}

/// The server never received the request, so the handle must not report a receipt.
pub(crate) async fn a_request_that_was_not_sent_is_not_received<R: Runtime>(runtime: R) {
    let fault_injection = FaultInjection::default().with_silent_after_accept(true);
    let served = sandbox_with(ServerOptions::default().with_fault_injection(fault_injection));
    let client = Client::start(runtime, config(&served), MemoryStore::new()).await.unwrap();
    let options = RequestOptions::default().with_timeout(Some(Duration::from_millis(50)));
    let mut request = client.send(&GetNearestDc {}, options).unwrap();
    let ended = InvokeError::TimedOut { delivery: Delivery::Queued, problem: None };
    for _ in 0..2 {
        let refused = request.wait_received().await;
        assert!(matches!(&refused, Err(Error::Invoke(error)) if *error == ended), "{refused:?}");
        assert_eq!(request.delivery(), None);
    }
    let refused = request.reply().await;
    assert!(matches!(&refused, Err(Error::Invoke(error)) if *error == ended), "{refused:?}");
}

pub(crate) async fn a_request_has_a_time_limit<R: Runtime>(runtime: R) {
    let served = sandbox();
    let client = Client::start(runtime, config(&served), MemoryStore::new()).await.unwrap();
    let options = RequestOptions::default().with_timeout(Some(Duration::from_nanos(1)));
    let refused = client.invoke_with(&GetNearestDc {}, options).await;
    assert!(matches!(refused, Err(Error::Invoke(InvokeError::TimedOut { .. }))), "{refused:?}");
    client.invoke(&GetNearestDc {}).await.unwrap();
}

pub(crate) async fn updates_begin_with_their_state<R: Runtime + Clone>(runtime: R) {
    let served = sandbox();
    let client = Client::start(runtime.clone(), config(&served), MemoryStore::new()).await.unwrap();
    client.bot_login("1:sandbox").await.unwrap();
    let update = client.next_update().await.unwrap();
    assert!(matches!(update, Update::State(state) if state.date > 0), "{update:?}");
    assert!(client.rejected_counts().is_empty(), "{:?}", client.rejected_counts());
    let store = MemoryStore::with_session(client.stored_session());
    client.disconnect().await;
    // If a user is logged in, the application needs no other call; a lost connection is reopened.
    let client = Client::start(runtime, config(&served), store).await.unwrap();
    for _ in 0..2 {
        let update = client.next_update().await.unwrap();
        assert!(matches!(update, Update::State(_)), "{update:?}");
        served.with_dcs(|dcs| {
            dcs.close_all();
            dcs.forget_sessions();
        });
    }
}

/// A caller that waits for a step learns why it takes longer, and what happens to the connection.
pub(crate) async fn events_explain_delays<R: Runtime>(runtime: R) {
    let mut options = ServerOptions::default();
    options.accounts.faults = vec![Fault::flood_wait("auth.sendCode", 50)];
    let served = sandbox_with(options);
    let client = Client::start(runtime, config(&served), MemoryStore::new()).await.unwrap();
    let mut code = pin!(client.send_code("9996620001"));
    assert!(within(0, code.as_mut()).await.is_none());
    assert_eq!(client.next_event().await.unwrap(), ClientEvent::Connected { dc: dc_id(2) });
    let wait = Duration::from_secs(50);
    assert_eq!(client.next_event().await.unwrap(), ClientEvent::FloodWait { wait });
    served.with_dcs(TestDcs::close_all);
    let event = client.next_event().await.unwrap();
    let closed = matches!(&event, ClientEvent::Disconnected { reason: DisconnectReason::Network(_), .. });
    assert!(closed, "{event:?}");
    client.disconnect().await;
    assert!(matches!(code.await, Err(Error::Stopped)));
}
