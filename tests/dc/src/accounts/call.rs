//! One call of an API method: the caller, the answer, and what else follows from it.

use std::net::IpAddr;
use std::time::Duration;

use sansgram_core::tl::Serialize;
use sansgram_tl_json::{EncodeError, Schema};
use serde_json::Value;

use super::wire::{BadArguments, Reader};

/// The caller of a method, and the time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallContext {
    /// The DC that was called.
    pub dc: i32,
    /// The key of the caller, as the session layer has checked it.
    pub auth_key_id: u64,
    /// The layer from `invokeWithLayer` in this call, if any.
    pub layer: Option<i32>,
    /// Server time, in seconds since 1970.
    pub now_unix: i32,
    /// The local IP address of the caller's connection, if known; `help.getConfig` uses it for DCs with an unspecified
    /// address.
    pub local_ip: Option<IpAddr>,
}

/// The answer to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Answer {
    /// A boxed TL object.
    Result(Vec<u8>),
    /// An `rpc_error`.
    Error {
        /// The code, such as 303, 400, 401 or 420.
        code: i32,
        /// The message, such as `PHONE_MIGRATE_1`.
        message: String,
    },
    /// None: the caller waits in vain.
    Silence,
    /// That of the next handler of the method or, if there is none, that of the accounts. Only handlers return it.
    Pass,
}

impl Answer {
    /// A result: a boxed TL object.
    #[must_use]
    pub fn of(object: &impl Serialize) -> Self {
        Self::Result(object.to_bytes())
    }

    /// A result of a method of layer 230, as JSON in the form of [`sansgram_tl_json`]. Needs no types of the method.
    ///
    /// # Errors
    /// Returns [`EncodeError`] if no method has this name, or if it has another result.
    ///
    /// ```
    /// # use sansgram_testkit::Answer;
    /// let answer = Answer::json("users.getUsers", &serde_json::json!([{ "_": "userEmpty", "id": 7 }]))?;
    /// # assert!(matches!(answer, Answer::Result(_)));
    /// # Ok::<(), sansgram_tl_json::EncodeError>(())
    /// ```
    pub fn json(method: &str, result: &Value) -> Result<Self, EncodeError> {
        let schema = Schema::telegram();
        schema.encode(&schema.find_function(method)?.result, result).map(Self::Result)
    }

    /// An `rpc_error`, such as `400 PEER_ID_INVALID`.
    #[must_use]
    pub fn error(code: i32, message: impl Into<String>) -> Self {
        Self::Error { code, message: message.into() }
    }

    /// `420 FLOOD_WAIT_X`.
    #[must_use]
    pub fn flood_wait(seconds: u32) -> Self {
        Self::error(420, format!("FLOOD_WAIT_{seconds}"))
    }
}

/// What a handler sends besides its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// A boxed `Updates` for every session of a user.
    Updates {
        /// The user.
        user_id: i64,
        /// A boxed `Updates`.
        body: Vec<u8>,
    },
    /// A text message from one account to another.
    Message {
        /// The sender.
        from: i64,
        /// The receiver.
        to: i64,
        /// The text.
        text: String,
    },
}

/// An update for another caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Push {
    /// The auth key whose sessions receive it.
    pub auth_key_id: u64,
    /// A boxed `Updates` object.
    pub body: Vec<u8>,
}

/// An event for the operator of the test DCs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AccountEvent {
    /// A login code was sent.
    CodeSent {
        /// Digits only.
        phone: String,
        /// The code.
        code: String,
        /// The DC that sent it.
        dc: i32,
    },
    /// A code was sent by e-mail.
    EmailSent {
        /// The address.
        address: String,
        /// The code.
        code: String,
        /// The DC that sent it.
        dc: i32,
    },
    /// A key was logged in.
    LoggedIn {
        /// The user.
        user_id: i64,
        /// The DC.
        dc: i32,
    },
    /// A key was logged out.
    LoggedOut {
        /// The user.
        user_id: i64,
        /// The DC.
        dc: i32,
    },
    /// A caller called a method that the accounts do not have; reported once for each method.
    UnknownMethod {
        /// Its name, or its constructor if layer 230 does not have it.
        method: String,
        /// The DC.
        dc: i32,
    },
    /// A message of a handler or a script was not sent when it was due, since one of the accounts does not exist.
    MessageNotSent {
        /// The sender.
        from: i64,
        /// The receiver.
        to: i64,
    },
}

/// Everything that follows from one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallOutcome {
    /// The answer to the caller.
    pub answer: Answer,
    /// What happened.
    pub events: Vec<AccountEvent>,
    /// Updates for other keys.
    pub pushes: Vec<Push>,
    /// What is delivered later, and how much later.
    pub later: Vec<(Duration, Delivery)>,
}

/// One call while it is processed.
pub(super) struct Call<'a> {
    pub(super) dc: i32,
    pub(super) auth_key_id: u64,
    pub(super) layer: i32,
    pub(super) now: i32,
    pub(super) local_ip: Option<IpAddr>,
    pub(super) reader: Reader<'a>,
    pub(super) events: Vec<AccountEvent>,
    pub(super) pushes: Vec<Push>,
    pub(super) later: Vec<(Duration, Delivery)>,
}

/// What the form of an answer depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct When {
    /// Server time, in seconds since 1970.
    pub(super) now: i32,
    /// The caller's layer.
    pub(super) layer: i32,
}

impl Call<'_> {
    pub(super) const fn when(&self) -> When {
        When { now: self.now, layer: self.layer }
    }
}

/// An `rpc_error`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ApiError {
    pub(super) code: i32,
    pub(super) message: String,
}

impl ApiError {
    pub(super) fn new(code: i32, message: &str) -> Self {
        Self { code, message: message.into() }
    }

    pub(super) fn unregistered() -> Self {
        Self::new(401, "AUTH_KEY_UNREGISTERED")
    }
}

impl From<BadArguments> for ApiError {
    fn from(_: BadArguments) -> Self {
        Self::new(400, "INPUT_FETCH_ERROR")
    }
}

/// A boxed object, or the error.
pub(super) type Reply = Result<Vec<u8>, ApiError>;
