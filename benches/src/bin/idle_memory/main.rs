//! The memory of an idle client: connected, logged in, without requests. Fails if it is above its limit, after all figures
//! are printed.
//!
//! `--blocks` lists the allocations of a single client; `--rows` prints rows for `bench-report`, of up to 1000 clients, and
//! leaves the verdict to its reader.
//!
//! What its parts free when they are dropped is measured, so that the servers and the simulated network do not count.
//! Sizes are those requested from the allocator, without its own overhead.

#![allow(unsafe_code, reason = "an allocator that counts")]

mod allocator;
mod driven;
mod machines;
mod rows;

use std::process::ExitCode;

fn main() -> ExitCode {
    let [lists_blocks, rows] =
        ["--blocks", "--rows"].map(|option| std::env::args().any(|argument| argument == option));
    println!("## The machine alone (core)\n");
    let is_machine_small = machines::print(lists_blocks, rows);
    println!(
        "\n## Handle, driver and machine (runtime), without what the runtime keeps for a socket and a timer\n"
    );
    let is_driven_small = driven::print(lists_blocks, rows);
    if rows || is_machine_small && is_driven_small {
        return ExitCode::SUCCESS;
    }
    for (part, is_small, limit) in [
        ("a machine among 100 or more", is_machine_small, machines::MACHINE_LIMIT),
        ("a client with handle and driver", is_driven_small, driven::DRIVEN_LIMIT),
    ] {
        if !is_small {
            eprintln!("{part} takes more than {limit} bytes");
        }
    }
    ExitCode::FAILURE
}
