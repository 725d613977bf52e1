//! An allocator that counts per thread and can list the blocks that a piece of work frees.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// How many different sizes are counted apart.
const SIZES: usize = 64;

thread_local! {
    static FREED: Cell<usize> = const { Cell::new(0) };
    static BLOCKS: Cell<[(usize, u32); SIZES]> = const { Cell::new([(0, 0); SIZES]) };
    static IS_LISTING: Cell<bool> = const { Cell::new(false) };
}

struct Counting;

// SAFETY: every call is passed on to the system's allocator unchanged. The thread's counters are plain cells without
// a destructor: using them allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the allocator's contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        note(layout.size());
        // SAFETY: the caller keeps the allocator's contract.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn note(size: usize) {
    FREED.set(FREED.get() + size);
    if IS_LISTING.get() {
        let mut blocks = BLOCKS.get();
        if let Some(entry) = blocks.iter_mut().find(|(known, count)| *count == 0 || *known == size) {
            *entry = (size, entry.1 + 1);
        }
        BLOCKS.set(blocks);
    }
}

/// How many bytes `work` frees.
pub(crate) fn freed_by(work: impl FnOnce()) -> usize {
    let before = FREED.get();
    work();
    FREED.get() - before
}

/// The blocks that `work` frees, as size and number, largest first.
pub(crate) fn blocks_freed_by(work: impl FnOnce()) -> Vec<(usize, u32)> {
    BLOCKS.set([(0, 0); SIZES]);
    IS_LISTING.set(true);
    work();
    IS_LISTING.set(false);
    let mut blocks: Vec<_> = BLOCKS.get().into_iter().filter(|(_, count)| *count > 0).collect();
    blocks.sort_unstable_by(|left, right| right.cmp(left));
    blocks
}

/// Prints the blocks of one client, largest first.
pub(crate) fn print_blocks(blocks: &[(usize, u32)]) {
    for (size, count) in blocks {
        println!("    {count:4} x {size}");
    }
}
