//! The computations of a key exchange as tasks: the machine stays right whatever becomes of a task.

use std::time::Duration;

use sansgram_core::client::{ComputeTask, DisconnectReason, Event, HandshakeError, Input};
use sansgram_core::login::LoginStep;
use sansgram_harness::pair::{Pair, PairOptions};

use crate::common::request_code;

fn options() -> PairOptions {
    let mut options = PairOptions::default();
    options.client.offload_key_exchange = true;
    options
}

/// A client that begins to connect, up to its first task, which is not run.
fn with_a_task() -> (Pair, ComputeTask) {
    let mut pair = Pair::new(options());
    pair.skips_tasks = true;
    pair.client.connect(pair.client_now());
    pair.run_until(|pair| !pair.skipped_tasks.is_empty()).unwrap();
    let task = pair.skipped_tasks.pop().expect("a task");
    assert!(matches!(task, ComputeTask::KeyExchange(_)), "{task:?}");
    (pair, task)
}

/// Why connections ended, oldest first.
fn losses(pair: &Pair) -> Vec<DisconnectReason> {
    let reason = |event: &Event| match event {
        Event::Disconnected { reason, .. } => Some(reason.clone()),
        _ => None,
    };
    pair.events.iter().filter_map(reason).collect()
}

fn pass_in(pair: &mut Pair, task: ComputeTask) {
    pair.client.handle(pair.client_now(), Input::Computed(task.run()));
    pair.poll();
}

#[test]
fn each_step_of_a_key_exchange_is_a_task() {
    for (pfs, keys) in [(false, 1), (true, 2)] {
        let mut options = options();
        options.client.pfs = pfs;
        let mut pair = Pair::new(options);
        request_code(&mut pair, "9996620001");
        assert_eq!(pair.tasks_run, 3 * keys, "with pfs {pfs}");
        assert_eq!(losses(&pair), []);
    }
}

#[test]
fn none_of_them_is_a_task_by_default() {
    let mut pair = Pair::new(PairOptions::default());
    request_code(&mut pair, "9996620001");
    assert_eq!(pair.tasks_run, 0);
}

#[test]
fn nothing_but_the_task_holds_the_key_exchange_up() {
    let (mut pair, task) = with_a_task();
    pair.run_for(Duration::from_secs(15)).unwrap();
    assert_eq!(losses(&pair), []);
    pair.skips_tasks = false;
    pass_in(&mut pair, task);
    pair.run_until(|pair| pair.client.is_connected()).unwrap();
    assert_eq!(losses(&pair), []);
}

#[test]
fn the_output_of_a_lost_connection_is_ignored() {
    let (mut pair, late) = with_a_task();
    pair.network.cut_all(pair.timestamp());
    // The next connection is at the same point.
    pair.run_until(|pair| !pair.skipped_tasks.is_empty()).unwrap();
    let task = pair.skipped_tasks.pop().expect("a task");
    pass_in(&mut pair, late);
    assert_eq!(losses(&pair).len(), 1, "the old output changes nothing");
    pair.skips_tasks = false;
    pass_in(&mut pair, task);
    pair.run_until(|pair| pair.client.is_connected()).unwrap();
    assert!(pair.login(LoginStep::send_code("9996620001")).is_ok());
    assert_eq!(losses(&pair).len(), 1);
}

#[test]
fn the_output_is_ignored_after_the_end_of_the_client() {
    let (mut pair, late) = with_a_task();
    pair.client.close(pair.client_now());
    pass_in(&mut pair, late);
    pair.run_for(Duration::from_secs(1)).unwrap();
    assert_eq!(pair.network.connections().count(), 0);
    assert_eq!(pair.client.next_timeout(), None);
}

#[test]
fn a_task_without_an_output_ends_at_the_time_limit_of_the_connection() {
    let (mut pair, late) = with_a_task();
    let begun = pair.elapsed();
    pair.run_until(|pair| pair.events.iter().any(|event| matches!(event, Event::Disconnected { .. })))
        .unwrap();
    // The server was last heard with the answer that the task is about.
    let waited = pair.elapsed() - begun;
    assert!(waited > Duration::from_secs(19) && waited <= Duration::from_secs(20), "{waited:?}");
    assert_eq!(losses(&pair), [DisconnectReason::ReadTimeout]);
    pair.skips_tasks = false;
    pair.run_until(|pair| pair.client.is_connected()).unwrap();
    pass_in(&mut pair, late);
    assert!(pair.client.is_connected());
    assert_eq!(losses(&pair).len(), 1);
}

/// In the meantime, the client has sent nothing that could be answered.
#[test]
fn a_message_while_a_task_is_out_ends_the_connection() {
    let (mut pair, late) = with_a_task();
    let conn = pair.network.connections().next().expect("a connection");
    let mut packet = vec![24, 0, 0, 0];
    packet.extend([0; 8]);
    packet.extend([1, 0, 0, 0, 0, 0, 0, 0x60, 4, 0, 0, 0, 1, 2, 3, 4]);
    pair.network.inject(pair.timestamp(), conn, &packet);
    pair.run_until(|pair| pair.events.iter().any(|event| matches!(event, Event::Disconnected { .. })))
        .unwrap();
    assert_eq!(losses(&pair), [DisconnectReason::Handshake(HandshakeError::NotAwaited)]);
    pass_in(&mut pair, late);
    pair.skips_tasks = false;
    pair.run_until(|pair| pair.client.is_connected()).unwrap();
}
