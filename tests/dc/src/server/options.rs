//! How the test DCs behave, and their faults.

use std::time::Duration;

use super::forgery::{Forgery, HandshakeForgery};
use super::frontend::Frontend;
use crate::accounts::AccountOptions;
use crate::builder::builder_methods;

/// Options of the DCs. [`ServerOptions::default`] behaves like Telegram's servers but accepts nothing that the
/// documentation forbids; [`ServerOptions::lenient`] is for clients of other projects.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerOptions {
    /// The numbers of the DCs; default 1, 2, 3.
    pub dcs: Vec<i32>,
    /// Whether the DCs call themselves test DCs in the handshake (their numbers plus 10,000); default no.
    pub test_dcs: bool,
    /// Whether clients may still use the RSA padding that was common before RSA_PAD, and `p_q_inner_data` without
    /// the DC's number, as with Telegram's servers; default no.
    pub accept_legacy_rsa: bool,
    /// Whether unencrypted messages may have any `msg_id`, as with Telegram's servers; default no: it must rise from
    /// message to message of a connection and be divisible by 4.
    pub accept_any_plain_msg_id: bool,
    /// Whether acks may have an odd `seq_no`, as mtcute does; default no.
    pub accept_odd_acks: bool,
    /// Whether clients may open a WebSocket to `/apiws` on the port of a DC, as programs in browsers do, if there is no
    /// frontend; default no.
    pub accept_web_sockets: bool,
    /// Whether the server's secrets in a handshake have 256 bits instead of 2048, so that it costs the server a fifth; for
    /// thousands of them. Default no.
    pub short_dh_secrets: bool,
    /// Whether random bytes follow the object in unencrypted replies, as with Telegram's servers; default yes.
    pub trailing_bytes: bool,
    /// How long a salt is current; it is then accepted for the same time again. Default 1800 s, at least 1 s.
    pub salt_lifetime: Duration,
    /// Minimum length in bytes above which results are sent as `gzip_packed`; default 1024; `None`: never.
    pub gzip_replies_over: Option<usize>,
    /// Whether `destroy_session_ok` and `destroy_session_none` are sent inside an `rpc_result`; default no.
    pub wrap_destroy_session: bool,
    /// Whether a temporary key is forgotten when another is bound to its permanent key; if not, it may still be used for
    /// service messages. Default yes.
    pub forget_replaced_keys: bool,
    /// Whether a key that two addresses use at once is ended, as by Telegram: its API methods fail from then on with `406
    /// AUTH_KEY_DUPLICATED`. Two addresses use a key at once if a packet under it arrives on a connection that carried
    /// the key before another address did. A client that moves to another address is no second one, even if its old
    /// connection is still open. Default yes.
    pub end_shared_keys: bool,
    /// The frontend of the DCs; default none.
    pub frontend: Frontend,
    /// The accounts behind the DCs.
    pub accounts: AccountOptions,
    /// Injected faults; default none.
    pub fault_injection: FaultInjection,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            dcs: vec![1, 2, 3],
            test_dcs: false,
            accept_legacy_rsa: false,
            accept_any_plain_msg_id: false,
            accept_odd_acks: false,
            accept_web_sockets: false,
            short_dh_secrets: false,
            trailing_bytes: true,
            salt_lifetime: Duration::from_secs(1800),
            gzip_replies_over: Some(1024),
            wrap_destroy_session: false,
            forget_replaced_keys: true,
            end_shared_keys: true,
            frontend: Frontend::None,
            accounts: AccountOptions::default(),
            fault_injection: FaultInjection::default(),
        }
    }
}

impl ServerOptions {
    /// The default, except that each [`Tolerance`] and WebSockets are accepted, for clients of other projects.
    #[must_use]
    pub fn lenient() -> Self {
        Self {
            accept_legacy_rsa: true,
            accept_any_plain_msg_id: true,
            accept_odd_acks: true,
            accept_web_sockets: true,
            accounts: AccountOptions { announce_static: true, ..AccountOptions::default() },
            ..Self::default()
        }
    }
}

/// A deviation from the documentation that Telegram's servers accept and released clients rely on.
/// [`ServerOptions`] decides whether the test DCs accept it too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Tolerance {
    /// [`ServerOptions::accept_legacy_rsa`]; Telethon 1, Pyrogram and its forks.
    #[error("a client uses the RSA padding from before RSA_PAD, or p_q_inner_data without a DC number")]
    LegacyRsa,
    /// [`ServerOptions::accept_any_plain_msg_id`]; Telethon 2, grammers, Pyrogram 1.
    #[error("a client sends unencrypted messages whose msg_id does not rise or is not divisible by 4")]
    PlainMsgId,
    /// [`ServerOptions::accept_odd_acks`]; mtcute.
    #[error("a client sends acks with an odd seq_no")]
    OddAcks,
}

/// Injected faults of the servers; default none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FaultInjection {
    /// Connections are accepted, and no byte is ever sent.
    pub silent_after_accept: bool,
    /// Handshakes succeed, and no encrypted message is ever answered.
    pub silent_after_handshake: bool,
    /// Requests are executed, and their results never sent.
    pub withhold_results: bool,
    /// Each API method is answered with `bad_msg_notification` and this code instead of being executed.
    pub refuse_requests: Option<i32>,
    /// The first answer on each connection is 64 random bytes without a frame.
    pub garbage_first_reply: bool,
    /// The salt of the handshake is refused.
    pub wrong_salt_first: bool,
    /// How often each handshake is answered with `dh_gen_retry` before it succeeds.
    pub dh_retries: u32,
    /// Every handshake ends in `dh_gen_fail`.
    pub dh_fail: bool,
    /// Answers are sent one byte at a time, at this interval.
    pub slow_bytes: Option<Duration>,
    /// What is wrong with encrypted packets.
    pub forgery: Option<Forgery>,
    /// What is wrong with the replies of key exchanges.
    pub handshake_forgery: Option<HandshakeForgery>,
}

builder_methods!(ServerOptions {
    with_dcs => dcs: Vec<i32>,
    with_test_dcs => test_dcs: bool,
    with_accept_legacy_rsa => accept_legacy_rsa: bool,
    with_accept_any_plain_msg_id => accept_any_plain_msg_id: bool,
    with_accept_odd_acks => accept_odd_acks: bool,
    with_accept_web_sockets => accept_web_sockets: bool,
    with_short_dh_secrets => short_dh_secrets: bool,
    with_trailing_bytes => trailing_bytes: bool,
    with_salt_lifetime => salt_lifetime: Duration,
    with_gzip_replies_over => gzip_replies_over: Option<usize>,
    with_wrap_destroy_session => wrap_destroy_session: bool,
    with_forget_replaced_keys => forget_replaced_keys: bool,
    with_end_shared_keys => end_shared_keys: bool,
    with_frontend => frontend: Frontend,
    with_accounts => accounts: AccountOptions,
    with_fault_injection => fault_injection: FaultInjection,
});
builder_methods!(FaultInjection {
    with_silent_after_accept => silent_after_accept: bool,
    with_silent_after_handshake => silent_after_handshake: bool,
    with_withhold_results => withhold_results: bool,
    with_refuse_requests => refuse_requests: Option<i32>,
    with_garbage_first_reply => garbage_first_reply: bool,
    with_wrong_salt_first => wrong_salt_first: bool,
    with_dh_retries => dh_retries: u32,
    with_dh_fail => dh_fail: bool,
    with_slow_bytes => slow_bytes: Option<Duration>,
    with_forgery => forgery: Option<Forgery>,
    with_handshake_forgery => handshake_forgery: Option<HandshakeForgery>,
});
