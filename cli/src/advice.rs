//! Errors of the library in one sentence with advice.

mod refusals;

use std::borrow::Cow;
use std::path::Path;

use sansgram_runtime::core::client::{
    ApiMisuse, DisconnectReason, FakeTlsError, FrameError, HandshakeError, InvokeError, IoFailure,
    MessageError, ProxyFault, RpcError, ServersName, WrongServers,
};
use sansgram_runtime::core::login::LoginError;
use sansgram_runtime::core::time::HumanDuration;
use sansgram_runtime::text::shell_word;
use sansgram_runtime::{Error, PromptError, StoreError};

use crate::application::NO_APPLICATION;
use crate::error::Failure;
use crate::route::{MtProxyRoute, Route};
use crate::saved_login::messages::login_command;
use crate::store;

impl Failure {
    /// Returns the failure as a sentence with advice for this route and the session of this name.
    pub(crate) fn with_advice(self, route: Route, session: Option<&Path>) -> Self {
        match self {
            Self::Library(error) => {
                let sentence = sentence(&error, route, session);
                let refusal = match *error {
                    Error::Invoke(InvokeError::Rpc(error)) => Some(error),
                    Error::Login(error) => error.rpc().cloned(),
                    _ => None,
                };
                match refusal {
                    Some(refusal) => Self::Refused(Box::new(refusal), sentence),
                    None => Self::Failed(sentence),
                }
            }
            other => other,
        }
    }
}

/// Returns the sentence of the error, with advice unless it already contains some.
fn sentence(error: &Error, route: Route, session: Option<&Path>) -> String {
    let advice: Option<Cow<'static, str>> = match error {
        Error::Login(error) => match error {
            LoginError::ApiCredentialsMissing => return NO_APPLICATION.into(),
            LoginError::NotLoggedIn => return not_logged_in(session),
            LoginError::CodeExpired => return CODE_EXPIRED.into(),
            LoginError::PasswordNeeded => return password_needed(session),
            LoginError::ApiIdNeeded(_) => {
                Some("the session does not contain it; provide it with --api-id".into())
            }
            LoginError::Invoke(error) => on_invoke(error, route, session),
            LoginError::MigrationLoop | LoginError::MigrationTarget(_) => {
                Some("its DCs disagree about where the account is; try again later".into())
            }
            _ => None,
        },
        Error::Invoke(error) => on_invoke(error, route, session),
        Error::Unreachable { reason, .. } => Some(on_disconnect(reason, route).into()),
        Error::Misuse(ApiMisuse::UnknownDc(_)) => Some(UNKNOWN_DC.into()),
        Error::WrongServers(error) => Some(on_servers(*error).into()),
        Error::Store(error) => match &**error {
            StoreError::Foreign { path, .. } => {
                let from = shell_word(path);
                return format!("{error}; run \"sansgram sessions import --from {from} --session NAME\"");
            }
            StoreError::Leased { session, owner, remaining } => {
                let seconds = remaining.as_secs() + 1;
                return format!(
                    "the session {session} is in use by {owner}; stop it, or try again in {seconds} s if it was killed"
                );
            }
            StoreError::LeaseLost { session, reason } => {
                return format!(
                    "the session {session} is no longer owned: {reason}; run the command again to take it back"
                );
            }
            StoreError::Other(error) => {
                return store::sentence(&**error).unwrap_or_else(|| error.to_string());
            }
            _ => None,
        },
        Error::Prompt(error) if matches!(**error, PromptError::NoTerminal) => return NO_TERMINAL.into(),
        _ => None,
    };
    advice.map_or_else(|| error.to_string(), |advice| format!("{error}; {advice}"))
}

pub(crate) const NO_TERMINAL: &str = "there is no terminal to prompt on; use --phone and --code, and --password if \
                                      the account has one, or --bot-token, or --qr";

const CODE_EXPIRED: &str = "the code has expired; log in again to get a new one, and do not forward it within Telegram, \
                            which invalidates it immediately";

fn password_needed(session: Option<&Path>) -> String {
    format!(
        "no user is logged in with this session yet: its login waits for the password of the account; continue with {}",
        login_command(session, " --password PASSWORD")
    )
}

pub(crate) fn not_logged_in(session: Option<&Path>) -> String {
    format!(
        "no user is logged in with this session; log in with {}, or select another session with --session",
        login_command(session, "")
    )
}

