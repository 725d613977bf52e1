//! A network in memory: latency, chunking, cuts and refusals, reproducible from a seed.

mod delivery;
mod options;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

use sansgram_core::client::{ConnId, IoFailure};
use sansgram_core::time::Timestamp;

use sansgram_testkit::random::SeededRandomForTestingOnly;

pub(crate) use self::delivery::{ConnectFailure, Delivery};
pub use self::options::{Chunks, NetworkOptions, Stall};

/// The Connection Attempt Delay (RFC 8305, section 8).
const CONNECTION_ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// The network between the client and the DCs.
pub struct Network {
    /// The options, which can be changed at any time.
    pub options: NetworkOptions,
    random: SeededRandomForTestingOnly,
    links: BTreeMap<ConnId, Link>,
    /// By time, then in the order of sending.
    in_flight: BTreeMap<(Timestamp, u64), Delivery>,
    sent: u64,
    carried: u64,
    dead: BTreeSet<i32>,
    kept: Vec<Vec<u8>>,
    stalled: BTreeMap<ConnId, Stall>,
    /// The connections that the client has lost, and whose last bytes are still on their way to the server.
    late: BTreeSet<ConnId>,
}

struct Link {
    dc: i32,
    /// When the last piece arrives in each direction; pieces keep their order.
    to_server: Timestamp,
    to_client: Timestamp,
}

impl Network {
    /// An empty network.
    #[must_use]
    pub const fn new(options: NetworkOptions, seed: u64) -> Self {
        Self {
            options,
            random: SeededRandomForTestingOnly::new(seed),
            links: BTreeMap::new(),
            in_flight: BTreeMap::new(),
            sent: 0,
            carried: 0,
            dead: BTreeSet::new(),
            kept: Vec::new(),
            stalled: BTreeMap::new(),
            late: BTreeSet::new(),
        }
    }

    /// Returns how many bytes have arrived, in both directions.
    #[must_use]
    pub const fn bytes_carried(&self) -> u64 {
        self.carried
    }

    /// The connections that are open, or being opened.
    pub fn connections(&self) -> impl Iterator<Item = ConnId> {
        self.links.keys().copied().filter(|conn| !self.late.contains(conn))
    }

    /// From now on, silently drops everything to and from this DC; `false` revives it for new connections.
    pub fn set_dead(&mut self, dc: i32, dead: bool) {
        if dead {
            self.dead.insert(dc);
        } else {
            self.dead.remove(&dc);
        }
    }

    /// Returns the DC of a connection that is open, or being opened.
    #[must_use]
    pub fn dc_of(&self, conn: ConnId) -> Option<i32> {
        self.links.get(&conn).map(|link| link.dc)
    }

    /// Makes a connection half-open: from now on it loses everything in these directions, and neither end is told, not even
    /// that the other one closes it. It never recovers.
    pub fn stall(&mut self, conn: ConnId, stall: Stall) {
        let known = self.stalled.entry(conn).or_insert(stall);
        if *known != stall {
            *known = Stall::Both;
        }
    }

    /// Loses all connections to and from the client's process, which has ended: the servers get what it wrote before.
    pub(crate) fn end_client(&mut self, now: Timestamp) {
        self.in_flight.retain(|_, delivery| match delivery {
            Delivery::ToServer { .. } | Delivery::LostByServer { .. } | Delivery::Opened { .. } => true,
            Delivery::ToClient { .. } | Delivery::Written { .. } | Delivery::LostByClient { .. } => false,
        });
        let open: Vec<_> = self.connections().collect();
        for conn in open {
            self.closed_by_client(now, conn);
        }
    }

