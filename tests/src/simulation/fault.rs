//! The faults of a run.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use super::choice::Choice;
use crate::network::Stall;

/// A fault and its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// When it happens. Those that wait for a byte or a call are armed then.
    pub at: Duration,
    /// What happens.
    pub kind: FaultKind,
}

/// What happens. DCs are chosen by their numbers, connections by their position among those that are open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// A connection is cut.
    Cut(u64),
    /// A connection is cut at the client, and what it sent before arrives only so much later.
    CutLate(u64, Duration),
    /// All connections are cut.
    CutAll,
    /// The connection that carries the byte after so many is cut.
    CutAtByte(u64),
    /// About one connection in so many pieces is cut, for this long.
    CutOften(u64, Duration),
    /// A connection becomes half-open.
    HalfOpen(u64, Stall),
    /// The connection that carries the byte after so many becomes half-open.
    HalfOpenAtByte(u64, Stall),
    /// Nothing passes to or from any DC, for this long; open connections stay half-open.
    Blackout(Duration),
    /// The same, of one DC.
    DeadDc(i32, Duration),
    /// So many connects are refused.
    RefuseConnects(u32),
    /// The bandwidth collapses to so many bytes per second, for this long.
    Slow(u64, Duration),
    /// Latency and jitter grow to this, for this long.
    Latency(Duration, Duration),
    /// Reads have at most so many bytes, for this long.
    Chunks(usize, Duration),
    /// The servers close all connections.
    ServersClose,
    /// The servers restart with their keys and accounts, without their sessions.
    ServersRestart,
    /// The servers restart with the state that they had at the start of the run.
    ServersLoseMemory,
    /// The servers forget all sessions.
    ForgetSessions,
    /// A DC forgets the permanent key that the client uses there.
    ForgetKey(i32),
    /// The servers forget all temporary keys.
    ForgetTemporaryKeys,
    /// The servers forget which permanent keys the temporary keys are bound to.
    UnbindTemporaryKeys,
    /// The servers refuse the salt of a handshake, for this long.
    WrongSalts(Duration),
    /// The servers execute requests without sending the results, for this long; then they close all connections.
    WithholdResults(Duration),
    /// Each handshake is answered with `dh_gen_retry` once, for this long.
    DhRetries(Duration),
    /// The client's wall clock jumps by so many seconds.
    ClockJump(i64),
    /// The client's machine is suspended for this long.
    Suspend(Duration),
    /// So many calls are answered with a flood wait of so many seconds.
    FloodWait(u32, u32),
    /// The next call of any method is answered with `500 INTERNAL`.
    ServerError,
    /// The next call of this method of the login is sent to another DC.
    Migrate(&'static str, i32),
    /// The servers push so many updates at once.
    Updates(u32),
    /// The application takes neither results nor updates, for this long.
    SlowConsumer(Duration),
    /// Tasks for another thread take this long, for this long.
    SlowTasks(Duration, Duration),
    /// Saves of the session fail, for this long.
    SavesFail(Duration),
    /// The next save of the session is torn: only a part of it is on the disk.
    TornSave(u64),
    /// The client's process ends, and another one starts from what is saved.
    Crash,
    /// The same, with a backup of the session that is so many saves old.
    CrashWithBackup(usize),
}

/// The methods that a server answers with a migration.
const MIGRATING: [&str; 6] = [
    "auth.sendCode",
    "auth.resendCode",
    "auth.signIn",
    "auth.signUp",
    "auth.importBotAuthorization",
    "auth.exportLoginToken",
];

/// The numbers by which faults are chosen; likelier ones have several.
const NUMBERS: u64 = 49;

impl FaultKind {
    /// Chooses a fault; `lasts`: how long it lasts, if it does.
    pub(super) fn choose(choice: &mut Choice, lasts: Duration) -> Self {
        let number = choice.below(NUMBERS);
        Self::numbered(number, choice, lasts)
    }

