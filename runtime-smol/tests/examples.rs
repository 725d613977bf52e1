//! The examples, against the test DCs.

#[path = "../examples/download_file.rs"]
#[allow(dead_code, reason = "`main` runs against Telegram")]
mod download_file;
#[path = "../examples/echo_bot.rs"]
#[allow(dead_code, reason = "`main` runs against Telegram")]
mod echo_bot;
#[path = "../examples/follow_updates.rs"]
#[allow(dead_code, reason = "`main` runs against Telegram")]
mod follow_updates;
#[path = "../examples/send_to_myself.rs"]
#[allow(dead_code, reason = "`main` runs against Telegram")]
mod send_to_myself;
#[macro_use]
#[path = "../../runtime/tests/examples/mod.rs"]
mod shared;

use sansgram_smol::Smol;

fn run<F: Future<Output = ()>>(test: impl FnOnce(Smol) -> F) {
    smol::block_on(test(Smol));
}

examples!(run);
