//! The memory of an idle client: connected, logged in, without requests. Fails if it is above its limit.
//!
//! `--blocks` lists the allocations of a single client; `--rows` prints rows for `bench-report`, of up to 1000 clients.
//!
//! What its parts free when they are dropped is measured, so that the servers and the simulated network do not count.
//! Sizes are those requested from the allocator, without its own overhead.

#![allow(unsafe_code, reason = "an allocator that counts")]

mod allocator;
mod driven;
mod machines;
mod rows;

fn main() {
    let [lists_blocks, rows] =
        ["--blocks", "--rows"].map(|option| std::env::args().any(|argument| argument == option));
    println!("## The machine alone (core)\n");
    machines::print(lists_blocks, rows);
    println!(
        "\n## Handle, driver and machine (runtime), without what the runtime keeps for a socket and a timer\n"
    );
    driven::print(lists_blocks, rows);
}
