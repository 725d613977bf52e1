//! The example of a runtime of one's own, against the test DCs.

#[path = "../examples/futures_executor.rs"]
#[allow(dead_code, reason = "its main reads arguments that a test does not have")]
mod futures_executor_example;

use sansgram_harness::time_limit::bounded;
use sansgram_testkit::{TestServer, TestServerOptions};

#[test]
fn a_bot_logs_in_over_a_third_executor() {
    let server = TestServer::start(TestServerOptions::default()).unwrap();
    let config = server.config();
    let (name, country) =
        bounded(move || futures_executor_example::log_in(config).map_err(|error| error.to_string())).unwrap();
    assert_eq!((name.as_str(), country.len()), ("Sandbox bot", 2), "{country}");
}
