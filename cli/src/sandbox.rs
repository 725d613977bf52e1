//! The embedded test DCs: `sansgram sandbox`, and those of `login --sandbox`.

mod accounts_file;
mod addresses;
mod announcement;
mod events;
mod input;
mod refusals;
mod script_file;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::Args;
use sansgram_runtime::core::client::{ApiCredentials, Config};
use sansgram_testkit::accounts::{AccountEvent, AccountOptions};
use sansgram_testkit::server::ServerOptions;
use sansgram_testkit::test_server::{TestServer, TestServerOptions};

use crate::application::{ANY_HASH, SANDBOX_API_ID};
use crate::error::Failure;
use crate::policy::{SANDBOX_POLL, SANDBOX_RESEND_SECONDS};
use crate::values::{from_one, path};
use crate::{interrupt, output};

use events::SandboxEvent;
pub(crate) use input::DEFAULT_SCANNER;
use input::PastedLine;
use refusals::{Repeats, ReportLine, Strictness};

const LISTENING: &str = "Listening";
const ACCOUNTS: &str = "Accounts";
const STRICTNESS: &str = "Strictness";

#[derive(Debug, Args)]
pub(crate) struct SandboxArgs {
    /// Address to listen on; 0.0.0.0 for all IPv4 addresses of this machine, :: for all addresses
    #[arg(long, value_name = "HOST", default_value = "127.0.0.1", help_heading = LISTENING)]
    pub(crate) listen: String,

    /// The port of DC 1; DC 2 and 3 use the next two [default: free ports]
    #[arg(long, value_name = "N", value_parser = addresses::first_port, help_heading = LISTENING)]
    pub(crate) port: Option<u16>,

    /// Host to announce in help.getConfig and on the first line, if it differs from --listen
    #[arg(long, value_name = "HOST", help_heading = LISTENING)]
    pub(crate) advertise: Option<String>,

    /// The maximum number of open connections on all DCs together
    #[arg(long, value_name = "N", default_value = "1000", value_parser = from_one(),
        help_heading = LISTENING)]
    pub(crate) connections: u32,

    /// Write the public RSA key of the DCs to this file, in PEM
    #[arg(long, value_name = "FILE", default_value = "sandbox.pem", value_parser = path())]
    pub(crate) public_key: PathBuf,

    /// Print everything as JSON, one object per line
    #[arg(long)]
    pub(crate) json: bool,

    /// Keep keys, accounts and logins in FILE for the next run; the file contains secrets
    #[arg(long, value_name = "FILE", help_heading = ACCOUNTS, value_parser = path())]
    pub(crate) state: Option<PathBuf>,

    /// Add the users and bots in this JSON file (see the end of --help)
    #[arg(long, value_name = "FILE", help_heading = ACCOUNTS, value_parser = path())]
    pub(crate) accounts: Option<PathBuf>,

    /// Answer methods, inject faults and send updates as this TOML file says (see the end of --help)
    #[arg(long, value_name = "FILE", value_parser = path())]
    pub(crate) script: Option<PathBuf>,

    /// End when standard input ends, such as when the program that started the sandbox is killed
    #[arg(long)]
    until_eof: bool,

    /// Refuse the RSA padding that preceded RSA_PAD, which Telethon 1 and Pyrogram use
    #[arg(long, help_heading = STRICTNESS)]
    pub(crate) strict_rsa: bool,

    /// Refuse everything that the documentation forbids but Telegram's servers accept: the old RSA padding, an unencrypted
    /// message whose msg_id is 0 or does not rise, an ack with an odd seq_no
    #[arg(long, help_heading = STRICTNESS)]
    pub(crate) strict: bool,
}

/// Running test DCs on loopback, for a client in this process.
pub(crate) struct Sandbox {
    server: TestServer,
}

impl Sandbox {
    pub(crate) fn start() -> Result<Self, Failure> {
        let options = TestServerOptions::default().with_server(strict_options()).with_recorded_calls(0);
        Ok(Self {
            server: TestServer::start(options).map_err(|error| addresses::start_failure(&error, None))?,
        })
    }

    /// Returns the configuration to reach the DCs, with an identity that they accept.
    pub(crate) fn config(&self) -> Config {
        let api = ApiCredentials { id: SANDBOX_API_ID, hash: ANY_HASH.into() };
        self.server.config().with_api(Some(api))
    }

    /// Returns a line for each code that has arrived since the last call.
    pub(crate) fn arrived_codes(&self) -> Vec<String> {
        let events = std::iter::from_fn(|| self.server.next_event(Duration::ZERO));
        events
            .filter(|event| matches!(event, AccountEvent::CodeSent { .. } | AccountEvent::EmailSent { .. }))
            .filter_map(|event| SandboxEvent::Account(event).words())
            .map(|line| format!("Sandbox: {line}"))
            .collect()
    }

    /// Makes the account with this number scan a login link. Errors with the reason if it cannot.
    pub(crate) fn scan(&self, link: &str, phone: &str) -> Result<(), String> {
        scan(&self.server, link, phone)
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox").field("addresses", &self.server.addresses()).finish_non_exhaustive()
    }
}

