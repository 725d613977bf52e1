//! A session remembers the servers that it belongs to, and its keys are offered to no others.

use sansgram_core::client::{Client, Config, Servers, StoredSession, WrongServers};
use sansgram_core::login::LoginStep;
use sansgram_harness::pair::{Pair, PairOptions};
use sansgram_testkit::random::SeededRandomForTestingOnly;

use crate::common::{assert_no_fault, dc, logged_in};

/// What another process reads of the pair's session.
fn reread(pair: &Pair) -> StoredSession {
    StoredSession::from_text(&pair.client.stored_session().to_text()).unwrap()
}

#[test]
fn a5_a_session_reconnects_to_its_own_servers() {
    let mut pair = logged_in(PairOptions::default());
    let session = reread(&pair);
    assert!(matches!(&session.servers, Servers::Custom(custom) if custom.public_keys.len() == 1));
    let config = Config::for_session(&session).unwrap();
    assert_eq!(config.dcs.ids().collect::<Vec<_>>(), [1, 2, 3].map(dc));
    pair.restart_client_from(config, session);
    assert!(pair.login(LoginStep::get_me()).is_ok());
    assert_no_fault(&pair);
}

#[test]
fn a5_sessions_of_telegram_and_of_test_dcs_are_not_mixed() {
    let pair = logged_in(PairOptions::default());
    let session = reread(&pair);
    let client = |config: Config, session: StoredSession| {
        Client::new(config, session, Box::new(SeededRandomForTestingOnly::new(1)))
    };
    for config in [Config::telegram(), Config::telegram_test()] {
        let refused = client(config.clone(), session.clone()).unwrap_err();
        assert!(matches!(refused, WrongServers::Mismatch { .. }), "{refused:?}");
        assert!(
            refused.to_string().starts_with("the session belongs to the server at 10.0.0.2:443"),
            "{refused}"
        );
        let theirs =
            StoredSession { servers: Servers::Telegram, test_dcs: config.test_dcs, ..session.clone() };
        let refused = client(PairOptions::config(&[1, 2, 3]), theirs.clone()).unwrap_err();
        assert!(matches!(refused, WrongServers::Mismatch { .. }), "{refused:?}");
        let other = if config.test_dcs { Config::telegram() } else { Config::telegram_test() };
        assert!(client(other, theirs.clone()).is_err(), "production and test DCs know different keys");
        assert!(client(config, theirs).is_ok());
    }
    let ended = StoredSession { servers: Servers::EndedSandbox, ..session };
    assert_eq!(client(PairOptions::config(&[1, 2, 3]), ended).unwrap_err(), WrongServers::Ended);
}
