use super::*;
use crate::sequence::steps;

fn pop_queued(outgoing: &mut Outgoing) -> Option<RequestTag> {
    let first = outgoing.first_queued()?;
    outgoing.pop_queued(first);
    Some(first)
}

/// A request that left as 4, and again as 8.
fn sent_twice() -> Outgoing {
    let mut outgoing = Outgoing::default();
    outgoing.on_packed(MsgId(4), 1, RequestTag(1));
    outgoing.requeue_by_msg_id(MsgId(4));
    assert_eq!(outgoing.delivery(RequestTag(1)), Delivery::Sent, "the server may have executed it");
    assert_eq!(pop_queued(&mut outgoing), Some(RequestTag(1)));
    outgoing.on_packed(MsgId(8), 1, RequestTag(1));
    outgoing
}

#[test]
fn a_resent_request_is_answered_once() {
    for (first, second) in [(MsgId(4), MsgId(8)), (MsgId(8), MsgId(4))] {
        let mut outgoing = sent_twice();
        assert_eq!(outgoing.take_answered(first), Some(RequestTag(1)));
        assert_eq!(outgoing.take_answered(second), None);
        assert_eq!(outgoing.delivery(RequestTag(1)), Delivery::Queued, "it is unknown now");
    }
}

/// Refuses the message `id`, like the session does.
fn refuse(outgoing: &mut Outgoing, id: MsgId) {
    assert!(outgoing.on_refused(id).is_some(), "{id:?}");
    let packet = outgoing.packet_of(id);
    outgoing.take_refused(packet);
}

#[test]
fn f4_refusals_are_handled_in_linear_time() {
    // Requests alone, in containers of 100, and refused in any order, by their own name or by the container's.
    const COUNT: u64 = 32_000;
    for (packed, by_container, step) in
        [(1, false, 1), (1, false, 7919), (100, true, 1), (100, true, 77), (100, false, 1)]
    {
        let mut outgoing = Outgoing::default();
        let mut names = Vec::new();
        for packet in 0..COUNT / packed {
            let first = 4 * packet * (packed + 1) + 4;
            for place in 0..packed {
                outgoing.on_packed(MsgId(first + 4 * place), 1, RequestTag(packet * packed + place));
            }
            names.push(MsgId(first));
            if packed > 1 {
                let container = MsgId(first + 4 * packed);
                outgoing.set_container(MsgId(first), container);
                outgoing.on_non_request_packed(container);
                if by_container {
                    names.pop();
                    names.push(container);
                }
            }
        }
        let before = steps::so_far();
        let count = names.len() as u64;
        for place in 0..count {
            refuse(&mut outgoing, names[(place * step % count) as usize]);
        }
        assert_eq!(outgoing.newest_unanswered(), None, "all were refused");
        let steps = steps::so_far() - before;
        assert!(steps <= 4 * COUNT, "{packed} in a packet, step {step}: {steps} steps");
    }
}

#[test]
fn f4_new_sessions_and_late_answers_are_handled_in_linear_time() {
    const COUNT: u64 = 32_000;
    let mut outgoing = Outgoing::default();
    (1..=COUNT).for_each(|id| outgoing.on_packed(MsgId(4 * id), 1, RequestTag(id)));
    let before = steps::so_far();
    // Sessions that begin before all that left name nothing, as often as they are announced.
    for _ in 0..COUNT {
        assert_eq!(outgoing.on_new_session(MsgId(1), false), (None, Vec::new()));
    }
    // All is sent again, a thousand at a time; then the answers come to what left first, or to nothing.
    for round in 0..COUNT / 1000 {
        (1..=1000).for_each(|id| assert!(outgoing.requeue_by_msg_id(MsgId(4 * (1000 * round + id)))));
        for id in 1..=1000 {
            let tag = pop_queued(&mut outgoing).unwrap();
            outgoing.on_packed(MsgId(4 * (COUNT + 1000 * round + id)), 1, tag);
        }
        (1..=1000).for_each(|id| assert!(outgoing.take_answered(MsgId(4 * (1000 * round + id))).is_some()));
        (1..=1000).for_each(|id| assert_eq!(outgoing.take_answered(MsgId(4 * id)), None));
    }
    assert_eq!(outgoing.newest_unanswered(), None);
    let steps = steps::so_far() - before;
    assert!(steps <= 4 * COUNT, "{steps} steps");
}

#[test]
fn a_dropped_request_has_no_answer_under_any_msg_id() {
    let mut outgoing = sent_twice();
    assert_eq!(outgoing.forget(RequestTag(1)), Some(MsgId(8)));
    assert_eq!([outgoing.take_answered(MsgId(4)), outgoing.take_answered(MsgId(8))], [None, None]);
}

#[test]
fn messages_that_are_no_requests_are_remembered_for_300_seconds() {
    let at = |second: u64| MsgId(second << 32 | 4);
    let mut outgoing = Outgoing::default();
    for second in [1_000, 1_001, 1_300] {
        outgoing.on_non_request_packed(at(second));
    }
    assert!(outgoing.is_known(at(1_000)), "exactly 300 s old");
    outgoing.on_non_request_packed(at(1_301));
    assert_eq!([1_000, 1_001, 1_300].map(|second| outgoing.is_known(at(second))), [false, true, true]);
}

#[test]
fn as_many_of_them_are_remembered_as_the_requests_in_flight_may_have_caused() {
    for (requests, most) in [(0, 256), (128, 256), (200, 400)] {
        let mut outgoing = Outgoing::default();
        (1..=requests).for_each(|id| outgoing.on_packed(MsgId(4 * id), 1, RequestTag(id)));
        (0..=most).for_each(|id| outgoing.on_non_request_packed(MsgId(4_000 + 4 * id)));
        assert!(!outgoing.is_known(MsgId(4_000)), "{requests} requests: the oldest is forgotten");
        assert!(outgoing.is_known(MsgId(4_004)), "{requests} requests");
    }
}

#[test]
fn a_refusal_of_the_last_packet_of_an_earlier_connection_does_not_affect_the_present_one() {
    for (before_reconnect, requeued) in [(MsgId(0), [true, true]), (MsgId(4), [true, false])] {
        let mut outgoing = Outgoing::default();
        outgoing.on_packed(MsgId(4), 1, RequestTag(1));
        outgoing.on_connected(before_reconnect);
        outgoing.on_packed(MsgId(8), 1, RequestTag(2));
        outgoing.requeue_unacknowledged_from(MsgId(4));
        assert_eq!([4, 8].map(|id| !outgoing.is_known(MsgId(id))), requeued);
    }
}
