//! The server side of a WebSocket (RFC 6455), which uses what a server may do: fragments, and pings between them.

use sansgram_core::crypto::hash::sha1;

use crate::random::{SecureRandom, random_length};

/// Why a client's bytes are not a WebSocket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WebSocketRefusal {
    /// The request is for a page, not for a WebSocket.
    #[error("the client speaks HTTP")]
    Page,
    /// The request is not an upgrade to a WebSocket for MTProto; the field says what is wrong.
    #[error("the request is wrong: {0}")]
    Request(&'static str),
    /// A frame that a client may not send; the field says what is wrong.
    #[error("a frame is wrong: {0}")]
    Frame(&'static str),
    /// The client closed the WebSocket.
    #[error("the client closed the WebSocket")]
    Closed,
}

/// One connection.
#[derive(Default)]
pub(super) struct WebSocketServer {
    incoming: Vec<u8>,
    open: bool,
    /// The bodies of unanswered pings.
    pings: Vec<[u8; 4]>,
}

impl WebSocketServer {
    pub(super) fn push(&mut self, bytes: &[u8], reply: &mut Vec<u8>) -> Result<Vec<u8>, WebSocketRefusal> {
        self.incoming.extend_from_slice(bytes);
        if !self.open {
            let Some(end) = self.incoming.windows(4).position(|four| four == b"\r\n\r\n") else {
                return if self.incoming.len() > 8192 {
                    Err(WebSocketRefusal::Request("too long"))
                } else {
                    Ok(vec![])
                };
            };
            let request: Vec<u8> = self.incoming.drain(..end + 4).collect();
            match answer(&request[..end]) {
                Ok(answer) => reply.extend_from_slice(answer.as_bytes()),
                Err(refusal) => {
                    reply.extend_from_slice(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
                    return Err(refusal);
                }
            }
            self.open = true;
        }
        let mut inside = Vec::new();
        while let Some((kind, body, consumed)) = cut(&self.incoming)? {
            self.incoming.drain(..consumed);
            match kind {
                0x82 => inside.extend_from_slice(&body),
                0x8a => {
                    // A client may answer only the last of several pings (RFC 6455, 5.5.3).
                    let at = self.pings.iter().position(|ping| body == ping);
                    let at = at.ok_or(WebSocketRefusal::Frame("a pong without its ping"))?;
                    self.pings.drain(..=at);
                }
                0x88 => return Err(WebSocketRefusal::Closed),
                _ => return Err(WebSocketRefusal::Frame("neither binary, pong nor close")),
            }
        }
        Ok(inside)
    }

    /// Sends a piece of the stream as one message of several fragments, with pings between them.
    pub(super) fn wrap(&mut self, mut bytes: &[u8], random: &mut dyn SecureRandom) -> Vec<u8> {
        let mut out = Vec::new();
        let mut kind = 2;
        while !bytes.is_empty() {
            let most = [3, 125, 70_000][random_length(3, random) - 1];
            let (now, later) = bytes.split_at(random_length(most, random).min(bytes.len()));
            let last = if later.is_empty() { 0x80 } else { 0 };
            frame(kind | last, now, &mut out);
            (kind, bytes) = (0, later);
            if random_length(4, random) == 1 {
                let mut ping = [0; 4];
                random.fill(&mut ping);
                frame(0x89, &ping, &mut out);
                self.pings.push(ping);
            }
        }
        out
    }
}

fn answer(request: &[u8]) -> Result<String, WebSocketRefusal> {
    use WebSocketRefusal::Request;
    let request = str::from_utf8(request).map_err(|_| Request("no text"))?;
    let (first, headers) = request.split_once("\r\n").ok_or(Request("no headers"))?;
    let asks_for = |line: &str| line.to_ascii_lowercase().starts_with("upgrade:");
    if !headers.split("\r\n").any(asks_for) {
        return Err(WebSocketRefusal::Page);
    }
    let path = first.strip_prefix("GET ").and_then(|rest| rest.strip_suffix(" HTTP/1.1"));
    if !path.ok_or(Request("no GET"))?.starts_with("/apiws") {
        return Err(Request("the path"));
    }
    let header = |wanted: &str| {
        let mut values = headers.split("\r\n").filter_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case(wanted).then_some(value.trim())
        });
        values.next().filter(|_| values.next().is_none())
    };
    header("Host").filter(|host| !host.is_empty()).ok_or(Request("Host"))?;
    for (name, value) in [
        ("Upgrade", "websocket"),
        // A list; Firefox says "keep-alive, Upgrade".
        ("Connection", "upgrade"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Protocol", "binary"),
    ] {
        let holds = |found: &&str| found.split(',').any(|item| item.trim().eq_ignore_ascii_case(value));
        header(name).filter(holds).ok_or(Request(name))?;
    }
    let key = header("Sec-WebSocket-Key").filter(|key| key.len() == 24 && key.ends_with("=="));
    let key = key.ok_or(Request("Sec-WebSocket-Key"))?;
    let accept = base64(&sha1(&[key.as_bytes(), b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"]));
    Ok(format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: \
         {accept}\r\nSec-WebSocket-Protocol: binary\r\n\r\n"
    ))
}

/// The first frame: its first byte, its body in the clear, and how many bytes it takes.
fn cut(bytes: &[u8]) -> Result<Option<(u8, Vec<u8>, usize)>, WebSocketRefusal> {
    let [kind, second, rest @ ..] = bytes else { return Ok(None) };
    if second & 0x80 == 0 {
        return Err(WebSocketRefusal::Frame("not masked"));
    }
    let (length, rest) = match second & 0x7f {
        126 => match rest.split_first_chunk() {
            Some((length, rest)) => (u64::from(u16::from_be_bytes(*length)), rest),
            None => return Ok(None),
        },
        127 => match rest.split_first_chunk() {
            Some((length, rest)) => (u64::from_be_bytes(*length), rest),
            None => return Ok(None),
        },
        short => (u64::from(short), rest),
    };
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    if length > 1 << 25 {
        return Err(WebSocketRefusal::Frame("too long"));
    }
    let Some((mask, rest)) = rest.split_first_chunk::<4>() else { return Ok(None) };
    let Some(body) = rest.get(..length) else { return Ok(None) };
    let body = body.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect();
    Ok(Some((*kind, body, bytes.len() - rest.len() + length)))
}

fn frame(kind: u8, body: &[u8], out: &mut Vec<u8>) {
    out.push(kind);
    match body.len() {
        short @ 0..126 => out.push(short as u8),
        middle @ 126..65536 => {
            out.push(126);
            out.extend((middle as u16).to_be_bytes());
        }
        long => {
            out.push(127);
            out.extend((long as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(body);
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let bits = three.iter().chain([&0; 2]).take(3).fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte));
        for at in 0..4 {
            let letter = ALPHABET[(bits >> (18 - 6 * at) & 63) as usize];
            text.push(if at > three.len() { '=' } else { char::from(letter) });
        }
    }
    text
}
