//! The state of the DCs, and the methods by which a test reads and changes it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::IpAddr;
use std::time::Duration;

use sansgram_core::time::{Now, Timestamp};

use super::connection::Connection;
use super::handshake::HandshakeRun;
use super::io::ServerOutput;
use super::key_owners::KeyOwners;
use super::keys::{KeyInfo, KeyState};
use super::message_log::ReceivedMessage;
use super::options::{ServerOptions, Tolerance};
use super::refusal::Refusal;
use crate::accounts::{
    Accounts, DcOption, Delivery, Fault, Handlers, ServerUpdate, TestBot, TestUser, UnknownMethod,
};
use crate::random::{SecureRandom, SeededRandomForTestingOnly};
use crate::rsa::ServerRsaKey;
use crate::secrets::Secrets;

/// Several DCs in one machine, with one RSA key and one set of accounts.
///
/// Keys, sessions and handshakes belong to one DC each, as with Telegram's. The server's clock is the `unix` part of
/// [`Now`].
pub struct TestDcs {
    pub(super) options: ServerOptions,
    pub(super) random: Box<dyn SecureRandom + Send>,
    pub(super) rsa: ServerRsaKey,
    pub(super) accounts: Accounts,
    pub(super) now: Now,
    pub(super) conns: BTreeMap<u64, Connection>,
    pub(super) handshakes: BTreeMap<(i32, [u8; 16]), (Timestamp, HandshakeRun)>,
    pub(super) keys: BTreeMap<(i32, u64), KeyState>,
    pub(super) owners: KeyOwners,
    /// The tolerances that were reported already.
    tolerated: BTreeSet<Tolerance>,
    /// Whether the saved state changed outside of the accounts.
    pub(super) changed: bool,
    pub(super) outputs: VecDeque<ServerOutput>,
    /// What is delivered later, by time and then by order.
    pub(super) scheduled: BTreeMap<(Timestamp, u64), Delivery>,
    pub(super) next_scheduled: u64,
    /// The clients' messages, if they are logged.
    pub(super) message_log: Option<Vec<ReceivedMessage>>,
}

