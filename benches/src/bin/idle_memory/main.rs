//! The memory of an idle client: connected, logged in, without requests. Fails if it is above its limit.
//!
//! `--blocks` lists the allocations of a single client.
//!
//! What its parts free when they are dropped is measured, so that the servers and the simulated network do not count.
//! Sizes are those requested from the allocator, without its own overhead.

#![allow(unsafe_code, reason = "an allocator that counts")]

mod allocator;
mod driven;
mod machines;

fn main() {
    let lists_blocks = std::env::args().any(|argument| argument == "--blocks");
    println!("## The machine alone (core)\n");
    machines::print(lists_blocks);
    println!(
        "\n## Handle, driver and machine (runtime), without what the runtime keeps for a socket and a timer\n"
    );
    driven::print(lists_blocks);
}