/// `sansgram sandbox`.
pub(crate) fn run(args: &SandboxArgs) -> Result<(), Failure> {
    let is_stopped = Arc::new(AtomicBool::new(false));
    let stop = is_stopped.clone();
    interrupt::on_signal(move |_| stop.store(true, Ordering::Relaxed))?;
    let options = serve_options(args)?;
    let script = match args.script.as_deref() {
        Some(file) => Some((file, script_file::read(file)?)),
        None => None,
    };
    let is_everywhere = options.listen.is_unspecified() && options.advertise.is_empty();
    let server = TestServer::start(options).map_err(|error| addresses::start_failure(&error, args.port))?;
    if let Some((file, script)) = &script {
        let checked = server.with_dcs(|dcs| script.check_users(dcs));
        checked.map_err(|error| script_file::failure(file, &error))?;
        server.play(script);
    }
    announcement::write_key(&args.public_key, server.public_key_pem())?;
    output::result(&if args.json {
        announcement::json(server.advertised(), &args.public_key)
    } else {
        announcement::words(server.advertised(), is_everywhere, &args.public_key)
    })?;
    let pasted = input::pasted_lines()
        .map_err(|error| Failure::new(format!("standard input cannot be read: {error}")))?;
    let print = |event: &SandboxEvent| {
        let line = if args.json { event.json() } else { event.words() };
        line.map_or(Ok(()), |line| output::result(&line))
    };
    let strictness = Strictness { all: args.strict, keeps_keys: args.state.is_some() };
    let mut repeats = Repeats::default();
    let mut is_over = false;
    loop {
        if !is_over && is_stopped.load(Ordering::Relaxed) {
            interrupt::end_line();
            is_over = true;
        }
        // What has happened before the end is printed.
        let event = server.next_event(if is_over { Duration::ZERO } else { SANDBOX_POLL });
        let ends_now = is_over && event.is_none();
        if let Some(event) = event {
            print(&SandboxEvent::Account(event))?;
        }
        let now = Instant::now();
        let reports = server.take_reports();
        let mut lines: Vec<ReportLine> =
            reports.iter().filter_map(|report| ReportLine::new(report, strictness)).collect();
        lines = lines.into_iter().filter_map(|line| repeats.pass(line, now)).collect();
        lines.extend(repeats.due(now));
        for line in lines {
            output::result(&if args.json { line.json() } else { line.words() })?;
        }
        for pasted in pasted.try_iter() {
            print(&match pasted {
                PastedLine::End => {
                    is_over |= args.until_eof;
                    continue;
                }
                PastedLine::Scan { link, phone } => {
                    let result = scan(&server, &link, &phone);
                    SandboxEvent::Scan { phone, result }
                }
                PastedLine::Unrecognised => SandboxEvent::Unrecognised,
            })?;
        }
        if ends_now {
            return Ok(());
        }
    }
}

fn scan(server: &TestServer, link: &str, phone: &str) -> Result<(), String> {
    server.with_dcs(|dcs| dcs.scan_login_link(link, phone)).map_err(|reason| match reason.as_str() {
        "AUTH_TOKEN_EXCEPTION" => "the link excludes this account".into(),
        "AUTH_TOKEN_EXPIRED" | "AUTH_TOKEN_INVALIDX" => "the link is no longer valid".into(),
        "AUTH_TOKEN_ALREADY_ACCEPTED" => "the link was already scanned".into(),
        _ => reason,
    })
}

/// Returns strict options, for our own client. A second code is sent sooner than by Telegram, since a trial should not
/// take long.
fn strict_options() -> ServerOptions {
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
    let mut server = options_for_any_client(args);
    if let Some(file) = &args.accounts {
        accounts_file::add(file, &mut server.accounts)?;
    }
    let state = args.state.clone();
    Ok(TestServerOptions::default()
        .with_listen(listen)
        .with_port(port)
        .with_advertise(advertise)
        .with_max_connections(max_connections)
        .with_recorded_calls(0)
        .with_state(state)
        .with_server(server))
}

/// Returns options for clients of others: as tolerant as Telegram's servers, unless the command line is stricter.
fn options_for_any_client(args: &SandboxArgs) -> ServerOptions {
    let mut options = strict_options();
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
    fn a1_the_old_padding_is_accepted_unless_an_option_refuses_it() {
        for (options, legacy_rsa, others) in
            [(&[][..], true, true), (&["--strict-rsa"], false, true), (&["--strict"], false, false)]
        {
            let command = SandboxArgs::augment_args(clap::Command::new("sandbox"));
            let matches = command.try_get_matches_from(["sandbox"].iter().chain(options)).unwrap();
            let server = options_for_any_client(&SandboxArgs::from_arg_matches(&matches).unwrap());
            assert_eq!(server.accept_legacy_rsa, legacy_rsa, "{options:?}");
            assert_eq!(
                (server.accept_any_plain_msg_id, server.accept_odd_acks),
                (others, others),
                "{options:?}"
            );
        }
        // Our own client is checked strictly.
        assert!(!strict_options().accept_legacy_rsa && !strict_options().accept_any_plain_msg_id);
    }
}
