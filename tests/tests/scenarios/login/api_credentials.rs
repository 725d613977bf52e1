//! `api_id` and `api_hash` are needed for the first login only.

use sansgram_core::client::{InvokeError, Route};
use sansgram_core::login::{LoginError, LoginStep};
use sansgram_core::tl::functions;
use sansgram_harness::pair::{Pair, PairOptions};
use sansgram_testkit::accounts::Fault;

use crate::common::{assert_logged_in, log_in_bot, logged_in, wait};

#[test]
fn a_logged_in_client_starts_without_credentials() {
    let mut nameless = PairOptions::default().client;
    nameless.api = None;

    // Without a login, they are missing before anything is sent.
    let mut pair = Pair::new(PairOptions { client: nameless.clone(), ..PairOptions::default() });
    assert_eq!(pair.login(LoginStep::send_code("9996620001")), Err(LoginError::ApiCredentialsMissing));
    assert_eq!(pair.login(LoginStep::bot_login("1:sandbox")), Err(LoginError::ApiCredentialsMissing));
    assert_eq!(pair.login(LoginStep::qr_login(&[])), Err(LoginError::ApiCredentialsMissing));
    assert!(pair.opened.is_empty());

    let mut pair = Pair::new(PairOptions::default());
    log_in_bot(&mut pair, "2:elsewhere");
    for _ in 0..2 {
        pair.restart_client(nameless.clone());
        assert!(pair.login(LoginStep::get_me()).is_ok());
        assert_eq!(pair.client.stored_session().api_id, Some(1));
    }
    // The server was told the number in `initConnection` each time, or it would have refused the call.
    assert!(pair.refusals.is_empty(), "{:?}", pair.refusals);
    assert_eq!(pair.login(LoginStep::log_out()), Ok(()));

    pair.restart_client(PairOptions::default().client);
    assert_logged_in(&pair.login(LoginStep::bot_login("1:sandbox")));
}

/// The results of six concurrent requests to a server with these faults.
fn six_at_once(faults: Vec<Fault>) -> Vec<Result<Vec<u8>, InvokeError>> {
    let mut options = PairOptions::default();
    // The client itself sends no request.
    options.client.updates = false;
    options.server.accounts.faults = faults;
    let mut pair = logged_in(options);
    let now = pair.client_now();
    let state = functions::updates::GetState {};
    let handles: Vec<_> = (0..6).map(|_| pair.client.invoke(now, &state, Route::Home).unwrap()).collect();
    handles.into_iter().map(|handle| wait(&mut pair, handle.id())).collect()
}

#[test]
fn init_connection_is_repeated_for_each_pending_request_if_the_server_forgot_it() {
    let forgotten = Fault::error("updates.getState", 400, "CONNECTION_NOT_INITED");
    let answers = six_at_once((0..6).map(|_| forgotten.clone().once()).collect());
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    // If it persists, the request fails.
    for answer in six_at_once(vec![forgotten]) {
        let is_told = matches!(&answer, Err(InvokeError::Rpc(error)) if error.is("CONNECTION_NOT_INITED"));
        assert!(is_told, "{answer:?}");
    }
}

#[test]
fn a_login_does_not_replace_another_login() {
    let mut pair = logged_in(PairOptions::default());
    let session = pair.client.stored_session().clone();
    assert_eq!(pair.login(LoginStep::send_code("9996610001")), Err(LoginError::AlreadyLoggedIn));
    assert_eq!(pair.login(LoginStep::bot_login("2:elsewhere")), Err(LoginError::AlreadyLoggedIn));
    assert_eq!(pair.login(LoginStep::qr_login(&[])), Err(LoginError::AlreadyLoggedIn));
    assert_eq!(*pair.client.stored_session(), session);
}
