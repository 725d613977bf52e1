//! One connection to a DC and the session that it carries: from the first byte over handshakes and the binding of a
//! temporary key to messages.

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use super::config::Config;
use super::data::{DcKey, SessionData};
use super::io::ConnId;
use super::pfs::{BINDING, Temporary, binding_answer};
use super::wire::{Advance, KeyExchange, Phase, Wire};
use crate::crypto::{AuthKey, SecureRandom};
use crate::dc::DcId;
use crate::handshake::NewAuthKey;
use crate::rpc::{LostCause, LostReason, Owner, RpcError, Table, WITHOUT_UPDATES};
use crate::session::{Body, MsgIdGenerator, Outbox, Reject, ServerClock, Session, SessionEvent, Tag};
use crate::time::{Now, Timestamp};
use crate::transport::{DEFAULT_LIMIT, Frame, LayerOptions, Layers, hello_of};

/// What a lane needs of the machine.
pub(super) struct Surroundings<'a> {
    pub(super) config: &'a Config,
    pub(super) data: &'a SessionData,
    pub(super) random: &'a mut dyn SecureRandom,
    pub(super) now: Now,
}

impl Surroundings<'_> {
    /// The clock that a session without any better knowledge begins with.
    pub(super) fn clock(&self) -> ServerClock {
        ServerClock::from_wall(self.now, self.data.clock_offset)
    }
}

/// What received bytes meant for the machine.
pub(super) trait Receiver {
    /// A permanent key was agreed upon.
    fn new_key(&mut self, key: &DcKey);
    /// An event of the session.
    fn session_event(&mut self, event: SessionEvent<'_>) -> Again;
    /// The server quickly acknowledged a request.
    fn quick_ack(&mut self, tag: Tag);
    /// A packet, or a message within one, was refused.
    fn rejected(&mut self, reject: &Reject);
}

/// Whether an answered request must be sent again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Again {
    /// It is over, or was no request.
    No,
    /// The server does not know this client yet: once more, inside `initConnection`.
    WithInit(Tag),
    /// The server takes the temporary key for unbound: once more, under another one.
    WithNewKey(Tag, RpcError),
    /// Nobody is signed in at this DC: once more, when the sign-in was carried over.
    WhenAuthorized(Tag),
}

/// A session, and what the server knows of it.
#[derive(Debug)]
pub(super) struct Keyed {
    pub(super) session: Session,
    /// `None`: the key is a permanent one.
    pub(super) temporary: Option<Temporary>,
    /// Whether the server knows layer and device.
    inited: bool,
    /// Whether the requests that waited for this session were queued.
    pub(super) filled: bool,
}

impl Keyed {
    pub(super) fn new(session: Session, temporary: Option<Temporary>) -> Self {
        Self { session, temporary, inited: false, filled: false }
    }

    /// A session over a permanent key.
    pub(super) fn permanent(
        key: &DcKey,
        clock: ServerClock,
        random: &mut dyn SecureRandom,
        now: Now,
    ) -> Self {
        Self::new(Session::new(key.auth_key.clone(), key.server_salt, clock, random, now), None)
    }

    /// Whether requests may leave.
    pub(super) fn is_ready(&self) -> bool {
        self.temporary.as_ref().is_none_or(Temporary::is_bound)
    }

    /// The server's time, in seconds since 1970.
    pub(super) fn server_time(&self, now: Now) -> u64 {
        self.session.clock().server_time(now).as_secs()
    }

    /// Asks for the binding of a temporary key, unless that was done.
    pub(super) fn bind(&mut self) {
        if let Some((permanent, expires_at)) = self.temporary.as_mut().and_then(Temporary::ask) {
            self.session.bind(BINDING, permanent, expires_at);
        }
    }
}

/// The bodies as they leave now.
struct Bodies<'a> {
    table: &'a Table,
    /// Before those of the application.
    application: &'a [u8],
    /// Before those of the client itself.
    own: &'a [u8],
}

impl<'a> Bodies<'a> {
    /// `prefix` is `initConnection`, not needed where the server is `inited`, then `invokeWithoutUpdates` if no updates
    /// are wanted.
    fn new(table: &'a Table, prefix: &'a [u8], inited: bool, updates: bool) -> Self {
        let wrapper = if updates { 0 } else { WITHOUT_UPDATES.len() };
        let (init, wrapper) = prefix.split_at(prefix.len().saturating_sub(wrapper));
        if inited {
            Self { table, application: wrapper, own: &[] }
        } else {
            Self { table, application: prefix, own: init }
        }
    }
}

