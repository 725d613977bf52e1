//! The blocking example of core: no async, no threads, one socket.

#[path = "../../core/examples/blocking.rs"]
#[allow(dead_code, reason = "its main reads arguments that a test does not have")]
mod blocking;

use sansgram_testkit::test_server::{TestServer, TestServerOptions};

#[test]
fn logs_in_and_reports_errors() {
    let served = TestServer::start(TestServerOptions::default()).unwrap();
    let (address, key) = (served.address(2).unwrap(), served.public_key_pem());
    let (name, country) = blocking::log_in(address, key, "+999 66 2 0001", "22222").unwrap();
    assert!(name.starts_with("Sandbox"), "{name}");
    assert_eq!(country.len(), 2, "{country}");
    let refused = blocking::log_in(address, key, "+999 66 2 0001", "11111").unwrap_err();
    assert_eq!(refused.to_string(), "the code is wrong; check it and try again");
    drop(served);
    let dead = blocking::log_in(address, key, "+999 66 2 0001", "22222").unwrap_err();
    assert_eq!(dead.to_string(), "DC 2 cannot be reached: the connection was refused");
}
