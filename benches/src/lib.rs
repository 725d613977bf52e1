//! What the benches share: a clock, seeded bytes, a scripted server's handshake, the server's end of a session.
//!
//! How to run them: `benches/README.md`. What they showed: `benches/BENCHMARKS.md`.

mod client_session;
mod clock;
pub mod crowd;
pub mod round_trips;
mod row;
mod scripted;
mod server;
pub mod socket_load;
pub mod socket_server;

pub use client_session::ClientSession;
pub use clock::{CpuTime, criterion};
pub use row::{Name, NotARow, Row};
pub use scripted::{HandshakeRun, Scripted, hex, vectors};
pub use server::Server;

use sansgram_core::crypto::{AuthKey, SecureRandom};
pub use sansgram_testkit::random::SeededRandomForTestingOnly as Seeded;

/// The number of bytes that a short message takes behind the cipher's prefix.
pub const SHORT: usize = 64;
/// The same for one of middle length: 1 KiB.
pub const MIDDLE: usize = 1 << 10;
/// The same for a long one: 16 KiB.
pub const LONG: usize = 16 << 10;

/// Random bytes, the same in every run.
#[must_use]
pub fn bytes(length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    Seeded::new(length as u64).fill(&mut bytes);
    bytes
}

/// An auth key.
#[must_use]
pub fn auth_key() -> AuthKey {
    let mut key = [0; 256];
    Seeded::new(11).fill(&mut key);
    AuthKey::new(key)
}
