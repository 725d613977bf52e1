//! Proxies as users paste them: links to MTProxies, their secrets, URLs of other proxies.
//!
//! Input: one byte chooses which; the rest is the text.

use sansgram_core::transport::{ProxyLink, ProxyMode, ProxySecret};
use sansgram_runtime::Proxy;

use crate::Input;
use crate::memory::peak_of;

/// Memory in bytes per byte of text.
const RATIO: usize = 6;
/// The same for the shortest texts.
const SLACK: usize = 1024;

/// Runs the target. Returns 1 if the text was read.
///
/// # Panics
/// Panics if the value changes when it is written and read again.
pub fn run(bytes: &[u8]) -> usize {
    let mut input = Input::new(bytes);
    let choice = input.byte();
    let Ok(text) = std::str::from_utf8(input.rest()) else { return 0 };
    let is_read = match choice % 4 {
        0 => link(text),
        1 => link(&format!("tg://proxy?server=proxy.example&port=443&secret={text}")),
        2 => secret(text),
        _ => url(text),
    };
    usize::from(is_read)
}

fn link(text: &str) -> bool {
    let Some(link) = read::<ProxyLink>(text) else { return false };
    assert!(link.port != 0 && (1..=255).contains(&link.server.len()));
    let server: String = link.server.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let secret = hex(&bytes_of(&link.secret));
    let again = format!("https://t.me/proxy?secret={secret}&port={}&server={server}#x", link.port);
    assert_eq!(again.parse(), Ok(link), "{again}");
    true
}

fn secret(text: &str) -> bool {
    let Some(secret) = read::<ProxySecret>(text) else { return false };
    if let ProxyMode::FakeTls { domain } = secret.mode() {
        assert!((1..=182).contains(&domain.len()));
    }
    let bytes = bytes_of(&secret);
    assert_eq!(ProxySecret::from_bytes(&bytes).as_ref(), Ok(&secret));
    assert_eq!(hex(&bytes).parse().as_ref(), Ok(&secret));
    assert!(!format!("{secret:?}").contains(&hex(secret.key())), "a secret is shown");
    true
}

fn url(text: &str) -> bool {
    let Some(proxy) = read::<Proxy>(text) else { return false };
    // The displayed form lacks the credentials and is the same proxy otherwise.
    let again: Proxy = proxy.to_string().parse().expect("a shown proxy is a URL");
    assert_eq!((again.kind(), again.host(), again.port()), (proxy.kind(), proxy.host(), proxy.port()));
    assert!(!again.has_credentials() && proxy.port() != 0);
    true
}

fn read<T: std::str::FromStr>(text: &str) -> Option<T> {
    let (read, peak) = peak_of(|| text.parse());
    assert!(peak <= RATIO * text.len() + SLACK, "{peak} bytes held for {}", text.len());
    read.ok()
}

fn bytes_of(secret: &ProxySecret) -> Vec<u8> {
    match secret.mode() {
        ProxyMode::Plain => secret.key().to_vec(),
        ProxyMode::Padded => [&[0xdd], &secret.key()[..]].concat(),
        ProxyMode::FakeTls { domain } => [&[0xee], &secret.key()[..], domain.as_bytes()].concat(),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
