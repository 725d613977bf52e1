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

use std::time::Duration;

use sansgram_core::tl::functions::help::GetNearestDc;
use sansgram_harness::time_limit::bounded;
use sansgram_testkit::server::{FaultInjection, ServerOptions, TestDcs};
use sansgram_testkit::test_server::{TestServer, TestServerOptions};

#[test]
fn a_blocking_socket_logs_in_and_reports_errors() {
    bounded(|| {
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
    });
}

/// Frames go on while the server is slow. With a fast one, there are about 20; at a millisecond per byte, all takes more than
/// two seconds. A loop that waited for answers inside a frame would still draw 20.
#[test]
fn a_frame_loop_logs_in_and_calls_without_a_frame_that_waits() {
    bounded(|| {
        let slow = FaultInjection::default().with_slow_bytes(Some(Duration::from_millis(1)));
        let server = ServerOptions::default().with_fault_injection(slow);
        let served = TestServer::start(TestServerOptions::default().with_server(server)).unwrap();
        let frames = frame_loop::play(served.address(2).unwrap(), served.public_key_pem()).unwrap();
        assert!(frames >= 60, "{frames}");
        assert_eq!(served.calls_of::<GetNearestDc>().len(), 1);
    });
}

/// The server closes the first connection during the key exchange.
#[test]
fn event_loops_open_a_lost_connection_again() {
    type Run = fn(&TestServer);
    let loops: [Run; 3] = [
        |served| {
            let (address, key) = (served.address(2).unwrap(), served.public_key_pem());
            blocking::log_in(address, key, "+999 66 2 0001", "22222").unwrap();
        },
        |served| {
            frame_loop::play(served.address(2).unwrap(), served.public_key_pem()).unwrap();
        },
        |served| thousand_clients::run(served.address(2).unwrap(), served.public_key_pem(), 1).unwrap(),
    ];
    for run in loops {
        bounded(move || {
            let is_lost_in_key_exchange = || {
                let served = TestServer::start(TestServerOptions::default()).unwrap();
                let is_early = std::thread::scope(|scope| {
                    let closing = scope.spawn(|| {
                        while served.open_connections() == 0 {
                            std::thread::yield_now();
                        }
                        served.with_dcs(TestDcs::close_all);
                        served.calls().is_empty()
                    });
                    run(&served);
                    closing.join().unwrap()
                });
                assert_eq!(served.calls_of::<GetNearestDc>().len(), 1);
                is_early
            };
            // A busy machine may run the other thread too late.
            assert!((0..20).any(|_| is_lost_in_key_exchange()));
        });
    }
}

#[test]
fn a_thousand_clients_log_in_and_call_from_one_thread() {
    const CLIENTS: usize = 1000;
    raise_descriptor_limit();
    bounded(|| {
        let options =
            TestServerOptions::default().with_max_connections(CLIENTS).with_recorded_calls(10 * CLIENTS);
        let served = TestServer::start(options).unwrap();
        thousand_clients::run(served.address(2).unwrap(), served.public_key_pem(), CLIENTS).unwrap();
        assert_eq!(served.calls_of::<GetNearestDc>().len(), CLIENTS);
    });
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
