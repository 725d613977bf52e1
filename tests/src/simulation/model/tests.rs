//! Each rule of the model, by a history that breaks it.

use sansgram_core::client::OnUnknownOutcome;
use sansgram_testkit::server::{BadMessage, EnvelopeRefusal};

use super::Observation::*;
use super::*;
use crate::pair::CONNECTIONS_PER_PROCESS;

fn request(number: i64, policy: OnUnknownOutcome) -> IssuedRequest {
    let id = number.cast_unsigned() + 100;
    IssuedRequest { number, id, policy, after: None, end_by: None, quick_ack: false }
}

fn issued(number: i64, policy: OnUnknownOutcome) -> Observation {
    Issued(request(number, policy))
}

const FAIL: OnUnknownOutcome = OnUnknownOutcome::Fail;
const RETRY: OnUnknownOutcome = OnUnknownOutcome::Retry;

fn completed(number: i64) -> Observation {
    Completed { id: number.cast_unsigned() + 100, is_step: false }
}

fn taken(number: i64, outcome: Outcome) -> Observation {
    Taken(number, Some(outcome))
}

/// Returns the first rule that a history breaks, at its end at the latest.
fn broken(history: impl IntoIterator<Item = Observation>) -> Option<Violation> {
    let mut model = Model::default();
    let mut history = history.into_iter();
    let broken = history.find_map(|observation| model.observe(observation).err());
    assert_eq!(history.count(), 0, "{broken:?} is the last observation's");
    broken.or_else(|| model.finish().err())
}

#[test]
fn a_history_without_fault_breaks_no_rule() {
    let history = [
        issued(1, FAIL),
        issued(2, RETRY),
        Executed(1),
        Executed(2),
        Executed(2),
        completed(2),
        taken(2, Outcome::Answered),
        completed(1),
        taken(1, Outcome::Answered),
        Completed { id: 7, is_step: true },
        LoggedIn { user: 1, expected: 1 },
        Held { bytes: 10_000, requests: 0 },
        Refused(EnvelopeRefusal::UnknownKey(1).into()),
        PutOut("an event"),
        Closed,
    ];
    assert_eq!(broken(history), None);
}

#[test]
fn a_request_that_fails_if_its_outcome_is_unknown_is_not_executed_twice() {
    let history = [issued(1, FAIL), Executed(1), Executed(1)];
    assert_eq!(broken(history), Some(Violation::ExecutedTwice(1, 2)));
    // Also not by the process after a crash.
    let history = [issued(1, FAIL), Executed(1), Restarted, Executed(1)];
    assert_eq!(broken(history), Some(Violation::ExecutedTwice(1, 2)));
    assert_eq!(broken([issued(1, RETRY), Executed(1), Executed(1)]), None);
}

#[test]
fn what_the_client_did_not_take_is_not_executed() {
    assert_eq!(broken([NotTaken(1), Executed(1)]), Some(Violation::ExecutedUntaken(1)));
}

#[test]
fn every_request_is_taken_after_the_faults() {
    assert_eq!(broken([NotTaken(1), Calm]), None);
    assert_eq!(broken([Calm, NotTaken(1)]), Some(Violation::NotTakenInCalm(1)));
}

#[test]
fn an_answer_is_that_of_the_request() {
    let begin = [issued(1, FAIL), completed(1)];
    let history = begin.into_iter().chain([taken(1, Outcome::Answered)]);
    assert_eq!(broken(history), Some(Violation::AnsweredUnexecuted(1)));
    let history = begin.into_iter().chain([taken(1, Outcome::WrongAnswer)]);
    assert_eq!(broken(history), Some(Violation::WrongAnswer(1)));
}

#[test]
fn an_error_that_says_that_it_was_not_executed_is_true() {
    for outcome in [Outcome::NotSent, Outcome::Refused] {
        let history = [issued(1, FAIL), Executed(1), completed(1), taken(1, outcome)];
        assert_eq!(broken(history), Some(Violation::ExecutedAlthough(1, outcome)));
        // Bytes that were under way arrive later.
        let history = [issued(1, FAIL), completed(1), taken(1, outcome), Executed(1)];
        assert_eq!(broken(history), Some(Violation::ExecutedAlthough(1, outcome)));
    }
    for outcome in [Outcome::MayBeExecuted, Outcome::Unknown] {
        assert_eq!(broken([issued(1, FAIL), Executed(1), completed(1), taken(1, outcome)]), None);
    }
}

#[test]
fn a_request_that_is_retried_never_ends_with_an_unknown_outcome() {
    let history = [issued(1, RETRY), completed(1), taken(1, Outcome::Unknown)];
    assert_eq!(broken(history), Some(Violation::OutcomeAgainstPolicy(1, Outcome::Unknown)));
    let history = [issued(1, RETRY), completed(1), taken(1, Outcome::Cancelled)];
    assert_eq!(broken(history), Some(Violation::OutcomeAgainstPolicy(1, Outcome::Cancelled)));
}

#[test]
fn an_end_is_reported_once() {
    let surplus = |id, what| Some(Violation::SurplusCompletion(id, what));
    assert_eq!(broken([issued(1, FAIL), completed(1), completed(1)]), surplus(101, "reported already"));
    let history = [issued(1, FAIL), completed(1), taken(1, Outcome::Unknown), completed(1)];
    assert_eq!(broken(history), surplus(101, "reported already"));
    assert_eq!(broken([issued(1, FAIL), Cancelled(1), completed(1)]), surplus(101, "cancelled"));
    assert_eq!(broken([completed(1)]), surplus(101, "unknown"));
    assert_eq!(broken([issued(1, FAIL), Restarted, completed(1)]), surplus(101, "unknown"));
    assert_eq!(broken([issued(1, FAIL), completed(1), Taken(1, None)]), Some(Violation::NoResult(1)));
}

