//! What the pair does that no scenario would notice if it did not.

use super::*;

#[test]
fn a_crash_tells_the_old_client_nothing_and_what_it_wrote_arrives() {
    let mut pair = Pair::new(PairOptions::default());
    let first = pair.count(1, RequestOptions::new());
    pair.run_until(|pair| pair.is_completed(first)).expect("it is answered");
    // Its acks have left, so the next request leaves at once.
    pair.run_for(Duration::from_secs(2)).expect("it ends");
    let (opened, written) = (pair.opened.len(), pair.writes);
    let second = pair.count(2, RequestOptions::new());
    assert_eq!((pair.writes, pair.dcs.counted(2)), (written + 1, 0), "it is under way");
    let session = pair.client.stored_session().clone();
    let random = SeededRandomForTestingOnly::new(7);
    let mut old = pair.crash_client(PairOptions::config(&[1, 2, 3]), session, random);
    assert!(old.take_raw(second).is_none(), "its end was not reported");
    pair.run_for(Duration::from_secs(5)).expect("it ends");
    assert_eq!(pair.dcs.counted(2), 1);
    assert_eq!(pair.events, [], "the new client has not been used");
    assert_eq!(pair.opened.len(), opened);
    // Its connections have identifiers that the old one used too.
    let third = pair.count(3, RequestOptions::new());
    pair.run_until(|pair| pair.is_completed(third)).expect("it is answered");
    assert_eq!(pair.dcs.counted(3), 1);
    assert_eq!(pair.refusals, []);
}
