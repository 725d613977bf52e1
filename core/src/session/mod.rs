//! Auth key and frames to ordered, checked messages (`mtproto/description`, `mtproto/service_messages`,
//! `mtproto/service_messages_about_messages`).
//!
//! [`Session`] is the machine. It owns no bodies: it names each request by a [`RequestTag`] and asks a [`RequestSource`] for the
//! bytes at the moment when they are packed, so identifiers, salts and wrappers are as late, and copies as few, as
//! they can be.
//!
//! ```
//! use sansgram_core::session::{MsgId, Freshness, ReplayWindow};
//!
//! let mut window = ReplayWindow::default();
//! assert_eq!(window.record(MsgId(5)), Freshness::New);
//! assert_eq!(window.record(MsgId(5)), Freshness::Duplicate);
//! ```

mod acks;
mod clock;
mod container;
mod draft;
mod envelope;
mod error;
mod ids;
mod keep_alive;
mod machine;
mod notifications;
mod outgoing;
mod pack;
mod quick_acks;
mod receive;
mod replay;
mod resend_limiter;
mod resend_reason;
mod salts;
mod service;
mod temp_key_binding;

pub use clock::{OutsideTimeWindow, ServerClock};
pub use container::{Container, InnerMessage};
pub use envelope::{Envelope, HEADER_LEN};
pub use error::MessageError;
pub use ids::{MsgId, MsgIdGenerator, SeqNoCounter};
pub use machine::Session;
pub use outgoing::{Delivery, RequestBody, RequestSource, RequestTag};
pub use receive::{Messages, SessionEvent};
pub use replay::{Freshness, REPLAY_WINDOW, ReplayWindow};
pub use resend_reason::ResendReason;
