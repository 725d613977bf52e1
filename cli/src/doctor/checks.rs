//! The checks: a connection each.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sansgram_runtime::core::client::{
    Config, DcId, DcTable, DisconnectReason, Framing, IoFailure, StoredSession, StreamMode,
};
use sansgram_runtime::{ClientOptions, Error, MemoryStore};
use serde::Serialize;

use crate::advice::on_disconnect;
use crate::error::Failure;
use crate::executor::Executor;
use crate::route::Route;

/// The address family of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Family {
    Ipv4,
    Ipv6,
    /// That of the MTProxy, which finds the DCs itself.
    Proxy,
}

impl Family {
    /// Returns whether an address of a DC belongs to the family. Through an MTProxy, all do.
    pub(super) const fn has(self, address: &SocketAddr) -> bool {
        match self {
            Self::Ipv4 => address.is_ipv4(),
            Self::Ipv6 => address.is_ipv6(),
            Self::Proxy => true,
        }
    }
}

/// How a check ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The server has proved that it has the key, after this time.
    Succeeded(Duration),
    /// It failed for this reason.
    Failed(String),
    /// This machine has no network of this family, so nothing else of it is tried.
    NoNetwork,
}

/// A check and its outcome.
#[derive(Clone, Debug)]
pub(super) struct Check {
    pub(super) dc: DcId,
    pub(super) family: Family,
    /// `key`, `key-pfs`, or the name of a transport.
    pub(super) what: String,
    pub(super) outcome: Outcome,
    /// The server's clock minus ours, in seconds, if it is known.
    pub(super) clock_offset: Option<i64>,
}

/// Connects in every way.
pub(super) struct Doctor {
    pub(super) config: Config,
    pub(super) options: ClientOptions,
    pub(super) route: Route,
    pub(super) executor: Executor,
    /// The time limit of each check.
    pub(super) limit: Duration,
}

/// A connection to be tried.
struct Attempt {
    dc: DcId,
    family: Family,
    what: String,
    config: Config,
}

impl Doctor {
    /// Runs all checks, and reports each at once.
    ///
    /// A server may refuse an address that makes many keys, so each family makes two, and the transports use the first.
    pub(super) async fn examine(
        &self,
        mut report: impl FnMut(Check) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let home = self.config.initial_dc;
        let (mut without_network, mut obfuscated) = (Vec::new(), Vec::new());
        for family in self.families(home) {
            let attempt = |what: &str, is_obfuscated: bool| {
                let mut attempt = self.attempt(home, family, what);
                if is_obfuscated {
                    attempt.config.stream_mode = StreamMode::Obfuscated;
                }
                attempt
            };
            let (mut check, mut session) = self.run(attempt("key", false), None).await?;
            if check.outcome == Outcome::NoNetwork {
                without_network.push(family);
            } else if session.is_none() && family != Family::Proxy {
                // Some networks let only obfuscated connections through.
                report(check)?;
                (check, session) = self.run(attempt("key-obfuscated", true), None).await?;
                obfuscated.push(family);
            }
            report(check)?;
            if session.is_none() {
                continue;
            }
            let mut with_pfs = attempt("key-pfs", obfuscated.contains(&family));
            with_pfs.config.pfs = true;
            report(self.run(with_pfs, None).await?.0)?;
            for (what, framing, stream_mode) in self.transports(family) {
                let mut attempt = attempt(&what, false);
                attempt.config.framing = framing;
                attempt.config.stream_mode = stream_mode;
                report(self.run(attempt, session.clone()).await?.0)?;
            }
        }
        for dc in self.config.dcs.ids().filter(|dc| *dc != home) {
            for family in self.families(dc).filter(|family| !without_network.contains(family)) {
                let mut attempt = self.attempt(dc, family, "key");
                if obfuscated.contains(&family) {
                    attempt.config.stream_mode = StreamMode::Obfuscated;
                }
                report(self.run(attempt, None).await?.0)?;
            }
        }
        Ok(())
    }

    /// Returns the families in which the DC has addresses.
    fn families(&self, dc: DcId) -> impl Iterator<Item = Family> {
        let of = |family| !self.addresses(dc, family).is_empty();
        let found: Vec<Family> = match self.config.proxy_endpoints.is_empty() {
            true => [Family::Ipv4, Family::Ipv6].into_iter().filter(|family| of(*family)).collect(),
            false => vec![Family::Proxy],
        };
        found.into_iter()
    }

    fn addresses(&self, dc: DcId, family: Family) -> Vec<SocketAddr> {
        self.config.dcs.endpoints(dc).iter().filter(|address| family.has(address)).copied().collect()
    }

    /// Returns the transports that are tried. A secret of an MTProxy leaves no choice.
    fn transports(&self, family: Family) -> Vec<(String, Framing, StreamMode)> {
        if family == Family::Proxy {
            return Vec::new();
        }
        let plain = Framing::ALL.map(|framing| (framing.name().to_owned(), framing, StreamMode::Plain));
        // Full framing cannot be obfuscated.
        let obfuscated = Framing::ALL.into_iter().filter(|framing| *framing != Framing::Full);
        let obfuscated = obfuscated
            .map(|framing| (format!("{}-obfuscated", framing.name()), framing, StreamMode::Obfuscated));
        plain.into_iter().chain(obfuscated).collect()
    }

    fn attempt(&self, dc: DcId, family: Family, what: &str) -> Attempt {
        let mut config = self.config.clone();
        if family != Family::Proxy {
            let mut dcs = DcTable::new();
            self.addresses(dc, family).into_iter().for_each(|address| dcs.insert(dc, address));
            config.dcs = dcs;
        }
        config.initial_dc = dc;
        config.learn_addresses = false;
        config.updates = false;
        config.max_attempts = 1;
        config.connect_timeout = self.limit;
        config.connect_limit = self.limit;
        Attempt { dc, family, what: what.to_owned(), config }
    }

    /// Returns the outcome, and the session if it succeeded.
    async fn run(
        &self,
        attempt: Attempt,
        session: Option<StoredSession>,
    ) -> Result<(Check, Option<StoredSession>), Failure> {
        let Attempt { dc, family, what, config } = attempt;
        let store = Arc::new(MemoryStore::with_session(session.unwrap_or_default()));
        let started = Instant::now();
        let client = self.executor.start(config, store, self.options.clone()).await?;
        let outcome = match client.connect().await {
            Ok(()) => Outcome::Succeeded(started.elapsed()),
            Err(Error::Unreachable { reason: DisconnectReason::Network(IoFailure::Unreachable), .. }) => {
                Outcome::NoNetwork
            }
            Err(Error::Unreachable { reason, .. }) => {
                Outcome::Failed(format!("{reason}; {}", on_disconnect(&reason, self.route)))
            }
            Err(error) => return Err(error.into()),
        };
        let session = matches!(outcome, Outcome::Succeeded(_)).then(|| client.stored_session());
        client.disconnect().await;
        let clock_offset = session.as_ref().map(|session| session.clock_offset);
        Ok((Check { dc, family, what, outcome, clock_offset }, session))
    }
}
