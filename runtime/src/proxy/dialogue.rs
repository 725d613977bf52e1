//! The dialogue with a proxy of any kind.

use super::error::ProxyError;
use super::http::HttpConnect;
use super::socks4::Socks4;
use super::socks5::Socks5;
use super::step::Step;

/// A dialogue of either kind.
#[derive(Debug)]
pub(crate) enum Dialogue {
    Socks5(Socks5),
    Socks4(Socks4),
    Http(HttpConnect),
}

impl Dialogue {
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
