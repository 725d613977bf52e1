//! The whole client with any inputs in any order: a network that opens, writes and loses anything, two DCs that know
//! the keys and seal any message, an application that makes any call, clocks that jump.
//!
//! Input: one byte chooses the configuration; then a list of steps, one byte each for the step and its object, often
//! with two bytes of length and a content.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use sansgram_core::client::{
    ApiCredentials, ApiMisuse, Client, ComputeTask, Config, ConnId, DcAuth, DcId, DcTable, Event,
    Input as MachineInput, IoFailure, LoggedInUser, Output, RequestId, RequestOptions, Route, StoredSession,
};
use sansgram_core::crypto::AuthKey;
use sansgram_core::crypto::rsa::PublicKey;
use sansgram_core::login::{LoginStep, NewPassword, SendCodeOutcome, SentCode};
use sansgram_core::time::{Now, Timestamp};
use sansgram_core::tl::gzip::MAX_DECOMPRESSED;
use sansgram_core::tl::{Constructor, functions, ids, types};
use sansgram_core::transport::{FrameEncoder, Framing, ServerFrameDecoder};

use crate::memory::peak_of;
use crate::peer::{Peer, SALT, START};
use crate::{Input, Seeded};

const MAX_STEPS: usize = 64;
/// More outputs than this after one input would be a loop.
const MAX_OUTPUTS: usize = 10_000;
/// Memory in bytes per byte received, for what the client stores of it and sends because of it.
const RATIO: usize = 16;
/// The same for the smallest packets; queues double.
const SLACK: usize = 128 << 10;
/// How long a request may take in the configuration of this target, and how long a step waits at a server's demand.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Everything pending must end after this time without a network: a step is several requests with pauses between them.
const OVER: Duration = Duration::from_secs(900);
/// How many timers may expire in that time.
const MAX_TICKS: usize = 5_000;

/// A client's service messages; any other body is a request.
const SERVICE: [u32; 11] = [
    types::MsgsAck::ID,
    types::MsgsStateReq::ID,
    types::MsgsStateInfo::ID,
    types::MsgResendReq::ID,
    types::MsgResendAnsReq::ID,
    functions::Ping::ID,
    functions::PingDelayDisconnect::ID,
    functions::GetFutureSalts::ID,
    functions::RpcDropAnswer::ID,
    functions::DestroySession::ID,
    functions::DestroyAuthKey::ID,
];

/// Takes the result of a step, if it is there, and gives the code that it sent.
type TakeStep = Box<dyn Fn(&mut Client) -> Option<Option<SentCode>>>;

fn code_sent(outcome: SendCodeOutcome) -> Option<SentCode> {
    if let SendCodeOutcome::CodeSent(sent_code) = outcome { Some(sent_code) } else { None }
}

/// Runs the target. Returns how much the servers caused: completed requests and steps, updates, links.
///
/// # Panics
/// Panics if a guarantee of the client is broken.
pub fn run(bytes: &[u8]) -> usize {
    let mut input = Input::new(bytes);
    let mut run = Run::new(input.byte());
    for _ in 0..MAX_STEPS {
        if input.is_empty() {
            break;
        }
        run.step(&mut input);
    }
    run.finish();
    run.served
}

/// A connection that the client requested.
struct Conn {
    dc: u16,
    phase: Phase,
    /// The write in flight.
    writing: Option<Vec<u8>>,
    decoder: ServerFrameDecoder,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Opening,
    Open,
    /// Whether the client closed it or it was lost.
    Over,
}

struct Run {
    client: Client,
    kind: Framing,
    conns: BTreeMap<ConnId, Conn>,
    /// The servers' ends, by the DC's number.
    peers: BTreeMap<u16, Peer>,
    /// What has no result yet: requests and steps.
    waiting: BTreeSet<RequestId>,
    /// The steps of a login among them.
    steps: BTreeMap<RequestId, TakeStep>,
    /// Logins by QR code, which last until they are scanned.
    endless: BTreeSet<RequestId>,
    sent_code: Option<SentCode>,
    now: Duration,
    /// By how many seconds the client's wall clock is wrong.
    skew: i64,
    closed: bool,
    served: usize,
    /// Whether a server caused the present events.
    is_served: bool,
}

