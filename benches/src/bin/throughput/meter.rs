//! What a client takes: processor time and allocations.

#![allow(unsafe_code, reason = "an allocator that counts")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::time::Duration;

use sansgram_benches::CpuTime;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: every call is passed on to the system's allocator unchanged. The thread's counter is a plain cell without a
// destructor: using it allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
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

/// Adds up the time and the allocations of a client.
pub(crate) struct Meter {
    /// Whether time is added up. Reading the clock takes time that others would count.
    pub(crate) is_timing: bool,
    /// The time that reading the clock takes.
    reading: Duration,
    worked: Duration,
    allocations: u64,
}

impl Meter {
    pub(crate) fn new() -> Self {
        let readings = (0..1000).map(|_| {
            let from = CpuTime::now();
            CpuTime::now().saturating_sub(from)
        });
        let reading = readings.min().unwrap_or_default();
        Self { is_timing: true, reading, worked: Duration::ZERO, allocations: 0 }
    }

    pub(crate) fn reset(&mut self) {
        (self.worked, self.allocations) = (Duration::ZERO, 0);
    }

    pub(crate) const fn worked(&self) -> Duration {
        self.worked
    }

    pub(crate) const fn allocations(&self) -> u64 {
        self.allocations
    }

    pub(crate) fn measure<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let before = ALLOCATIONS.get();
        let result = if self.is_timing {
            let from = CpuTime::now();
            let result = work();
            self.worked += CpuTime::now().saturating_sub(from).saturating_sub(self.reading);
            result
        } else {
            work()
        };
        self.allocations += ALLOCATIONS.get() - before;
        result
    }
}

/// Returns how long a round takes. Time must pass, or the msg_ids would run ahead of the clock.
pub(crate) fn round_time(in_flight: usize) -> Duration {
    Duration::from_micros(10) * u32::try_from(in_flight).unwrap_or(u32::MAX)
}
