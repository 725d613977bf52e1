//! A client that sends exactly what a test specifies, one message at a time, right or wrong: for tests of a server.
//!
//! It checks little. The real client is `sansgram_core::client::Client`.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use sansgram_core::crypto::message::{self, Direction};
use sansgram_core::crypto::rsa::PublicKey;
use sansgram_core::crypto::{AuthKey, SecureRandom};
use sansgram_core::handshake::{Handshake, HandshakeError, HandshakeParameters, NewAuthKey, Step, plain};
use sansgram_core::time::{Now, Timestamp};
use sansgram_core::transport::{Frame, FrameDecoder, FrameEncoder, Framing};

use crate::accounts::AccountEvent;
use crate::random::SeededRandomForTestingOnly;
use crate::server::{Refusal, ServerInput, ServerOptions, ServerOutput, TestDcs, Tolerance};

/// The wall clock at the beginning of a test: 2023-11-14, 22:13:20 UTC.
pub const TEST_EPOCH: Duration = Duration::from_secs(1_700_000_000);

/// A message from the server, out of its container if it was in one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerMessage {
    /// The identifier.
    pub msg_id: u64,
    /// `seq_no`.
    pub seq_no: u32,
    /// The object, with its constructor.
    pub body: Vec<u8>,
    /// The container around it.
    pub container: Option<u64>,
}

impl ServerMessage {
    /// Returns the constructor; 0 if there are fewer than four bytes.
    #[must_use]
    pub fn constructor(&self) -> u32 {
        self.body.first_chunk().map_or(0, |word| u32::from_le_bytes(*word))
    }

    /// Returns the `long` at byte offset `at` from the constructor; 0 if the body is too short.
    #[must_use]
    pub fn long(&self, at: usize) -> u64 {
        let chunk = self.body.get(at..).and_then(<[u8]>::first_chunk);
        chunk.map_or(0, |bytes| u64::from_le_bytes(*bytes))
    }

    /// Returns the `int` at byte offset `at` from the constructor; 0 if the body is too short.
    #[must_use]
    pub fn int(&self, at: usize) -> i32 {
        let chunk = self.body.get(at..).and_then(<[u8]>::first_chunk);
        chunk.map_or(0, |bytes| i32::from_le_bytes(*bytes))
    }
}

/// Why a key exchange failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyExchangeFailure {
    /// The server did not answer, or answered with a transport error.
    NoAnswer,
    /// `sansgram-core` refused the server's answer.
    Refused(HandshakeError),
}

/// Every field of an encrypted message, right or wrong.
#[derive(Clone, Debug)]
pub struct ForgedMessage {
    /// The salt.
    pub salt: i64,
    /// The session.
    pub session_id: i64,
    /// The identifier.
    pub msg_id: u64,
    /// `seq_no`.
    pub seq_no: u32,
    /// The length field; `None`: the length of `body`.
    pub length: Option<i32>,
    /// The object.
    pub body: Vec<u8>,
    /// The length of the padding; `None`: 12 to 27 bytes, as alignment requires.
    pub padding: Option<usize>,
}

/// DCs and one client in one thread.
pub struct RawClient {
    /// The server.
    pub dcs: TestDcs,
    /// The time of both.
    pub now: Now,
    /// The client's randomness.
    pub random: SeededRandomForTestingOnly,
    /// The name of the current connection.
    pub conn: u64,
    /// The address from which connections are opened; `None`: it is unknown to the server.
    pub address: Option<IpAddr>,
    /// The key, once there is one.
    pub key: Option<AuthKey>,
    /// The salt that [`send`](Self::send) uses.
    pub salt: i64,
    /// The session that [`send`](Self::send) uses.
    pub session_id: i64,
    /// How many content-related messages the session has sent.
    pub content_sent: u32,
    /// The highest identifier used so far.
    pub last_msg_id: u64,
    /// Whether the server has closed the current connection.
    pub closed: bool,
    /// The received transport errors.
    pub transport_errors: Vec<i32>,
    /// The expected quick ack of the last sealed packet.
    pub quick_ack_token: u32,
    /// The received quick acks.
    pub quick_acks: Vec<u32>,
    /// The server's refusals.
    pub refusals: Vec<Refusal>,
    /// The tolerances that the server reported.
    pub tolerated: Vec<Tolerance>,
    /// What happened to the accounts.
    pub events: Vec<AccountEvent>,
    /// The received bytes.
    pub raw: Vec<u8>,
    /// The server's next deadline.
    pub deadline: Option<Timestamp>,
    last_conn: u64,
    /// The connections that were left open.
    left: BTreeMap<u64, (FrameEncoder, FrameDecoder)>,
    dc: i32,
    kind: Framing,
    encoder: FrameEncoder,
    decoder: FrameDecoder,
    packets: Vec<Vec<u8>>,
}