impl Run {
    fn new(choice: u8) -> Self {
        let kind = Framing::ALL[usize::from(choice % 4)];
        let mut dcs = DcTable::new();
        for dc in [1, 2, 3] {
            dcs.insert(dc_of(dc), SocketAddr::from((Ipv4Addr::LOCALHOST, dc)));
        }
        let mut config = Config::new(dcs, dc_of(2), [PublicKey::telegram_test()]);
        config.api = Some(ApiCredentials { id: 1, hash: "0123456789abcdef0123456789abcdef".into() });
        config.framing = kind;
        config.pfs = choice & 4 != 0;
        config.offload_key_exchange = choice & 32 != 0;
        config.request_timeout = Some(TIMEOUT);
        config.flood_sleep_threshold = TIMEOUT;
        config.max_pending = 32;
        // The corpus answers requests in their order.
        config.learn_addresses = false;
        let key = AuthKey::new(std::array::from_fn(|at| (at as u8).wrapping_mul(31)));
        // No key exists for DC 3.
        let known = |dc: u16| (dc_of(dc), DcAuth { auth_key: key.clone(), server_salt: SALT });
        let session = StoredSession {
            keys: if choice & 8 == 0 { [known(1), known(2)].into() } else { BTreeMap::new() },
            user: (choice & 16 != 0).then_some(LoggedInUser { id: 1, is_bot: false }),
            home_dc: (choice & 16 != 0).then_some(dc_of(2)),
            ..StoredSession::default()
        };
        let is_request = |body: &[u8]| {
            let id = body.first_chunk().copied().map(u32::from_le_bytes);
            id.is_none_or(|id| !SERVICE.contains(&id))
        };
        let peers = [1, 2, 3].map(|dc| (dc, Peer::new(key.clone(), is_request)));
        Self {
            client: Client::new(config, session, Box::new(Seeded::new(9)))
                .expect("a session that does not say where it belongs fits everywhere"),
            kind,
            conns: BTreeMap::new(),
            peers: peers.into(),
            waiting: BTreeSet::new(),
            steps: BTreeMap::new(),
            endless: BTreeSet::new(),
            sent_code: None,
            now: Duration::ZERO,
            skew: 0,
            closed: false,
            served: 0,
            is_served: false,
        }
    }

    fn step(&mut self, input: &mut Input<'_>) {
        let choice = input.byte();
        let which = choice >> 4;
        match choice % 16 {
            0 => self.receive(which, input.piece().to_vec()),
            1 | 2 => self.send(which, |peer, now| peer.message(now, choice, input.piece())),
            3 => self.send(which, |peer, _| peer.raw(input.piece())),
            4 => {
                let behind = input.byte();
                self.send(which, |peer, now| {
                    let named = peer.asked(behind).to_le_bytes();
                    let body = [&ids::RPC_RESULT.to_le_bytes()[..], &named, input.piece()].concat();
                    peer.message(now, choice, &body)
                });
            }
            5 => {
                // Another message about one that was sent.
                let behind = input.byte();
                self.send(which, |peer, now| {
                    let named = peer.sent(behind).to_le_bytes();
                    let (constructor, rest) = input.piece().split_first_chunk().unwrap_or((&[0; 4], &[]));
                    peer.message(now, choice, &[&constructor[..], &named, rest].concat())
                });
            }
            6 => {
                let count = input.byte() % 16;
                self.send(which, |peer, now| {
                    let bodies: Vec<&[u8]> = (0..count).map(|_| input.piece()).collect();
                    peer.container(now, &bodies)
                });
            }
            7 => self.pass(Duration::from_secs(u64::from(which) * u64::from(input.byte()))),
            8 => {
                // Days, forwards or backwards.
                let days = i64::from(i16::from_le_bytes([input.byte(), input.byte()]));
                self.skew = days * 86_400 / 64;
                self.tick();
            }
            9 => self.open(which, input.byte()),
            10 => self.written(which),
            11 => self.lose(which, input.byte()),
            12 | 13 => self.work(),
            _ => self.call(which, input),
        }
    }

    /// The `which`th connection, counted from the newest; any identifier if there is none.
    fn conn(&self, which: u8) -> ConnId {
        let newest = self.conns.keys().next_back().map_or(0, |conn| conn.0);
        ConnId(newest.saturating_sub(u64::from(which)))
    }

    fn now(&self) -> Now {
        at(self.now, self.skew)
    }