impl Outbox for Bodies<'_> {
    fn body(&self, tag: Tag) -> Option<Body<'_>> {
        self.table.body(tag.into(), |owner| match owner {
            Owner::Application => self.application,
            _ => self.own,
        })
    }
}

/// One connection, and the session that it carries.
#[derive(Debug)]
pub(super) struct Lane {
    pub(super) phase: Phase,
    pub(super) keyed: Option<Keyed>,
}

impl Lane {
    pub(super) const fn new() -> Self {
        Self { phase: Phase::Idle, keyed: None }
    }

    pub(super) fn open(&mut self, wire: Wire) {
        self.phase = Phase::Open(Box::new(wire));
    }

    /// Gives back the memory that is kept for reuse.
    pub(super) fn trim(&mut self) {
        if let Phase::Open(wire) = &mut self.phase {
            wire.trim();
        }
        if let Some(keyed) = &mut self.keyed {
            keyed.session.trim();
        }
    }

    pub(super) const fn conn(&self) -> Option<ConnId> {
        match &self.phase {
            Phase::Open(wire) => Some(wire.conn),
            _ => None,
        }
    }

    /// Since when the connection has been proven.
    pub(super) const fn proven_since(&self) -> Option<Timestamp> {
        match &self.phase {
            Phase::Open(wire) => wire.proven,
            _ => None,
        }
    }

    /// Whether there is a stream.
    pub(super) fn has_stream(&self) -> bool {
        matches!(&self.phase, Phase::Open(wire) if wire.layers.is_some())
    }

    /// Whether the connection has been proven since it was opened.
    pub(super) const fn is_proven(&self) -> bool {
        self.proven_since().is_some()
    }

    /// The stream is up, after so many whose disguise came to nothing.
    pub(super) fn opened(&mut self, dc: DcId, hello_failures: u32, around: &mut Surroundings<'_>) {
        let Phase::Open(wire) = &mut self.phase else { return };
        if wire.layers.is_some() {
            // Told twice: what was written already cannot be begun anew.
            return;
        }
        let clock = around.clock();
        let (hello, delay) = hello_of(hello_failures);
        let options = LayerOptions {
            transport: wire.transport,
            disguise: wire.disguise.as_deref().unwrap_or(&around.config.disguise),
            // At most 11,000.
            dc: i16::try_from(dc.on_wire(around.config.test_dcs)).unwrap_or_default(),
            limit: DEFAULT_LIMIT,
            unix: self
                .keyed
                .as_ref()
                .map_or(&clock, |keyed| keyed.session.clock())
                .server_time(around.now)
                .saturating_sub(delay),
            hello,
        };
        wire.layers = Some(Layers::new(&options, around.random));
        // It was a round trip, and the first answer takes another.
        wire.due.go_on(around.now.monotonic);
    }

    /// Once frames may leave: goes on with the session or the key that is known, or makes one.
    pub(super) fn begin(&mut self, dc: DcId, pfs: bool, around: &mut Surroundings<'_>) {
        let Phase::Open(wire) = &mut self.phase else { return };
        if !wire.may_begin() {
            return;
        }
        wire.begun = true;
        if let Some(keyed) = &mut self.keyed {
            keyed.session.connected(around.now);
            return;
        }
        let known = around.data.keys.get(&dc);
        match known.filter(|_| !pfs) {
            Some(key) => {
                let clock = around.clock();
                self.keyed = Some(Keyed::permanent(key, clock, around.random, around.now));
            }
            None => {
                let permanent = known.map(|key| key.auth_key.clone());
                wire.exchange = Some(exchange(dc, permanent, MsgIdGenerator::default(), around));
            }
        }
    }

