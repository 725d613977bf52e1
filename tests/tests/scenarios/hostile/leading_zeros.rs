//! Nonces, exponents and keys that begin with zero bytes keep them: dropping one fails one handshake in 128.

use sansgram_core::client::{Client, StoredSession};
use sansgram_core::crypto::SecureRandom;
use sansgram_harness::pair::{Pair, PairOptions};
use sansgram_testkit::random::SeededRandomForTestingOnly;

use crate::common::{assert_no_fault, log_in_bot};

/// Randomness that begins with zero bytes; half of it ends with one.
struct ZerosFirst {
    random: SeededRandomForTestingOnly,
    zeros: usize,
}

impl SecureRandom for ZerosFirst {
    fn fill(&mut self, buffer: &mut [u8]) {
        self.random.fill(buffer);
        // Short draws are identifiers, which must differ.
        if buffer.len() >= 16 {
            buffer[..self.zeros].fill(0);
            let last = buffer.len() - 1;
            buffer[last] = if self.zeros.is_multiple_of(2) { 0 } else { buffer[last] };
        }
    }
}

#[test]
fn handshakes_succeed_with_leading_zeros() {
    for zeros in 1..=4 {
        for pfs in [false, true] {
            let mut options = PairOptions::default();
            options.client.pfs = pfs;
            let config = options.client.clone();
            let mut pair = Pair::new(options);
            let random = ZerosFirst { random: SeededRandomForTestingOnly::new(zeros as u64), zeros };
            pair.client = Client::new(config, StoredSession::default(), Box::new(random)).unwrap();
            log_in_bot(&mut pair, "2:elsewhere");
            assert!(pair.refusals.is_empty(), "{zeros}: {:?}", pair.refusals);
            assert_no_fault(&pair);
        }
    }
}

/// One key in 256 begins with a zero byte by chance.
#[test]
fn random_keys_begin_with_a_zero_byte_at_times() {
    let mut met = 0;
    for seed in 0..500 {
        let mut pair = Pair::new(PairOptions::seeded(seed));
        pair.client.connect(pair.client_now());
        pair.run_until(|pair| pair.client.is_connected()).unwrap();
        let keys = &pair.client.stored_session().keys;
        met += keys.values().filter(|key| key.auth_key.as_bytes()[0] == 0).count();
        assert!(pair.refusals.is_empty(), "seed {seed}: {:?}", pair.refusals);
        if met == 2 {
            return;
        }
    }
    panic!("{met} such keys");
}