/// Returns the advice for a session that belongs to other servers.
const fn on_servers(error: WrongServers) -> &'static str {
    match error {
        WrongServers::OtherKeys { .. } => {
            "check --dc and --public-key, or select another session with --session"
        }
        WrongServers::Ended => {
            "select another session with --session, or remove the keys of this one with \"sansgram logout\""
        }
        WrongServers::NoAddress => UNKNOWN_DC,
        WrongServers::Mismatch { session: ServersName::Custom(_), configured: ServersName::Custom(_) } => {
            "check --dc, or select another session with --session; if the server has moved, \"sansgram sessions import\" \
             can import it with another --dc"
        }
        _ => "leave out the options for other servers, or select another session with --session",
    }
}

const UNKNOWN_DC: &str = "specify its address with --dc ID=HOST:PORT";

fn on_invoke(error: &InvokeError, route: Route, session: Option<&Path>) -> Option<Cow<'static, str>> {
    let advice = match error {
        InvokeError::Unreachable { reason, .. } => on_disconnect(reason, route),
        InvokeError::UnknownDc(_) => UNKNOWN_DC,
        InvokeError::Rpc(error) => return on_refusal(error, route, session),
        InvokeError::TimedOut { .. } => "try again later, or check the address",
        InvokeError::Gzip(_) => "try again later, or check that this is a Telegram server",
        InvokeError::Decode(_) => "check that this is a Telegram server, or update sansgram",
        _ => return None,
    };
    Some(advice.into())
}

/// Returns the advice for a refused request that is not a step of a login.
fn on_refusal(error: &RpcError, route: Route, session: Option<&Path>) -> Option<Cow<'static, str>> {
    if error.is("CONNECTION_API_ID_INVALID") {
        return Some(
            "the session does not contain the api_id of its application; provide it with --api-id".into(),
        );
    }
    if let Some(wait) = error.wait() {
        return Some(format!("try again in {}", HumanDuration(wait)).into());
    }
    match LoginError::from_rpc("", error.clone()) {
        LoginError::NotLoggedIn => Some(not_logged_in(session).into()),
        LoginError::AccountFrozen => {
            Some("Telegram has frozen this account; appeal in an official application".into())
        }
        LoginError::AppTooOld => Some("this version of sansgram is too old for Telegram; update it".into()),
        LoginError::PasswordNeeded => Some(
            format!(
                "the login of this session waits for the password of the account; continue with {}",
                login_command(session, " --password PASSWORD")
            )
            .into(),
        ),
        _ => refusals::advice(&error.name, route.has_own_servers).map(Cow::Borrowed),
    }
}

/// Returns the advice for a connection that ended for this reason.
pub(crate) fn on_disconnect(reason: &DisconnectReason, route: Route) -> &'static str {
    match reason {
        DisconnectReason::Network(IoFailure::Proxy(fault)) => on_proxy(*fault),
        DisconnectReason::FakeTls(error) if may_be_the_clock(error) => FAKE_TLS_ADVICE,
        DisconnectReason::FakeTls(_) => MTPROXY_ADVICE,
        DisconnectReason::Network(IoFailure::Refused | IoFailure::Unreachable | IoFailure::TimedOut)
            if route.mtproxy.is_some() =>
        {
            "check the host and port of the MTProxy, whether it is running, and the network"
        }
        // If the secret is wrong, the MTProxy cannot read anything, and closes the connection or does not answer.
        DisconnectReason::Network(_)
        | DisconnectReason::ReadTimeout
        | DisconnectReason::Frame(_)
        | DisconnectReason::Plain(_)
            if route.mtproxy.is_some() =>
        {
            // Frames arrive only after the proxy has proved the secret and accepted the clock.
            let is_proved = matches!(reason, DisconnectReason::Frame(_) | DisconnectReason::Plain(_));
            match route.mtproxy {
                Some(MtProxyRoute::FakeTls) if !is_proved => FAKE_TLS_ADVICE,
                _ => MTPROXY_ADVICE,
            }
        }
        // Either the proxy or the server may be the cause.
        DisconnectReason::Network(_) | DisconnectReason::ReadTimeout if route.has_proxy => {
            "check the address of the proxy, the network and the address of the server"
        }
        DisconnectReason::Network(_) | DisconnectReason::ReadTimeout => "check the network and the address",
        reason if reason.is_http() => {
            "check the address, and whether this network redirects web browsers to a login page"
        }
        DisconnectReason::Frame(FrameError::SshServer) => {
            "check the address and port; an SSH server listens there"
        }
        DisconnectReason::Frame(FrameError::TlsServer) => {
            "check the address and port; a TLS server listens there"
        }
        DisconnectReason::Rejected(MessageError::TimeWindow(_)) => {
            "try again later, and do not trust this server if it happens again"
        }
        DisconnectReason::Frame(_) | DisconnectReason::Plain(_) => {
            "check the address, or try another --framing"
        }
        DisconnectReason::Handshake(HandshakeError::UnknownFingerprints { .. }) => {
            "specify the server's key with --public-key FILE, or do not trust this server"
        }
        DisconnectReason::Handshake(_) | DisconnectReason::Rejected(_) => {
            "do not trust this server, and check the address"
        }
        DisconnectReason::TransportError(-404) => {
            "check the address, and select another session with --session if this one belongs to another server"
        }
        DisconnectReason::TransportError(-444) if route.has_test_option => {
            "check the numbers given to --dc, and whether --test is needed"
        }
        DisconnectReason::TransportError(-444) => "check the numbers given to --dc",
        DisconnectReason::TransportError(-429) => "wait a few minutes and try again",
        _ => "try again later",
    }
}

