//! Why the command ends without success, and how that is told: one sentence, and an exit code.

use std::io::Write;
use std::process::ExitCode;

use sansgram_runtime::core::client::FrameError;
use sansgram_runtime::core::client::HandshakeError;
use sansgram_runtime::core::client::MessageError;
use sansgram_runtime::core::client::RpcError;
use sansgram_runtime::core::client::{
    ApiMisuse, DisconnectReason, InvokeError, IoFailure, LogoutCause, ProxyFault, ServersName, WrongServers,
};
use sansgram_runtime::core::login::LoginError;
use sansgram_runtime::text::{harmless, shell_word};
use sansgram_runtime::{Error, PromptError, StoreError};

use crate::{network, output, server};

/// Why the command ends without success.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The help or the version that was asked for, or the help in place of a command.
    Clap(Box<clap::Error>),
    /// The command was called wrongly; exit code 2.
    Usage(String),
    /// Refused or failed; exit code 1.
    Failed(String),
}

impl Failure {
    /// A failure with this sentence, which begins with a small letter and has no full stop.
    pub(crate) fn new(sentence: impl Into<String>) -> Self {
        Self::Failed(sentence.into())
    }

    /// Tells it, and says how the process is to end.
    pub(crate) fn report(self) -> ExitCode {
        let (sentence, code) = match self {
            Self::Clap(error) => return report_clap(&error),
            Self::Usage(sentence) => (sentence, 2),
            Self::Failed(sentence) => (sentence, 1),
        };
        // A server may have had its say in the sentence, and so may the name of a file.
        output::note(&format!("error: {}", harmless(&sentence)));
        ExitCode::from(code)
    }
}

impl From<LogoutCause> for Failure {
    /// The cause with its advice, as a sentence like all of ours.
    fn from(cause: LogoutCause) -> Self {
        let advice = cause.advice().trim_end_matches('.');
        let mut letters = advice.chars();
        let first: String = letters.next().into_iter().flat_map(char::to_lowercase).collect();
        Self::Failed(format!("{first}{}", letters.as_str()))
    }
}

impl From<Error> for Failure {
    /// The error's own sentence, with what to do here where it does not say that.
    fn from(error: Error) -> Self {
        let advice = match &error {
            Error::Login(error) => match error {
                LoginError::ApiCredentialsMissing => return Self::new(NO_APPLICATION),
                LoginError::NotLoggedIn => return Self::new(NOBODY_LOGGED_IN),
                LoginError::Restart => {
                    return Self::new("the server wants the login to begin again; do that");
                }
                LoginError::CodeExpired => return Self::new(CODE_EXPIRED),
                LoginError::PasswordNeeded => return Self::new(PASSWORD_NEEDED),
                LoginError::ApiIdNeeded(_) => Some("the session does not say it, so give it with --api-id"),
                LoginError::Invoke(error) => advice_on_invoke(error),
                LoginError::MigrationLoop | LoginError::MigrationTarget(_) => {
                    Some("its DCs disagree about the account, so try again later")
                }
                LoginError::UnexpectedAnswer => Some("check that this is a Telegram server"),
                _ => None,
            },
            Error::Invoke(error) => advice_on_invoke(error),
            Error::Unreachable { reason, .. } => Some(advice_on_loss(reason)),
            Error::Misuse(ApiMisuse::UnknownDc(_)) => Some(UNKNOWN_DC),
            Error::WrongServers(error) => Some(advice_on_servers(*error)),
            Error::Prompt(error) if matches!(**error, PromptError::NoTerminal) => {
                return Self::new(NO_TERMINAL);
            }
            Error::Store(error) => {
                if let StoreError::Foreign { path, .. } = &**error {
                    let from = shell_word(path);
                    return Self::new(format!(
                        "{error}: \"sansgram sessions import --from {from} --session NAME\""
                    ));
                }
                None
            }
            _ => None,
        };
        Self::Failed(advice.map_or_else(|| error.to_string(), |advice| format!("{error}; {advice}")))
    }
}

