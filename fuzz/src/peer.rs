//! The server's side: it seals any message, and reads the client's messages with checks of its own.

use std::collections::BTreeSet;
use std::time::Duration;

use sansgram_core::crypto::AuthKey;
use sansgram_core::crypto::message::{self, Direction};
use sansgram_core::tl::{Reader, ids};

/// The wall clock at the beginning, seconds since 1970.
pub(crate) const START: u64 = 1_700_000_000;
/// The salt that the session begins with.
pub(crate) const SALT: i64 = 0x1234_5678;

/// `destroy_auth_key#d1435160`.
const DESTROY_AUTH_KEY: [u8; 4] = 0xd143_5160_u32.to_le_bytes();
/// `invokeAfterMsg#cb9f372d msg_id:long query:!X = X`.
const INVOKE_AFTER_MSG: [u8; 4] = 0xcb9f_372d_u32.to_le_bytes();

pub(crate) struct Peer {
    key: AuthKey,
    /// Whether a body is that of a request, not of a service message.
    is_request: fn(&[u8]) -> bool,
    session_id: [u8; 8],
    /// Identifiers of all messages that the client sent, containers too.
    sent: Vec<u64>,
    /// Those of requests.
    asked: Vec<u64>,
    /// Those of the present session, which may be repeated.
    asked_in_session: BTreeSet<u64>,
    /// Request bodies that came over this connection.
    bodies: BTreeSet<Vec<u8>>,
    last_id: u64,
    last_client_id: u64,
}

impl Peer {
    pub(crate) fn new(key: AuthKey, is_request: fn(&[u8]) -> bool) -> Self {
        Self {
            key,
            is_request,
            session_id: [0; 8],
            sent: Vec::new(),
            asked: Vec::new(),
            asked_in_session: BTreeSet::new(),
            bodies: BTreeSet::new(),
            last_id: 0,
            last_client_id: 0,
        }
    }

    pub(crate) fn forget_connection(&mut self) {
        self.bodies.clear();
    }

    /// Whether a request came over this connection.
    pub(crate) fn got(&self, body: &[u8]) -> bool {
        self.bodies.contains(body)
    }

    /// The identifier of a message that the client sent, counted from the newest.
    pub(crate) fn sent(&self, which: u8) -> u64 {
        from_newest(&self.sent, which)
    }

    /// The same among those that are requests.
    pub(crate) fn asked(&self, which: u8) -> u64 {
        from_newest(&self.asked, which)
    }

    /// Seals any bytes as the plaintext.
    pub(crate) fn raw(&self, plaintext: &[u8]) -> Vec<u8> {
        let mut packet = vec![0; message::PREFIX_LEN];
        packet.extend_from_slice(plaintext);
        let whole = plaintext.len().max(48).next_multiple_of(16);
        packet.resize(message::PREFIX_LEN + whole, 0);
        message::seal(&self.key, Direction::ToClient, &mut packet).expect("48 bytes or more, in blocks");
        packet
    }

    /// Seals any bytes as the body of a well-formed message.
    pub(crate) fn message(&mut self, now: Duration, choice: u8, body: &[u8]) -> Vec<u8> {
        let id = self.next_id(now);
        self.envelope(id, u32::from(choice >> 4), body)
    }

