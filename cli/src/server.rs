//! The options for the server, and the client configuration that follows from them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use clap::builder::TypedValueParser;
use sansgram_runtime::core::PublicKey;
use sansgram_runtime::core::client::Framing;
use sansgram_runtime::core::client::{Config, DcTable, Servers, StoredSession, WrongServers};
use sansgram_runtime::{Error, read_file};

use crate::address::{DcAddress, Lookup};
use crate::error::Failure;
use crate::executor::Executor;
use crate::network::NetworkArgs;
use crate::policy::MAX_PUBLIC_KEY_LEN;
use crate::route::Route;
use crate::values::{from_one, path};

/// The server, and the runtime that reaches it.
#[derive(Debug, Args)]
pub(crate) struct TargetArgs {
    /// Use Telegram's test DCs, or treat the DCs of --dc as test DCs
    #[arg(long)]
    test: bool,

    /// Address of a DC, instead of Telegram's; can be repeated, the first is the home DC
    #[arg(long, value_name = "ID=HOST:PORT")]
    dc: Vec<DcAddress>,

    /// RSA key of the server in PEM (PKCS#1 or SPKI), instead of Telegram's; can be repeated
    #[arg(long, value_name = "FILE", value_parser = path())]
    public_key: Vec<PathBuf>,

    #[arg(
        long,
        value_name = "NAME",
        value_enum,
        default_value = "tokio",
        hide_possible_values = true,
        help = "The async runtime: tokio or smol"
    )]
    pub(crate) runtime: Executor,
}

/// The server, and how to talk to it.
#[derive(Debug, Args)]
#[command(next_help_heading = "Server")]
pub(crate) struct ServerArgs {
    #[command(flatten)]
    pub(crate) target: TargetArgs,

    /// The framing of messages
    #[arg(long, value_name = "KIND", default_value = "intermediate", value_parser = framing())]
    pub(crate) framing: Framing,

    /// Total time limit for the server; time spent answering prompts or scanning a QR code does not count
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = from_one())]
    pub(crate) timeout: u32,

    #[command(flatten)]
    pub(crate) network: NetworkArgs,
}

/// The beginning of a PEM block.
pub(crate) const PEM_BEGIN: &str = "-----BEGIN ";

/// Returns whether the configuration is for Telegram's own servers.
pub(crate) fn is_telegram(config: &Config) -> bool {
    config.servers() == Servers::Telegram
}

impl ServerArgs {
    /// Returns whether the session, and no option, selects a server other than the default.
    pub(crate) fn is_remembered(&self, session: &StoredSession) -> bool {
        let is_custom = matches!(session.servers, Servers::Custom(_)) && self.target.dc.is_empty();
        let is_test = session.servers == Servers::Telegram && session.test_dcs && !self.target.test;
        is_custom || is_test
    }

    /// Returns whether Telegram's test DCs may be meant.
    pub(crate) const fn wants_test_dcs(&self) -> bool {
        self.target.test && self.target.dc.is_empty()
    }

    /// Returns the route of the connections of `config`.
    pub(crate) fn route(&self, config: &Config) -> Result<Route, Failure> {
        let has_own_servers = !is_telegram(config);
        let has_test_option = self.target.test && has_own_servers;
        Ok(Route { has_own_servers, has_test_option, ..self.network.route()? })
    }

    /// Returns the configuration for the server of these options, or else for the session's server. It has no API
    /// credentials. Resolves names, which may block.
    pub(crate) fn config(&self, session: &StoredSession, lookup: &Lookup) -> Result<Config, Failure> {
        let has_keys = !session.keys.is_empty();
        let custom = match &session.servers {
            Servers::EndedSandbox if has_keys => return Err(Error::from(WrongServers::Ended).into()),
            Servers::Custom(custom) => Some(custom),
            _ => None,
        };
        // Without a key and a known server, the flag of the session has no meaning.
        let has_flag = has_keys || session.servers != Servers::Unknown;
        let test_dcs = self.target.test || (session.test_dcs && has_flag);
        let telegram = if test_dcs { Config::telegram_test() } else { Config::telegram() };
        let keys =
            self.target.public_key.iter().map(|file| read_key(file)).collect::<Result<Arc<[_]>, _>>()?;
        if !keys.is_empty() && self.target.dc.is_empty() && custom.is_none() {
            return Err(Failure::Usage(
                "--public-key is for a server of your own; give its address with --dc ID=HOST:PORT".into(),
            ));
        }
        let keys = match custom.map(|custom| custom.public_keys.as_slice()) {
            _ if !keys.is_empty() => keys,
            None | Some([]) => telegram.public_keys.clone(),
            Some(remembered) => remembered.into(),
        };
        let mut config = match (self.target.dc.first(), custom) {
            (None, None) => telegram.with_public_keys(keys),
            (None, Some(_)) => {
                let remembered = Config::for_session(session).map_err(Error::from)?;
                remembered.with_test_dcs(test_dcs).with_public_keys(keys)
            }
            (Some(first), custom) => {
                let mut dcs = DcTable::new();
                for address in &self.target.dc {
                    for endpoint in address.resolve(lookup)? {
                        dcs.insert(address.dc, endpoint);
                    }
                }
                // DCs without an option keep their addresses.
                let remembered = custom.map(|custom| &custom.dcs);
                for dc in remembered.into_iter().flat_map(DcTable::ids) {
                    if self.target.dc.iter().all(|address| address.dc != dc) {
                        let endpoints = remembered.map_or(&[][..], |remembered| remembered.endpoints(dc));
                        endpoints.iter().for_each(|endpoint| dcs.insert(dc, *endpoint));
                    }
                }
                Config::new(dcs, first.dc, keys).with_test_dcs(test_dcs)
            }
        };
        // Checked before the first connection.
        config.check(session).map_err(Error::from)?;
        config.framing = self.framing;
        self.network.apply_to(&mut config, lookup)?;
        Ok(config)
    }
}

fn read_key(file: &Path) -> Result<PublicKey, Failure> {
    let bytes = read_file(file, MAX_PUBLIC_KEY_LEN).map_err(|error| {
        Failure::new(format!("the public key {} cannot be read: {error}", file.display()))
    })?;
    let text = String::from_utf8_lossy(&bytes);
    if text.matches(PEM_BEGIN).nth(1).is_some() {
        return Err(Failure::new(format!(
            "the file {} contains several public keys; put each in its own file and repeat --public-key",
            file.display()
        )));
    }
    PublicKey::from_pem(&text).map_err(|error| {
        Failure::new(format!(
            "the public key {} cannot be used: {error}; give the .pem file that \"sansgram sandbox\" wrote, or another RSA \
             public key in PEM",
            file.display()
        ))
    })
}

fn framing() -> impl TypedValueParser<Value = Framing> {
    clap::builder::PossibleValuesParser::new(Framing::ALL.map(Framing::name))
        .try_map(|name| name.parse::<Framing>())
}