pub(crate) const NO_APPLICATION: &str = "api_id and api_hash are needed to log in: get them at my.telegram.org and \
                                         give them as --api-id and --api-hash, or try \"sansgram login --sandbox\"";

pub(crate) const NO_TERMINAL: &str = "there is no terminal to ask on; give --phone and --code, and --password if \
                                      the account has one, or --bot-token, or --qr";

const CODE_EXPIRED: &str = "the code has expired; log in again to get a new one, and do not send it on inside Telegram, \
                            where that makes it expire at once";

const PASSWORD_NEEDED: &str = "no user is logged in with this session yet: its login waits for the account's \
                               password; go on with \"sansgram login --password PASSWORD\"";

pub(crate) const NOBODY_LOGGED_IN: &str =
    "nobody is logged in with this session; log in with \"sansgram login\", or name another with --session";

/// What to do about a session that belongs to other servers.
const fn advice_on_servers(error: WrongServers) -> &'static str {
    match error {
        WrongServers::OtherKeys { .. } => {
            "check --dc and --public-key, or name another session with --session"
        }
        WrongServers::Ended => {
            "name another session with --session; \"sansgram logout\" removes the keys of this one"
        }
        WrongServers::NoAddress => UNKNOWN_DC,
        WrongServers::Mismatch { session: ServersName::Custom(_), configured: ServersName::Custom(_) } => {
            "check --dc, or name another session with --session; if the server has moved, \"sansgram sessions import\" \
             takes the session over with another --dc"
        }
        _ => "leave out the options that name other servers, or name another session with --session",
    }
}

const UNKNOWN_DC: &str = "name its address with --dc ID=HOST:PORT";

fn advice_on_invoke(error: &InvokeError) -> Option<&'static str> {
    match error {
        InvokeError::Unreachable { reason, .. } => Some(advice_on_loss(reason)),
        InvokeError::UnknownDc(_) => Some(UNKNOWN_DC),
        InvokeError::Rpc(error) => advice_on_refusal(error),
        InvokeError::TimedOut { .. } => Some("try again later, or check the address"),
        InvokeError::Packed(_) => Some("try again later, or check that this is a Telegram server"),
        InvokeError::Decode(_) => Some("check that this is a Telegram server, or update sansgram"),
        _ => None,
    }
}

/// What to do about a refusal of what is no step of a login.
fn advice_on_refusal(error: &RpcError) -> Option<&'static str> {
    if error.is("CONNECTION_API_ID_INVALID") {
        return Some("the session does not say the api_id of its application: give it with --api-id");
    }
    match LoginError::of("", error.clone()) {
        LoginError::AccountFrozen => {
            Some("Telegram froze this account; open an official application to appeal")
        }
        LoginError::AppTooOld => Some("this version is too old for Telegram; update it"),
        LoginError::PasswordNeeded => {
            Some("the login of this session is not finished; \"sansgram login\" goes on with it")
        }
        _ => None,
    }
}

