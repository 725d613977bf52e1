//! Servers and disks that fail: each failure has one typed reason and takes a bounded time, and the client can
//! continue.

use std::future::poll_fn;
use std::io::{ErrorKind, Read};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use futures_io::AsyncWrite;
use sansgram_harness::secret_scan;
use sansgram_runtime::core::client::{
    Config, DcTable, DisconnectReason, InvokeError, IoFailure, LogoutCause, StoredSession,
};
use sansgram_runtime::core::login::LoginError;
use sansgram_runtime::{Client, Error, FileStore, MemoryStore, Runtime, SessionStore, StoreError, Update};
use sansgram_testkit::accounts::Fault;
use sansgram_testkit::server::{FaultInjection, ServerOptions};
use socket2::{Domain, Socket, Type};

use super::clients::within;
use super::login::Directory;
use super::{config, dc_id, sandbox, sandbox_with};

pub(crate) async fn a_port_without_a_server<R: Runtime>(runtime: R) {
    // A reserved port, which no test listens on.
    let unused = SocketAddr::from(([127, 0, 0, 1], 1));
    let served = sandbox();
    let mut dcs = DcTable::new();
    dcs.insert(dc_id(2), unused);
    let config = config(&served).with_dcs(dcs).with_max_attempts(2);
    let client = Client::start(runtime, config, MemoryStore::new()).await.unwrap();
    let error = client.connect().await.unwrap_err();
    let refused = DisconnectReason::Network(IoFailure::Refused);
    assert!(matches!(&error, Error::Unreachable { reason, .. } if *reason == refused), "{error:?}");
    assert_eq!(error.to_string(), "DC 2 cannot be reached: the connection was refused");
    let error = client.bot_login("1:sandbox").await.unwrap_err();
    let Error::Login(LoginError::Invoke(InvokeError::Unreachable { reason, .. })) = error else {
        panic!("{error:?}")
    };
    assert_eq!(reason, refused);
}

pub(crate) async fn a_server_that_dies<R: Runtime>(runtime: R) {
    let served = sandbox();
    let request_timeout = Some(Duration::from_secs(5));
    let config = config(&served).with_max_attempts(2).with_request_timeout(request_timeout);
    let client = Client::start(runtime, config, MemoryStore::new()).await.unwrap();
    client.bot_login("1:sandbox").await.unwrap();
    drop(served);
    let error = client.get_me().await.unwrap_err();
    assert!(matches!(error, Error::Login(LoginError::Invoke(_))), "{error:?}");
    let error = client.connect().await.unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }), "{error:?}");
}

/// Two processes with copies of one session, on two hosts.
pub(crate) async fn a_key_used_from_two_addresses_is_ended<R: Runtime + Clone>(runtime: R) {
    let served = sandbox();
    let first = Client::start(runtime.clone(), config(&served), MemoryStore::new()).await.unwrap();
    first.bot_login("1:sandbox").await.unwrap();
    let copy = MemoryStore::with_session(first.stored_session());
    let mut dcs = DcTable::new();
    dcs.insert(dc_id(2), forward([127, 0, 0, 2], served.address(2).unwrap()));
    let second = Client::start(runtime.clone(), config(&served).with_dcs(dcs), copy.clone()).await.unwrap();
    let is_ended =
        |error: &Error| matches!(error, Error::Login(LoginError::KeyDuplicated | LoginError::NotLoggedIn));
    // The first one may have an ack to send meanwhile, which ends the key already.
    if let Err(error) = second.get_me().await {
        assert!(is_ended(&error), "{error:?}");
    }

    for client in [&first, &second] {
        let error = client.get_me().await.unwrap_err();
        assert!(is_ended(&error), "{error:?}");
        assert_eq!(client.logout_cause(), Some(LogoutCause::Duplicated));
    }
    assert_eq!(served.shared_key_uses(), 1);
    // The key is gone from the store, and the next login makes another.
    second.disconnect().await;
    assert_eq!(copy.session().unwrap().user, None);
    first.bot_login("1:sandbox").await.unwrap();
    first.get_me().await.unwrap();
    assert_eq!(served.shared_key_uses(), 1);
}

