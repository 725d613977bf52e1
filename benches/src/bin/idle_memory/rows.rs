//! The figures as rows for `bench-report`.

use sansgram_benches::{Name, Row};

/// Prints the bytes of one client among `clients`.
pub(crate) fn print(clients: usize, part: &str, bytes: usize) {
    let name = Name::new("idle", "sansgram", format!("{clients}, {part}"));
    println!("{}", Row { name, value: bytes as f64, unit: "B".to_owned() });
}
