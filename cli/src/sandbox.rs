//! The embedded test DCs: alone until Ctrl-C, or behind `login --sandbox`.

mod input;
mod report;

use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;
use std::{fmt, fs, io};

use sansgram_runtime::core::client::{ApiCredentials, Config, DcId, DcTable};
use sansgram_runtime::core::crypto::rsa::PublicKey;
use sansgram_runtime::text::shell_word;
use sansgram_testkit::accounts::{AccountEvent, AccountOptions};
use sansgram_testkit::serve::{ServeOptions, Served, serve};
use sansgram_testkit::server::ServerOptions;

use crate::args::SandboxArgs;
use crate::failure::Failure;
use crate::interrupt;
use crate::output::{self, json_text};

use input::Pasted;
use report::Happened;

/// Where clients of the sandbox begin.
const HOME: i32 = 2;

/// The `api_id` of sign-ins to the sandbox, far above those that Telegram gives out: by it a session is known as one
/// of a sandbox.
pub(crate) const API_ID: i32 = 2_000_099_966;

/// Running test DCs on loopback, for a client in this process.
pub(crate) struct Sandbox {
    served: Served,
}

impl Sandbox {
    pub(crate) fn start() -> Result<Self, Failure> {
        Ok(Self { served: start(ServeOptions { server: behaviour(), ..ServeOptions::default() })? })
    }

    /// How to reach them; with an identity that they accept.
    pub(crate) fn config(&self) -> Result<Config, Failure> {
        let broken = |reason: String| Failure::new(format!("the sandbox is broken: {reason}"));
        let id = |dc: i32| DcId::new(dc.into()).map_err(|error| broken(error.to_string()));
        let mut dcs = DcTable::new();
        for (dc, address) in self.served.addresses() {
            dcs.insert(id(*dc)?, *address);
        }
        let key =
            PublicKey::from_pem(self.served.public_key_pem()).map_err(|error| broken(error.to_string()))?;
        let api = Some(ApiCredentials { id: API_ID, hash: "sandbox".into() });
        Ok(Config { api, ..Config::new(dcs, id(HOME)?, [key]) })
    }

    /// The codes that arrived since the last call, a line each.
    pub(crate) fn arrived(&self) -> Vec<String> {
        let events = std::iter::from_fn(|| self.served.next_event(Duration::ZERO));
        events
            .filter(|event| matches!(event, AccountEvent::CodeSent { .. } | AccountEvent::EmailSent { .. }))
            .filter_map(|event| Happened::Account(event).words())
            .map(|line| format!("Sandbox: {line}"))
            .collect()
    }