#[test]
fn a_request_is_executed_after_the_one_that_it_follows() {
    let history = |happened: Vec<Observation>| {
        let second = Issued(IssuedRequest { after: Some(1), ..request(2, FAIL) });
        broken([issued(1, FAIL), second].into_iter().chain(happened))
    };
    let answers = |number| [completed(number), taken(number, Outcome::Answered)];
    for answered in [[1, 2], [2, 1]] {
        let history = |executed: [i64; 2]| {
            history(
                executed.map(Executed).into_iter().chain(answered.into_iter().flat_map(answers)).collect(),
            )
        };
        assert_eq!(history([1, 2]), None);
        assert_eq!(history([2, 1]), Some(Violation::OutOfOrder(2, 1)));
    }
    // The second was answered before the first was executed.
    let each =
        [2, 1].into_iter().flat_map(|number| [vec![Executed(number)], answers(number).into()].concat());
    assert_eq!(history(each.collect()), Some(Violation::OutOfOrder(2, 1)));
}

#[test]
fn a_quick_ack_was_requested() {
    assert_eq!(broken([issued(1, FAIL), QuickAck(101)]), Some(Violation::SurplusQuickAck(101)));
    let quick = Issued(IssuedRequest { quick_ack: true, ..request(1, FAIL) });
    assert_eq!(broken([quick, QuickAck(101)]), None);
}

#[test]
fn a_time_limit_holds() {
    let end = Duration::from_secs(10);
    let limited = || Issued(IssuedRequest { end_by: Some(end), ..request(1, FAIL) });
    let late = Duration::from_secs(12);
    assert_eq!(broken([limited(), Time(late)]), Some(Violation::AfterTimeLimit(1, late, end)));
    assert_eq!(broken([limited(), Time(end), completed(1), Time(late)]), None);
}

#[test]
fn a_msg_id_stands_for_one_message_and_rises() {
    let message = ReceivedMessage::new;
    let reused = |session_id, msg_id| Some(Violation::MsgIdReused { session_id, msg_id });
    let fell = |session_id, msg_id, before| Some(Violation::MsgIdFell { session_id, msg_id, before });
    assert_eq!(broken([Received(message(1, 5, 8, 1)), Received(message(2, 5, 8, 2))]), reused(5, 8));
    assert_eq!(broken([Received(message(1, 5, 8, 1)), Received(message(1, 5, 4, 2))]), fell(5, 4, 8));
    // Another session, another connection: no order.
    let history = [message(1, 5, 8, 1), message(1, 6, 4, 2), message(2, 5, 4, 3)];
    assert_eq!(broken(history.map(Received)), None);
    // In a container: below it, and rising.
    let inside = |msg_id, digest| message(1, 5, msg_id, digest).inside(16);
    let container = message(1, 5, 16, 9);
    assert_eq!(broken([container, inside(4, 1), inside(8, 2)].map(Received)), None);
    assert_eq!(broken([container, inside(8, 1), inside(4, 2)].map(Received)), fell(5, 4, 8));
    assert_eq!(broken([container, inside(20, 1)].map(Received)), fell(5, 20, 16));
}

#[test]
fn a_session_belongs_to_one_process() {
    let history =
        [ReceivedMessage::new(1, 5, 8, 1), ReceivedMessage::new(CONNECTIONS_PER_PROCESS + 1, 5, 12, 2)];
    assert_eq!(broken(history.map(Received)), Some(Violation::SessionReused(5)));
}

#[test]
fn a_correct_client_is_not_refused() {
    for reason in [BadMessage::SeqNoTooLow, BadMessage::ContainerIdTaken, BadMessage::IdNotDivisible] {
        let refusal = Refusal::Message { msg_id: 4, reason };
        assert_eq!(broken([Refused(refusal)]), Some(Violation::ClientsFault(refusal)));
    }
}

#[test]
fn a_closed_client_is_silent() {
    for kind in ["an event", "a connection", "bytes", "a task"] {
        assert_eq!(broken([PutOut(kind), Closed]), None);
        assert_eq!(broken([Closed, PutOut(kind)]), Some(Violation::OutputAfterClose(kind)));
    }
}

#[test]
fn a_login_ends_with_its_user() {
    assert_eq!(broken([LoggedIn { user: 2, expected: 1 }]), Some(Violation::OtherUser(2, 1)));
}

#[test]
fn a_torn_session_is_not_read() {
    assert_eq!(broken([TornSessionRead]), Some(Violation::TornSession));
}

#[test]
fn no_secret_is_printed() {
    let leak = Leak { kind: "auth_key", form: "in hex" };
    assert_eq!(broken([SecretPrinted(leak)]), Some(Violation::Secret(leak)));
}

#[test]
fn memory_is_bounded() {
    let most = HELD_IDLE + 3 * HELD_PER_REQUEST;
    assert_eq!(broken([Held { bytes: most, requests: 3 }]), None);
    assert_eq!(broken([Held { bytes: most + 1, requests: 3 }]), Some(Violation::Memory(most + 1, 3)));
}

#[test]
fn a_request_after_the_faults_succeeds() {
    for outcome in [Outcome::Unknown, Outcome::MayBeExecuted, Outcome::NotSent, Outcome::Refused] {
        let history = [Calm, issued(1, FAIL), completed(1), taken(1, outcome)];
        assert_eq!(broken(history), Some(Violation::FailedInCalm(1, outcome)));
    }
}
