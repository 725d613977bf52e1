//! The users, bots and codes of a sandbox: what an API function answers, once the session layer has unpacked it.
//!
//! One [`Accounts`] is shared by all DCs of a sandbox. It knows nothing of connections, sessions or messages: it is
//! given one function and who calls, and returns what to answer, what happened, and which other keys get an update.

mod call;
mod codes;
mod counting;
mod dcs;
mod default_answers;
mod device;
mod directory;
mod email;
mod forms;
mod login;
mod login_token;
mod methods;
mod options;
mod origin;
mod password;
mod policy;
mod recovery;
mod sessions;
mod snapshot;
mod state;
#[cfg(test)]
mod tests;
mod users;
mod wire;
mod wrappers;

pub use self::call::{AccountEvent, Answer, CallContext, Called, Push};
pub use self::options::{
    AccountOptions, CodeDelivery, DcOption, Fault, FaultKind, LoginEmail, TestBot, TestPassword, TestUser,
};
pub use self::state::Accounts;
