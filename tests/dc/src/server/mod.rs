//! The test DCs: an MTProto server as a pure state machine, several DCs in one.
//!
//! It has no sockets and no clock. Give it inputs, then poll it until it answers [`ServerOutput::Timeout`]; `serve`
//! does so over loopback, `Pair` on virtual time.

mod binding;
mod calls;
mod connection;
mod envelope;
mod fake_tls;
mod framing;
mod frontend;
mod handshake;
mod options;
mod salts;
mod saved;
mod service;
mod session;
mod websocket;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::IpAddr;
use std::time::Duration;

use sansgram_core::crypto::AuthKey;
use sansgram_core::time::{Now, Timestamp};

use self::connection::Connection;
pub use self::envelope::EnvelopeRefusal;
pub use self::fake_tls::{FakeTlsRefusal, HelloWindow};
pub use self::framing::FramingError;
use self::framing::Packet;
pub use self::frontend::{FrontRefusal, Frontend, MtProxyMode};
pub use self::handshake::HandshakeRefusal;
use self::handshake::{HandshakeRun, NewKey, Rules};
pub use self::options::{Misbehaviour, ServerOptions, Tolerance};
use self::salts::Salts;
pub use self::saved::SavedError;
pub use self::session::BadMessage;
use self::session::{Session, msg_id_at};
pub use self::websocket::WebSocketRefusal;
use crate::accounts::{AccountEvent, Accounts, AnnouncedDc};
use crate::random::{SecureRandom, SeededRandomForTestingOnly};
use crate::rsa::ServerRsaKey;
use crate::secrets::Secrets;

/// What an event loop tells the DCs.
#[derive(Clone, Copy, Debug)]
pub enum ServerInput<'a> {
    /// A client connected to a DC. `conn` is the caller's name for it, never used twice.
    Accepted {
        /// The connection.
        conn: u64,
        /// The DC.
        dc: i32,
    },
    /// Bytes arrived, in any chunking.
    Received {
        /// The connection.
        conn: u64,
        /// The bytes.
        bytes: &'a [u8],
    },
    /// The connection is gone. Unknown names are ignored.
    Lost {
        /// The connection.
        conn: u64,
    },
    /// Time has passed.
    Tick,
}

/// What the DCs ask of an event loop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerOutput {
    /// Write these bytes.
    Transmit {
        /// The connection.
        conn: u64,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// Close the connection, once all that was transmitted before is written. No answer is wanted.
    Close {
        /// The connection.
        conn: u64,
    },
    /// Something that a person in front of the sandbox wants to see.
    Account(AccountEvent),
    /// A client did something that was not accepted. It was answered already; this is for tests and logs.
    Refused {
        /// The connection.
        conn: u64,
        /// What it was.
        refusal: Refusal,
    },
    /// A client did for the first time what only lenient options take; told once for all DCs.
    Tolerated {
        /// The connection.
        conn: u64,
        /// What it was.
        tolerance: Tolerance,
    },
    /// Nothing else is pending. Come back with an input, or with [`ServerInput::Tick`] at this time.
    Timeout(Option<Timestamp>),
}

