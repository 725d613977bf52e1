//! TL, the language of MTProto's messages: bounded reader, writer, and the types of the schema.
//!
//! [`types`], [`enums`] and [`functions`] are written at build time from the files in `schema/`, one item for each
//! line. A constructor such as `auth.sentCode` is the struct [`types::auth::SentCode`], read and written bare; its
//! type `auth.SentCode` is the enum [`enums::auth::SentCode`], which travels with the constructor id in front; a
//! function such as `auth.sendCode` is the struct [`functions::auth::SendCode`], with its id in front, and names its
//! reply.
//!
//! ```
//! use sansgram_core::tl::{Deserialize, Serialize, functions};
//!
//! let ping = functions::Ping { ping_id: 7 };
//! let bytes = ping.to_bytes();
//! assert_eq!(bytes, [0xec, 0x77, 0xbe, 0x7a, 7, 0, 0, 0, 0, 0, 0, 0]);
//! assert_eq!(functions::Ping::from_bytes(&bytes), Ok(ping));
//! ```
//!
//! The types are those that a login needs; with the feature `full-api`, those of Telegram's whole API of the same
//! [`LAYER`]. Other layers travel as bytes, see [`Client::invoke_raw`](crate::client::Client::invoke_raw).
//!
//! Rules of the generated code:
//! - flags words are computed: an optional field is an `Option`, a field of type `true` is a `bool`. If one bit
//!   speaks for several fields, any of them sets it and the missing ones are written as zero or empty; an object that
//!   has no empty value must be there, or the whole group is left out. What is written can always be read.
//! - unknown bits of a flags word are ignored: a server may set bits of a newer layer.
//! - `Debug` shows neither bytes nor what is secret or a way to reach a person: codes, hashes, tokens, phone numbers,
//!   mail addresses and the like.
//! - what clients send to log in (codes, tokens, hashes) is wiped on drop.
//! - a variant of more than about 256 bytes is boxed if it has siblings, which bounds what a vector of small ones
//!   takes.
//!
//! Nothing here panics on any input, and nothing is allocated that the input does not pay for. What it pays
//! for most is a vector of items that are no more than their constructor: up to 50 times its bytes, 200 times with
//! `full-api`. A vector of users takes up to 4 times its bytes. Source:
//! <https://core.telegram.org/mtproto/serialize> and <https://core.telegram.org/mtproto/TL>.

mod codec;
pub mod gzip;
mod hidden;
pub mod ids;
mod raw;
mod reader;
mod value;
pub mod write;

use alloc::vec::Vec;

pub use by_id::LAYER;
pub use codec::{Constructor, Deserialize, Function, Serialize};
pub use raw::Raw;
pub use reader::{DecodeError, MAX_DEPTH, Reader};

/// The name of a constructor or function of the schema, for logs.
pub fn constructor_name(id: u32) -> Option<&'static str> {
    let row = by_id::NAMES.binary_search_by_key(&id, |(id, _)| *id).ok()?;
    by_id::NAMES.get(row).map(|(_, name)| *name)
}

/// Reads any boxed value or function of the schema that is all of `bytes`, by the id in front, and writes it again.
///
/// For tools that meet arbitrary TL, such as fuzzers: every generated decoder and encoder is behind it. The result
/// differs from `bytes` only in what has no meaning: padding, unknown bits of a flags word, and strings in a longer
/// form than needed.
///
/// # Errors
/// As [`Deserialize::from_bytes`].
pub fn reencode(bytes: &[u8]) -> Result<Vec<u8>, DecodeError> {
    by_id::reencode(Reader::new(bytes).peek_u32()?, bytes)
}

/// What is found by a constructor id.
#[allow(unused_qualifications)]
mod by_id {
    use alloc::vec::Vec;

    use super::{DecodeError, Deserialize, Raw, Serialize};

    include!(concat!(env!("OUT_DIR"), "/by_id.rs"));
}

/// One struct for each constructor, read and written bare (without its id).
#[allow(clippy::all, clippy::pedantic, unused_qualifications, unused_variables)]
pub mod types {
    include!(concat!(env!("OUT_DIR"), "/types.rs"));
}

/// One enum for each named type, read and written with the constructor id in front.
#[allow(clippy::all, clippy::pedantic, unused_qualifications, unused_variables)]
pub mod enums {
    include!(concat!(env!("OUT_DIR"), "/enums.rs"));
}

/// One struct for each function, read and written with its id in front.
#[allow(clippy::all, clippy::pedantic, unused_qualifications, unused_variables)]
pub mod functions {
    include!(concat!(env!("OUT_DIR"), "/functions.rs"));
}

/// What the generated code uses.
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
