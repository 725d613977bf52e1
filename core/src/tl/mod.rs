//! TL, the encoding of MTProto's messages: the crate `sansgram-tl`, which holds the types of the schema, and the
//! compression of messages.
//!
//! ```
//! use sansgram_core::tl::{Deserialize, Serialize, functions};
//!
//! let ping = functions::Ping::new(7);
//! let bytes = ping.to_bytes();
//! assert_eq!(functions::Ping::from_bytes(&bytes), Ok(ping));
//! ```
//!
//! The types cover what a login needs, or Telegram's whole API of the same [`LAYER`] with the feature `full-api`. Other
//! layers are available as bytes, see [`Client::invoke_raw`](crate::client::Client::invoke_raw).

#[cfg(not(feature = "unstable"))]
pub(crate) mod gzip;
#[cfg(feature = "unstable")]
pub mod gzip;

pub use sansgram_tl::*;
