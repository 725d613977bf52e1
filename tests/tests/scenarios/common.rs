//! Helpers of many scenarios: pairs, logins, and common assertions.

use std::fmt::Debug;
use std::time::Duration;

use sansgram_core::client::{
    DcId, DisconnectReason, Event, InvokeError, OnUnknownOutcome, RequestId, RequestOptions, ServerProblem,
};
use sansgram_core::login::{
    LoginError, LoginStep, PasswordHint, QrLoginOutcome, SendCodeOutcome, SentCode, SignInOutcome, UserInfo,
};
pub(crate) use sansgram_harness::pair::TRUE;
use sansgram_harness::pair::{Pair, PairOptions};
use sansgram_testkit::accounts::{CodeDelivery, Fault};
use sansgram_testkit::server::{FaultInjection, ServerOptions};

/// The method by which [`Pair::count`] counts.
pub(crate) const COUNT_METHOD: &str = "help.saveAppLog";

pub(crate) fn dc(number: i64) -> DcId {
    DcId::new(number).unwrap()
}

/// A pair whose accounts give these false answers.
pub(crate) fn pair_with(faults: Vec<Fault>) -> Pair {
    let mut options = PairOptions::default();
    options.server.accounts.faults = faults;
    Pair::new(options)
}

/// A pair with these deliveries of login codes.
pub(crate) fn delivering(deliveries: &[CodeDelivery]) -> Pair {
    let mut options = PairOptions::default();
    options.server.accounts.deliveries = deliveries.to_vec();
    Pair::new(options)
}

/// A pair whose servers have these faults.
pub(crate) fn misbehaving(fault_injection: FaultInjection) -> Pair {
    let server = ServerOptions::default().with_fault_injection(fault_injection);
    Pair::new(PairOptions { server, ..PairOptions::default() })
}

/// The defaults with perfect forward secrecy.
pub(crate) fn pfs_options() -> PairOptions {
    let mut options = PairOptions::default();
    options.client.pfs = true;
    options
}

/// A pair of these options, logged in as a bot of DC 2.
pub(crate) fn logged_in(options: PairOptions) -> Pair {
    let mut pair = Pair::new(options);
    log_in_bot(&mut pair, "1:sandbox");
    pair
}

pub(crate) fn log_in_bot(pair: &mut Pair, token: &str) {
    assert_logged_in(&pair.login(LoginStep::bot_login(token)));
}

/// Why the login of a bot fails within two minutes, with servers that misbehave in this way. `may_time_out`: whether the
/// time limit of a request may end it, instead of the limit of connections.
pub(crate) fn reason_of_failed_login(
    pair: &mut Pair,
    way: &dyn Debug,
    may_time_out: bool,
) -> DisconnectReason {
    let error = pair.login(LoginStep::bot_login("1:sandbox")).unwrap_err();
    assert!(pair.elapsed() <= Duration::from_secs(120), "{way:?}: {:?}", pair.elapsed());
    match (error, may_time_out) {
        (LoginError::Invoke(InvokeError::Unreachable { reason, .. }), _)
        | (
            LoginError::Invoke(InvokeError::TimedOut {
                problem: Some(ServerProblem::Disconnected(reason)),
                ..
            }),
            true,
        ) => reason,
        (other, _) => panic!("{way:?}: {other:?}"),
    }
}

/// Logs in with a phone number of this DC, without a password.
pub(crate) fn log_in_by_phone(pair: &mut Pair, dc: u8) {
    let outcome = pair.give_code(&format!("+99966{dc}0001"));
    assert!(matches!(&outcome, Ok(SignInOutcome::LoggedIn(user)) if !user.is_bot), "{outcome:?}");
    assert_eq!(pair.client.home().number(), u16::from(dc));
    assert_no_fault(pair);
}

pub(crate) fn request_code(pair: &mut Pair, phone: &str) -> SentCode {
    code_sent(pair.login(LoginStep::send_code(phone)))
}