/// What was not accepted from a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The byte stream; the connection was closed.
    #[error(transparent)]
    Framing(#[from] FramingError),
    /// The DC that the client asks for by the obfuscated header does not exist; answered with -444.
    #[error("there is no DC {0}, which the obfuscated header asks for")]
    UnknownDc(i16),
    /// A step of the handshake; answered with -404 (-444 for a wrong DC).
    #[error(transparent)]
    Handshake(#[from] HandshakeRefusal),
    /// An encrypted packet; answered with -404.
    #[error(transparent)]
    Envelope(#[from] EnvelopeRefusal),
    /// A message; answered with `bad_msg_notification` or `bad_server_salt`.
    #[error("message {msg_id:#x}: {reason}")]
    Message {
        /// The message, or the container around it.
        msg_id: u64,
        /// What is wrong with it.
        reason: BadMessage,
    },
    /// A service message that cannot be read or that only servers send; not answered.
    #[error("the service message {0:#010x} cannot be read or is not for servers")]
    Service(u32),
    /// More than 8192 identifiers in one service message; answered with -429.
    #[error("more than 8192 identifiers in {0:#010x}")]
    TooManyIds(u32),
}

impl Refusal {
    /// Whether a correct client never causes it. Keys, salts and clocks can be out of date without anybody's fault.
    #[must_use]
    pub const fn is_clients_fault(&self) -> bool {
        !matches!(
            self,
            Self::Envelope(EnvelopeRefusal::UnknownKey(_))
                | Self::Message {
                    reason: BadMessage::Salt | BadMessage::IdTooLow | BadMessage::IdTooHigh,
                    ..
                }
        )
    }
}

/// How long the server remembers a handshake, as the documentation has it.
const HANDSHAKE_MEMORY: Duration = Duration::from_secs(600);
/// How many handshakes may be under way at once.
const MOST_HANDSHAKES: usize = 1000;

/// Transport error: unknown key, wrong step of the handshake, malformed packet.
const NOT_FOUND: i32 = -404;
/// Transport error: the DC number of the handshake belongs to another DC.
const WRONG_DC: i32 = -444;
/// Transport error: too much at once.
const FLOOD: i32 = -429;

/// What the server keeps for an authorisation key.
struct KeyState {
    auth_key: AuthKey,
    /// Unix time in seconds; `None`: a permanent key.
    expires_at: Option<i64>,
    /// The permanent key that this temporary one stands for.
    bound_to: Option<u64>,
    /// How many API functions came under it.
    calls: u64,
    salts: Salts,
    sessions: BTreeMap<i64, Session>,
}

impl KeyState {
    /// The key that the accounts know: what a temporary key does, it does for its permanent one.
    fn account_key(&self) -> u64 {
        self.bound_to.unwrap_or(self.auth_key.id().0)
    }
}

/// One key of a DC, for tests to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyInfo {
    /// The DC.
    pub dc: i32,
    /// `auth_key_id`.
    pub id: u64,
    /// Whether it is a temporary key.
    pub temporary: bool,
    /// The permanent key that it is bound to.
    pub bound_to: Option<u64>,
    /// How many API functions came under it, bindings not counted.
    pub calls: u64,
}

/// Several DCs in one machine, with one RSA key and one set of accounts.
///
/// Keys, sessions and handshakes belong to one DC each, as with Telegram's. The server's clock is the `unix` part of
/// [`Now`].
pub struct TestDcs {
    options: ServerOptions,
    random: Box<dyn SecureRandom + Send>,
    rsa: ServerRsaKey,
    accounts: Accounts,
    now: Now,
    conns: BTreeMap<u64, Connection>,
    handshakes: BTreeMap<(i32, [u8; 16]), (Timestamp, HandshakeRun)>,
    keys: BTreeMap<(i32, u64), KeyState>,
    /// What was told by [`ServerOutput::Tolerated`].
    tolerated: BTreeSet<Tolerance>,
    /// Whether what is saved changed outside of the accounts.
    changed: bool,
    outputs: VecDeque<ServerOutput>,
}

impl TestDcs {
    /// Starts the DCs, without a connection, without a key.
    #[must_use]
    pub fn new(options: ServerOptions, mut random: Box<dyn SecureRandom + Send>) -> Self {
        let mut seed = [0; 8];
        random.fill(&mut seed);
        let for_accounts = SeededRandomForTestingOnly::new(u64::from_le_bytes(seed));
        Self {
            accounts: Accounts::new(options.accounts.clone(), Box::new(for_accounts)),
            options,
            random,
            rsa: ServerRsaKey::embedded_for_testing_only(),
            now: Now::new(Timestamp::ZERO, Duration::ZERO),
            conns: BTreeMap::new(),
            handshakes: BTreeMap::new(),
            keys: BTreeMap::new(),
            tolerated: BTreeSet::new(),
            changed: false,
            outputs: VecDeque::new(),
        }
    }

    /// The public key of all the DCs, PKCS#1 in PEM.
    #[must_use]
    pub const fn public_key_pem(&self) -> &'static str {
        self.rsa.public_key_pem()
    }

    /// The options, to change them while the DCs run. The accounts have taken theirs when the DCs started.
    pub const fn options_mut(&mut self) -> &mut ServerOptions {
        &mut self.options
    }

    /// Forgets a key, as a server does when the user ends the session from another device: the next packet under it
    /// is answered with -404. Whether the DC had it.
    pub fn forget_key(&mut self, dc: i32, auth_key_id: u64) -> bool {
        self.changed = true;
        self.accounts.forget_key(auth_key_id);
        self.keys.retain(|_, key| key.bound_to != Some(auth_key_id));
        self.keys.remove(&(dc, auth_key_id)).is_some()
    }

    /// Forgets all temporary keys, as a server may at any time.
    pub fn forget_temporary_keys(&mut self) {
        self.changed = true;
        self.keys.retain(|_, key| key.expires_at.is_none());
    }

    /// Unbinds all temporary keys, as a binding from elsewhere does: API functions under them are refused.
    pub fn unbind_temporary_keys(&mut self) {
        self.changed = true;
        for ((_, id), key) in &mut self.keys {
            if key.bound_to.take().is_some() {
                self.accounts.limit_key(*id);
            }
        }
    }

    /// The keys of all DCs.
    pub fn keys(&self) -> impl Iterator<Item = KeyInfo> + '_ {
        self.keys.iter().map(|(&(dc, id), key)| KeyInfo {
            dc,
            id,
            temporary: key.expires_at.is_some(),
            bound_to: key.bound_to,
            calls: key.calls,
        })
    }

    /// How many calls came in `invokeWithoutUpdates`.
    #[must_use]
    pub const fn calls_without_updates(&self) -> u64 {
        self.accounts.calls_without_updates()
    }

    /// How often `help.getConfig` was answered.
    #[must_use]
    pub const fn configs_asked(&self) -> u64 {
        self.accounts.configs_asked()
    }

    /// What `help.getConfig` lists from now on besides the DCs' own addresses.
    pub fn announce(&mut self, more_dcs: Vec<AnnouncedDc>) {
        self.accounts.announce(more_dcs);
    }

    /// Pushes what `help.getConfig` would list now, as `updateDcOptions`.
    pub fn push_dc_options(&mut self) {
        let date = i32::try_from(self.unix_seconds()).unwrap_or(i32::MAX);
        let update = self.accounts.dc_options_update(date);
        self.send_update(&update);
    }

    /// The keys, codes, tokens and passwords that were made or used so far: what no client may tell.
    #[must_use]
    pub const fn secrets(&self) -> &Secrets {
        self.accounts.secrets()
    }

    /// How often the number was counted by [`Accounts::count_query`].
    #[must_use]
    pub fn counted(&self, number: i64) -> u32 {
        self.accounts.counted(number)
    }

    /// Forgets all sessions of all keys, as a server that was started again.
    pub fn forget_sessions(&mut self) {
        for key in self.keys.values_mut() {
            key.sessions.clear();
        }
    }

    /// A person whose phone has this number scans a QR code: the device that shows `link` is pushed `updateLoginToken`.
    ///
    /// # Errors
    /// What the phone is told, such as `AUTH_TOKEN_EXPIRED`.
    pub fn scan_login_link(&mut self, link: &str, phone: &str) -> Result<(), String> {
        let now = i32::try_from(self.unix_seconds()).unwrap_or(i32::MAX);
        let push = self.accounts.scan(link, phone, now)?;
        self.changed = true;
        self.push(push.auth_key_id, &push.body);
        Ok(())
    }

    /// Sends an update, one boxed TL object, to every session of all permanent keys and of the temporary ones that are bound.
    pub fn send_update(&mut self, body: &[u8]) {
        let keys: BTreeSet<_> = self.keys.values().map(KeyState::account_key).collect();
        for key in keys {
            self.push(key, body);
        }
    }

    /// Tells under which of its addresses the server was reached: what `help.getConfig` names on this connection for
    /// DCs whose address in [`AccountOptions::dcs`](crate::accounts::AccountOptions::dcs) is unspecified (`0.0.0.0`).
    pub fn set_reached_at(&mut self, conn: u64, ip: IpAddr) {
        if let Some(conn) = self.conns.get_mut(&conn) {
            conn.reached_at = Some(ip);
        }
    }

    /// Closes all connections.
    pub fn close_all(&mut self) {
        for conn in std::mem::take(&mut self.conns).into_keys() {
            self.lost(conn);
            self.outputs.push_back(ServerOutput::Close { conn });
        }
    }

    /// Takes one input in. Poll the outputs afterwards.
    pub fn handle(&mut self, now: Now, input: ServerInput<'_>) {
        self.now = now;
        match input {
            ServerInput::Accepted { conn, dc } if self.options.dcs.contains(&dc) => {
                let connection = Connection::new(dc, &self.options.front, self.options.accept_web_sockets);
                self.conns.insert(conn, connection);
            }
            ServerInput::Accepted { conn, .. } => self.outputs.push_back(ServerOutput::Close { conn }),
            ServerInput::Received { conn, bytes } => self.received(conn, bytes),
            ServerInput::Lost { conn } => {
                let left = self.conns.remove(&conn).filter(|left| !left.is_closing());
                if let Some(error) = left.and_then(|left| left.stream.left_speaking()) {
                    self.refuse(conn, error);
                }
                self.lost(conn);
            }
            ServerInput::Tick => {}
        }
        self.run_timers();
    }

    /// The next output; [`ServerOutput::Timeout`] once all others are taken.
    pub fn poll_output(&mut self) -> ServerOutput {
        self.outputs.pop_front().unwrap_or_else(|| {
            let deadline = self.conns.values().filter_map(Connection::deadline).min();
            ServerOutput::Timeout(deadline)
        })
    }

    fn received(&mut self, id: u64, bytes: &[u8]) {
        let Some(conn) = self.conns.get_mut(&id) else { return };
        if self.options.misbehaviour.silent_after_accept || conn.is_closing() {
            return;
        }
        let mut reply = Vec::new();
        let received = conn.stream.receive(bytes, self.now.unix, &mut *self.random, &mut reply);
        self.transmit(id, reply);
        if let Err(error) = received {
            self.refuse(id, error);
            return self.close(id);
        }
        loop {
            // A packet may have closed the connection.
            let Some(conn) = self.conns.get_mut(&id).filter(|conn| !conn.is_closing()) else { return };
            match conn.stream.next_packet() {
                Ok(Some(packet)) => {
                    if let Some(asked_for) = conn.stream.asked_for() {
                        let test = if self.options.test_dcs { 10_000 } else { 0 };
                        // Media DCs are the same ones here.
                        conn.dc = i32::from(asked_for).abs() - test;
                        if !self.options.dcs.contains(&conn.dc) {
                            self.refuse(id, Refusal::UnknownDc(asked_for));
                            return self.fail(id, WRONG_DC);
                        }
                    }
                    self.packet(id, packet);
                }
                Ok(None) => return,
                Err(error) => {
                    self.refuse(id, error);
                    return self.close(id);
                }
            }
        }
    }

    fn packet(&mut self, id: u64, mut packet: Packet) {
        let Some(conn) = self.conns.get(&id) else { return };
        let (dc, padded) = (conn.dc, conn.is_padded());
        let Some(auth_key_id) = packet.bytes.first_chunk().map(|bytes| u64::from_le_bytes(*bytes)) else {
            self.refuse(id, EnvelopeRefusal::Length(packet.bytes.len()));
            return self.fail(id, NOT_FOUND);
        };
        if auth_key_id == 0 {
            return self.plain_packet(id, &packet.bytes, padded);
        }
        if self.options.misbehaviour.silent_after_handshake {
            return;
        }
        let unix = self.unix_seconds();
        let living = |key: &KeyState| key.expires_at.is_none_or(|expiry| unix < expiry);
        // The key is taken out of its table while it is in use, so that everything else stays at hand.
        let Some(mut key) = self.keys.remove(&(dc, auth_key_id)).filter(living) else {
            self.refuse(id, EnvelopeRefusal::UnknownKey(auth_key_id));
            return self.fail(id, NOT_FOUND);
        };
        let keep = match envelope::open(&key.auth_key, &mut packet.bytes, padded) {
            Ok(message) => {
                if packet.quick_ack {
                    self.quick_ack(id, message.quick_ack_token);
                }
                self.message(id, dc, &mut key, message)
            }
            Err(refusal) => {
                self.refuse(id, refusal);
                self.fail(id, NOT_FOUND);
                service::After::default()
            }
        };
        if keep.destroy_key {
            self.changed = true;
            self.accounts.forget_key(auth_key_id);
            self.keys.retain(|_, key| key.bound_to != Some(auth_key_id));
        } else {
            self.keys.insert((dc, auth_key_id), key);
        }
        for push in keep.pushes {
            self.push(push.auth_key_id, &push.body);
        }
    }

    fn plain_packet(&mut self, id: u64, packet: &[u8], padded: bool) {
        if let Err(refusal) = self.try_plain_packet(id, packet, padded) {
            self.refuse(id, refusal);
            let code = if matches!(refusal, HandshakeRefusal::WrongDc { .. }) { WRONG_DC } else { NOT_FOUND };
            self.fail(id, code);
        }
    }

    fn try_plain_packet(&mut self, id: u64, packet: &[u8], padded: bool) -> Result<(), HandshakeRefusal> {
        let message = envelope::open_plain(packet, padded)?;
        let unix = self.unix_seconds();
        let Some(conn) = self.conns.get_mut(&id) else { return Ok(()) };
        let good_id = conn.is_good_plain_id(message.msg_id);
        let reply_id = conn.next_plain_id(msg_id_at(self.now.unix));
        let dc = conn.dc;
        if !good_id {
            if !self.options.accept_any_plain_msg_id {
                return Err(HandshakeRefusal::BadMessageId(message.msg_id));
            }
            self.tolerate(id, Tolerance::PlainMsgId);
        }
        let name = (dc, HandshakeRun::nonce_of(message.body)?);
        let reply = match self.handshakes.get_mut(&name) {
            Some((_, run)) => {
                let rules = Rules {
                    dc,
                    test_dcs: self.options.test_dcs,
                    accept_legacy_rsa: self.options.accept_legacy_rsa,
                    dh_retries: self.options.misbehaviour.dh_retries,
                    dh_fail: self.options.misbehaviour.dh_fail,
                };
                let seconds = i32::try_from(unix).unwrap_or(i32::MAX);
                run.receive(message.body, &rules, &self.rsa, &mut *self.random, seconds)?
            }
            None => {
                let (run, reply) = HandshakeRun::begin(message.body, &self.rsa, &mut *self.random)?;
                let now = self.now.monotonic;
                self.handshakes.retain(|_, (begun, _)| now - *begun < HANDSHAKE_MEMORY);
                if self.handshakes.len() >= MOST_HANDSHAKES {
                    // Only a client that lost the last answer would miss these.
                    self.handshakes.retain(|_, (_, run)| !run.is_finished());
                }
                if self.handshakes.len() < MOST_HANDSHAKES {
                    self.handshakes.insert(name, (now, run));
                }
                reply
            }
        };
        if reply.legacy_rsa {
            self.tolerate(id, Tolerance::LegacyRsa);
        }
        if let Some(NewKey { auth_key, server_salt, new_nonce, expires_in }) = reply.new_key {
            self.secrets().add("auth_key", auth_key.as_bytes());
            self.secrets().add("new_nonce", new_nonce);
            let first = (!self.options.misbehaviour.wrong_salt_first).then_some(server_salt);
            let salts = Salts::new(&auth_key, self.options.salt_lifetime, first, unix);
            let expires_at = expires_in.map(|seconds| unix + i64::from(seconds));
            let auth_key_id = auth_key.id().0;
            if expires_at.is_some() {
                self.accounts.limit_key(auth_key_id);
            }
            let state =
                KeyState { auth_key, expires_at, bound_to: None, calls: 0, salts, sessions: BTreeMap::new() };
            self.keys.insert((dc, auth_key_id), state);
            self.changed = true;
        }
        let mut trailing = [0; 4 * 23];
        self.random.fill(&mut trailing);
        let count = if self.options.trailing_bytes { 4 * usize::from(trailing[0] % 23) } else { 0 };
        let packet = envelope::seal_plain(reply_id, &reply.body, &trailing[..count]);
        self.transmit_packet(id, &packet);
        Ok(())
    }

    /// The connection is gone: its sessions wait for the client to come back.
    fn lost(&mut self, conn: u64) {
        for session in self.keys.values_mut().flat_map(|key| key.sessions.values_mut()) {
            if session.conn == Some(conn) {
                session.conn = None;
            }
        }
    }

    fn refuse(&mut self, conn: u64, refusal: impl Into<Refusal>) {
        self.outputs.push_back(ServerOutput::Refused { conn, refusal: refusal.into() });
    }

    fn tolerate(&mut self, conn: u64, tolerance: Tolerance) {
        if self.tolerated.insert(tolerance) {
            self.outputs.push_back(ServerOutput::Tolerated { conn, tolerance });
        }
    }

    /// Sends a transport error and closes.
    fn fail(&mut self, id: u64, code: i32) {
        self.transmit_packet(id, &code.to_le_bytes());
        self.close(id);
    }

    fn unix_seconds(&self) -> i64 {
        i64::try_from(self.now.unix.as_secs()).unwrap_or(i64::MAX)
    }
}
