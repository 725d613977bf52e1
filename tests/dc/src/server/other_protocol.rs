//! Other protocols that reach a DC by mistake, recognized by their first bytes.

/// Returns the protocol that begins like this; no obfuscated stream may begin so.
///
/// Source: `core.telegram.org/mtproto/mtproto-transports`.
pub(super) const fn excluded(incoming: &[u8]) -> Option<&'static str> {
    match incoming.first_chunk::<4>() {
        Some(b"GET " | b"POST" | b"HEAD" | b"OPTI") => Some("HTTP"),
        Some([0x16, 0x03, 0x01, 0x02]) => Some("TLS"),
        _ => None,
    }
}

/// Returns the protocol that seems to begin like this. An obfuscated stream begins so once in billions of times, so this
/// only names a stream that is refused for another reason.
pub(super) fn likely(incoming: &[u8]) -> Option<&'static str> {
    Some(match incoming {
        [b'S', b'S', b'H', b'-', ..] => "SSH",
        [b'P', b'R', b'O', b'X', b'Y', b' ', ..] | [b'\r', b'\n', b'\r', b'\n', 0, b'\r', ..] => {
            "the PROXY protocol"
        }
        [0x16, 0x03, 0..=4, ..] => "TLS",
        [5, count, methods @ ..] if *count > 0 && methods.len() == usize::from(*count) => "SOCKS5",
        [4, 1 | 2, _, _, _, _, _, _, .., 0] => "SOCKS4",
        [3, 0, 0, _, _, 0xe0, ..] => "RDP",
        text if [&b"CONNECT "[..], b"PRI * HTTP", b"PUT ", b"DELETE ", b"PATCH "]
            .iter()
            .any(|word| text.starts_with(word)) =>
        {
            "HTTP"
        }
        _ => return None,
    })
}
