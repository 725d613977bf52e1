//! Every way to log in by the manual steps, with and without a migration; wrong answers; sessions over restarts.

use std::sync::Arc;

use sansgram_runtime::core::login::{LoginError, SentCode};
use sansgram_runtime::{
    Client, Error, FileStore, MemoryStore, Runtime, SendCodeOutcome, SessionStore, SignInOutcome,
};

use super::{config, dc_id, sandbox};

/// Requests a code and logs in with it.
pub(super) async fn give_code(client: &Client, phone: &str, code: &str) -> SignInOutcome {
    let sent_code = request_code(client, phone).await;
    client.sign_in(&sent_code, code).await.unwrap()
}

async fn request_code(client: &Client, phone: &str) -> SentCode {
    match client.send_code(phone).await.unwrap() {
        SendCodeOutcome::CodeSent(sent_code) => sent_code,
        other => panic!("no code: {other:?}"),
    }
}

/// Logs in by phone and checks the stored session.
async fn phone_of<R: Runtime>(runtime: R, phone: &str, code: &str, password: Option<&str>, dc: i32) {
    let served = sandbox();
    let store = MemoryStore::new();
    let client = Client::start(runtime, config(&served), store.clone()).await.unwrap();
    client.connect().await.unwrap();
    assert!(client.is_connected());
    assert!(!client.is_authorized().await.unwrap());
    let user = match (give_code(&client, phone, code).await, password) {
        (SignInOutcome::LoggedIn(user), None) => user,
        (SignInOutcome::PasswordRequired(_), Some(password)) => {
            client.check_password(password).await.unwrap()
        }
        (other, _) => panic!("{other:?}"),
    };
    assert!(!user.is_bot);
    // The step ended only after the session was saved.
    let kept = store.session().unwrap();
    assert_eq!(kept.user.unwrap().id, user.id);
    assert_eq!(kept.home_dc, Some(dc_id(dc)));
    assert!(client.is_authorized().await.unwrap());
    assert_eq!(client.get_me().await.unwrap(), user);
    assert_eq!(client.home(), dc_id(dc));
    assert_eq!(served.take_refusals(), [], "the server found nothing wrong with the client");
}

pub(crate) async fn phone<R: Runtime>(runtime: R) {
    phone_of(runtime, "+999 66 2 0001", "22222", None, 2).await;
}

pub(crate) async fn a_password_comes_after_a_code<R: Runtime>(runtime: R) {
    let served = sandbox();
    let client = Client::start(runtime, config(&served), MemoryStore::new()).await.unwrap();
    for _ in 0..2 {
        let error = client.check_password("sandbox").await.unwrap_err();
        assert!(matches!(error, Error::Login(LoginError::Restart)), "{error:?}");
        let error = client.request_password_recovery().await.unwrap_err();
        assert!(matches!(error, Error::Login(LoginError::Restart)), "{error:?}");
        assert_eq!(client.logout_cause(), None, "no user was logged in");
    }
}

pub(crate) async fn phone_with_migration<R: Runtime>(runtime: R) {
    phone_of(runtime, "(99966) 1-0001", "11111", None, 1).await;
}

pub(crate) async fn phone_with_password<R: Runtime>(runtime: R) {
    phone_of(runtime, "9996620002", "22222", Some("sandbox"), 2).await;
}

pub(crate) async fn phone_with_password_and_migration<R: Runtime>(runtime: R) {
    // Not on DC 3: its code could be a port, and the search for secrets would find it in the log.
    phone_of(runtime, "9996610002", "11111", Some("sandbox"), 1).await;
}

async fn bot_of<R: Runtime>(runtime: R, token: &str, dc: i32) {
    let served = sandbox();
    let store = MemoryStore::new();
    let client = Client::start(runtime, config(&served), store.clone()).await.unwrap();
    let user = client.bot_login(token).await.unwrap();
    assert!(user.is_bot);
    assert_eq!(store.session().unwrap().home_dc, Some(dc_id(dc)));
    assert_eq!(client.get_me().await.unwrap(), user);
    assert_eq!(served.take_refusals(), []);
}

pub(crate) async fn bot<R: Runtime>(runtime: R) {
    bot_of(runtime, "1:sandbox", 2).await;
}

pub(crate) async fn bot_with_migration<R: Runtime>(runtime: R) {
    bot_of(runtime, "2:elsewhere", 1).await;
}

pub(crate) async fn a_wrong_code_can_be_corrected<R: Runtime>(runtime: R) {
    let served = sandbox();
    let client = Client::start(runtime, config(&served), MemoryStore::new()).await.unwrap();
    let sent_code = request_code(&client, "9996620001").await;
    for wrong in ["", "00000"] {
        let error = client.sign_in(&sent_code, wrong).await.unwrap_err();
        assert!(matches!(error, Error::Login(LoginError::CodeInvalid)), "{error:?}");
    }
    assert!(matches!(client.sign_in(&sent_code, " 22222 ").await.unwrap(), SignInOutcome::LoggedIn(_)));
}