/// Forwards connections to `to`, from an address of loopback. Returns where it listens. Its threads end with the
/// connections, and with the process.
fn forward(from: [u8; 4], to: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let server = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
            server.bind(&SocketAddr::from((from, 0)).into()).unwrap();
            server.connect(&to.into()).unwrap();
            let (client, server) = (Arc::new(client.unwrap()), Arc::new(TcpStream::from(server)));
            for (from, to) in [(client.clone(), server.clone()), (server, client)] {
                std::thread::spawn(move || {
                    let _ = std::io::copy(&mut &*from, &mut &*to);
                    let _ = to.shutdown(Shutdown::Both);
                });
            }
        }
    });
    address
}

/// What the system still holds must not arrive after its requests were sent again.
pub(crate) async fn a_reset_stream_loses_the_bytes_that_are_not_sent<R: Runtime>(runtime: R) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut stream = runtime.connect(listener.local_addr().unwrap()).await.unwrap();
    let (mut peer, _) = listener.accept().unwrap();
    let mut written = 0;
    // Until the system takes no more, as the peer does not read.
    poll_fn(|cx| {
        loop {
            match Pin::new(&mut stream).poll_write(cx, &[0; 1 << 16]) {
                Poll::Ready(len) => written += len.unwrap(),
                Poll::Pending => return Poll::Ready(()),
            }
        }
    })
    .await;
    runtime.reset(stream);
    let mut received = Vec::new();
    let error = peer.read_to_end(&mut received).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    assert!(received.len() < written, "{} of {written}", received.len());
}

/// Checks the error that both ways of connecting return for a faulty server.
async fn misbehaving<R: Runtime>(runtime: R, fault_injection: FaultInjection) -> (DisconnectReason, Error) {
    let served = sandbox_with(ServerOptions::default().with_fault_injection(fault_injection));
    let config = config(&served).with_connect_timeout(Duration::from_secs(2)).with_max_attempts(1);
    let client = Client::start(runtime, config, MemoryStore::new()).await.unwrap();
    let error = client.connect().await.unwrap_err();
    let Error::Unreachable { reason, .. } = error else { panic!("{error:?}") };
    (reason, client.bot_login("1:sandbox").await.unwrap_err())
}

fn is_unreachable(error: &Error) -> bool {
    matches!(error, Error::Login(LoginError::Invoke(InvokeError::Unreachable { .. })))
}

pub(crate) async fn a_silent_server<R: Runtime>(runtime: R) {
    let fault_injection = FaultInjection::default().with_silent_after_accept(true);
    let (reason, error) = misbehaving(runtime, fault_injection).await;
    assert_eq!(reason, DisconnectReason::ReadTimeout);
    assert!(is_unreachable(&error), "{error:?}");
}

pub(crate) async fn a_server_that_falls_silent_after_the_handshake<R: Runtime>(runtime: R) {
    let fault_injection = FaultInjection::default().with_silent_after_handshake(true);
    let (reason, error) = misbehaving(runtime, fault_injection).await;
    assert_eq!(reason, DisconnectReason::ReadTimeout);
    assert!(is_unreachable(&error), "{error:?}");
}

pub(crate) async fn a_server_that_sends_garbage<R: Runtime>(runtime: R) {
    let fault_injection = FaultInjection::default().with_garbage_first_reply(true);
    let (reason, error) = misbehaving(runtime, fault_injection).await;
    assert!(!matches!(reason, DisconnectReason::Network(_) | DisconnectReason::ClosedByUs), "{reason:?}");
    assert!(is_unreachable(&error), "{error:?}");
}

pub(crate) async fn a_slow_server<R: Runtime>(runtime: R) {
    let slow_bytes = Some(Duration::from_micros(100));
    let fault_injection = FaultInjection::default().with_slow_bytes(slow_bytes);
    let served = sandbox_with(ServerOptions::default().with_fault_injection(fault_injection));
    let client = Client::start(runtime, config(&served), MemoryStore::new()).await.unwrap();
    client.bot_login("1:sandbox").await.unwrap();
}

/// A store that fails to save while `is_full`.
#[derive(Default)]
struct Disk {
    is_full: AtomicBool,
    kept: MemoryStore,
}

impl SessionStore for Disk {
    fn load(&self) -> Result<Option<StoredSession>, StoreError> {
        self.kept.load()
    }

    fn save(&self, session: &StoredSession) -> Result<(), StoreError> {
        if self.is_full.load(Ordering::Relaxed) {
            return Err(StoreError::Other("the disk is full".into()));
        }
        self.kept.save(session)
    }
}

