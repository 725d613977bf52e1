//! What a pair is built of.

use sansgram_core::PublicKey;
use sansgram_core::client::{ApiCredentials, Config, DcId, DcTable, StoredSession};
use sansgram_testkit::rsa::ServerRsaKey;
use sansgram_testkit::server::ServerOptions;

use super::address::address;
use crate::network::NetworkOptions;

/// What to build the pair of.
#[derive(Clone, Debug)]
pub struct PairOptions {
    /// All randomness of client, DCs and network follows from it.
    pub seed: u64,
    /// The network between the two.
    pub network: NetworkOptions,
    /// The DCs.
    pub server: ServerOptions,
    /// The client's configuration; see [`PairOptions::config`].
    pub client: Config,
    /// What the client knows from before.
    pub session: StoredSession,
    /// By how many seconds the client's wall clock is ahead of the servers'.
    pub clock_skew: i64,
}

impl Default for PairOptions {
    /// A well-behaved server, a fast network, a client that knows all DCs and begins at DC 2.
    fn default() -> Self {
        let server = ServerOptions::default();
        Self {
            seed: 1,
            network: NetworkOptions::default(),
            client: Self::config(&server.dcs),
            server,
            session: StoredSession::default(),
            clock_skew: 0,
        }
    }
}

impl PairOptions {
    /// The defaults under another seed.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self { seed, ..Self::default() }
    }

    /// A client's configuration for DCs of these numbers: their addresses in the pair, their key, made-up API
    /// credentials.
    ///
    /// # Panics
    /// Where a number is none of a DC.
    #[must_use]
    pub fn config(dcs: &[i32]) -> Config {
        let mut table = DcTable::new();
        for &dc in dcs {
            table.insert(DcId::new(dc.into()).expect("the number of a DC"), address(dc));
        }
        let pem = ServerRsaKey::embedded_for_testing_only().public_key_pem();
        let key = PublicKey::from_pem(pem).expect("the test DC's PEM is well-formed");
        let mut config = Config::new(table, DcId::new(2).expect("2 is the number of a DC"), [key]);
        config.api = Some(ApiCredentials { id: 1, hash: "0123456789abcdef0123456789abcdef".into() });
        config
    }
}
