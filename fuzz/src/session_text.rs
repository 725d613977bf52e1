//! Our own texts, stored sessions and saved logins: any text, and any content under a right checksum.
//!
//! Input: the first byte chooses; the rest is the text, or the content of either.

use base64ct::{Base64UrlUnpadded, Encoding};
use sansgram_core::client::StoredSession;
use sansgram_core::crypto::hash::sha256;
use sansgram_core::login::SavedLogin;

use crate::Input;
use crate::memory::peak_of;

/// Memory in bytes per byte of text: a key of 266 bytes is in a map with nodes for eleven.
const RATIO: usize = 16;
/// The same for the smallest inputs.
const SLACK: usize = 4096;

/// A session of version 1 is written as version 3, with the number of logout tokens (2 bytes) and what its `api_id` tells of
/// its servers (11 bytes). In characters.
const UPGRADE: usize = 18;

/// Runs the target. Returns 1 if something was read.
///
/// # Panics
/// Panics if a session or a saved login changes when it is written and read again.
pub fn run(bytes: &[u8]) -> usize {
    let mut input = Input::new(bytes);
    let choice = input.byte();
    let content = input.rest();
    let is_read = match choice % 3 {
        0 => std::str::from_utf8(content).is_ok_and(|text| session(text) | saved_login(text)),
        1 => session(&checksummed("sansgram1:", content)),
        _ => saved_login(&checksummed("sansgram-login1:", content)),
    };
    usize::from(is_read)
}

fn checksummed(prefix: &str, content: &[u8]) -> String {
    let checksum = sha256(&[content]);
    let whole = [content, &checksum[..8]].concat();
    format!("{prefix}{}", Base64UrlUnpadded::encode_string(&whole))
}

fn session(text: &str) -> bool {
    let Some(stored) = read(text, |text| StoredSession::from_text(text).ok()) else { return false };
    let again = stored.to_text();
    assert!(again.len() <= text.len() + UPGRADE, "{} characters from {}", again.len(), text.len());
    assert_eq!(StoredSession::from_text(&again), Ok(stored));
    true
}

fn saved_login(text: &str) -> bool {
    let Some(saved) = read(text, |text| SavedLogin::from_text(text).ok()) else { return false };
    let again = saved.to_text();
    assert!(again.len() <= text.len(), "{} characters from {}", again.len(), text.len());
    assert_eq!(SavedLogin::from_text(&again), Ok(saved));
    true
}

fn read<T>(text: &str, read: impl FnOnce(&str) -> Option<T>) -> Option<T> {
    let (read, peak) = peak_of(|| read(text));
    assert!(peak <= RATIO * text.len() + SLACK, "{peak} bytes held for {}", text.len());
    read
}
