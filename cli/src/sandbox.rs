//! The embedded test DCs: alone until Ctrl-C, or behind `login --sandbox`.

mod accounts_file;
mod addresses;
mod announcement;
mod input;
mod refusals;
mod report;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::{Duration, Instant};

use clap::Args;
use sansgram_runtime::core::PublicKey;
use sansgram_runtime::core::client::{ApiCredentials, Config, DcId, DcTable};
use sansgram_testkit::accounts::{AccountEvent, AccountOptions};
use sansgram_testkit::server::ServerOptions;
use sansgram_testkit::test_server::{TestServer, TestServerOptions};

use crate::application::{ANY_HASH, SANDBOX_API_ID};
use crate::error::Failure;
use crate::policy::{SANDBOX_HOME_DC, SANDBOX_POLL, SANDBOX_RESEND_SECONDS};
use crate::values::{from_one, path};
use crate::{interrupt, output};

use input::Pasted;
pub(crate) use input::SCANNER;
use refusals::{Line, Repeats, Strictness};
use report::Happened;

const WHERE: &str = "Where";
const ACCOUNTS: &str = "Accounts";
const STRICT: &str = "How strict";

#[derive(Debug, Args)]
pub(crate) struct SandboxArgs {
    /// The address to listen at; 0.0.0.0 for all of this machine's IPv4 addresses, :: for all
    #[arg(long, value_name = "HOST", default_value = "127.0.0.1", help_heading = WHERE)]
    pub(crate) listen: String,

    /// The port of DC 1; DC 2 and 3 take the next ones [default: free ports]
    #[arg(long, value_name = "N", value_parser = addresses::first_port, help_heading = WHERE)]
    pub(crate) port: Option<u16>,

    /// The host that help.getConfig and the first line name, if clients know this machine by another than --listen
    #[arg(long, value_name = "HOST", help_heading = WHERE)]
    pub(crate) advertise: Option<String>,

    /// How many connections may be open at once, on all DCs together
    #[arg(long, value_name = "N", default_value = "1000", value_parser = from_one(),
        help_heading = WHERE)]
    pub(crate) connections: u32,

    /// Where to write the DCs' RSA key, in PEM
    #[arg(long, value_name = "FILE", default_value = "sandbox.pem", value_parser = path())]
    pub(crate) public_key: PathBuf,

    /// Print everything as JSON, one object a line
    #[arg(long)]
    pub(crate) json: bool,

    /// Keep keys, accounts and logins in FILE, for the next run; it holds secrets
    #[arg(long, value_name = "FILE", help_heading = ACCOUNTS, value_parser = path())]
    pub(crate) state: Option<PathBuf>,

    /// Add the users and bots of a JSON file (see the end of --help)
    #[arg(long, value_name = "FILE", help_heading = ACCOUNTS, value_parser = path())]
    pub(crate) accounts: Option<PathBuf>,

    /// Refuse clients that use the RSA padding from before RSA_PAD, such as Telethon 1 and Pyrogram
    #[arg(long, help_heading = STRICT)]
    pub(crate) strict_rsa: bool,

    /// Refuse all that the documentation forbids and Telegram's servers take: the old RSA padding, a msg_id before the
    /// key that is 0 or does not rise, acknowledgements with an odd seq_no
    #[arg(long, help_heading = STRICT)]
    pub(crate) strict: bool,
}

/// Running test DCs on loopback, for a client in this process.
pub(crate) struct Sandbox {
    served: TestServer,
}

impl Sandbox {
    pub(crate) fn start() -> Result<Self, Failure> {
        let options = TestServerOptions::default().with_server(behaviour());
        Ok(Self { served: TestServer::start(options).map_err(|error| addresses::why(&error, None))? })
    }

    /// Returns the configuration to reach the DCs, with an identity that they accept.
    pub(crate) fn config(&self) -> Result<Config, Failure> {
        let broken = |reason: String| Failure::new(format!("the sandbox is broken: {reason}"));
        let id = |dc: i32| DcId::new(dc.into()).map_err(|error| broken(error.to_string()));
        let mut dcs = DcTable::new();
        for (dc, address) in self.served.addresses() {
            dcs.insert(id(*dc)?, *address);
        }
        let key =
            PublicKey::from_pem(self.served.public_key_pem()).map_err(|error| broken(error.to_string()))?;
        let api = Some(ApiCredentials { id: SANDBOX_API_ID, hash: ANY_HASH.into() });
        Ok(Config::new(dcs, id(SANDBOX_HOME_DC)?, [key]).with_api(api))
    }

    /// Returns the codes that arrived since the last call, one line each.
    pub(crate) fn arrived(&self) -> Vec<String> {
        let events = std::iter::from_fn(|| self.served.next_event(Duration::ZERO));
        events
            .filter(|event| matches!(event, AccountEvent::CodeSent { .. } | AccountEvent::EmailSent { .. }))
            .filter_map(|event| Happened::Account(event).words())
            .map(|line| format!("Sandbox: {line}"))
            .collect()
    }

    /// Makes the account of this number scan a login link. Returns an error that says why it cannot.
    pub(crate) fn scan(&self, link: &str, phone: &str) -> Result<(), String> {
        scan(&self.served, link, phone)
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox").field("addresses", &self.served.addresses()).finish_non_exhaustive()
    }
}

