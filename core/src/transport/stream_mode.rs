//! The appearance of a connection to the network.

use super::Framing;
#[cfg(feature = "mtproxy")]
use super::proxy_secret::{ProxyMode, ProxySecret};
#[cfg(feature = "websocket")]
use super::websocket::WebSocketTarget;

/// The appearance of a connection to the network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum StreamMode {
    /// Frames directly on the stream.
    #[default]
    Plain,
    /// The stream is [obfuscated](super::Obfuscation).
    Obfuscated,
    /// The connection goes to the MTProxy with this secret and is obfuscated with it, and wrapped in [fake
    /// TLS](super::FakeTls) in the mode [`ProxyMode::FakeTls`]. Needs the feature `mtproxy`.
    #[cfg(feature = "mtproxy")]
    MtProxy(ProxySecret),
    /// The obfuscated stream is carried by a [`WebSocket`](super::WebSocket). Needs the feature `websocket`.
    #[cfg(feature = "websocket")]
    WebSocket(WebSocketTarget),
}

impl StreamMode {
    /// Returns the framing of such a connection. It is the `preferred` one, with two exceptions:
    ///
    /// - Secrets with `dd` and `ee` require [`PaddedIntermediate`](Framing::PaddedIntermediate).
    /// - [`Full`](Framing::Full) cannot be obfuscated: [`Intermediate`](Framing::Intermediate) replaces it.
    #[must_use]
    pub const fn framing(&self, preferred: Framing) -> Framing {
        match (self, preferred) {
            (Self::Plain, _) => preferred,
            #[cfg(feature = "mtproxy")]
            (Self::MtProxy(secret), _) if !matches!(secret.mode(), ProxyMode::Plain) => {
                Framing::PaddedIntermediate
            }
            _ if preferred.obfuscated_tag().is_none() => Framing::Intermediate,
            _ => preferred,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_connection_has_the_full_framing() {
        for framing in Framing::ALL {
            assert_eq!(StreamMode::Plain.framing(framing), framing);
            let obfuscated = if framing == Framing::Full { Framing::Intermediate } else { framing };
            assert_eq!(StreamMode::Obfuscated.framing(framing), obfuscated);
        }
    }

    #[cfg(feature = "mtproxy")]
    #[test]
    fn secrets_with_dd_and_ee_require_padding() {
        let key = "00112233445566778899aabbccddeeff";
        let framing = |secret: &str| StreamMode::MtProxy(secret.parse().unwrap()).framing(Framing::Abridged);
        assert_eq!(framing(key), Framing::Abridged);
        assert_eq!(framing(&std::format!("dd{key}")), Framing::PaddedIntermediate);
        assert_eq!(framing(&std::format!("ee{key}612e62")), Framing::PaddedIntermediate);
    }
}