    /// Takes received bytes, in any chunking, in place. Requests that must wait for a sign-in are added to `parked`.
    pub(super) fn received(
        &mut self,
        bytes: &mut [u8],
        dc: DcId,
        pfs: bool,
        receiver: &mut dyn Receiver,
        parked: &mut BTreeSet<Tag>,
        around: &mut Surroundings<'_>,
    ) -> Result<(), LostReason> {
        let Phase::Open(wire) = &mut self.phase else { return Ok(()) };
        let Wire { layers: Some(layers), exchange: handshake, proven, due, makes_key, .. } = &mut **wire
        else {
            return Ok(());
        };
        let was_open = layers.is_open();
        let mut unbound = None;
        let mut incoming = layers.read(bytes);
        while let Some(frame) = incoming.next()? {
            let packet = match frame {
                Frame::Payload(packet) => packet,
                Frame::Error(code) => return Err(LostReason::TransportError(code)),
                Frame::QuickAck(token) => {
                    // An unknown one means nothing.
                    let session = self.keyed.as_mut().map(|keyed| &mut keyed.session);
                    let acknowledged = session.map(|session| session.quick_ack(token)).unwrap_or_default();
                    acknowledged.into_iter().for_each(|tag| receiver.quick_ack(tag));
                    continue;
                }
            };
            if let Some(run) = handshake.take() {
                let advance = run.advance(packet, around.random)?;
                due.go_on(around.now.monotonic);
                *makes_key = true;
                match advance {
                    Advance::Continue(run) => *handshake = Some(run),
                    Advance::Done { new, permanent: Some(permanent), .. } => {
                        self.keyed = Some(temporary_session(new, permanent, around));
                    }
                    Advance::Done { new, permanent: None, ids } => {
                        let key = DcKey { auth_key: new.auth_key, server_salt: new.server_salt };
                        receiver.new_key(&key);
                        if pfs {
                            *handshake = Some(exchange(dc, Some(key.auth_key), ids, around));
                        } else {
                            let clock = clock_of(around, new.server_time);
                            let mut keyed = Keyed::permanent(&key, clock, around.random, around.now);
                            keyed.session.heard(around.now);
                            self.keyed = Some(keyed);
                        }
                    }
                }
                continue;
            }
            // Before the handshake's first byte left, nothing can be an answer.
            let Some(keyed) = &mut self.keyed else { continue };
            let mut notes = Notes::default();
            let is_retired = keyed.session.is_retired();
            let inited = &mut keyed.inited;
            let result = keyed.session.receive(around.now, packet, around.random, &mut |event| match event {
                SessionEvent::Result { tag: BINDING, body } => notes.binding = Some(binding_answer(body)),
                event => {
                    notes.proves |= matches!(event, SessionEvent::Pong | SessionEvent::Result { .. });
                    *inited &= !matches!(event, SessionEvent::NewSession);
                    let answers = matches!(event, SessionEvent::Result { .. });
                    match receiver.session_event(event) {
                        Again::No if answers => *inited = true,
                        Again::No => {}
                        Again::WithInit(tag) => notes.again.push(tag),
                        Again::WhenAuthorized(tag) => _ = parked.insert(tag),
                        Again::WithNewKey(tag, _) if is_retired => notes.again.push(tag),
                        Again::WithNewKey(_, error) => notes.unbound = Some(error),
                    }
                }
            });
            match notes.binding {
                Some(Ok(())) => {
                    if let Some(temporary) = &mut keyed.temporary {
                        temporary.bound();
                    }
                    notes.proves = true;
                }
                Some(Err(error)) => return Err(LostReason::Binding(error)),
                None => {}
            }
            if notes.proves && keyed.is_ready() {
                proven.get_or_insert(around.now.monotonic);
            }
            if !notes.again.is_empty() {
                keyed.inited = false;
                notes.again.into_iter().rev().for_each(|tag| keyed.session.queue_again(tag));
            }
            if result.is_ok() && proven.is_none() {
                due.go_on(around.now.monotonic);
            }
            // What else came may be answers, and the stream goes on behind it.
            unbound = notes.unbound.or(unbound);
            if let Err(reject) = result {
                receiver.rejected(&reject);
                if reject.is_fatal() {
                    return Err(LostReason::Rejected(reject));
                }
            }
        }
        if !was_open && layers.is_open() {
            due.go_on(around.now.monotonic);
        }
        unbound.map_or(Ok(()), |error| Err(LostReason::Binding(error)))
    }

    /// The last transmit is out; its buffer comes back.
    pub(super) fn sent(&mut self, buffer: Vec<u8>) {
        let Phase::Open(wire) = &mut self.phase else { return };
        wire.sent(buffer);
        if let Some(keyed) = &mut self.keyed {
            keyed.session.written();
        }
    }

