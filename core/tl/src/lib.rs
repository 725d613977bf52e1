//! TL, the encoding of MTProto's messages and of Telegram's API: bounded reader, writer, and the types of the schema.
//!
//! [`types`], [`enums`] and [`functions`] are generated at build time from the files in `schema/`, one item per line.
//! The constructor `auth.sentCode` is the struct [`types::auth::SentCode`], with a bare encoding. Its type
//! `auth.SentCode` is the enum [`enums::auth::SentCode`], whose encoding starts with the constructor id. The function
//! `auth.sendCode` is the struct [`functions::auth::SendCode`]; its encoding starts with its id, and it has an
//! associated reply type.
//!
//! ```
//! use sansgram_tl::{Deserialize, Serialize, functions};
//!
//! let ping = functions::Ping::new(7);
//! let bytes = ping.to_bytes();
//! assert_eq!(bytes, [0xec, 0x77, 0xbe, 0x7a, 7, 0, 0, 0, 0, 0, 0, 0]);
//! assert_eq!(functions::Ping::from_bytes(&bytes), Ok(ping));
//! ```
//!
//! The types cover what a login needs, or Telegram's whole API of the same [`LAYER`] with the feature `full-api`. A new
//! layer is a new release of this crate alone.
//!
//! Rules of the generated code:
//! - `new` takes the required fields, `with_…` sets an optional one:
//!   `functions::messages::SendMessage::new(peer, "hello", random_id).with_silent(true)`. All fields are public.
//! - `Default` is there if no field is required.
//! - The documentation of a function names its documented errors (`schema/errors.txt` has their source). A server may
//!   answer with others, and with the same name under another code.
//! - A variant leaves out its type's name: `inputPeerUser` is `enums::InputPeer::User`. `Self` is no name in Rust, so
//!   `inputPeerSelf` is `enums::InputPeer::PeerSelf`.
//! - Flags words are computed: an optional field is an `Option`, a field of type `true` is a `bool`. If several fields
//!   share one bit, any of them sets it, and missing ones are written as zero or empty. If a missing one is an object
//!   without an empty value, the whole group is omitted. The output can always be read back.
//! - Unknown bits of a flags word are ignored: a server may set bits of a newer layer.
//! - `Debug` output shows no byte strings, secrets or contact data: codes, hashes, tokens, phone numbers, mail
//!   addresses and the like.
//! - The values that a client sends to log in (codes, tokens, hashes) are wiped on drop.
//! - A variant of more than about 256 bytes is boxed if it has siblings. This bounds the memory of a vector of small
//!   variants.
//!
//! No input causes a panic, and memory use is proportional to the length of the input. The worst case is a vector of
//! items that consist only of their constructor id: up to 50 times its encoded length, 200 times with `full-api`. A
//! vector of users takes up to 4 times its encoded length. Source: <https://core.telegram.org/mtproto/serialize> and
//! <https://core.telegram.org/mtproto/TL>.

#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]

extern crate alloc;

mod codec;
mod hidden;
pub mod ids;
mod raw;
mod reader;
mod value;
pub mod write;

#[cfg(feature = "reencode")]
use alloc::vec::Vec;

pub use by_id::LAYER;
pub use codec::{Constructor, Deserialize, Function, Serialize};
pub use raw::Raw;
pub use reader::{DecodeError, MAX_DEPTH, Reader};

/// The schema of Telegram's whole API of [`LAYER`], as published, with its comments: a definition per line, in the
/// syntax of <https://core.telegram.org/mtproto/TL-formal>. For tools that read it at run time.
pub const API_SCHEMA: &str = include_str!("../schema/full.tl");

/// Returns the name of a constructor or function in the schema, for logs. Returns `None` if the id is unknown.
pub fn constructor_name(id: u32) -> Option<&'static str> {
    let row = by_id::NAMES.binary_search_by_key(&id, |(id, _)| *id).ok()?;
    by_id::NAMES.get(row).map(|(_, name)| *name)
}

/// Reads any boxed value or function of the schema that fills all of `bytes`, selected by its id, and writes it again.
///
/// For tools that process arbitrary TL, such as fuzzers: it reaches every generated decoder and encoder. The result
/// differs from `bytes` only in insignificant parts: padding, unknown bits of a flags word, and strings in a longer
/// form than needed.
///
/// # Errors
/// Returns the same errors as [`Deserialize::from_bytes`].
#[cfg(feature = "reencode")]
pub fn reencode(bytes: &[u8]) -> Result<Vec<u8>, DecodeError> {
    by_id::reencode(Reader::new(bytes).peek_u32()?, bytes)
}

/// The tables that are indexed by constructor id.
#[allow(unused_qualifications)]
mod by_id {
    #[cfg(feature = "reencode")]
    use alloc::vec::Vec;

    #[cfg(feature = "reencode")]
    use super::{DecodeError, Deserialize, Raw, Serialize};

    include!(concat!(env!("OUT_DIR"), "/by_id.rs"));
}

/// One struct per constructor, with a bare encoding (without its id).
#[allow(clippy::all, clippy::pedantic, unused_qualifications, unused_variables)]
pub mod types {
    include!(concat!(env!("OUT_DIR"), "/types.rs"));
}

/// One enum per type. Its encoding starts with the constructor id.
#[allow(clippy::all, clippy::pedantic, unused_qualifications, unused_variables)]
pub mod enums {
    include!(concat!(env!("OUT_DIR"), "/enums.rs"));
}

/// One struct per function. Its encoding starts with its id.
#[allow(clippy::all, clippy::pedantic, unused_qualifications, unused_variables)]
pub mod functions {
    include!(concat!(env!("OUT_DIR"), "/functions.rs"));
}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// The imports of the generated code.
mod generated {
    pub(super) use alloc::boxed::Box;
    pub(super) use alloc::string::String;
    pub(super) use alloc::vec::Vec;
    pub(super) use core::fmt::{Debug, Formatter};

    pub(super) use zeroize::Zeroize;

    pub(super) use super::{
        Constructor, DecodeError, Deserialize, Function, Reader, Serialize, hidden, write,
    };
}