/// What to do about a connection that ended like this.
pub(crate) fn advice_on_loss(reason: &DisconnectReason) -> &'static str {
    match reason {
        DisconnectReason::Network(IoFailure::Proxy(fault)) => advice_on_proxy(*fault),
        DisconnectReason::FakeTls(_) => FAKE_TLS_ADVICE,
        DisconnectReason::Network(IoFailure::Refused | IoFailure::Unreachable | IoFailure::TimedOut)
            if network::is_through_mtproxy() =>
        {
            "check the host and the port of the MTProxy, whether it runs, and the network"
        }
        // Without the right secret all is noise to an MTProxy, and it closes the connection or says nothing.
        DisconnectReason::Network(_)
        | DisconnectReason::ReadTimeout
        | DisconnectReason::Frame(_)
        | DisconnectReason::Plain(_)
            if network::is_through_mtproxy() =>
        {
            if network::is_through_fake_tls() {
                FAKE_TLS_ADVICE
            } else {
                MTPROXY_ADVICE
            }
        }
        // Nobody can tell which of them it is.
        DisconnectReason::Network(_) | DisconnectReason::ReadTimeout if network::is_through_proxy() => {
            "check the proxy's address, the network and the server's address"
        }
        DisconnectReason::Network(_) | DisconnectReason::ReadTimeout => "check the network and the address",
        reason if reason.is_http() => {
            "check the address, and whether a web browser is sent to a login page of this network"
        }
        DisconnectReason::Frame(FrameError::SshServer) => {
            "check the address and its port, which is one of SSH"
        }
        DisconnectReason::Frame(FrameError::TlsServer) => {
            "check the address and its port, which is one of TLS"
        }
        DisconnectReason::Rejected(MessageError::TimeWindow(_)) => {
            "try again later, and do not trust this server if it goes on like that"
        }
        DisconnectReason::Frame(_) | DisconnectReason::Plain(_) => {
            "check the address, or try another --transport"
        }
        DisconnectReason::Handshake(HandshakeError::UnknownFingerprints { .. }) => {
            "name the server's key with --public-key FILE, or do not trust this server"
        }
        DisconnectReason::Handshake(_) | DisconnectReason::Rejected(_) => {
            "do not trust this server, and check the address"
        }
        DisconnectReason::TransportError(-404) => {
            "check the address, and name another session with --session if this one is of another server"
        }
        DisconnectReason::TransportError(-444) if server::is_test_given() => {
            "check the numbers given to --dc, and whether --test belongs here"
        }
        DisconnectReason::TransportError(-444) => "check the numbers given to --dc",
        DisconnectReason::TransportError(-429) => "wait a few minutes and try again",
        _ => "try again later",
    }
}

const MTPROXY_ADVICE: &str = "check the address and the secret of the MTProxy";

/// The MTProxy in C refuses a clock that is 3 seconds ahead, and passes the connection on to a web site.
const FAKE_TLS_ADVICE: &str = "check the address and the secret of the MTProxy, and the clock of this machine: an MTProxy \
                               with such a secret refuses a clock that is a few seconds ahead, or some minutes behind";

const fn advice_on_proxy(fault: ProxyFault) -> &'static str {
    match fault {
        ProxyFault::LookupTimedOut => "check the network, and the name server (DNS) of this machine",
        ProxyFault::UnknownHost => "check its spelling, and the network",
        ProxyFault::CredentialsRequired => "put them before its host, as in socks5://USER:PASSWORD@HOST:PORT",
        ProxyFault::SchemesNotSupported(_) => "have the proxy accept Basic, or use one that speaks SOCKS5",
        ProxyFault::CredentialsRefused => {
            "check them; in a URL, characters like / and @ are written as %2F and %40"
        }
        ProxyFault::Protocol => {
            "check the proxy's address and the kind that its URL begins with, and whether a web browser is sent to a \
             login page of this network"
        }
        ProxyFault::Refused => "check the host and the port of the proxy, and whether it runs",
        ProxyFault::Unreachable => "check the host and the port of the proxy, and the network",
        ProxyFault::NoCommonMethod => "have it accept one of them, or use another proxy",
        ProxyFault::Tls => {
            "proxies that are spoken to in TLS are not supported: if this one takes plain connections, use their port"
        }
        ProxyFault::HttpServer => {
            "if it is an HTTP proxy, begin its URL with http://; else check its address"
        }
        ProxyFault::Socks5Proxy => "begin its URL with socks5://",
        ProxyFault::Socks5(2) | ProxyFault::Http(403) => "have the proxy allow it, or use another proxy",
        ProxyFault::Http(429) => "wait a few minutes and try again",
        ProxyFault::Socks5(7) | ProxyFault::Http(400 | 404 | 405 | 501) => {
            "check the proxy's address, since an ordinary web server answers like this too, or use another proxy"
        }
        ProxyFault::Socks5(_) | ProxyFault::Http(_) => {
            "use another proxy, or check the server's address if you gave one"
        }
        _ => "check the proxy's address, and whether it is of the kind that its URL begins with",
    }
}

fn report_clap(error: &clap::Error) -> ExitCode {
    let printed = error.print().and_then(|()| std::io::stdout().flush());
    if error.use_stderr() {
        return ExitCode::from(2);
    }
    match output::written(printed) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}
