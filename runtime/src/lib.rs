//! The async part of sansgram that all runtimes share: the [`Client`] handle, its driver, [session
//! stores](SessionStore), interactive login with a [`Prompt`], and the [`Runtime`] trait that `sansgram-tokio` and
//! `sansgram-smol` implement. This crate does not depend on a runtime.
//!
//! Most applications use one of those two crates, which re-export everything in this crate. To use another runtime,
//! implement [`Runtime`] (about 100 lines) and pass it to [`Client::start`]:
//!
//! ```
//! use sansgram_runtime::{Client, Error, LoginProgress, MemoryStore, Runtime, core::client::Config};
//!
//! async fn log_in(runtime: impl Runtime, config: Config, phone: &str) -> Result<(), Error> {
//!     let client = Client::start(runtime, config, MemoryStore::new()).await?;
//!     let mut progress = LoginProgress::from(client.send_code(phone).await?);
//!     let user = loop {
//!         progress = match progress {
//!             LoginProgress::CodeSent(sent_code) => client.sign_in(&sent_code, "the code").await?.into(),
//!             LoginProgress::PasswordRequired(_) => break client.check_password("the password").await?,
//!             LoginProgress::SignUpRequired(required) => return Err(Error::SignUpRequired(Box::new(required))),
//!             LoginProgress::LoggedIn(user) => break user,
//!         };
//!     };
//!     println!("logged in as {}", user.id);
//!     Ok(())
//! }
//! ```
//!
//! One task per client, the driver, owns the sockets and the timer and feeds the state machine of [`core::client`]. A
//! call locks the machine once to start a request, store its waker and wake the driver, and once more to take the
//! result; there are no channels. Calls that arrive before the driver runs leave together, so it lets the callers that it
//! has woken run first. No application code runs under that lock.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]

/// The state machine. The name is the same as that of the standard library's `core`: import single items from here,
/// since `use sansgram_runtime::*` makes paths that begin with `core` ambiguous.
pub use sansgram_core as core;

mod alarm;
mod client;
mod clock;
mod connect;
mod continuation;
mod driver;
mod error;
mod event;
mod gathering;
mod interactive;
mod machine;
mod messages;
mod oneshot;
mod options;
mod ownership;
mod policy;
mod prompt;
pub mod proxy;
#[cfg(feature = "qr")]
pub mod qr;
mod qr_login;
mod read_buffer;
mod runtime;
mod shared;
mod socket;
mod stopped;
#[cfg(feature = "terminal")]
mod terminal;
pub mod text;
mod wait;
mod waiters;
mod write_all;

pub use client::{Client, RequestHandle, Update};
pub use error::Error;
pub use event::ClientEvent;
pub use messages::describe_code_delivery;
pub use options::ClientOptions;
pub use prompt::{Prompt, PromptError, Question, ScriptedPrompt};
pub use proxy::Proxy;
pub use qr_login::{QrLogin, QrStep};
pub use runtime::{Runtime, Timer};
pub use sansgram_core::OsRandom;
/// The type that stores the answers of a [`Prompt`]: a value that is wiped from memory on drop.
pub use sansgram_core::Zeroizing;
pub use sansgram_core::login::{
    LoginProgress, LoginState, LoginStep, QrLoginOutcome, SendCodeOutcome, SignInOutcome,
};
pub use sansgram_session::{
    Acquired, Exposure, FileStore, Lease, LeasedStore, LockOwner, MemoryStore, OwnedSession, OwnerLocation,
    SessionStore, StoreError, StoreFuture, encryption, formats, open_file, read_file, replace_file,
};
#[cfg(feature = "terminal")]
pub use terminal::TerminalPrompt;