impl RawClient {
    /// Starts DCs with these options and connects to `dc` with this framing.
    #[must_use]
    pub fn connect(options: ServerOptions, dc: i32, kind: Framing) -> Self {
        let dcs = TestDcs::new(options, Box::new(SeededRandomForTestingOnly::new(1)));
        let mut this = Self {
            dcs,
            now: Now::new(Timestamp::ZERO, TEST_EPOCH),
            random: SeededRandomForTestingOnly::new(2),
            conn: 0,
            last_conn: 0,
            left: BTreeMap::new(),
            address: None,
            key: None,
            salt: 0,
            session_id: 0x0123_4567_89ab_cdef,
            content_sent: 0,
            last_msg_id: 0,
            closed: false,
            transport_errors: Vec::new(),
            quick_ack_token: 0,
            quick_acks: Vec::new(),
            refusals: Vec::new(),
            tolerated: Vec::new(),
            events: Vec::new(),
            raw: Vec::new(),
            deadline: None,
            dc,
            kind,
            encoder: FrameEncoder::new(kind),
            decoder: FrameDecoder::new(kind, 1 << 24),
            packets: Vec::new(),
        };
        this.reconnect();
        this
    }

    /// Connects to DC 2 with intermediate framing and makes a key.
    ///
    /// # Panics
    /// Panics if the handshake fails.
    #[must_use]
    pub fn with_key(options: ServerOptions) -> Self {
        let mut this = Self::connect(options, 2, Framing::Intermediate);
        this.handshake(None).expect("the test DC finishes a correct handshake");
        this
    }

    /// Opens a new connection to the same DC; the old one is lost.
    pub fn reconnect(&mut self) {
        if self.conn != 0 {
            self.input(ServerInput::Lost { conn: self.conn });
        }
        self.open();
    }

    /// Opens a new connection to the same DC, and leaves the current one open: [`resume`](Self::resume) returns to it.
    pub fn open(&mut self) {
        let encoder = std::mem::replace(&mut self.encoder, FrameEncoder::new(self.kind));
        let decoder = std::mem::replace(&mut self.decoder, FrameDecoder::new(self.kind, 1 << 24));
        self.left.insert(self.conn, (encoder, decoder));
        self.last_conn += 1;
        self.conn = self.last_conn;
        self.closed = false;
        self.packets.clear();
        self.raw.clear();
        self.input(ServerInput::Accepted { conn: self.conn, dc: self.dc, client: self.address });
    }

    /// Returns to an open connection that [`open`](Self::open) left; the current one stays open too.
    ///
    /// # Panics
    /// Panics if there is no such connection.
    pub fn resume(&mut self, conn: u64) {
        let (encoder, decoder) = self.left.remove(&conn).expect("the connection was left");
        let encoder = std::mem::replace(&mut self.encoder, encoder);
        let decoder = std::mem::replace(&mut self.decoder, decoder);
        self.left.insert(self.conn, (encoder, decoder));
        self.conn = conn;
        self.packets.clear();
        self.raw.clear();
    }

    /// Advances the clocks of both and runs the server's timers.
    pub fn wait(&mut self, span: Duration) {
        self.now = Now::new(self.now.monotonic + span, self.now.unix + span);
        self.input(ServerInput::Tick);
    }

    /// Returns a msg_id for the current time, above all earlier ones.
    pub fn next_msg_id(&mut self) -> u64 {
        let fraction = (u64::from(self.now.unix.subsec_nanos()) << 32) / 1_000_000_000;
        let now = (self.now.unix.as_secs() << 32 | fraction) & !3;
        self.last_msg_id = now.max(self.last_msg_id + 4);
        self.last_msg_id
    }

    /// The `seq_no` of the next message.
    pub const fn next_seq_no(&mut self, content: bool) -> u32 {
        let even = self.content_sent * 2;
        if content {
            self.content_sent += 1;
            even + 1
        } else {
            even
        }
    }

