//! The options of a pair.

use sansgram_core::PublicKey;
use sansgram_core::client::{ApiCredentials, Config, DcId, DcTable, StoredSession};
use sansgram_testkit::rsa::ServerRsaKey;
use sansgram_testkit::server::ServerOptions;

use super::address::address;
use crate::network::NetworkOptions;

/// Options of a pair.
#[derive(Clone, Debug)]
pub struct PairOptions {
    /// The seed of all randomness of client, DCs and network.
    pub seed: u64,
    /// The network between the two.
    pub network: NetworkOptions,
    /// The DCs.
    pub server: ServerOptions,
    /// The client's configuration; see [`PairOptions::config`].
    pub client: Config,
    /// The client's stored session.
    pub session: StoredSession,
    /// By how many seconds the client's wall clock is ahead of the servers'.
    pub clock_skew: i64,
}

impl Default for PairOptions {
    /// DCs without faults, a fast network, and a client that knows all DCs and starts at DC 2.
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
    /// The defaults with another seed.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self { seed, ..Self::default() }
    }

    /// Returns a client's configuration for these DCs: their addresses in the pair, their key, made-up API credentials.
    ///
    /// # Panics
    /// Panics if a number is not that of a DC.
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
