//! Logins over every framing, whole and in single bytes.

use sansgram_core::transport::Framing;
use sansgram_harness::network::{Chunks, NetworkOptions};
use sansgram_harness::pair::{Pair, PairOptions};

use crate::common::log_in_by_phone;

#[test]
fn login_over_every_framing() {
    for framing in Framing::ALL {
        let mut options = PairOptions::default();
        options.client.framing = framing;
        log_in_by_phone(&mut Pair::new(options), 2);
    }
}

#[test]
fn login_with_migration_in_single_bytes() {
    for framing in Framing::ALL {
        let network = NetworkOptions { chunks: Chunks::SingleBytes, ..NetworkOptions::default() };
        let mut options = PairOptions { network, ..PairOptions::default() };
        options.client.framing = framing;
        log_in_by_phone(&mut Pair::new(options), 1);
    }
}
