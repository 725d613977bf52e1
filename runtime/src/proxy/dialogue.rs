//! The dialogue with a proxy of any kind.

use super::credentials::Credentials;
use super::error::ProxyError;
use super::http::HttpConnect;
use super::kind::ProxyKind;
use super::socks4::Socks4;
use super::socks5::Socks5;
use super::step::Step;
use super::target::Target;

/// A dialogue of any kind.
#[derive(Debug)]
pub(crate) enum Dialogue {
    Socks5(Socks5),
    Socks4(Socks4),
    Http(HttpConnect),
}

impl Dialogue {
    /// Creates the dialogue over a new stream to a proxy of this kind.
    pub(super) fn new(kind: ProxyKind, target: &Target, credentials: Option<&Credentials>) -> Self {
        match kind {
            ProxyKind::Socks5 => Self::Socks5(Socks5::new(target, credentials)),
            ProxyKind::Socks4 => Self::Socks4(Socks4::new(target, credentials)),
            ProxyKind::Http => Self::Http(HttpConnect::new(target, credentials)),
        }
    }

    pub(crate) fn step(&mut self) -> Step {
        match self {
            Self::Socks5(dialogue) => dialogue.step(),
            Self::Socks4(dialogue) => dialogue.step(),
            Self::Http(dialogue) => dialogue.step(),
        }
    }

    pub(crate) fn receive(&mut self, input: &mut &[u8]) -> Result<(), ProxyError> {
        match self {
            Self::Socks5(dialogue) => dialogue.receive(input),
            Self::Socks4(dialogue) => dialogue.receive(input),
            Self::Http(dialogue) => dialogue.receive(input),
        }
    }
}
