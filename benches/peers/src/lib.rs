//! The benches of this crate measure other libraries.
