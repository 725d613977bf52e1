//! The upgrade request from HTTP to WebSocket, and the response (RFC 6455, 4).

use alloc::string::String;
use alloc::vec::Vec;

use base64ct::{Base64, Encoding};

use super::error::WebSocketError;
use super::target::WebSocketTarget;
use crate::crypto::hash::sha1;
use crate::policy;
use crate::transport::assemble::take;

/// The suffix that the server hashes with the key.
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const SUBPROTOCOL: &str = "binary";
const END: &[u8] = b"\r\n\r\n";

/// A pending upgrade.
pub(super) struct Upgrade {
    /// The expected `Sec-WebSocket-Accept` header.
    accept: String,
    answer: Vec<u8>,
}

impl Upgrade {
    /// Creates the pending upgrade and the request.
    pub(super) fn new(target: &WebSocketTarget, nonce: &[u8; 16]) -> (Self, Vec<u8>) {
        let key = Base64::encode_string(nonce);
        let request = alloc::format!(
            "GET {} HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: {SUBPROTOCOL}\r\n\r\n",
            target.path(),
            target.host()
        );
        let accept = Base64::encode_string(&sha1(&[key.as_bytes(), GUID]));
        (Self { accept, answer: Vec::new() }, request.into_bytes())
    }

    /// Consumes the headers of the response from `input`. Returns whether they are complete and accept the upgrade.
    pub(super) fn feed(&mut self, input: &mut &mut [u8]) -> Result<bool, WebSocketError> {
        const START: &[u8] = b"HTTP/1.1 ";
        loop {
            let [byte] = take(input, 1) else { return Ok(false) };
            self.answer.push(*byte);
            let len = self.answer.len();
            if self.answer.get(..len.min(START.len())) != START.get(..len.min(START.len())) {
                return Err(WebSocketError::NotHttp);
            }
            if self.answer.ends_with(END) {
                return self.check().map(|()| true);
            }
            if len >= policy::MAX_UPGRADE_ANSWER {
                return Err(WebSocketError::HeadersTooLong);
            }
        }
    }

    fn check(&self) -> Result<(), WebSocketError> {
        let answer = core::str::from_utf8(&self.answer).map_err(|_| WebSocketError::NotHttp)?;
        let mut lines = answer.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).filter(|status| status.len() == 3);
        let status = status.and_then(|status| status.parse().ok()).ok_or(WebSocketError::NotHttp)?;
        if status != 101 {
            return Err(WebSocketError::Status(status));
        }
        let (mut upgrade, mut connection, mut accept) = (false, false, false);
        for line in lines.filter(|line| !line.is_empty()) {
            let (name, value) = line.split_once(':').ok_or(WebSocketError::NotHttp)?;
            let value = value.trim_matches([' ', '\t']);
            let is = |other: &str| name.eq_ignore_ascii_case(other);
            if is("Upgrade") {
                upgrade = value.eq_ignore_ascii_case("websocket");
            } else if is("Connection") {
                connection |= value.split(',').any(|option| option.trim().eq_ignore_ascii_case("upgrade"));
            } else if is("Sec-WebSocket-Accept") {
                accept = value == self.accept;
                if !accept {
                    break;
                }
            } else if is("Sec-WebSocket-Protocol") && value != SUBPROTOCOL {
                return Err(WebSocketError::Header("Sec-WebSocket-Protocol"));
            } else if is("Sec-WebSocket-Extensions") {
                // None was offered.
                return Err(WebSocketError::Header("Sec-WebSocket-Extensions"));
            }
        }
        let checks = [(accept, "Sec-WebSocket-Accept"), (upgrade, "Upgrade"), (connection, "Connection")];
        checks
            .into_iter()
            .try_for_each(|(right, name)| if right { Ok(()) } else { Err(WebSocketError::Header(name)) })
    }
}