/// Returns whether a wrong clock may explain the answer, which is then the TLS of a web site. Data that is not TLS, or
/// wrong data after the right digest, has another cause.
const fn may_be_the_clock(error: &FakeTlsError) -> bool {
    match error {
        // The types of TLS records (RFC 8446, 5.1).
        FakeTlsError::Answer { number: 0, kind } => matches!(kind, 20..=23),
        FakeTlsError::NotData(_) | FakeTlsError::Version => false,
        _ => true,
    }
}

const MTPROXY_ADVICE: &str = "check the address and the secret of the MTProxy";

/// The MTProxy in C refuses a clock that is 3 seconds ahead, and forwards the connection to a web site.
const FAKE_TLS_ADVICE: &str = "check the address and the secret of the MTProxy, and the clock of this machine: with such a \
                               secret, an MTProxy refuses a clock that is a few seconds ahead or some minutes behind";

const fn on_proxy(fault: ProxyFault) -> &'static str {
    match fault {
        ProxyFault::LookupTimedOut => "check the network and the name server (DNS) of this machine",
        ProxyFault::UnknownHost => "check its spelling and the network",
        ProxyFault::CredentialsRequired => {
            "write them before the host, as in socks5://USER:PASSWORD@HOST:PORT"
        }
        ProxyFault::SchemesNotSupported(_) => {
            "enable Basic authentication on the proxy, or use a SOCKS5 proxy"
        }
        ProxyFault::CredentialsRefused => {
            "check both; in a URL, write characters such as / and @ as %2F and %40"
        }
        ProxyFault::Protocol => {
            "check the address of the proxy and the scheme of its URL, and whether this network redirects web \
             browsers to a login page"
        }
        ProxyFault::Refused => "check the host and port of the proxy, and whether it is running",
        ProxyFault::Unreachable => "check the host and port of the proxy, and the network",
        ProxyFault::NoCommonMethod => "enable one of them, or use another proxy",
        ProxyFault::Tls => {
            "TLS connections to proxies are not supported; if this proxy accepts plain connections, use that port"
        }
        ProxyFault::HttpServer => {
            "if it is an HTTP proxy, begin its URL with http://, or else check its address"
        }
        ProxyFault::Socks4Proxy => "begin its URL with socks4://",
        ProxyFault::Socks5Proxy => "begin its URL with socks5://",
        ProxyFault::Socks5(2) | ProxyFault::Http(403) => "allow it on the proxy, or use another proxy",
        ProxyFault::Http(429) => "wait a few minutes and try again",
        ProxyFault::Socks5(7) | ProxyFault::Http(400 | 404 | 405 | 501) => {
            "check the address of the proxy, since an ordinary web server also answers like this, or use another proxy"
        }
        ProxyFault::Socks5(_) | ProxyFault::Http(_) => {
            "use another proxy, or check the address of the server if you gave one"
        }
        _ => "check the address of the proxy, and whether it matches the scheme of its URL",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_is_named_only_if_it_explains_the_answer() {
        for (error, may_be) in [
            (FakeTlsError::Digest, true),
            (FakeTlsError::Alert, true),
            (FakeTlsError::Answer { number: 0, kind: 21 }, true),
            (FakeTlsError::Answer { number: 1, kind: 22 }, true),
            (FakeTlsError::Answer { number: 0, kind: b'H' }, false),
            (FakeTlsError::NotData(22), false),
            (FakeTlsError::Version, false),
        ] {
            assert_eq!(may_be_the_clock(&error), may_be, "{error:?}");
        }
    }
}