    /// Makes a key by the core's handshake, for `expires_in` seconds if that is given.
    ///
    /// # Errors
    /// Returns [`KeyExchangeFailure`] if the exchange fails.
    ///
    /// # Panics
    /// Never: the embedded public key is well-formed.
    pub fn handshake(&mut self, expires_in: Option<i32>) -> Result<NewAuthKey, KeyExchangeFailure> {
        let key = PublicKey::from_pem(self.dcs.public_key_pem()).expect("the test DC's PEM is well-formed");
        let parameters = HandshakeParameters { dc: self.dc, public_keys: [key].into(), expires_in };
        let (mut handshake, mut body) = Handshake::start(parameters, &mut self.random);
        loop {
            let reply = self.exchange_plain(&body).ok_or(KeyExchangeFailure::NoAnswer)?;
            match handshake.receive(&reply, &mut self.random).map_err(KeyExchangeFailure::Refused)? {
                Step::Send(next, answer) => (handshake, body) = (next, answer),
                Step::Done(new_key) => {
                    self.key = Some(new_key.auth_key.clone());
                    self.salt = new_key.server_salt;
                    return Ok(*new_key);
                }
            }
        }
    }

    /// Sends an unencrypted message. Returns the body of the reply, if there is one.
    pub fn exchange_plain(&mut self, body: &[u8]) -> Option<Vec<u8>> {
        let mut packet = Vec::new();
        plain::encode(self.next_msg_id(), body, &mut packet);
        self.send_packet(&packet);
        let reply = self.packets.pop()?;
        plain::decode(&reply).ok().map(|(_, body)| body.to_vec())
    }

    /// Sends a correct message. Returns its msg_id.
    pub fn send(&mut self, body: &[u8], content: bool) -> u64 {
        let msg_id = self.next_msg_id();
        let seq_no = self.next_seq_no(content);
        let forged = self.forge(msg_id, seq_no, body);
        self.send_forged(&forged);
        msg_id
    }

    /// Makes a correct message of this session, to be changed by the test.
    #[must_use]
    pub fn forge(&self, msg_id: u64, seq_no: u32, body: &[u8]) -> ForgedMessage {
        let (salt, session_id) = (self.salt, self.session_id);
        ForgedMessage { salt, session_id, msg_id, seq_no, length: None, body: body.to_vec(), padding: None }
    }

    /// Encrypts and sends a message without checks.
    pub fn send_forged(&mut self, forged: &ForgedMessage) {
        let packet = self.seal(forged);
        self.send_packet(&packet);
    }

    /// Encrypts a message without checks.
    ///
    /// # Panics
    /// Panics if there is no key or the padded length is not a multiple of 16.
    pub fn seal(&mut self, forged: &ForgedMessage) -> Vec<u8> {
        let length = forged.length.unwrap_or(forged.body.len() as i32);
        let mut packet = vec![0; message::PREFIX_LEN];
        packet.extend(forged.salt.to_le_bytes());
        packet.extend(forged.session_id.to_le_bytes());
        packet.extend(forged.msg_id.to_le_bytes());
        packet.extend(forged.seq_no.to_le_bytes());
        packet.extend(length.to_le_bytes());
        packet.extend(&forged.body);
        let start = packet.len();
        let least = (start - message::PREFIX_LEN + 12).next_multiple_of(16) + message::PREFIX_LEN - start;
        packet.resize(start + forged.padding.unwrap_or(least), 0);
        self.random.fill(&mut packet[start..]);
        let key = self.key.as_ref().expect("a handshake came before");
        let token = message::seal(key, Direction::ToServer, &mut packet);
        self.quick_ack_token = token.expect("the padding aligns the message").0;
        packet
    }

    /// Sends a payload in a frame.
    pub fn send_packet(&mut self, packet: &[u8]) {
        self.send_packet_with(packet, false);
    }

    /// Sends a payload in a frame that may request a quick ack.
    ///
    /// # Panics
    /// Panics if the payload is too long or misaligned for the framing.
    pub fn send_packet_with(&mut self, packet: &[u8], quick_ack: bool) {
        let mut bytes = Vec::new();
        let frame = self.encoder.begin(packet.len(), &mut bytes, quick_ack).expect("the payload fits");
        bytes.extend_from_slice(packet);
        self.encoder.finish(frame, &mut bytes, &mut self.random).expect("the payload was announced");
        self.send_bytes(&bytes);
    }

