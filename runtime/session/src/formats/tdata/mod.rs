//! Telegram Desktop's folder `tdata`, as versions since 2.0 keep it.
//!
//! | file | content |
//! |---|---|
//! | `key_data` | salt 32, the local key under the passcode's key, the numbers of the accounts under the local key |
//! | `D877F783D5D3EF8C` | of account 1: user, home DC, keys; the name is MD5 of `data`, of account N that of `data#N` |
//! | `D877F783D5D3EF8C/config` | of account 1: whether the DCs are test DCs |
//! | `D877F783D5D3EF8C/map` | of account 1: the list of other files, of which a session needs none |
//!
//! Each name ends with `s`, or with `0` or `1` if an old version wrote it ([`envelope`]). Numbers and lengths in the
//! content are big-endian ([`local`]), as Qt writes them. A program that was started with `-key X` uses X instead of
//! `data`. Since version 7.3, the key under a passcode has another layout ([`passcode`]). Sources: the program's `storage/` at
//! version 6.1.2; for 7.3 the package opentele2 2.0.0.

mod envelope;
mod local;
mod passcode;
mod read;
#[cfg(test)]
mod tests;
mod write;

use std::fmt::Write as _;

use md5::{Digest, Md5};
use zeroize::Zeroizing;

pub(super) use read::{read_file, read_folder};
pub(super) use write::write;

/// The default name of the data; a program that was started with `-key X` uses X.
const DATA: &str = "data";
/// The prefix of the file with the local key; the name of the data follows.
const KEY_PREFIX: &str = "key_";
/// The block of an account's file with its keys, `dbiMtpAuthorization`.
const MTP_AUTHORIZATION: u32 = 0x4b;
/// The version of the account's configuration.
const CONFIG_VERSION: u32 = 1;
/// The last version of which the layout is known: 7.3.1.
const KNOWN_VERSION: u32 = 7_003_001;
/// The salt of the passcode, in bytes.
const SALT_LEN: usize = 32;

/// The key that encrypts the files, or the key that is derived from a passcode.
type LocalKey = Zeroizing<[u8; 256]>;

/// Returns the name of an account's file and folder, without its suffix. `index` is the account's number minus 1.
fn account_name(data: &str, index: u32) -> String {
    let hash = match index {
        0 => Md5::digest(data),
        _ => Md5::digest(format!("{data}#{}", u64::from(index) + 1)),
    };
    hash.iter().take(8).fold(String::new(), |mut name, byte| {
        // The nibbles are swapped, since the program prints a little-endian number by its lowest digits first.
        let _ = write!(name, "{:X}{:X}", byte & 0x0f, byte >> 4);
        name
    })
}
