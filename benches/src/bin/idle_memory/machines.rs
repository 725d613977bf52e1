//! Machines without a driver, in a crowd.

use std::time::Duration;

use sansgram_benches::crowd::{Crowd, config};
use sansgram_core::client::Client;

use crate::allocator::{blocks_freed_by, freed_by, print_blocks};
use crate::rows;

/// The limit for a machine, in bytes, if many share a configuration.
pub(crate) const MACHINE_LIMIT: usize = 4 << 10;
/// Ten minutes and ten hours.
const SPANS: [u64; 2] = [600, 36_000];

/// Prints the tables. Returns whether no machine is above its limit.
pub(crate) fn print(lists_blocks: bool, with_rows: bool) -> bool {
    let mut is_within_limit = true;
    println!("| clients | idle | bytes each | CPU time of the machine per client and idle hour |");
    println!("|--:|--:|--:|--:|");
    for (count, seconds) in
        [1, 100, 1000, 10_000].into_iter().flat_map(|count| SPANS.map(|span| (count, span)))
    {
        // Ten hours of 10,000 clients are six million pings.
        if count == 10_000 && (seconds > 600 || with_rows) {
            continue;
        }
        let mut crowd = Crowd::new(count, &config());
        crowd.run_for(Duration::from_secs(5));
        assert!(crowd.all_connected());
        let before = crowd.worked;
        crowd.run_for(Duration::from_secs(seconds));
        assert!(crowd.all_connected());
        let idle_hours = count as f64 * seconds as f64 / 3600.0;
        let hourly = (crowd.worked - before).div_f64(idle_hours);
        let clients = std::mem::take(&mut crowd.clients);
        let (each, blocks) = measure(clients, lists_blocks && count == 1);
        is_within_limit &= count < 100 || each <= MACHINE_LIMIT;
        println!("| {count} | {} min | {each} | {hourly:.0?} |", seconds / 60);
        print_blocks(&blocks);
        if with_rows && seconds == SPANS[0] {
            rows::print(count, "machine", each);
        }
    }
    println!("\nOf these bytes, {} are the machine itself, without what it points to.", size_of::<Client>());
    is_within_limit
}

/// The bytes that each client held, and its blocks if they are wanted and there is one client.
fn measure(mut clients: Vec<Client>, lists_blocks: bool) -> (usize, Vec<(usize, u32)>) {
    let count = clients.len();
    if lists_blocks && let Some(client) = clients.pop() {
        let blocks = blocks_freed_by(|| drop(client));
        let pointed_to: usize = blocks.iter().map(|(size, count)| size * *count as usize).sum();
        return (size_of::<Client>() + pointed_to, blocks);
    }
    // The vector's own block holds the machines themselves.
    (freed_by(|| drop(clients)) / count, Vec::new())
}