    /// Sends bytes without a frame.
    pub fn send_bytes(&mut self, bytes: &[u8]) {
        self.input(ServerInput::Received { conn: self.conn, bytes });
    }

    /// Takes the received packets, still encrypted.
    pub fn take_packets(&mut self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.packets)
    }

    /// Takes and decrypts the received messages, in their order.
    ///
    /// # Panics
    /// Panics if a client would have to refuse a message.
    pub fn receive(&mut self) -> Vec<ServerMessage> {
        let key = self.key.clone().expect("a handshake came before");
        let mut messages = Vec::new();
        for mut packet in self.take_packets() {
            let plain = message::open(&key, Direction::ToClient, &mut packet).expect("the packet decrypts");
            let session_id = i64::from_le_bytes(plain[8..16].try_into().expect("eight bytes"));
            assert_eq!(session_id, self.session_id);
            let (message, rest) = read_message(&plain[16..], None);
            assert!((12..=1024).contains(&rest.len()), "{} bytes of padding", rest.len());
            if message.constructor() != MSG_CONTAINER {
                messages.push(message);
                continue;
            }
            let mut rest = &message.body[8..];
            for _ in 0..message.int(4) {
                let (inner, behind) = read_message(rest, Some(message.msg_id));
                assert!(inner.msg_id < message.msg_id);
                messages.push(inner);
                rest = behind;
            }
            assert!(rest.is_empty());
        }
        messages
    }

    /// Acknowledges messages.
    pub fn ack(&mut self, msg_ids: &[u64]) {
        let mut body = 0x62d6_b459_u32.to_le_bytes().to_vec();
        body.extend(0x1cb5_c415_u32.to_le_bytes());
        body.extend((msg_ids.len() as u32).to_le_bytes());
        body.extend(msg_ids.iter().flat_map(|id| id.to_le_bytes()));
        self.send(&body, false);
    }

    /// Returns bytes of the client's randomness.
    pub fn random_bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.random.fill(&mut bytes);
        bytes
    }

    fn input(&mut self, input: ServerInput<'_>) {
        self.dcs.handle(self.now, input);
        self.poll();
    }

    /// Processes the server's outputs; needed after the test itself called [`dcs`](Self::dcs).
    pub fn poll(&mut self) {
        loop {
            match self.dcs.poll_output() {
                ServerOutput::Transmit { conn, bytes } if conn == self.conn => self.arrived(bytes),
                ServerOutput::Close { conn } if conn == self.conn => self.closed = true,
                ServerOutput::Transmit { .. } | ServerOutput::Close { .. } => {}
                ServerOutput::Account(event) => self.events.push(event),
                ServerOutput::Refused { refusal, .. } => self.refusals.push(refusal),
                ServerOutput::Tolerated { tolerance, .. } => self.tolerated.push(tolerance),
                ServerOutput::Timeout(deadline) => {
                    self.deadline = deadline;
                    return;
                }
            }
        }
    }

    fn arrived(&mut self, mut bytes: Vec<u8>) {
        self.raw.extend_from_slice(&bytes);
        let mut input = bytes.as_mut_slice();
        // Garbage is ignored here; tests about it read `raw`.
        while let Ok(Some(frame)) = self.decoder.next(&mut input) {
            match frame {
                Frame::Payload(payload) => self.packets.push(payload.to_vec()),
                Frame::Error(code) => self.transport_errors.push(code),
                Frame::QuickAck(token) => self.quick_acks.push(token),
            }
        }
    }
}

fn read_message(bytes: &[u8], container: Option<u64>) -> (ServerMessage, &[u8]) {
    let msg_id = u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes"));
    let seq_no = u32::from_le_bytes(bytes[8..12].try_into().expect("four bytes"));
    let length = u32::from_le_bytes(bytes[12..16].try_into().expect("four bytes")) as usize;
    assert!(matches!(msg_id & 3, 1 | 3) && length.is_multiple_of(4));
    let (body, rest) = bytes[16..].split_at(length);
    (ServerMessage { msg_id, seq_no, body: body.to_vec(), container }, rest)
}

const MSG_CONTAINER: u32 = 0x73f1_f8dc;
