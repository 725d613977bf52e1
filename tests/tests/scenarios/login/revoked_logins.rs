//! A login that the server ends (revoked, duplicated, deactivated, unknown) is one typed event with advice.

use sansgram_core::client::{Event, LogoutCause};
use sansgram_core::login::{LoginState, LoginStep};
use sansgram_testkit::accounts::Fault;

use crate::common::{is_logged_in, pair_with};

#[test]
fn a_revoked_login_is_reported_with_advice_and_can_be_repeated() {
    for (code, name, cause) in [
        (401, "AUTH_KEY_UNREGISTERED", LogoutCause::Unregistered),
        (401, "SESSION_REVOKED", LogoutCause::Revoked),
        (401, "SESSION_EXPIRED", LogoutCause::Revoked),
        (401, "USER_DEACTIVATED_BAN", LogoutCause::Deactivated),
        (401, "AUTH_KEY_INVALID", LogoutCause::KeyInvalid),
        (406, "AUTH_KEY_DUPLICATED", LogoutCause::Duplicated),
    ] {
        let mut pair = pair_with(vec![Fault::error("users.getUsers", code, name).once()]);
        assert!(is_logged_in(&pair.login(LoginStep::bot_login("1:sandbox"))));
        let key = pair.client.stored_session().keys.clone();
        assert_eq!(pair.login(LoginStep::login_state()), Ok(LoginState::NotLoggedIn), "{name}");
        assert!(pair.events.contains(&Event::LoggedOut(cause)), "{name}");
        assert!(cause.advice().ends_with('.'));
        assert_eq!(pair.client.stored_session().user, None);
        let outcome = pair.login(LoginStep::bot_login("1:sandbox"));
        assert!(is_logged_in(&outcome), "{name}: {outcome:?}");
        // Only a key without a login is reused.
        assert_eq!(pair.client.stored_session().keys == key, !cause.is_key_dead(), "{name}");
    }
}