    /// Takes the writes of the servers since [`NetworkOptions::keep`] was set.
    pub fn take_server_writes(&mut self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.kept)
    }

    /// Delivers bytes to the client that no server sent.
    pub fn inject(&mut self, now: Timestamp, conn: ConnId, bytes: &[u8]) {
        self.server_writes(now, conn, bytes);
    }

    /// Cuts a connection: both ends notice, and bytes in flight are lost.
    pub fn cut(&mut self, now: Timestamp, conn: ConnId) {
        self.forget(conn);
        self.deliver_at(now, Delivery::LostByClient { conn, cause: IoFailure::Reset });
        self.deliver_at(now, Delivery::LostByServer { conn });
    }

    /// Cuts a connection at the client. What is on its way to the server arrives only `late`, as out of the buffer of a
    /// proxy or of a busy server, and then the server notices.
    pub fn cut_late(&mut self, now: Timestamp, conn: ConnId, late: Duration) {
        let mut last = Vec::new();
        self.in_flight.retain(|_, delivery| match delivery {
            Delivery::ToServer { conn: of, bytes } if *of == conn => {
                last.push(std::mem::take(bytes));
                false
            }
            Delivery::ToClient { conn: of, .. } => *of != conn,
            _ => true,
        });
        self.late.insert(conn);
        self.deliver_at(now, Delivery::LostByClient { conn, cause: IoFailure::Reset });
        for bytes in last {
            self.deliver_at(now + late, Delivery::ToServer { conn, bytes });
        }
        self.deliver_at(now + late, Delivery::LostByServer { conn });
    }

    /// Loses what is still on its way over connections that the client has lost.
    pub fn drop_late(&mut self) {
        let late = &self.late;
        self.in_flight.retain(|_, delivery| match delivery {
            Delivery::ToServer { conn, .. } => !late.contains(conn),
            _ => true,
        });
    }

    /// Cuts all connections.
    pub fn cut_all(&mut self, now: Timestamp) {
        let open: Vec<_> = self.connections().collect();
        for conn in open {
            self.cut(now, conn);
        }
    }

    /// Returns when the next delivery is due.
    pub(crate) fn next_delivery(&self) -> Option<Timestamp> {
        self.in_flight.first_key_value().map(|((at, _), _)| *at)
    }

    /// Takes the next delivery that is due.
    pub(crate) fn deliver(&mut self, now: Timestamp) -> Option<Delivery> {
        loop {
            let entry = self.in_flight.first_entry().filter(|entry| entry.key().0 <= now)?;
            let delivery = entry.remove();
            let (conn, length) = match &delivery {
                Delivery::ToServer { conn, bytes } | Delivery::ToClient { conn, bytes } => {
                    (*conn, bytes.len())
                }
                Delivery::LostByClient { conn, .. } if self.late.contains(conn) => return Some(delivery),
                // Both ends know that the connection is closed, so bytes in flight are dropped.
                Delivery::LostByClient { conn, .. } | Delivery::LostByServer { conn } => {
                    self.late.remove(conn);
                    self.links.remove(conn);
                    self.stalled.remove(conn);
                    return Some(delivery);
                }
                Delivery::Opened { .. } | Delivery::Written { .. } => return Some(delivery),
            };
            let Some(link) = self.links.get(&conn) else { continue };
            if self.dead.contains(&link.dc) || self.is_stalled(&delivery) {
                continue;
            }
            if self.late.contains(&conn) {
                self.carried += length as u64;
                return Some(delivery);
            }
            let by_chance = self.options.cut_one_in.is_some_and(|mean| self.random.below(mean) == 0);
            if by_chance {
                self.cut(now, conn);
                continue;
            }
            let end = self.carried + length as u64;
            if let Some(cut) = self.options.cut_at_byte.filter(|&cut| cut < end) {
                self.options.cut_at_byte = None;
                let kept = usize::try_from(cut.saturating_sub(self.carried)).unwrap_or(0);
                self.carried = cut;
                self.cut(now, conn);
                match shortened(delivery, kept) {
                    Some(delivery) => return Some(delivery),
                    None => continue,
                }
            }
            if let Some((at, stall)) = self.options.stall_at_byte.filter(|(at, _)| *at < end) {
                self.options.stall_at_byte = None;
                self.stall(conn, stall);
                if self.is_stalled(&delivery) {
                    let kept = usize::try_from(at.saturating_sub(self.carried)).unwrap_or(0);
                    self.carried = at.max(self.carried);
                    match shortened(delivery, kept) {
                        Some(delivery) => return Some(delivery),
                        None => continue,
                    }
                }
            }
            self.carried = end;
            return Some(delivery);
        }
    }

    /// Races the addresses (RFC 8305). Returns the winner and how long it took.
    pub(crate) fn race(&self, endpoints: &[SocketAddr]) -> Result<(SocketAddr, Duration), ConnectFailure> {
        let (mut waited, mut lost) = (Duration::ZERO, ConnectFailure::Unreachable);
        for address in endpoints {
            let has_family = if address.is_ipv4() { !self.options.no_ipv4 } else { !self.options.no_ipv6 };
            if !has_family {
                continue;
            }
            if self.options.silent.contains(address) {
                waited += CONNECTION_ATTEMPT_DELAY;
                lost = ConnectFailure::Silent;
            } else if self.options.refusing.contains(address) {
                lost = lost.max(ConnectFailure::Refused);
            } else {
                return Ok((*address, waited));
            }
        }
        Err(lost)
    }

    /// Fails a connect, since no address answers.
    pub(crate) fn fail_to_connect(&mut self, now: Timestamp, conn: ConnId, race: ConnectFailure) {
        let cause = match race {
            ConnectFailure::Silent => return,
            ConnectFailure::Refused => IoFailure::Refused,
            ConnectFailure::Unreachable => IoFailure::Unreachable,
        };
        self.deliver_at(now, Delivery::LostByClient { conn, cause });
    }

    /// Starts a connect that succeeds after `waited`.
    pub(crate) fn connect(&mut self, now: Timestamp, conn: ConnId, dc: i32, waited: Duration) {
        let at = now + waited + self.one_way() + self.one_way();
        if self.dead.contains(&dc) {
            return;
        }
        if self.options.refuse_connects > 0 {
            self.options.refuse_connects -= 1;
            return self.deliver_at(at, Delivery::LostByClient { conn, cause: IoFailure::Refused });
        }
        self.links.insert(conn, Link { dc, to_server: at, to_client: at });
        self.deliver_at(at, Delivery::Opened { conn, dc });
    }

    /// Processes a write of the client; its buffer comes back once everything is in flight.
    pub(crate) fn client_writes(&mut self, now: Timestamp, conn: ConnId, bytes: Vec<u8>) {
        if self.options.blocks_writes {
            return;
        }
        let takes = self.options.bytes_per_second.map_or(0, |speed| bytes.len() as u64 * 1000 / speed);
        let now = now + Duration::from_millis(takes);
        let mut at = now;
        if let Some(earliest) = self.links.get(&conn).map(|link| link.to_server) {
            for piece in self.pieces(&bytes) {
                at = (now + self.one_way()).max(earliest).max(at);
                self.deliver_at(at, Delivery::ToServer { conn, bytes: piece });
            }
            if let Some(link) = self.links.get_mut(&conn) {
                link.to_server = at;
            }
        }
        let half = now + self.options.latency / 2;
        self.deliver_at(half, Delivery::Written { conn, buffer: bytes });
    }

    /// Processes a write of a server.
    pub(crate) fn server_writes(&mut self, now: Timestamp, conn: ConnId, bytes: &[u8]) {
        let Some(earliest) = self.links.get(&conn).map(|link| link.to_client) else { return };
        if self.options.keep {
            self.kept.push(bytes.to_vec());
        }
        let mut at = now;
        for piece in self.pieces(&bytes.repeat(self.options.copies as usize)) {
            let takes = self.options.download_rate.map_or(0, |speed| piece.len() as u64 * 1_000_000 / speed);
            at = (now + self.one_way()).max(earliest).max(at) + Duration::from_micros(takes);
            self.deliver_at(at, Delivery::ToClient { conn, bytes: piece });
        }
        if let Some(link) = self.links.get_mut(&conn) {
            link.to_client = at;
        }
    }

    /// Resets the client's end: the server gets what arrives within the latency and the jitter, and then notices. The rest
    /// counts as not sent yet, also if it is on its way through a network that was slower before.
    pub(crate) fn reset_by_client(&mut self, now: Timestamp, conn: ConnId) {
        let left_by = now + self.options.latency + self.options.jitter;
        let mut last = Timestamp::ZERO;
        self.in_flight.retain(|(at, _), delivery| match delivery {
            Delivery::ToServer { conn: of, .. } if *of == conn => {
                let has_left = *at <= left_by;
                if has_left {
                    last = *at;
                }
                has_left
            }
            _ => true,
        });
        if let Some(link) = self.links.get_mut(&conn) {
            link.to_server = last;
        }
        self.closed_by_client(now, conn);
    }

    /// Closes the client's end: the server notices after all bytes sent before.
    pub(crate) fn closed_by_client(&mut self, now: Timestamp, conn: ConnId) {
        if matches!(self.stalled.get(&conn), Some(Stall::ToServer | Stall::Both)) {
            return self.forget(conn);
        }
        if let Some(link) = self.links.get(&conn) {
            let at = (now + self.options.latency).max(link.to_server);
            self.deliver_at(at, Delivery::LostByServer { conn });
        }
    }

    /// Closes the server's end: the client notices after all bytes sent before.
    pub(crate) fn closed_by_server(&mut self, now: Timestamp, conn: ConnId) {
        if matches!(self.stalled.get(&conn), Some(Stall::ToClient | Stall::Both)) {
            return;
        }
        if let Some(link) = self.links.get(&conn) {
            let at = (now + self.options.latency).max(link.to_client);
            self.deliver_at(at, Delivery::LostByClient { conn, cause: IoFailure::Closed });
        }
    }

    /// Whether the connection of this delivery loses it without a word.
    fn is_stalled(&self, delivery: &Delivery) -> bool {
        match delivery {
            Delivery::ToServer { conn, .. } => {
                matches!(self.stalled.get(conn), Some(Stall::ToServer | Stall::Both))
            }
            Delivery::ToClient { conn, .. } => {
                matches!(self.stalled.get(conn), Some(Stall::ToClient | Stall::Both))
            }
            _ => false,
        }
    }

    fn forget(&mut self, conn: ConnId) {
        self.late.remove(&conn);
        self.stalled.remove(&conn);
        self.links.remove(&conn);
        self.in_flight.retain(|_, delivery| match delivery {
            Delivery::Opened { conn: of, .. }
            | Delivery::ToServer { conn: of, .. }
            | Delivery::ToClient { conn: of, .. }
            | Delivery::LostByClient { conn: of, .. }
            | Delivery::LostByServer { conn: of } => *of != conn,
            Delivery::Written { .. } => true,
        });
    }

    fn deliver_at(&mut self, at: Timestamp, delivery: Delivery) {
        self.sent += 1;
        self.in_flight.insert((at, self.sent), delivery);
    }

    fn one_way(&mut self) -> Duration {
        let jitter = u64::try_from(self.options.jitter.as_nanos()).unwrap_or(u64::MAX);
        self.options.latency + Duration::from_nanos(self.random.below(jitter))
    }

    fn pieces(&mut self, bytes: &[u8]) -> Vec<Vec<u8>> {
        let mut rest = bytes;
        let mut pieces = Vec::new();
        while !rest.is_empty() {
            let length = match self.options.chunks {
                Chunks::Whole => rest.len(),
                Chunks::SingleBytes => 1,
                Chunks::UpTo(most) => 1 + self.random.below(most.max(1) as u64) as usize,
            };
            let (piece, behind) = rest.split_at(length.min(rest.len()));
            pieces.push(piece.to_vec());
            rest = behind;
        }
        pieces
    }
}

/// Cuts a delivery to its first `kept` bytes; `None` if none are left.
fn shortened(delivery: Delivery, kept: usize) -> Option<Delivery> {
    match delivery {
        Delivery::ToServer { conn, mut bytes } if kept > 0 => {
            bytes.truncate(kept);
            Some(Delivery::ToServer { conn, bytes })
        }
        Delivery::ToClient { conn, mut bytes } if kept > 0 => {
            bytes.truncate(kept);
            Some(Delivery::ToClient { conn, bytes })
        }
        _ => None,
    }
}
