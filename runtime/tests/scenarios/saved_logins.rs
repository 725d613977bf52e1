//! Saved logins that another process continues, and the tokens that logouts leave.

use sansgram_harness::time_limit::LIMIT;
use sansgram_runtime::core::login::{LoginError, SavedLogin};
use sansgram_runtime::{Client, Error, LoginProgress, MemoryStore, Runtime, SendCodeOutcome, SignInOutcome};
use sansgram_testkit::accounts::AccountEvent;

use super::interactive::Script;
use super::login::give_code;
use super::{config, dc_id, sandbox};

pub(crate) async fn a_saved_login_continues_in_another_process<R: Runtime + Clone>(runtime: R) {
    let served = sandbox();
    let first = MemoryStore::new();
    let client = Client::start(runtime.clone(), config(&served), first.clone()).await.unwrap();
    let step = LoginProgress::from(client.send_code("9996610002").await.unwrap());
    let text = step.saved_login().unwrap().to_text();
    let key = client.stored_session().keys;
    client.disconnect().await;

    // Another process has only the two texts.
    let second = MemoryStore::new();
    sansgram_runtime::SessionStore::save(&second, &first.session().unwrap()).unwrap();
    let client = Client::start(runtime.clone(), config(&served), second.clone()).await.unwrap();
    let mut script = Script::new(["11111"]);
    let pending = SavedLogin::from_text(&text).unwrap();
    let error = client.resume_login(&mut script, pending).await.unwrap_err();
    assert!(matches!(error, Error::Prompt(_)), "{error:?}");
    assert_eq!(client.stored_session().keys, key, "no new key was needed");
    client.disconnect().await;

    // A third process only needs the password.
    let client = Client::start(runtime, config(&served), second).await.unwrap();
    let mut script = Script::new(["sandbox"]);
    let pending = SavedLogin::Password(sansgram_runtime::core::login::PasswordHint::default());
    client.resume_login(&mut script, SavedLogin::from_text(&pending.to_text()).unwrap()).await.unwrap();
    assert_eq!(client.home(), dc_id(1));
}

pub(crate) async fn a_logout_token_replaces_the_code<R: Runtime>(runtime: R) {
    let served = sandbox();
    let store = MemoryStore::new();
    let client = Client::start(runtime, config(&served), store.clone()).await.unwrap();
    assert!(matches!(give_code(&client, "9996620001", "22222").await, SignInOutcome::LoggedIn(_)));
    client.log_out().await.unwrap();
    assert_eq!(store.session().unwrap().logout_tokens.len(), 1);
    while served.next_event(std::time::Duration::ZERO).is_some() {}
    assert!(matches!(client.send_code("9996620001").await.unwrap(), SendCodeOutcome::LoggedIn(_)));
    let event = served.next_event(LIMIT);
    assert!(matches!(event, Some(AccountEvent::LoggedIn { .. })), "{event:?}");
    // The token is not valid for another number.
    client.log_out().await.unwrap();
    let outcome = client.send_code("9996620003").await.unwrap();
    let SendCodeOutcome::CodeSent(sent_code) = outcome else { panic!("{outcome:?}") };
    client.cancel_code(&sent_code).await.unwrap();
    let error = client.sign_in(&sent_code, "22222").await.unwrap_err();
    assert!(matches!(error, Error::Login(LoginError::CodeExpired)), "{error:?}");
}