pub(crate) async fn a_wrong_password_can_be_corrected<R: Runtime>(runtime: R) {
    let served = sandbox();
    let client = Client::start(runtime, config(&served), MemoryStore::new()).await.unwrap();
    assert!(matches!(give_code(&client, "9996620002", "22222").await, SignInOutcome::PasswordRequired(_)));
    let error = client.check_password("wrong").await.unwrap_err();
    assert!(matches!(error, Error::Login(LoginError::PasswordInvalid)), "{error:?}");
    client.check_password("sandbox").await.unwrap();
}

pub(crate) async fn a_wrong_phone_can_be_corrected<R: Runtime>(runtime: R) {
    let served = sandbox();
    let client = Client::start(runtime, config(&served), MemoryStore::new()).await.unwrap();
    let error = client.send_code("my phone").await.unwrap_err();
    assert!(matches!(error, Error::Login(LoginError::PhoneForm(_))), "{error:?}");
    let error = client.send_code("+1 234 567 8900").await.unwrap_err();
    assert!(matches!(error, Error::Login(LoginError::PhoneInvalid)), "{error:?}");
    assert!(matches!(give_code(&client, "9996620001", "22222").await, SignInOutcome::LoggedIn(_)));
}

pub(crate) async fn a_wrong_token_can_be_corrected<R: Runtime>(runtime: R) {
    let served = sandbox();
    let client = Client::start(runtime, config(&served), MemoryStore::new()).await.unwrap();
    let error = client.bot_login("sandbox").await.unwrap_err();
    assert!(matches!(error, Error::Login(LoginError::BotTokenForm(_))), "{error:?}");
    assert!(!client.is_connected(), "a token of the wrong form costs no traffic");
    let error = client.bot_login("1:wrong").await.unwrap_err();
    assert!(matches!(error, Error::Login(LoginError::BotTokenInvalid)), "{error:?}");
    assert!(client.bot_login("1:sandbox").await.unwrap().is_bot);
}

pub(crate) async fn an_unknown_number_must_sign_up<R: Runtime>(runtime: R) {
    let served = sandbox();
    let client = Client::start(runtime, config(&served), MemoryStore::new()).await.unwrap();
    assert!(matches!(give_code(&client, "9996620009", "22222").await, SignInOutcome::SignUpRequired(_)));
    assert!(!client.is_authorized().await.unwrap());
}

pub(crate) async fn a_restart_needs_no_login<R: Runtime + Clone>(runtime: R) {
    let served = sandbox();
    let store = MemoryStore::new();
    let client = Client::start(runtime.clone(), config(&served), store.clone()).await.unwrap();
    let user = client.bot_login("2:elsewhere").await.unwrap();
    client.disconnect().await;

    // Only the session is needed again, not even the application's identity.
    let config = config(&served).with_api(None);
    let client = Client::start(runtime, config, store).await.unwrap();
    assert_eq!(client.home(), dc_id(1));
    assert!(client.is_authorized().await.unwrap());
    assert_eq!(client.get_me().await.unwrap(), user);
}

pub(crate) async fn a_logout_is_remembered<R: Runtime + Clone>(runtime: R) {
    let served = sandbox();
    let store = MemoryStore::new();
    let client = Client::start(runtime.clone(), config(&served), store.clone()).await.unwrap();
    client.bot_login("1:sandbox").await.unwrap();
    client.log_out().await.unwrap();
    assert_eq!(store.session().unwrap().user, None);
    assert!(!client.is_authorized().await.unwrap());
    client.log_out().await.unwrap();
    // The same client can log in again.
    client.bot_login("1:sandbox").await.unwrap();
    assert!(store.session().unwrap().user.is_some());
}

pub(crate) async fn a_file_keeps_the_session<R: Runtime + Clone>(runtime: R) {
    let served = sandbox();
    let directory = Directory::new("file-keeps");
    let store = Arc::new(FileStore::new(directory.0.join("me")));
    assert!(store.path().ends_with("me.session"));
    let client = Client::start(runtime.clone(), config(&served), store.clone()).await.unwrap();
    let user = client.bot_login("1:sandbox").await.unwrap();
    assert_eq!(store.load().unwrap().unwrap().user.unwrap().id, user.id);
    drop(client);
    let client = Client::start(runtime, config(&served), store).await.unwrap();
    assert_eq!(client.get_me().await.unwrap(), user);
}

/// A directory of one test, which is removed with its content.
pub(super) struct Directory(pub(super) std::path::PathBuf);

impl Directory {
    pub(super) fn new(name: &str) -> Self {
        let unique = format!("sansgram-{name}-{}-{:?}", std::process::id(), std::thread::current().id());
        let path = std::env::temp_dir().join(unique);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
