//! Receiving messages in place allocates nothing. The allocator of this test counts.
//!
//! Only the thread of the test counts: the test runner has threads of its own.
#![cfg(feature = "unstable")]

mod session_bench;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use sansgram_core::session::SessionEvent;
use session_bench::*;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: every call is passed to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller keeps the allocator's contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the allocator's contract.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Returns a sealed container of messages with these bodies.
fn container(bench: &mut Bench, bodies: &[Vec<u8>]) -> Vec<u8> {
    let mut content = [CONTAINER.to_le_bytes(), (bodies.len() as u32).to_le_bytes()].concat();
    for body in bodies {
        let id = bench.id_at(at(0));
        content.extend(inner(id, 1, body));
    }
    let id = bench.id_at(at(0));
    bench.sealed(id, 0, &content)
}

#[test]
fn pulling_results_and_updates_allocates_nothing() {
    const COUNT: u64 = 50;
    let mut bench = Bench::new();
    let mut counted = Vec::new();
    for round in 0..4 {
        (0..COUNT).for_each(|number| bench.request(1 + round * COUNT + number));
        let sent = bench.sent(at(0)).unwrap();
        let mut bodies: Vec<Vec<u8>> =
            sent.requests().iter().map(|request| rpc_result(request.msg_id, &7_u32.to_le_bytes())).collect();
        bodies.extend(
            (0..COUNT).map(|number| [0x2222_2222_u32.to_le_bytes(), (number as u32).to_le_bytes()].concat()),
        );
        let mut packet = container(&mut bench, &bodies);
        let (mut results, mut updates) = (0, 0);
        let before = ALLOCATIONS.get();
        let mut messages = bench.session.receive(at(0), &mut packet, &mut bench.random).unwrap();
        while let Some(event) = messages.next().unwrap() {
            match event {
                SessionEvent::Result { .. } => results += 1,
                SessionEvent::Update { .. } => updates += 1,
                _ => {}
            }
        }
        counted.push(ALLOCATIONS.get() - before);
        assert_eq!((results, updates), (COUNT, COUNT));
    }
    // The first rounds allocate space for acks and msg_ids.
    assert_eq!(counted.last(), Some(&0), "{counted:?}");
}
