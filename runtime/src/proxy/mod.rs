//! Proxies between the client and Telegram: SOCKS5 (RFC 1928, with user name and password as in RFC 1929), SOCKS4 and
//! HTTP `CONNECT` (RFC 9110, 9.3.6, with Basic authentication as in RFC 7617).
//!
//! Pass one to [`ClientOptions::proxy`](crate::ClientOptions::proxy), most easily as the URL in which proxies are
//! shared:
//!
//! ```
//! use sansgram_runtime::Proxy;
//!
//! let proxy: Proxy = "socks5://me:secret@proxy.example:1080".parse()?;
//! assert_eq!(proxy.to_string(), "socks5://proxy.example:1080");
//! # Ok::<(), sansgram_runtime::proxy::InvalidProxy>(())
//! ```
//!
//! The dialogues themselves, [`Socks5`], [`Socks4`] and [`HttpConnect`], do no I/O: get the [`Step`], perform it, and
//! repeat. They work over any stream, and without the rest of this crate.

mod any;
mod credentials;
mod description;
mod dialogue;
mod error;
mod http;
mod kind;
mod socks4;
mod socks5;
mod step;
mod target;
#[cfg(test)]
mod tests;
mod url;

pub use any::AnyProxy;
pub use credentials::Credentials;
pub use description::Proxy;
pub(crate) use dialogue::Dialogue;
pub use error::{InvalidProxy, ProxyError, Socks5Reply};
pub use http::HttpConnect;
pub use kind::ProxyKind;
pub use socks4::Socks4;
pub use socks5::Socks5;
pub use step::Step;
pub use target::{Host, Target};
