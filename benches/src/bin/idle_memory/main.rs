//! What an idle client costs: connected, logged in, with nothing to do. Fails where that is more than it may be.
//!
//! `--blocks` lists the allocations of a single client.
//!
//! Measured is what its parts free when they are dropped, so that nothing of the servers or the simulated network is
//! counted. Sizes are those that were asked from the allocator, without its own overhead.

#![allow(unsafe_code, reason = "an allocator that counts")]

mod allocator;
mod driven;
mod machines;

/// The most that a machine may take, in bytes, where many share a configuration.
const MACHINE_LIMIT: usize = 4 << 10;
/// The same with handle and driver.
const DRIVEN_LIMIT: usize = 16 << 10;

fn main() {
    let lists_blocks = std::env::args().any(|argument| argument == "--blocks");
    println!("## The machine alone (core)\n");
    machines::print(lists_blocks);
    println!(
        "\n## Handle, driver and machine (runtime), without what the runtime keeps for a socket and a timer\n"
    );
    driven::print(lists_blocks);
}

/// Prints the blocks of one client, largest first.
fn print_blocks(blocks: &[(usize, u32)]) {
    for (size, count) in blocks {
        println!("    {count:4} x {size}");
    }
}
