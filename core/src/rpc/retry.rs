//! The retry policy: which errors of a server lead to another attempt, how often, and after which pause.
//!
//! It covers the application's requests, the queries of the client itself, and the steps of a login. Two related
//! policies are elsewhere: the backoff of connections (`client/backoff.rs`), and requests without an answer
//! ([`OnUnknownOutcome`](super::OnUnknownOutcome)).

use core::time::Duration;

use super::invoke_error::InvokeError;
use super::logout_cause::LogoutCause;
use super::rpc_error::RpcError;
use crate::dc::DcId;
use crate::policy::MIN_FLOOD_WAIT;

// ---- Requests ----------------------------------------------------------------------------------------------------

/// Maximum number of redirects of one request to another DC.
const MAX_REDIRECTS: u8 = 3;
/// Maximum number of times that one request is sent again because the server requires something else first.
const MAX_RETRIES: u8 = 3;

/// Pauses before a request is sent again after an internal error of the server: there are three attempts.
const SERVER_FAULT_DELAYS: [Duration; 3] =
    [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)];

/// The attempts that a request has left.
#[derive(Clone, Copy, Debug)]
pub(super) struct RetryBudget {
    redirects: u8,
    retries: u8,
    server_faults: u8,
    /// The total length of the waits that are left.
    waits: Duration,
}

/// How a request that the server refused was sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SentAs {
    /// The DC that refused it.
    pub(crate) dc: DcId,
    /// Whether the session is under a temporary key.
    pub(crate) is_under_temporary_key: bool,
    /// Whether the account's home is another DC.
    pub(crate) is_login_elsewhere: bool,
}

/// The consequence of an error of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RetryDecision {
    /// The error is the result.
    Fail,
    /// The request is sent again over the same connection, inside `initConnection`.
    RetryWithInit,
    /// The request is sent again under another temporary key.
    RetryWithNewKey,
    /// The request is sent again once the login is transferred to the DC that refused it.
    RetryAfterTransfer,
    /// The request is queued again, at this DC.
    QueueAt(DcId),
    /// The request is sent again to the same DC after this time: the server demands it, or had an internal error.
    RetryAfter(Duration),
}

impl RetryBudget {
    /// Returns the budget of a new request. `waits`: the maximum total length of its waits.
    pub(super) const fn new(follow_redirects: bool, waits: Duration) -> Self {
        let redirects = if follow_redirects { MAX_REDIRECTS } else { 0 };
        Self { redirects, retries: MAX_RETRIES, server_faults: 0, waits }
    }

    /// Decides the consequence of `error`, and uses up an attempt for it. `is_application`: the application made the
    /// request, not the client itself. `is_known`: an address of this DC is known.
    pub(super) fn decide(
        &mut self,
        error: &RpcError,
        sent: SentAs,
        is_application: bool,
        is_known: impl FnOnce(DcId) -> bool,
    ) -> RetryDecision {
        let target = error.redirect_dc().and_then(|number| DcId::new(number).ok());
        if let Some(dc) = target.filter(|dc| *dc != sent.dc && is_known(*dc)) {
            return if use_one(&mut self.redirects) {
                RetryDecision::QueueAt(dc)
            } else {
                RetryDecision::Fail
            };
        }
        let decision = match (error.code, error.name.as_str()) {
            (_, "CONNECTION_NOT_INITED" | "CONNECTION_LAYER_INVALID") => RetryDecision::RetryWithInit,
            // Neither says anything about the permanent key. The next binding will.
            (401, "AUTH_KEY_PERM_EMPTY" | "AUTH_KEY_INVALID") if sent.is_under_temporary_key => {
                RetryDecision::RetryWithNewKey
            }
            // It was not executed. The request before it has ended, or was sent again under another msg_id.
            _ if follows_refused(error) => RetryDecision::QueueAt(sent.dc),
            _ if sent.is_login_elsewhere && is_application && LogoutCause::of(error).is_some() => {
                RetryDecision::RetryAfterTransfer
            }
            _ => return if is_application { self.wait_for(error) } else { RetryDecision::Fail },
        };
        if use_one(&mut self.retries) { decision } else { RetryDecision::Fail }
    }

    /// Decides whether the request is sent again after a flood wait, or after a pause if the server is at fault, and
    /// uses up the time.
    fn wait_for(&mut self, error: &RpcError) -> RetryDecision {
        let flood_wait = error.wait().map(|wait| wait.max(MIN_FLOOD_WAIT));
        let delay = SERVER_FAULT_DELAYS.get(usize::from(self.server_faults));
        let fault_delay = delay.copied().filter(|_| matches!(error.code, 500 | -503));
        let Some(wait) = flood_wait.or(fault_delay) else { return RetryDecision::Fail };
        let Some(left) = self.waits.checked_sub(wait) else { return RetryDecision::Fail };
        self.waits = left;
        self.server_faults += u8::from(flood_wait.is_none());
        RetryDecision::RetryAfter(wait)
    }
}