/// Sends the code of a sandbox number that has a password.
pub(crate) fn password_hint(pair: &mut Pair, phone: &str) -> PasswordHint {
    match pair.give_code(phone) {
        Ok(SignInOutcome::PasswordRequired(hint)) => hint,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn code_sent(outcome: Result<SendCodeOutcome, LoginError>) -> SentCode {
    match outcome {
        Ok(SendCodeOutcome::CodeSent(sent_code)) => sent_code,
        other => panic!("{other:?}"),
    }
}

/// An output of a step that may have logged in.
pub(crate) trait MayBeLoggedIn: Debug {
    fn is_logged_in(&self) -> bool;
}

impl MayBeLoggedIn for SendCodeOutcome {
    fn is_logged_in(&self) -> bool {
        matches!(self, Self::LoggedIn(_))
    }
}

impl MayBeLoggedIn for SignInOutcome {
    fn is_logged_in(&self) -> bool {
        matches!(self, Self::LoggedIn(_))
    }
}

impl MayBeLoggedIn for QrLoginOutcome {
    fn is_logged_in(&self) -> bool {
        matches!(self, Self::LoggedIn(_))
    }
}

impl MayBeLoggedIn for UserInfo {
    fn is_logged_in(&self) -> bool {
        true
    }
}

pub(crate) fn is_logged_in(outcome: &Result<impl MayBeLoggedIn, LoginError>) -> bool {
    outcome.as_ref().is_ok_and(MayBeLoggedIn::is_logged_in)
}

pub(crate) fn assert_logged_in(outcome: &Result<impl MayBeLoggedIn, LoginError>) {
    assert!(is_logged_in(outcome), "{outcome:?}");
}

/// Logs in with a sandbox number of DC 2.
pub(crate) fn assert_code_logs_in(pair: &mut Pair, sent_code: &SentCode) {
    assert_logged_in(&pair.login(LoginStep::sign_in(sent_code, "22222")));
}

/// Asserts that the servers refused nothing that a correct client never sends.
pub(crate) fn assert_no_fault(pair: &Pair) {
    let fault = pair.refusals.iter().find(|refusal| refusal.is_clients_fault());
    assert_eq!(fault, None);
}

/// Waits for the result of a request.
pub(crate) fn wait(pair: &mut Pair, id: RequestId) -> Result<Vec<u8>, InvokeError> {
    pair.run_until(|pair| pair.is_completed(id)).unwrap();
    pair.client.take_raw(id).unwrap()
}

/// Asserts that a request is answered within this time and executed once.
pub(crate) fn assert_works_within(pair: &mut Pair, number: i64, most: Duration) {
    assert_works_as(pair, number, RequestOptions::default(), most);
}

/// Options of a request that may be executed twice: it is sent before the connection is validated.
pub(crate) fn repeatable() -> RequestOptions {
    RequestOptions::default().with_on_unknown_outcome(OnUnknownOutcome::Retry)
}

/// As [`assert_works_within`], for a request with options.
pub(crate) fn assert_works_as(pair: &mut Pair, number: i64, options: RequestOptions, most: Duration) {
    let begun = pair.elapsed();
    let id = pair.count(number, options);
    assert_eq!(wait(pair, id), Ok(TRUE.to_vec()));
    assert_eq!(pair.dcs.counted(number), 1);
    let took = pair.elapsed() - begun;
    let skew = pair.clock_skew;
    assert!(took <= most, "request {number} took {took:?} at {begun:?}, the clock off by {skew} s");
    assert_no_fault(pair);
}

/// The waits that the server has demanded of requests, in seconds, oldest first.
pub(crate) fn waits(pair: &Pair) -> Vec<(RequestId, u64)> {
    let told = pair.events.iter().filter_map(|event| match event {
        Event::FloodWait { id, wait } => Some((*id, wait.as_secs())),
        _ => None,
    });
    told.collect()
}

/// How often a connection was lost.
pub(crate) fn losses(pair: &Pair) -> usize {
    pair.events.iter().filter(|event| matches!(event, Event::Disconnected { .. })).count()
}
