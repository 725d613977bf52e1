//! The async half of sansgram that every runtime shares: the [`Client`] handle, the driver behind it, [session
//! stores](SessionStore), interactive login over a [`Prompt`], and the [`Runtime`] trait that `sansgram-tokio` and
//! `sansgram-smol` implement. It names no runtime itself.
//!
//! Most applications use one of those two crates, which re-export all of this one. For another runtime, implement
//! [`Runtime`] (about 100 lines) and give it to [`Client::start`]:
//!
//! ```
//! use sansgram_runtime::{Client, Error, LoginStep, MemoryStore, Runtime, core::client::Config};
//!
//! async fn log_in(runtime: impl Runtime, config: Config, phone: &str) -> Result<(), Error> {
//!     let client = Client::start(runtime, config, MemoryStore::new()).await?;
//!     let mut step = client.send_code(phone).await?;
//!     let user = loop {
//!         step = match step {
//!             LoginStep::CodeSent(token) => client.sign_in(&token, "the code that arrived").await?,
//!             LoginStep::PasswordRequired(_) => break client.check_password("the password").await?,
//!             LoginStep::LoggedIn(user) => break user,
//!             LoginStep::SignUpRequired(terms) => return Err(Error::SignUpRequired(Box::new(terms))),
//!             other => return Ok(println!("cannot continue from {other:?}")),
//!         };
//!     };
//!     println!("logged in as {}", user.id);
//!     Ok(())
//! }
//! ```
//!
//! How it works: one task per client, the driver, owns the sockets and the timer and feeds the state machine of
//! [`core::client`]. A call locks the machine, starts a request, wakes the driver and awaits the result; there are no
//! channels. Nothing of an application runs under that lock.
#![forbid(unsafe_code)]

/// The machine. It is called like the standard library's `core`: name what you import from here, since
/// `use sansgram_runtime::*` leaves the compiler in doubt which `core` a path means.
pub use sansgram_core as core;

mod client;
mod clock;
mod connect;
mod continuation;
mod driver;
mod error;
mod event;
mod interactive;
mod link;
mod machine;
mod messages;
mod oneshot;
mod options;
mod policy;
mod prompt;
pub mod proxy;
#[cfg(feature = "qr")]
pub mod qr;
mod qr_login;
mod read_buffer;
mod runtime;
mod shared;
#[cfg(feature = "terminal")]
mod terminal;
pub mod text;

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
/// What answers of a [`Prompt`] are kept in: a value that wipes itself.
pub use sansgram_core::Zeroizing;
pub use sansgram_core::login::{LoginFlow, LoginStep};
pub use sansgram_session::{
    Exposure, FileStore, LockOwner, MemoryStore, OwnerPlace, SessionStore, StoreError, encryption, formats,
    open_file, read_file, replace_file,
};
#[cfg(feature = "terminal")]
pub use terminal::TerminalPrompt;
