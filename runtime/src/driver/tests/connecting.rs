//! Connections that the driver opens: addresses raced, and proxies.

use super::*;

#[test]
fn addresses_are_tried_in_turn() {
    let mut bench = Bench::new();
    bench.open(1, &[REFUSES, FIRST]);
    assert_eq!(bench.heard(), ["1 opened"]);
    bench.open(2, &[REFUSES]);
    assert_eq!(bench.heard(), ["2 lost Refused"]);
}

#[test]
fn a_silent_address_does_not_hide_the_next_one() {
    let mut bench = Bench::new();
    bench.open(1, &[SILENT, SECOND]);
    assert!(bench.heard().is_empty());
    bench.pass(Duration::from_millis(249));
    assert!(bench.poll().is_pending());
    assert_eq!(*bench.runtime.connects.lock().unwrap(), [SILENT]);
    bench.pass(Duration::from_millis(1));
    assert!(bench.poll().is_pending());
    assert_eq!(*bench.runtime.connects.lock().unwrap(), [SILENT, SECOND]);
    assert_eq!(bench.heard(), ["1 opened"]);
    assert_eq!(bench.runtime.dropped.load(Ordering::Relaxed), 1, "the loser is closed");
}

#[test]
fn a_failure_starts_the_next_attempt_at_once_while_others_continue() {
    let mut bench = Bench::new();
    bench.open(1, &[SILENT, REFUSES, SILENT + 1, FIRST]);
    assert_eq!(*bench.runtime.connects.lock().unwrap(), [SILENT]);
    bench.pass(Duration::from_millis(250));
    assert!(bench.poll().is_pending());
    assert_eq!(*bench.runtime.connects.lock().unwrap(), [SILENT, REFUSES, SILENT + 1]);
    assert_eq!(bench.runtime.dropped.load(Ordering::Relaxed), 0, "the first may still win");
    assert!(bench.heard().is_empty());
    bench.pass(Duration::from_millis(250));
    assert!(bench.poll().is_pending());
    assert_eq!(bench.heard(), ["1 opened"]);
    assert_eq!(bench.runtime.dropped.load(Ordering::Relaxed), 2);
}

#[test]
fn a_proxys_name_is_resolved_and_its_addresses_raced() {
    let mut bench = Bench::behind("socks5://proxy.example:11");
    bench.open(1, &[443]);
    assert_eq!(*bench.runtime.connects.lock().unwrap(), [REFUSES, FIRST]);
    assert_eq!(bench.wire(FIRST).written, [5, 1, 0]);
    bench.wire(FIRST).incoming.extend([vec![5, 0], vec![5, 0, 0, 1, 9], vec![9; 5]]);
    assert!(bench.poll().is_pending());
    assert_eq!(bench.heard(), ["1 opened"]);
    assert_eq!(bench.wire(FIRST).written[3..], [5, 1, 0, 1, 127, 0, 0, 1, 1, 0xbb]);

    let mut bench = Bench::behind("socks5://unknown.example:11");
    bench.open(1, &[443]);
    assert_eq!(bench.heard(), ["1 lost Proxy(UnknownHost)"]);
}

#[test]
fn an_unanswered_lookup_of_a_proxy_times_out() {
    let mut bench = Bench::behind("http://unanswered:11");
    bench.open(1, &[443, 80]);
    bench.pass(Duration::from_secs(7));
    assert!(bench.poll().is_pending());
    assert!(bench.heard().is_empty());
    bench.pass(Duration::from_secs(1));
    assert!(bench.poll().is_pending());
    assert_eq!(bench.heard(), ["1 lost Proxy(LookupTimedOut)"]);
}

#[test]
fn a_silent_proxy_is_reported_in_time() {
    let mut bench = Bench::behind("http://127.0.0.1:11");
    bench.open(1, &[443, 80]);
    bench.pass(Duration::from_secs(4));
    assert!(bench.poll().is_pending());
    assert_eq!(*bench.runtime.connects.lock().unwrap(), [FIRST, FIRST], "once for each address");
    bench.pass(Duration::from_secs(12));
    assert!(bench.poll().is_pending());
    assert_eq!(bench.heard(), ["1 lost Proxy(Silent)"]);
}