    fn handle(&mut self, input: MachineInput<'_>) {
        let now = self.now();
        self.client.handle(now, input);
        self.poll(true);
    }

    fn tick(&mut self) {
        self.handle(MachineInput::Tick);
    }

    fn pass(&mut self, span: Duration) {
        self.now += span;
        self.tick();
    }

    /// A network that obeys or not.
    fn open(&mut self, which: u8, choice: u8) {
        let conn = self.conn(which);
        if let Some(known) = self.conns.get_mut(&conn)
            && known.phase == Phase::Opening
        {
            known.phase = Phase::Open;
        } else if choice.is_multiple_of(2) {
            return;
        }
        self.handle(MachineInput::Opened { conn });
    }

    fn written(&mut self, which: u8) {
        let conn = self.conn(which);
        let buffer = self.conns.get_mut(&conn).and_then(|conn| conn.writing.take());
        let Some(buffer) = buffer else { return };
        self.handle(MachineInput::Transmitted { conn, buffer });
    }

    fn lose(&mut self, which: u8, choice: u8) {
        use IoFailure::{Closed, Other, Refused, Reset, TimedOut, Unreachable};
        let conn = self.conn(which);
        if let Some(known) = self.conns.get_mut(&conn) {
            known.phase = Phase::Over;
        }
        let cause = [Closed, Refused, Unreachable, Reset, TimedOut, Other][usize::from(choice % 6)];
        self.handle(MachineInput::Lost { conn, cause });
    }

    /// A network that obeys, until it is idle.
    fn work(&mut self) {
        for _ in 0..4 {
            for which in 0..8 {
                self.open(which, 0);
                self.written(which);
            }
        }
    }

    /// The server of a connection seals a packet.
    fn send(&mut self, which: u8, packet: impl FnOnce(&mut Peer, Duration) -> Vec<u8>) {
        let conn = self.conn(which);
        let dc = self.conns.get(&conn).map_or(2, |conn| conn.dc);
        let peer = self.peers.get_mut(&dc).expect("every DC has one");
        let packet = packet(peer, self.now);
        let mut stream = Vec::new();
        let mut encoder = FrameEncoder::without_tag(self.kind);
        let start = encoder.begin(packet.len(), &mut stream, false).expect("whole words");
        stream.extend_from_slice(&packet);
        encoder.finish(start, &mut stream, &mut Seeded::new(2)).expect("all of it");
        self.is_served = true;
        self.receive(which, stream);
        self.is_served = false;
    }

    fn receive(&mut self, which: u8, mut bytes: Vec<u8>) {
        let conn = self.conn(which);
        let length = bytes.len();
        let now = self.now();
        let ((), peak) =
            peak_of(|| self.client.handle(now, MachineInput::Received { conn, bytes: &mut bytes }));
        // Packed data may be as long as the limit, one at a time, and is stored if it is a result.
        assert!(peak <= 2 * MAX_DECOMPRESSED + RATIO * length + SLACK, "{peak} bytes held for {length}");
        self.poll(true);
    }

    fn call(&mut self, which: u8, input: &mut Input<'_>) {
        let now = self.now();
        let home: RequestOptions = Route::Home.into();
        let started = match which {
            0..4 => {
                let mut query = input.piece().to_vec();
                // An empty one is refused.
                query.resize(query.len().next_multiple_of(4).max(4), 0);
                let route = if which == 1 { Route::Dc(dc_of(1)) } else { Route::Home };
                let after = self.waiting.last().copied().filter(|_| which == 2);
                let options = home.with_route(route).with_after(after).with_follow_redirects(which == 3);
                self.client.invoke_raw(now, query, options)
            }
            4 => {
                let behind = usize::from(input.byte());
                if let Some(id) = self.waiting.iter().rev().nth(behind).copied() {
                    self.client.cancel(id);
                    self.forget(id);
                }
                self.poll(false);
                return;
            }
            5 if input.byte() & 1 == 0 => {
                self.client.connect(now);
                self.poll(true);
                return;
            }
            5 => {
                self.close();
                return;
            }
            _ => self.begin_step(which, input),
        };
        match started {
            Ok(id) => {
                assert!(self.waiting.insert(id), "a name is used twice");
                assert_eq!(self.steps.contains_key(&id), which >= 6);
            }
            Err(ApiMisuse::QueueFull) => assert!(!self.waiting.is_empty()),
            Err(ApiMisuse::ProtocolMessage(_)) => {}
            Err(error) => assert!(self.closed && error == ApiMisuse::Closed, "{error}"),
        }
        self.poll(true);
    }