    /// Seals any bodies in a well-formed container, whose identifier is above theirs.
    pub(crate) fn container(&mut self, now: Duration, bodies: &[&[u8]]) -> Vec<u8> {
        let mut container = ids::MSG_CONTAINER.to_le_bytes().to_vec();
        container.extend_from_slice(&u32::try_from(bodies.len()).unwrap_or(u32::MAX).to_le_bytes());
        for (seq_no, body) in (0_u32..).zip(bodies) {
            container.extend_from_slice(&self.next_id(now).to_le_bytes());
            container.extend_from_slice(&seq_no.to_le_bytes());
            let length = body.len().next_multiple_of(4);
            container.extend_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes());
            let end = container.len() + length;
            container.extend_from_slice(body);
            container.resize(end, 0);
        }
        let id = self.next_id(now);
        self.envelope(id, 0, &container)
    }

    fn next_id(&mut self, now: Duration) -> u64 {
        // An answer: 1 modulo 4.
        let by_clock = ((START + now.as_secs()) << 32) | 1;
        self.last_id = by_clock.max(self.last_id + 4);
        self.last_id
    }

    fn envelope(&self, id: u64, seq_no: u32, body: &[u8]) -> Vec<u8> {
        let length = body.len().next_multiple_of(4);
        let mut plaintext = SALT.to_le_bytes().to_vec();
        plaintext.extend_from_slice(&self.session_id);
        plaintext.extend_from_slice(&id.to_le_bytes());
        plaintext.extend_from_slice(&seq_no.to_le_bytes());
        plaintext.extend_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes());
        plaintext.extend_from_slice(body);
        plaintext.resize((32 + length + 12).next_multiple_of(16), 0);
        self.raw(&plaintext)
    }

    /// Reads one packet of the client. Returns the requests in it.
    pub(crate) fn read(&mut self, packet: &mut [u8]) -> Vec<Vec<u8>> {
        let plaintext = message::open(&self.key, Direction::ToServer, packet).expect("our key");
        let mut reader = Reader::new(plaintext);
        let _salt = reader.i64().expect("48 bytes");
        let session_id = reader.u64().expect("48 bytes").to_le_bytes();
        assert_ne!(session_id, [0; 8]);
        if session_id != self.session_id {
            // A new session: its identifiers may begin lower.
            self.session_id = session_id;
            self.last_client_id = 0;
            self.asked_in_session.clear();
        }
        let (id, seq_no, body) = message_parts(&mut reader);
        assert!((12..=1024).contains(&reader.remaining()), "{} bytes of padding", reader.remaining());
        assert!(id > self.last_client_id, "identifiers rise");
        let mut requests = Vec::new();
        if body.starts_with(&ids::MSG_CONTAINER.to_le_bytes()) {
            assert!(seq_no % 2 == 0);
            let mut reader = Reader::new(&body[4..]);
            let count = reader.u32().expect("a count");
            assert!((1..=1020).contains(&count));
            let mut repeated = 0;
            for _ in 0..count {
                let (inner, seq_no, body) = message_parts(&mut reader);
                assert!(inner < id, "a container is newer than its messages");
                if self.asked_in_session.contains(&inner) {
                    assert_eq!(seq_no % 2, 1, "only requests are repeated");
                    repeated += 1;
                    continue;
                }
                assert!(inner > self.last_client_id, "identifiers rise");
                self.note(inner, seq_no, body, &mut requests);
            }
            assert!(repeated == count || repeated == 0 && count > 1, "{repeated} of {count} are repeated");
            assert_eq!(reader.remaining(), 0);
            self.sent.push(id);
        } else {
            self.note(id, seq_no, body, &mut requests);
        }
        self.last_client_id = id;
        requests
    }

    fn note(&mut self, id: u64, seq_no: u32, body: &[u8], requests: &mut Vec<Vec<u8>>) {
        self.last_client_id = id;
        let body = match body.strip_prefix(&INVOKE_AFTER_MSG) {
            Some(rest) => {
                let (earlier, query) = rest.split_first_chunk().expect("an identifier");
                assert!(self.sent.contains(&u64::from_le_bytes(*earlier)), "after what was never sent");
                query
            }
            None => body,
        };
        self.sent.push(id);
        let is_request = (self.is_request)(body);
        // Servers answer `destroy_auth_key` like a request.
        let wants_ack = is_request || body.starts_with(&DESTROY_AUTH_KEY);
        assert_eq!(seq_no % 2 == 1, wants_ack, "requests want an acknowledgement, service messages do not");
        if is_request {
            self.asked.push(id);
            self.asked_in_session.insert(id);
            self.bodies.insert(body.to_vec());
            requests.push(body.to_vec());
        }
    }
}

fn from_newest(identifiers: &[u64], which: u8) -> u64 {
    identifiers.iter().rev().nth(usize::from(which % 16)).copied().unwrap_or_default()
}

/// Identifier, sequence number and body of one message.
fn message_parts<'a>(reader: &mut Reader<'a>) -> (u64, u32, &'a [u8]) {
    let id = reader.u64().expect("an identifier");
    assert!(id.is_multiple_of(4) && id & 0xffff_ffff != 0, "identifiers of clients are multiples of 4");
    let seq_no = reader.u32().expect("a sequence number");
    let length = usize::try_from(reader.u32().expect("a length")).expect("64 bits");
    assert!(length.is_multiple_of(4));
    (id, seq_no, reader.raw(length).expect("a length within the packet"))
}