/// Returns whether a request was refused since the one after which it must be executed was not executed.
pub(super) fn follows_refused(error: &RpcError) -> bool {
    error.is("MSG_WAIT_FAILED") || error.is("MSG_WAIT_TIMEOUT")
}

/// Uses up one attempt. Returns `false` if none is left.
const fn use_one(left: &mut u8) -> bool {
    match left.checked_sub(1) {
        Some(fewer) => {
            *left = fewer;
            true
        }
        None => false,
    }
}

// ---- Queries of the client itself --------------------------------------------------------------------------------

/// Pause after a failed query of the client itself, unless the server requires a longer one.
const OWN_QUERY_RETRY_DELAY: Duration = Duration::from_secs(60);
/// Pause after a failed `help.getConfig`, unless the server requires a longer one.
const CONFIG_RETRY_DELAY: Duration = Duration::from_secs(600);
/// Maximum number of exports of one login whose bytes the other DC rejects: they are valid for seconds.
const MAX_AUTHORIZATION_EXPORTS: u8 = 3;

/// Returns the pause after `updates.getState` failed.
pub(crate) fn updates_state_retry_delay(error: &InvokeError) -> Duration {
    OWN_QUERY_RETRY_DELAY.max(required_wait(error))
}

/// Returns the pause after `help.getConfig` failed.
pub(crate) fn config_retry_delay(error: &InvokeError) -> Duration {
    CONFIG_RETRY_DELAY.max(required_wait(error))
}

/// Returns whether a login is exported again after an error of its import. `exports`: how often it was exported.
pub(crate) fn exports_again(error: &RpcError, exports: u8) -> bool {
    error.is("AUTH_BYTES_INVALID") && exports < MAX_AUTHORIZATION_EXPORTS
}

fn required_wait(error: &InvokeError) -> Duration {
    let InvokeError::Rpc(error) = error else { return Duration::ZERO };
    error.wait().unwrap_or_default()
}

// ---- Steps of a login --------------------------------------------------------------------------------------------

/// Maximum number of times in a row that a step's query is sent again after an internal error of the server.
const MAX_LOGIN_RETRIES: u32 = 3;
/// The same while a QR code is shown, which the user does not watch all the time.
const MAX_QR_RETRIES: u32 = 8;
/// Maximum pause before a step's query is sent again.
const MAX_LOGIN_RETRY_DELAY: Duration = Duration::from_secs(60);

/// Returns how often in a row a step of a login sends its query again after `error`, or `None` if it does not.
/// `is_renewing_link`: a QR code is shown. `logs_in_after_migration`: the query logs in, at a DC to which the account has
/// just moved.
pub(crate) fn login_retry_limit(
    error: &InvokeError,
    is_renewing_link: bool,
    logs_in_after_migration: bool,
) -> Option<u32> {
    let limit = if is_renewing_link { MAX_QR_RETRIES } else { MAX_LOGIN_RETRIES };
    match error {
        InvokeError::TimedOut { .. } | InvokeError::Unreachable { .. } => is_renewing_link.then_some(limit),
        InvokeError::Rpc(error) if is_server_fault(error) => Some(limit),
        // The DC may not know the key for a second or two (Swiftgram PR#185).
        InvokeError::Rpc(error) if logs_in_after_migration && error.is("AUTH_KEY_UNREGISTERED") => {
            Some(MAX_LOGIN_RETRIES)
        }
        _ => None,
    }
}

/// Returns the pause before a step of a login sends its query again, after `retries` earlier ones: 1 s, then twice as
/// long each time.
pub(crate) fn login_retry_delay(retries: u32) -> Duration {
    Duration::from_secs(1 << retries.min(6)).min(MAX_LOGIN_RETRY_DELAY)
}