impl TestDcs {
    /// Starts the DCs without connections and keys.
    ///
    /// # Panics
    /// Panics if a fault names a method that does not exist, see
    /// [`AccountOptions::check`](crate::accounts::AccountOptions::check).
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
            owners: KeyOwners::default(),
            tolerated: BTreeSet::new(),
            changed: false,
            outputs: VecDeque::new(),
            scheduled: BTreeMap::new(),
            next_scheduled: 0,
            message_log: None,
        }
    }

    /// The public key of all the DCs, PKCS#1 in PEM.
    #[must_use]
    pub const fn public_key_pem(&self) -> &'static str {
        self.rsa.public_key_pem()
    }

    /// The options, which can be changed while the DCs run, except those of the accounts.
    pub const fn options_mut(&mut self) -> &mut ServerOptions {
        &mut self.options
    }

    /// Forgets a key, as a server does when the user ends the session from another device: the next packet under it is
    /// answered with -404. Returns whether the DC had the key.
    pub fn forget_key(&mut self, dc: i32, auth_key_id: u64) -> bool {
        self.changed = true;
        self.accounts.forget_key(auth_key_id);
        self.owners.forget(auth_key_id);
        self.keys.retain(|_, key| key.bound_to != Some(auth_key_id));
        self.keys.remove(&(dc, auth_key_id)).is_some()
    }

    /// Forgets all temporary keys, as a server may at any time.
    pub fn forget_temporary_keys(&mut self) {
        self.changed = true;
        self.keys.retain(|_, key| key.expires_at.is_none());
    }

    /// Unbinds all temporary keys, as another binding does: API methods under them are refused.
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

    /// Returns how often a key was used by two addresses at once, whether or not that ended the key
    /// ([`ServerOptions::end_shared_keys`]).
    #[must_use]
    pub const fn shared_key_uses(&self) -> u64 {
        self.owners.shared_uses()
    }

    /// The number of calls in `invokeWithoutUpdates`.
    #[must_use]
    pub const fn calls_without_updates(&self) -> u64 {
        self.accounts.calls_without_updates()
    }

    /// Returns how often `help.getConfig` was answered.
    #[must_use]
    pub const fn configs_asked(&self) -> u64 {
        self.accounts.configs_asked()
    }

    /// Sets what `help.getConfig` lists besides the DCs' own addresses.
    pub fn announce(&mut self, extra_dc_options: Vec<DcOption>) {
        self.accounts.announce(extra_dc_options);
    }

    /// Pushes what `help.getConfig` would list now, as `updateDcOptions`.
    pub fn push_dc_options(&mut self) {
        let date = i32::try_from(self.unix_seconds()).unwrap_or(i32::MAX);
        let update = self.accounts.dc_options_update(date);
        self.send_update(&update);
    }

    /// The keys, codes, tokens and passwords of the run, which no client may print.
    #[must_use]
    pub const fn secrets(&self) -> &Secrets {
        self.accounts.secrets()
    }

    /// Returns how often [`Accounts::count_query`] counted the number.
    #[must_use]
    pub fn counted(&self, number: i64) -> u32 {
        self.accounts.counted(number)
    }

    /// Takes the logged numbers that were counted ([`Accounts::count_query`]), in the order of execution.
    pub fn take_counted(&mut self) -> Vec<i64> {
        self.accounts.take_counted()
    }

    /// Logs the clients' messages and the counted numbers from now on. Take them with
    /// [`take_messages`](Self::take_messages) and [`take_counted`](Self::take_counted), since the logs have no limit.
    pub fn log_messages(&mut self) {
        self.message_log.get_or_insert_default();
        self.accounts.log_counted();
    }

    /// Takes the logged messages, oldest first: a container before what it holds.
    pub fn take_messages(&mut self) -> Vec<ReceivedMessage> {
        self.message_log.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Forgets all sessions of all keys, as a restarted server does.
    pub fn forget_sessions(&mut self) {
        for key in self.keys.values_mut() {
            key.sessions.clear();
        }
    }

    /// Scans a QR code as the user with this phone number: the device that shows `link` receives `updateLoginToken`.
    ///
    /// # Errors
    /// Returns the name of the error that the phone would receive, such as `AUTH_TOKEN_EXPIRED`.
    pub fn scan_login_link(&mut self, link: &str, phone: &str) -> Result<(), String> {
        let now = i32::try_from(self.unix_seconds()).unwrap_or(i32::MAX);
        let push = self.accounts.scan(link, phone, now)?;
        self.changed = true;
        self.push(push.auth_key_id, &push.body);
        Ok(())
    }

    /// Sends an update, one boxed TL object, to every session of all permanent and bound temporary keys.
    pub fn send_update(&mut self, body: &[u8]) {
        let keys: BTreeSet<_> = self.keys.values().map(KeyState::account_key).collect();
        for key in keys {
            self.push(key, body);
        }
    }

    /// Sends an update to every session of a user. Returns the number of keys under which the user is logged in.
    pub fn send_update_to(&mut self, user_id: i64, update: &(impl ServerUpdate + ?Sized)) -> usize {
        let body = update.to_updates(i32::try_from(self.unix_seconds()).unwrap_or(i32::MAX));
        let keys = self.accounts.keys_of(user_id);
        for key in &keys {
            self.push(*key, &body);
        }
        keys.len()
    }

    /// Sends a text message from one account to another, as if a client of the first had sent it: clients of both receive
    /// it as an update. Returns its identifier for the receiver; `None` if one of the accounts does not exist. The account of
    /// a sandbox number is created by this, if it was not used before; one that ends in 9 has to sign up first.
    pub fn send_message(&mut self, from: i64, to: i64, text: &str) -> Option<i32> {
        let now = i32::try_from(self.unix_seconds()).unwrap_or(i32::MAX);
        let (id, pushes) = self.accounts.send_text(from, to, text, now)?;
        for push in pushes {
            self.push(push.auth_key_id, &push.body);
        }
        Some(id)
    }

    /// Returns whether an account has this identifier, or may still be created with it from a sandbox number.
    pub(crate) fn may_have_account(&self, id: i64) -> bool {
        self.accounts.may_have_account(id)
    }

    /// The test's own answers to API methods, and the recorded calls.
    pub const fn handlers(&mut self) -> &mut Handlers {
        self.accounts.handlers()
    }

    /// Adds a fault, see [`Accounts::inject_fault`].
    ///
    /// # Errors
    /// Returns [`UnknownMethod`] if it names a method that does not exist.
    pub fn inject_fault(&mut self, fault: Fault) -> Result<(), UnknownMethod> {
        self.accounts.inject_fault(fault)
    }

    /// Removes the faults of the accounts.
    pub fn clear_faults(&mut self) {
        self.accounts.clear_faults();
    }

    /// Adds a user, or replaces the account with this identifier.
    pub fn add_user(&mut self, user: &TestUser) {
        self.accounts.add_user(user);
    }

    /// Adds a bot, or replaces the account with this identifier.
    pub fn add_bot(&mut self, bot: &TestBot) {
        self.accounts.add_bot(bot);
    }

    /// Removes an account and ends its logins, whose calls then fail with `401 USER_DEACTIVATED`. Returns whether the
    /// account existed.
    pub fn remove_account(&mut self, id: i64) -> bool {
        self.accounts.remove_account(id)
    }

    /// Sets the server's address of a connection, which `help.getConfig` lists there for DCs whose address in
    /// [`AccountOptions::dcs`](crate::accounts::AccountOptions::dcs) is unspecified (`0.0.0.0`).
    pub fn set_reached_at(&mut self, conn: u64, ip: IpAddr) {
        if let Some(conn) = self.conns.get_mut(&conn) {
            conn.local_ip = Some(ip);
        }
    }

    /// Closes all connections.
    pub fn close_all(&mut self) {
        for conn in std::mem::take(&mut self.conns).into_keys() {
            self.lost(conn);
            self.outputs.push_back(ServerOutput::Close { conn });
        }
    }

    /// Detaches the sessions of a lost connection.
    pub(super) fn lost(&mut self, conn: u64) {
        self.owners.lost(conn);
        for session in self.keys.values_mut().flat_map(|key| key.sessions.values_mut()) {
            if session.conn == Some(conn) {
                session.conn = None;
            }
        }
    }

    pub(super) fn refuse(&mut self, conn: u64, refusal: impl Into<Refusal>) {
        self.outputs.push_back(ServerOutput::Refused { conn, refusal: refusal.into() });
    }

    pub(super) fn tolerate(&mut self, conn: u64, tolerance: Tolerance) {
        if self.tolerated.insert(tolerance) {
            self.outputs.push_back(ServerOutput::Tolerated { conn, tolerance });
        }
    }

    /// Sends a transport error and closes.
    pub(super) fn fail(&mut self, id: u64, code: i32) {
        self.transmit_packet(id, &code.to_le_bytes());
        self.close(id);
    }

    pub(super) fn unix_seconds(&self) -> i64 {
        i64::try_from(self.now.unix.as_secs()).unwrap_or(i64::MAX)
    }
}
