//! The host and path of a WebSocket.

use alloc::string::String;

/// The address of a WebSocket: the host as in the `Host` header, and the path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebSocketTarget {
    host: String,
    path: String,
}

/// The host or path is not valid in a request: empty, longer than 1024 bytes, a path without a leading `/`, or
/// characters other than printable ASCII.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the host or the path is not valid in a request")]
pub struct InvalidTarget;

impl WebSocketTarget {
    /// Creates a target from a host, such as `venus.web.telegram.org` or `127.0.0.1:8080`, and a path, such as
    /// `/apiws`.
    ///
    /// # Errors
    /// Returns [`InvalidTarget`] if the host or path is not valid in a request.
    pub fn new(host: impl Into<String>, path: impl Into<String>) -> Result<Self, InvalidTarget> {
        let (host, path) = (host.into(), path.into());
        let fits =
            |text: &str| (1..=1024).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        if fits(&host) && fits(&path) && path.starts_with('/') {
            Ok(Self { host, path })
        } else {
            Err(InvalidTarget)
        }
    }

    /// Returns the target of Telegram's DC with this number, over TLS on port 443, or `None` if the number is not 1 to
    /// 5.
    #[must_use]
    pub fn telegram(dc: u16, test_dcs: bool) -> Option<Self> {
        let name = match dc {
            1 => "pluto",
            2 => "venus",
            3 => "aurora",
            4 => "vesta",
            5 => "flora",
            _ => return None,
        };
        let path = if test_dcs { "/apiws_test" } else { "/apiws" };
        Some(Self { host: alloc::format!("{name}.web.telegram.org"), path: path.into() })
    }

    /// Returns the host.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Returns the path.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }
}
