//! The MTProto session: encryption and checks, msg_ids and seq_nos, containers, acks and service messages.
//!
//! [`Session`] is a state machine. It does not own the bytes of requests: each has a [`RequestTag`], and a
//! [`RequestSource`] provides the bytes at the moment of packing. They are copied once, and msg_ids, salts and wrappers
//! are as recent as possible.
//!
//! Source: `core.telegram.org/mtproto/description`, `mtproto/service_messages` and
//! `mtproto/service_messages_about_messages`.
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
mod queue;
mod quick_acks;
mod receive;
mod replay;
mod request;
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
pub use receive::{Messages, SessionEvent};
pub use replay::{Freshness, REPLAY_WINDOW, ReplayWindow};
pub use request::{Delivery, RequestBody, RequestSource, RequestTag};
pub use resend_reason::ResendReason;
pub(crate) use service::protocol_message;