    /// The next bytes to transmit, if there are any and the last are out.
    pub(super) fn transmit(
        &mut self,
        prefix: &[u8],
        table: &Table,
        around: &mut Surroundings<'_>,
    ) -> Option<Vec<u8>> {
        let Phase::Open(wire) = &mut self.phase else { return None };
        let mut out = wire.take_buffer()?;
        let Wire { layers: Some(layers), exchange, begun, proven, .. } = &mut **wire else { return None };
        let mut written = layers.control(&mut out, around.random);
        if *begun && let Some(batch) = layers.begin(&mut out) {
            let encoder = layers.encoder();
            written |= if let Some(exchange) = exchange {
                let time = around.clock().server_time(around.now);
                exchange.write(time, encoder, around.random, &mut out)
            } else if let Some(keyed) = &mut self.keyed {
                // Whatever leaves over a dead connection, or under a key that the server has forgotten, may have been
                // executed, as far as we know.
                if keyed.is_ready() {
                    let is_proven = keyed.temporary.is_none() || proven.is_some();
                    keyed.session.hold_requests_until_heard(around.now, is_proven);
                }
                let bodies = Bodies::new(table, prefix, keyed.inited, around.config.updates);
                // Queries are bounded when they are taken, far below what a frame holds, so packing cannot fail.
                keyed.session.wants_to_send(around.now.monotonic)
                    && keyed
                        .session
                        .pack(around.now, &bodies, encoder, around.random, &mut out)
                        .unwrap_or(false)
            } else {
                false
            };
            layers.finish(batch, &mut out, around.random);
        }
        wire.filled(out, written, around.now.monotonic)
    }

    /// Takes note of the time, which runs for a session only while a connection carries it.
    pub(super) fn tick(&mut self, now: Timestamp) {
        if let (Phase::Open(wire), Some(keyed)) = (&self.phase, &mut self.keyed)
            && wire.is_up()
        {
            keyed.session.tick(now);
        }
    }

    /// Why the connection must be replaced now, if it must.
    pub(super) fn overdue(&self, now: Timestamp) -> Option<LostReason> {
        let Phase::Open(wire) = &self.phase else { return None };
        if wire.write_due().is_some_and(|due| now >= due) {
            return Some(LostReason::Stuck);
        }
        let late = wire.proven.is_none() && now >= wire.due.at;
        let silent = wire.is_up() && self.keyed.as_ref().is_some_and(|keyed| keyed.session.is_silent(now));
        // Without a stream nobody could say anything.
        let reason =
            if wire.layers.is_some() { LostReason::Silent } else { LostReason::Network(LostCause::TimedOut) };
        (late || silent).then_some(reason)
    }

    /// When to look again although nothing happened.
    pub(super) fn timeout(&self) -> Option<Timestamp> {
        match &self.phase {
            Phase::Idle => None,
            Phase::Waiting(at) => Some(*at),
            Phase::Open(wire) => {
                let deadline = wire.proven.is_none().then_some(wire.due.at);
                let keyed = self.keyed.as_ref().filter(|_| wire.is_up());
                let session = keyed.map(|keyed| &keyed.session).and_then(|session| {
                    // What is due to leave cannot before the last transmit is out.
                    if wire.write_due().is_some() {
                        session.timeout_while_writing()
                    } else {
                        Some(session.timeout())
                    }
                });
                deadline.into_iter().chain(wire.write_due()).chain(session).min()
            }
        }
    }
}

/// What one packet brought.
#[derive(Default)]
struct Notes {
    proves: bool,
    binding: Option<Result<(), RpcError>>,
    unbound: Option<RpcError>,
    again: Vec<Tag>,
}

fn exchange(
    dc: DcId,
    permanent: Option<AuthKey>,
    ids: MsgIdGenerator,
    around: &mut Surroundings<'_>,
) -> KeyExchange {
    let dc_on_wire = dc.on_wire(around.config.test_dcs);
    KeyExchange::start(around.config, dc_on_wire, permanent, ids, around.random)
}

fn temporary_session(new: NewAuthKey, permanent: AuthKey, around: &mut Surroundings<'_>) -> Keyed {
    let lifetime = around.config.temporary_key_seconds();
    let temporary = Temporary::new(permanent, new.server_time, new.expires_in.unwrap_or(lifetime));
    let clock = clock_of(around, new.server_time);
    let session = Session::new(new.auth_key, new.server_salt, clock, around.random, around.now);
    Keyed::new(session, Some(temporary))
}

fn clock_of(around: &Surroundings<'_>, server_time: i32) -> ServerClock {
    let mut clock = around.clock();
    clock.set_from_handshake(around.now, server_time);
    clock
}