/// `sansgram sandbox`.
pub(crate) fn run(args: &SandboxArgs) -> Result<(), Failure> {
    let signal = Arc::new(AtomicI32::new(0));
    let came = signal.clone();
    interrupt::on_signal(move |number| came.store(number, Ordering::Relaxed))?;
    let options = serve_options(args)?;
    let everywhere = options.listen.is_unspecified() && options.advertise.is_empty();
    let served = TestServer::start(options).map_err(|error| addresses::why(&error, args.port))?;
    announcement::write_key(&args.public_key, served.public_key_pem())?;
    output::result(&if args.json {
        announcement::json(served.advertised(), &args.public_key)
    } else {
        announcement::words(served.advertised(), everywhere, &args.public_key)
    })?;
    let pasted = input::pasted()
        .map_err(|error| Failure::new(format!("links cannot be read from standard input: {error}")))?;
    let tell = |happened: &Happened| {
        let line = if args.json { happened.json() } else { happened.words() };
        line.map_or(Ok(()), |line| output::result(&line))
    };
    let strictness = Strictness { all: args.strict, keeps_keys: args.state.is_some() };
    let mut repeats = Repeats::default();
    loop {
        match signal.load(Ordering::Relaxed) {
            0 => {}
            number => {
                drop(served);
                interrupt::end(number);
            }
        }
        if let Some(event) = served.next_event(SANDBOX_POLL) {
            tell(&Happened::Account(event))?;
        }
        let now = Instant::now();
        let reports = served.take_reports();
        let mut lines: Vec<Line> =
            reports.iter().filter_map(|report| Line::new(report, strictness)).collect();
        lines = lines.into_iter().filter_map(|line| repeats.pass(line, now)).collect();
        lines.extend(repeats.due(now));
        for line in lines {
            output::result(&if args.json { line.json() } else { line.words() })?;
        }
        for pasted in pasted.try_iter() {
            tell(&match pasted {
                Pasted::Scan { link, phone } => {
                    let result = scan(&served, &link, &phone);
                    Happened::Scan { phone, result }
                }
                Pasted::Nonsense => Happened::Nonsense,
            })?;
        }
    }
}

fn scan(served: &TestServer, link: &str, phone: &str) -> Result<(), String> {
    served.with_dcs(|dcs| dcs.scan_login_link(link, phone)).map_err(|reason| match reason.as_str() {
        "AUTH_TOKEN_EXCEPTION" => "the link excludes this account".into(),
        "AUTH_TOKEN_EXPIRED" | "AUTH_TOKEN_INVALIDX" => "the link is not valid any more".into(),
        "AUTH_TOKEN_ALREADY_ACCEPTED" => "the link was scanned already".into(),
        _ => reason,
    })
}

/// Behaves well, and sends a second code sooner than Telegram, so that trying it out does not take long.
fn behaviour() -> ServerOptions {
    let accounts = AccountOptions::default().with_resend_timeout(SANDBOX_RESEND_SECONDS);
    ServerOptions::default().with_accounts(accounts)
}

fn serve_options(args: &SandboxArgs) -> Result<TestServerOptions, Failure> {
    let listen = addresses::listen(&args.listen)?;
    let advertise = match &args.advertise {
        Some(host) => addresses::advertise(host, listen)?,
        None => Vec::new(),
    };
    let max_connections = usize::try_from(args.connections).unwrap_or(usize::MAX);
    let port = args.port.unwrap_or(0);
    let mut server = behaviour_for_any(args);
    if let Some(file) = &args.accounts {
        accounts_file::add(file, &mut server.accounts)?;
    }
    let state = args.state.clone();
    Ok(TestServerOptions::default()
        .with_listen(listen)
        .with_port(port)
        .with_advertise(advertise)
        .with_max_connections(max_connections)
        .with_state(state)
        .with_server(server))
}

/// Behaves like Telegram's servers, for third-party clients, unless the options are stricter.
fn behaviour_for_any(args: &SandboxArgs) -> ServerOptions {
    let mut options = behaviour();
    options.accounts.announce_static = true;
    options
        .with_accept_legacy_rsa(!args.strict && !args.strict_rsa)
        .with_accept_any_plain_msg_id(!args.strict)
        .with_accept_odd_acks(!args.strict)
        .with_accept_web_sockets(true)
}

#[cfg(test)]
mod tests {
    use clap::{Args, FromArgMatches};

    use super::*;

    #[test]
    fn a1_the_old_padding_is_taken_unless_an_option_refuses_it() {
        for (options, legacy_rsa, others) in
            [(&[][..], true, true), (&["--strict-rsa"], false, true), (&["--strict"], false, false)]
        {
            let command = SandboxArgs::augment_args(clap::Command::new("sandbox"));
            let matches = command.try_get_matches_from(["sandbox"].iter().chain(options)).unwrap();
            let server = behaviour_for_any(&SandboxArgs::from_arg_matches(&matches).unwrap());
            assert_eq!(server.accept_legacy_rsa, legacy_rsa, "{options:?}");
            assert_eq!(
                (server.accept_any_plain_msg_id, server.accept_odd_acks),
                (others, others),
                "{options:?}"
            );
        }
        // Our own client is checked strictly.
        assert!(!behaviour().accept_legacy_rsa && !behaviour().accept_any_plain_msg_id);
    }
}
