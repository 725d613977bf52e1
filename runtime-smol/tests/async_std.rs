//! The example inside async-std, against the test DCs.

#[path = "../examples/async_std.rs"]
#[allow(dead_code, reason = "its main reads arguments that a test does not have")]
mod example;

use sansgram_harness::time_limit::bounded;
use sansgram_testkit::{TestServer, TestServerOptions};

#[test]
fn a_bot_logs_in_inside_async_std() {
    let server = TestServer::start(TestServerOptions::default()).unwrap();
    let config = server.config();
    let (name, country) = bounded(move || async_std::task::block_on(example::log_in(config))).unwrap();
    assert_eq!((name.as_str(), country.len()), ("Sandbox bot", 2), "{country}");
}