    fn begin_step(&mut self, which: u8, input: &mut Input<'_>) -> Result<RequestId, ApiMisuse> {
        let sent_code = self.sent_code.clone();
        match (which, sent_code) {
            (6, _) => self.start(LoginStep::send_code("+99966 2 0001"), code_sent),
            (7, Some(sent_code)) => match input.byte() % 8 {
                0 => self.start(LoginStep::resend_code(&sent_code), code_sent),
                1 => self.start(LoginStep::cancel_code(&sent_code), |()| None),
                2 => self.start(LoginStep::sign_up(&sent_code, "Ada", ""), |_| None),
                3 => self.start(LoginStep::send_email_code(&sent_code, "a@b.example"), |_| None),
                4 => self.start(LoginStep::verify_email(&sent_code, "123456"), code_sent),
                5 => self.start(LoginStep::reset_login_email(&sent_code), code_sent),
                6 => self.start(LoginStep::sign_in_with_email_code(&sent_code, "123456"), |_| None),
                _ => self.start(LoginStep::sign_in(&sent_code, "22222"), |_| None),
            },
            (7 | 8, _) => self.start(LoginStep::check_password("secret"), |_| None),
            (9, _) => {
                let id = self.start(LoginStep::qr_login(&[1]), |_| None);
                self.endless.extend(id.as_ref().ok());
                id
            }
            (10, _) => self.start(LoginStep::bot_login("1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), |_| None),
            (11, _) => self.start(LoginStep::login_state(), |_| None),
            (12, _) => self.start(LoginStep::get_me(), |_| None),
            (13, _) => self.start(LoginStep::log_out(), |()| None),
            (14, _) => self.start(LoginStep::request_password_recovery(), |_| None),
            _ => {
                let new = Some(NewPassword::new("new"));
                self.start(LoginStep::recover_password("123456", new), |_| None)
            }
        }
    }

    fn start<T: Send + 'static>(
        &mut self,
        step: LoginStep<T>,
        sent_code: fn(T) -> Option<SentCode>,
    ) -> Result<RequestId, ApiMisuse> {
        let handle = self.client.start_step(self.now(), step)?;
        let take = move |client: &mut Client| {
            let result = client.take_step(handle)?;
            Some(result.ok().and_then(sent_code))
        };
        self.steps.insert(handle.id(), Box::new(take));
        Ok(handle.id())
    }

    fn close(&mut self) {
        let now = self.now();
        self.client.close(now);
        self.closed = true;
        self.poll(true);
    }

    /// Processes all outputs and checks them. `is_settled`: the client has been told the time.
    fn poll(&mut self, is_settled: bool) {
        for _ in 0..MAX_OUTPUTS {
            match self.client.poll_output() {
                Output::Open { conn, dc, endpoints } => {
                    assert!(!endpoints.is_empty() && !self.closed);
                    let newest = self.conns.keys().next_back();
                    assert!(newest.is_none_or(|newest| *newest < conn), "a name is used twice");
                    let decoder = ServerFrameDecoder::new(None, 1 << 24);
                    let dc = dc.number();
                    self.conns.insert(conn, Conn { dc, phase: Phase::Opening, writing: None, decoder });
                }
                Output::Transmit { conn, bytes } => self.transmit(conn, bytes),
                Output::Close { conn } => {
                    let conn = self.conns.get_mut(&conn).expect("a connection that was asked for");
                    assert_ne!(conn.phase, Phase::Over, "what is over is closed");
                    conn.phase = Phase::Over;
                }
                Output::Compute(task @ ComputeTask::KeyExchange(_)) => {
                    let now = at(self.now, self.skew);
                    self.client.handle(now, MachineInput::Computed(task.run()));
                }
                // It would take a tenth of a second; without it, the step ends by its own timeout.
                Output::Compute(_) => {}
                Output::Event(event) => self.note(&event),
                Output::Timeout(due) => {
                    let now = Timestamp::from_origin(ORIGIN + self.now);
                    assert!(!is_settled || due.is_none_or(|due| due > now), "a timer that is due stays so");
                    assert!(matches!(self.client.poll_output(), Output::Timeout(again) if again == due));
                    return;
                }
                other => panic!("an unknown output: {other:?}"),
            }
        }
        panic!("the outputs do not end");
    }

    fn transmit(&mut self, conn: ConnId, bytes: Vec<u8>) {
        let known = self.conns.get_mut(&conn).expect("a connection that was asked for");
        assert_eq!(known.phase, Phase::Open, "bytes for a connection that is not up");
        assert!(known.writing.is_none() && !bytes.is_empty(), "two transmits at once, or an empty one");
        let mut stream = bytes.clone();
        let mut rest = &mut stream[..];
        let peer = self.peers.get_mut(&known.dc).expect("every DC has one");
        while let Some(request) = known.decoder.next(&mut rest).expect("frames") {
            let payload = request.payload;
            // Unencrypted packets belong to handshakes, which have a target of their own. Padding does not end at a
            // block.
            if payload[..8] != [0; 8] {
                let whole = payload.len() - (payload.len() - 24) % 16;
                peer.read(&mut payload[..whole]);
            }
        }
        known.writing = Some(bytes);
    }

    fn note(&mut self, event: &Event) {
        match event {
            Event::Completed(id) => {
                let id = *id;
                assert!(self.waiting.contains(&id), "{id:?} ends twice, or was never begun");
                let step = self.steps.remove(&id);
                self.forget(id);
                self.served += usize::from(self.is_served);
                if let Some(take) = step {
                    let sent_code = take(&mut self.client).expect("a result");
                    self.sent_code = sent_code.or(self.sent_code.take());
                    assert!(take(&mut self.client).is_none());
                } else {
                    self.client.take_raw(id).expect("a result").ok();
                    assert!(self.client.take_raw(id).is_none());
                }
            }
            Event::StoredSessionChanged => {
                let data = self.client.stored_session();
                assert_eq!(StoredSession::from_text(&data.to_text()).as_ref(), Ok(data));
            }
            Event::QrLink(id) => {
                let link = self.client.qr_link(*id).expect("a link to show");
                assert!(link.url().starts_with("tg://login?token=") && !link.lifetime.is_zero());
                self.served += 1;
            }
            Event::Update => {
                self.client.take_update().expect("an update");
                self.served += 1;
            }
            _ => {}
        }
    }

    fn forget(&mut self, id: RequestId) {
        self.waiting.remove(&id);
        self.steps.remove(&id);
        self.endless.remove(&id);
    }

    /// Without a network, everything pending ends by its own timeout; then the client can be closed.
    fn finish(&mut self) {
        for id in std::mem::take(&mut self.endless) {
            self.client.cancel(id);
            self.forget(id);
        }
        self.tick();
        let end = self.now + OVER;
        for ticks in 0.. {
            if self.waiting.is_empty() || self.closed {
                break;
            }
            assert!(ticks < MAX_TICKS, "too many timers");
            let due = self.client.next_timeout().expect("what waits has a deadline");
            self.now = due.since_origin().saturating_sub(ORIGIN).max(self.now);
            assert!(self.now <= end, "{:?} never ends", self.waiting);
            self.tick();
            for which in 0..8 {
                let is_opening = |conn: &Conn| conn.phase == Phase::Opening;
                if self.conns.get(&self.conn(which)).is_some_and(is_opening) {
                    self.lose(which, 1);
                }
            }
        }
        self.close();
        assert!(self.waiting.is_empty(), "{:?} survives the end", self.waiting);
        let farewell = self.client.next_timeout();
        if let Some(due) = farewell {
            self.now = due.since_origin().saturating_sub(ORIGIN);
            self.tick();
        }
        for conn in self.conns.values() {
            assert_eq!(conn.phase, Phase::Over, "a connection survives the end");
        }
        assert_eq!(self.client.next_timeout(), None, "a timer survives the end");
        let started = self.client.start_step(self.now(), LoginStep::get_me());
        assert!(matches!(started, Err(ApiMisuse::Closed)));
    }
}

/// The monotonic clock at the beginning.
const ORIGIN: Duration = Duration::from_secs(5);

fn at(since_start: Duration, skew: i64) -> Now {
    let unix = (START + since_start.as_secs()).saturating_add_signed(skew);
    Now::new(Timestamp::from_origin(ORIGIN + since_start), Duration::from_secs(unix))
}

fn dc_of(number: u16) -> DcId {
    DcId::new(number.into()).expect("the number of a DC")
}