pub(crate) async fn a_full_disk_is_reported<R: Runtime>(runtime: R) {
    let served = sandbox();
    let disk = Arc::new(Disk::default());
    disk.is_full.store(true, Ordering::Relaxed);
    let client = Client::start(runtime, config(&served), disk.clone()).await.unwrap();
    let error = client.bot_login("1:sandbox").await.unwrap_err();
    assert!(matches!(error, Error::Store(_)), "{error:?}");
    assert_eq!(error.to_string(), "the disk is full");
    assert!(!client.is_authorized().await.unwrap(), "a key that cannot be kept is not logged in with");
    disk.is_full.store(false, Ordering::Relaxed);
    client.bot_login("1:sandbox").await.unwrap();
    assert!(disk.kept.session().unwrap().user.is_some());
    disk.is_full.store(true, Ordering::Relaxed);
    assert!(matches!(client.save().await, Err(Error::Store(_))));
    disk.is_full.store(false, Ordering::Relaxed);
    client.save().await.unwrap();
}

/// A login that the server ended is reported with its reason, also to callers that wait for updates, and the next login
/// can start at once.
async fn is_over(client: &Client, cause: LogoutCause) {
    assert_eq!(client.logout_cause(), None);
    let mut told = pin!(async {
        loop {
            if let Update::LoggedOut(cause) = client.next_update().await.unwrap() {
                return cause;
            }
        }
    });
    assert!(within(0, told.as_mut()).await.is_none());
    let error = client.get_me().await.unwrap_err();
    assert!(matches!(error, Error::Login(LoginError::NotLoggedIn)), "{error:?}");
    assert_eq!(client.logout_cause(), Some(cause));
    assert_eq!(told.await, cause);
    assert_eq!(client.stored_session().user, None);
    assert!(client.bot_login("1:sandbox").await.unwrap().is_bot);
}

pub(crate) async fn a_revoked_session_is_reported<R: Runtime>(runtime: R) {
    let mut options = ServerOptions::default();
    options.accounts.faults = vec![Fault::error("users.getUsers", 401, "SESSION_REVOKED").once()];
    let served = sandbox_with(options);
    let client = Client::start(runtime, config(&served), MemoryStore::new()).await.unwrap();
    client.bot_login("1:sandbox").await.unwrap();
    is_over(&client, LogoutCause::Revoked).await;
}

/// The servers do not know the auth key of the session.
pub(crate) async fn a_forgotten_key_is_reported<R: Runtime + Clone>(runtime: R) {
    let store = MemoryStore::new();
    {
        let before = sandbox();
        let client = Client::start(runtime.clone(), config(&before), store.clone()).await.unwrap();
        client.bot_login("1:sandbox").await.unwrap();
        client.disconnect().await;
    }
    let served = sandbox();
    let client = Client::start(runtime, config(&served), store).await.unwrap();
    is_over(&client, LogoutCause::KeyInvalid).await;
}

/// Every scenario is searched for secrets at its end: this one logs a secret.
pub(crate) async fn a_planted_secret_is_found<R: Runtime>(runtime: R) {
    let served = sandbox();
    let client = Client::start(runtime, config(&served), MemoryStore::new()).await.unwrap();
    client.bot_login("1:sandbox").await.unwrap();
    let said = secret_scan::recorded_since(served.begun);
    assert!(said.contains("sansgram_runtime"), "something was traced: {said}");
    let secrets = served.with_dcs(|dcs| dcs.secrets().clone());
    assert_eq!(secret_scan::check(&secrets, &said), Ok(()));
    let key = client.stored_session().keys[&dc_id(2)].auth_key.as_bytes().to_vec();
    for planted in [format!("{said} key={key:?}"), format!("{said} token=1:sandbox")] {
        assert!(secret_scan::check(&secrets, &planted).is_err());
    }
}

pub(crate) async fn a_foreign_session_is_not_touched<R: Runtime>(runtime: R) {
    let directory = Directory::new("foreign");
    let store = FileStore::new(directory.0.join("theirs.session"));
    let theirs = b"SQLite format 3\0\x10\x00\xff".as_slice();
    std::fs::write(store.path(), theirs).unwrap();
    let mut dcs = DcTable::new();
    dcs.insert(dc_id(2), SocketAddr::from(([127, 0, 0, 1], 1)));
    let config = Config::new(dcs, dc_id(2), Vec::new());
    let error = Client::start(runtime, config, store.clone()).await.unwrap_err();
    assert!(matches!(&error, Error::Store(why) if matches!(**why, StoreError::Foreign { .. })), "{error:?}");
    assert_eq!(std::fs::read(store.path()).unwrap(), theirs);
}