    /// The names of all faults that are chosen.
    #[must_use]
    pub fn names() -> BTreeSet<&'static str> {
        let faults =
            (0..NUMBERS).map(|number| Self::numbered(number, &mut Choice::new(number), Duration::ZERO));
        faults.map(|fault| fault.name()).collect()
    }

    fn numbered(number: u64, choice: &mut Choice, lasts: Duration) -> Self {
        let stall = |choice: &mut Choice| choice.one_of(&[Stall::ToServer, Stall::ToClient, Stall::Both]);
        match number {
            0 | 1 => Self::Cut(choice.below(8)),
            2 | 3 => Self::CutAll,
            4..=7 => Self::CutAtByte(choice.up_to(12_000)),
            8 => Self::CutOften(choice.one_of(&[4, 20, 60]), lasts),
            9 | 10 => Self::HalfOpen(choice.below(8), stall(choice)),
            11 | 12 => Self::HalfOpenAtByte(choice.up_to(12_000), stall(choice)),
            13 => Self::Blackout(lasts),
            14 => Self::DeadDc(choice.one_of(&[1, 2, 3]), lasts),
            15 => Self::RefuseConnects(choice.one_of(&[1, 2, 5])),
            16 => Self::Slow(choice.one_of(&[200, 1_000, 8_000]), lasts),
            17 => Self::Latency(Duration::from_millis(choice.one_of(&[200, 1_000, 3_000, 6_000])), lasts),
            18 => Self::Chunks(choice.one_of(&[1, 7, 100]), lasts),
            19 => Self::ServersClose,
            20 | 21 => Self::ServersRestart,
            22 => Self::ServersLoseMemory,
            23 | 24 => Self::ForgetSessions,
            25 => Self::ForgetKey(choice.one_of(&[1, 2, 3])),
            26 => Self::ForgetTemporaryKeys,
            27 => Self::UnbindTemporaryKeys,
            28 => Self::WrongSalts(lasts),
            29 => Self::WithholdResults(lasts),
            30 => Self::DhRetries(lasts),
            31 | 32 => Self::ClockJump(choice.one_of(&[-86_400, -3_600, -100, -31, 31, 100, 400, 86_400])),
            33 => Self::Suspend(Duration::from_secs(choice.one_of(&[1, 20, 100, 1_000, 40_000]))),
            34 => Self::FloodWait(choice.one_of(&[1, 2, 6]), choice.one_of(&[1, 3, 20])),
            35 => Self::ServerError,
            36 => Self::Migrate(choice.one_of(&MIGRATING), choice.one_of(&[1, 2, 3])),
            37 => Self::Updates(choice.one_of(&[1, 10, 1_200])),
            38 => Self::SlowConsumer(lasts),
            39 => Self::SlowTasks(choice.time(Duration::from_secs(20)), lasts),
            40 => Self::SavesFail(lasts),
            41 => Self::TornSave(choice.below(400)),
            42 | 43 => Self::Crash,
            44 | 45 => Self::CrashWithBackup(choice.below(4) as usize),
            46..=48 => Self::CutLate(choice.below(8), choice.time(Duration::from_secs(30))),
            NUMBERS.. => unreachable!("the number is below NUMBERS"),
        }
    }

    /// Its name in the summary.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Cut(_) => "cut",
            Self::CutLate(..) => "cut with late bytes",
            Self::CutAll => "all cut",
            Self::CutAtByte(_) => "cut at a byte",
            Self::CutOften(..) => "cut often",
            Self::HalfOpen(..) => "half-open",
            Self::HalfOpenAtByte(..) => "half-open at a byte",
            Self::Blackout(_) => "blackout",
            Self::DeadDc(..) => "dead DC",
            Self::RefuseConnects(_) => "refused connects",
            Self::Slow(..) => "bandwidth collapse",
            Self::Latency(..) => "latency",
            Self::Chunks(..) => "re-chunking",
            Self::ServersClose => "servers close",
            Self::ServersRestart => "servers restart",
            Self::ServersLoseMemory => "servers lose memory",
            Self::ForgetSessions => "sessions forgotten",
            Self::ForgetKey(_) => "key forgotten",
            Self::ForgetTemporaryKeys => "temporary keys forgotten",
            Self::UnbindTemporaryKeys => "temporary keys unbound",
            Self::WrongSalts(_) => "salts refused",
            Self::WithholdResults(_) => "results withheld",
            Self::DhRetries(_) => "dh_gen_retry",
            Self::ClockJump(_) => "clock jump",
            Self::Suspend(_) => "suspend",
            Self::FloodWait(..) => "flood wait",
            Self::ServerError => "server error",
            Self::Migrate(..) => "migration",
            Self::Updates(_) => "updates",
            Self::SlowConsumer(_) => "slow consumer",
            Self::SlowTasks(..) => "slow tasks",
            Self::SavesFail(_) => "failing saves",
            Self::TornSave(_) => "torn save",
            Self::Crash => "crash",
            Self::CrashWithBackup(_) => "crash with a backup",
        }
    }

    /// How long it lasts; zero for one that happens at once.
    #[must_use]
    pub const fn lasts(&self) -> Duration {
        match self {
            Self::CutOften(_, lasts)
            | Self::Blackout(lasts)
            | Self::DeadDc(_, lasts)
            | Self::Slow(_, lasts)
            | Self::Latency(_, lasts)
            | Self::Chunks(_, lasts)
            | Self::WrongSalts(lasts)
            | Self::WithholdResults(lasts)
            | Self::DhRetries(lasts)
            | Self::SlowConsumer(lasts)
            | Self::SlowTasks(_, lasts)
            | Self::SavesFail(lasts)
            | Self::Suspend(lasts) => *lasts,
            _ => Duration::ZERO,
        }
    }
}

impl Fault {
    /// When it is over.
    #[must_use]
    pub fn ends_at(&self) -> Duration {
        self.at + self.kind.lasts()
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:9.3} s  {:?}", self.at.as_secs_f64(), self.kind)
    }
}
