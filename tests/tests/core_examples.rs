//! The examples of core, against the test DCs: event loops without a runtime.

#[path = "../../core/examples/blocking.rs"]
#[allow(dead_code, reason = "its main reads arguments that a test does not have")]
mod blocking;
#[path = "../../core/examples/frame_loop.rs"]
#[allow(dead_code, reason = "its main reads arguments that a test does not have")]
mod frame_loop;
#[path = "../../core/examples/thousand_clients.rs"]
#[allow(dead_code, reason = "its main reads arguments that a test does not have")]
mod thousand_clients;

use sansgram_core::tl::functions::help::GetNearestDc;
use sansgram_testkit::test_server::{TestServer, TestServerOptions};

#[test]
fn a_blocking_socket_logs_in_and_reports_errors() {
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

#[test]
fn a_frame_loop_logs_in_and_calls() {
    let served = TestServer::start(TestServerOptions::default()).unwrap();
    let frames = frame_loop::play(served.address(2).unwrap(), served.public_key_pem()).unwrap();
    // A connection, three steps of the key exchange, the login and the call: none is waited for inside a frame.
    assert!(frames >= 6, "{frames}");
    assert_eq!(served.calls_of::<GetNearestDc>().len(), 1);
}

#[test]
fn a_thousand_clients_log_in_and_call_from_one_thread() {
    const CLIENTS: usize = 1000;
    raise_descriptor_limit();
    let options =
        TestServerOptions::default().with_max_connections(CLIENTS).with_recorded_calls(10 * CLIENTS);
    let served = TestServer::start(options).unwrap();
    thousand_clients::run(served.address(2).unwrap(), served.public_key_pem(), CLIENTS).unwrap();
    assert_eq!(served.calls_of::<GetNearestDc>().len(), CLIENTS);
}

/// Each connection has two ends in this process, and the usual limit is 1,024 descriptors.
#[cfg(unix)]
fn raise_descriptor_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let maximum = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })
        .expect("the limit can be raised up to its maximum");
}

#[cfg(not(unix))]
fn raise_descriptor_limit() {}