    /// The account of this number scans a login link; else why it cannot.
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
    let served =
        start(ServeOptions { listen: listen_address(&args.listen)?, server: behaviour_for_any(args) })?;
    write_key(&args.public_key, served.public_key_pem())?;
    output::result(&if args.json {
        announcement_json(served.addresses(), &args.public_key)
    } else {
        announcement(served.addresses(), &args.public_key)
    })?;
    let pasted = input::pasted()
        .map_err(|error| Failure::new(format!("links cannot be read from standard input: {error}")))?;
    let tell = |happened: &Happened| {
        let line = if args.json { happened.json() } else { happened.words() };
        line.map_or(Ok(()), |line| output::result(&line))
    };
    loop {
        match signal.load(Ordering::Relaxed) {
            0 => {}
            number => {
                drop(served);
                interrupt::end(number);
            }
        }
        if let Some(event) = served.next_event(PAUSE) {
            tell(&Happened::Account(event))?;
        }
        for report in served.take_reports() {
            tell(&Happened::Reported(report))?;
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

/// How long an event is waited for before the signals and links are looked at again.
const PAUSE: Duration = Duration::from_millis(100);

fn scan(served: &Served, link: &str, phone: &str) -> Result<(), String> {
    served.with_dcs(|dcs| dcs.scan_login_link(link, phone)).map_err(|reason| match reason.as_str() {
        "AUTH_TOKEN_EXCEPTION" => "the link excludes this account".into(),
        "AUTH_TOKEN_EXPIRED" | "AUTH_TOKEN_INVALIDX" => "the link is not valid any more".into(),
        "AUTH_TOKEN_ALREADY_ACCEPTED" => "the link was scanned already".into(),
        _ => reason,
    })
}

/// Well-behaved, and with less patience than Telegram: whoever tries out a second code need not wait for it long.
fn behaviour() -> ServerOptions {
    let accounts = AccountOptions { resend_timeout: 5, ..AccountOptions::default() };
    ServerOptions { accounts, ..ServerOptions::default() }
}

/// For clients that others wrote: as Telegram's servers, unless the options are stricter.
fn behaviour_for_any(args: &SandboxArgs) -> ServerOptions {
    ServerOptions {
        accept_legacy_rsa: !args.strict && !args.strict_rsa,
        accept_any_plain_msg_id: !args.strict,
        accept_odd_acks: !args.strict,
        ..behaviour()
    }
}

fn start(options: ServeOptions) -> Result<Served, Failure> {
    let listen = options.listen;
    serve(options).map_err(|error| Failure::new(format!("the test DCs cannot listen at {listen}: {error}")))
}

fn listen_address(host: &str) -> Result<IpAddr, Failure> {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let found = (bare, 0).to_socket_addrs().and_then(|mut addresses| {
        addresses.next().ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "it has no address"))
    });
    found
        .map(|address| address.ip())
        .map_err(|error| Failure::new(format!("the host {host} of --listen cannot be found: {error}")))
}

/// Writes the key, which is the same in every run, but over nothing else.
fn write_key(file: &Path, pem: &str) -> Result<(), Failure> {
    let fails = |error: io::Error| {
        Failure::new(format!("the public key {} cannot be written: {error}", file.display()))
    };
    match fs::read(file) {
        Ok(bytes) if bytes == pem.as_bytes() => return Ok(()),
        Ok(bytes) if !bytes.is_empty() => {
            return Err(Failure::new(format!(
                "{} holds something else than the sandbox's public key and is left as it is; name another file with \
                 --public-key",
                file.display()
            )));
        }
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(fails(error)),
        _ => {}
    }
    fs::write(file, pem).map_err(fails)
}

fn announcement(dcs: &[(i32, SocketAddr)], key: &Path) -> String {
    let mut text = String::from("Test DCs are listening:\n");
    for (dc, address) in dcs {
        text.push_str(&format!("  DC {dc}  {address}\n"));
    }
    // The home DC first.
    let (home, others): (Vec<_>, Vec<_>) = dcs.iter().partition(|(dc, _)| *dc == HOME);
    let options: String =
        home.iter().chain(&others).map(|(dc, address)| format!(" --dc {dc}={address}")).collect();
    // From whatever directory.
    let absolute = std::path::absolute(key).unwrap_or_else(|_| key.into());
    text.push_str(&format!(
        "Their public key is in {key}. Sign in from another terminal:\n  \
         sansgram login{options} --public-key {word}\n\
         \"sansgram sandbox --help\" lists the accounts. Login codes are shown below.\n\
         To scan a QR code, paste its tg:// link here, with the number of an account behind it. Ctrl-C ends it all.",
        key = key.display(),
        word = shell_word(&absolute)
    ));
    text
}

fn announcement_json(dcs: &[(i32, SocketAddr)], key: &Path) -> String {
    let dcs: Vec<String> = dcs
        .iter()
        .map(|(dc, address)| format!(r#"{{"id":{dc},"address":{}}}"#, json_text(&address.to_string())))
        .collect();
    format!(r#"{{"dcs":[{}],"public_key":{}}}"#, dcs.join(","), json_text(&key.to_string_lossy()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_is_the_documented_one() {
        let dcs = [(1, "127.0.0.1:80".parse().unwrap()), (2, "[::1]:81".parse().unwrap())];
        assert_eq!(
            announcement_json(&dcs, Path::new("a\"b.pem")),
            r#"{"dcs":[{"id":1,"address":"127.0.0.1:80"},{"id":2,"address":"[::1]:81"}],"public_key":"a\"b.pem"}"#
        );
    }

    #[test]
    fn listening_takes_names_and_addresses() {
        assert!(listen_address("127.0.0.1").unwrap().is_loopback());
        assert!(listen_address("::1").unwrap().is_loopback());
        assert!(listen_address("[::1]").unwrap().is_loopback());
        assert!(listen_address("localhost").unwrap().is_loopback());
        assert!(listen_address("no such host").is_err());
    }
}
