//! A login is saved as a text between two steps, and another process continues it.

use sansgram_core::client::StoredSession;
use sansgram_core::login::{LoginStep, SavedLogin, SignInOutcome};
use sansgram_harness::pair::{Pair, PairOptions};

use crate::common::{is_logged_in, request_code};

/// Replaces the client by another one that has only the texts of the session and of the saved login.
#[test]
fn a_saved_login_continues_in_another_client() {
    let mut pair = Pair::new(PairOptions::default());
    let sent_code = request_code(&mut pair, "9996610002");
    let text = SavedLogin::from(sent_code).to_text();
    restart(&mut pair);
    let Ok(SavedLogin::Code(sent_code)) = SavedLogin::from_text(&text) else { panic!("no code") };
    let outcome = pair.login(LoginStep::sign_in(&sent_code, "11111"));
    let Ok(SignInOutcome::PasswordRequired(hint)) = outcome else { panic!("{outcome:?}") };
    let text = SavedLogin::Password(hint).to_text();
    restart(&mut pair);
    assert!(matches!(SavedLogin::from_text(&text), Ok(SavedLogin::Password(_))));
    let outcome = pair.login(LoginStep::check_password("sandbox"));
    assert!(is_logged_in(&outcome), "{outcome:?}");
    assert_eq!(pair.client.home().number(), 1);

    // The API credentials are not needed again.
    restart(&mut pair);
    assert!(pair.login(LoginStep::get_me()).is_ok());
    let session = pair.client.stored_session();
    assert_eq!(session.keys.len(), 2, "the keys of the two DCs were used all along");
}

/// The same servers, another client with the same session and without an application.
fn restart(pair: &mut Pair) {
    let text = pair.client.stored_session().to_text();
    let session = StoredSession::from_text(&text).unwrap();
    let mut config = PairOptions::config(&[1, 2, 3]);
    config.api = None;
    pair.dcs.close_all();
    pair.poll();
    let seed = pair.network.bytes_carried();
    let mut next = Pair::new(PairOptions { client: config, session, ..PairOptions::seeded(seed) });
    std::mem::swap(&mut next.dcs, &mut pair.dcs);
    *pair = next;
}
