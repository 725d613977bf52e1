//! The users, bots and codes behind the DCs, and the answers of the API methods.
//!
//! One [`Accounts`] is shared by all DCs. It is independent of connections, sessions and messages: given a method call
//! and its caller, it returns the answer, the events, and the updates for other keys.

mod call;
mod codes;
mod counting;
mod dcs;
mod default_answers;
mod device;
mod directory;
mod email;
mod expectation;
mod file_methods;
mod files;
mod forms;
mod handlers;
mod incoming_call;
mod login;
mod login_token;
mod messages;
mod method_names;
mod methods;
mod options;
mod origin;
mod password;
mod policy;
mod recorded;
mod recovery;
mod sessions;
mod skip;
mod snapshot;
mod state;
#[cfg(test)]
mod tests;
mod users;
mod wire;
mod wrappers;

pub use self::call::{AccountEvent, Answer, CallContext, CallOutcome, Delivery, Push};
pub use self::expectation::{Times, UnmetExpectations};
pub(crate) use self::handlers::is_in_handler;
pub use self::handlers::{Handler, HandlerId, Handlers};
pub use self::incoming_call::{IncomingCall, ServerUpdate};
pub use self::method_names::UnknownMethod;
pub(crate) use self::method_names::must_be_method as method_exists;
pub(crate) use self::methods::calls_before;
pub use self::options::{
    AccountOptions, CodeDelivery, DcOption, Fault, FaultKind, LoginEmail, TestBot, TestPassword, TestUser,
};
pub use self::recorded::RecordedCall;
pub use self::state::Accounts;
pub(crate) use self::wrappers::without_wrappers;