/// Returns whether the server, not the query, is at fault (`api/errors`, 500 and negative codes; unknown codes are
/// taken for such). `AUTH_RESTART_X` requests a repetition of the query, and `AUTH_RESTART` does not.
fn is_server_fault(error: &RpcError) -> bool {
    let restarts = (error.is("AUTH_RESTART") && error.value.is_none()) || error.is("SIGN_IN_FAILED");
    !matches!(error.code, 300..500) && !restarts
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    fn dc(number: i64) -> DcId {
        DcId::new(number).unwrap()
    }

    const AT_HOME: SentAs =
        SentAs { dc: DcId::literal(2), is_under_temporary_key: false, is_login_elsewhere: false };

    /// Returns the decisions on the same error, five times in a row.
    fn decisions(code: i32, message: &str, sent: SentAs, is_application: bool) -> Vec<RetryDecision> {
        let error = RpcError::parse(code, message);
        let mut budget = RetryBudget::new(true, Duration::ZERO);
        (0..5).map(|_| budget.decide(&error, sent, is_application, |to| to != dc(9))).collect()
    }

    #[test]
    fn an_error_is_retried_three_times_and_is_the_result_then() {
        use RetryDecision::{Fail, QueueAt, RetryAfterTransfer, RetryWithInit, RetryWithNewKey};
        let temporary = SentAs { is_under_temporary_key: true, ..AT_HOME };
        let away = SentAs { is_login_elsewhere: true, ..AT_HOME };
        for (code, message, sent, expected) in [
            (400, "CONNECTION_NOT_INITED", AT_HOME, RetryWithInit),
            (400, "CONNECTION_LAYER_INVALID", AT_HOME, RetryWithInit),
            (401, "AUTH_KEY_PERM_EMPTY", temporary, RetryWithNewKey),
            (401, "AUTH_KEY_INVALID", temporary, RetryWithNewKey),
            (401, "AUTH_KEY_UNREGISTERED", away, RetryAfterTransfer),
            (400, "MSG_WAIT_FAILED", AT_HOME, QueueAt(dc(2))),
            (-500, "MSG_WAIT_TIMEOUT", AT_HOME, QueueAt(dc(2))),
            (303, "FILE_MIGRATE_4", AT_HOME, QueueAt(dc(4))),
        ] {
            let found = decisions(code, message, sent, true);
            assert_eq!(found, [expected, expected, expected, Fail, Fail], "{message}");
        }
    }

    #[test]
    fn other_errors_are_the_result() {
        let away = SentAs { is_login_elsewhere: true, ..AT_HOME };
        for (code, message, sent, is_application) in [
            (401, "AUTH_KEY_INVALID", AT_HOME, true),
            (401, "AUTH_KEY_UNREGISTERED", AT_HOME, true),
            (401, "AUTH_KEY_UNREGISTERED", away, false),
            (420, "FLOOD_WAIT_1", AT_HOME, true),
            (500, "INTERNAL", AT_HOME, true),
            // The same DC, an unknown one, and no DC.
            (303, "FILE_MIGRATE_2", AT_HOME, true),
            (303, "FILE_MIGRATE_9", AT_HOME, true),
            (303, "FILE_MIGRATE_0", AT_HOME, true),
        ] {
            assert_eq!(decisions(code, message, sent, is_application), [RetryDecision::Fail; 5], "{message}");
        }
        let error = RpcError::parse(303, "FILE_MIGRATE_4");
        let decision = RetryBudget::new(false, Duration::ZERO).decide(&error, AT_HOME, true, |_| true);
        assert_eq!(decision, RetryDecision::Fail, "redirects are not wanted");
    }

    #[test]
    fn a_request_waits_until_its_time_is_used_up() {
        use RetryDecision::{Fail, RetryAfter};
        let seconds = Duration::from_secs;
        let decide = |budget: &mut RetryBudget, code, message, is_application| {
            budget.decide(&RpcError::parse(code, message), AT_HOME, is_application, |_| true)
        };
        let mut budget = RetryBudget::new(false, seconds(60));
        for (code, message, expected) in [
            (420, "FLOOD_WAIT_40", RetryAfter(seconds(40))),
            (420, "FLOOD_WAIT_21", Fail),
            (420, "FLOOD_PREMIUM_WAIT_0", RetryAfter(seconds(1))),
            (420, "SLOWMODE_WAIT_10", RetryAfter(seconds(10))),
            (500, "INTERNAL", RetryAfter(seconds(1))),
            (-503, "Timeout", RetryAfter(seconds(2))),
            (400, "INPUT_REQUEST_TOO_LONG", Fail),
            (500, "RPC_CALL_FAIL", RetryAfter(seconds(4))),
            (500, "RPC_CALL_FAIL", Fail),
            (420, "FLOOD_WAIT_2", RetryAfter(seconds(2))),
            (420, "FLOOD_WAIT_1", Fail),
        ] {
            assert_eq!(decide(&mut budget, code, message, true), expected, "{message}");
        }
        let mut own = RetryBudget::new(false, seconds(60));
        assert_eq!(decide(&mut own, 420, "FLOOD_WAIT_1", false), Fail, "others wait by rules of their own");
    }

    #[test]
    fn pauses_are_as_long_as_the_server_requires() {
        let rpc = |code, message| InvokeError::Rpc(RpcError::parse(code, message));
        for (error, expected) in [
            (InvokeError::Cancelled, 60),
            (rpc(500, "INTERNAL"), 60),
            (rpc(420, "FLOOD_WAIT_5"), 60),
            (rpc(420, "FLOOD_WAIT_700"), 700),
            (rpc(400, "PART_700"), 60),
        ] {
            assert_eq!(updates_state_retry_delay(&error), Duration::from_secs(expected), "{error}");
            assert_eq!(config_retry_delay(&error), Duration::from_secs(expected.max(600)), "{error}");
        }
        let pauses: Vec<u64> = (0..8).map(|retries| login_retry_delay(retries).as_secs()).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60]);
    }
}
