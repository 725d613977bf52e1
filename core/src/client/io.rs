//! What goes into the client and what comes out of it.

use alloc::vec::Vec;
use core::net::SocketAddr;
use core::time::Duration;

use super::update_queue::UpdatesState;
use crate::dc::DcId;
use crate::login::{PasswordKdfOutput, PasswordKdfTask};
use crate::rpc::{DisconnectReason, IoFailure, LogoutCause, RequestId};
use crate::time::Timestamp;

/// The identifier of one connection, chosen by the client and never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnId(pub u64);

/// What an event loop tells the client.
#[derive(Debug)]
#[non_exhaustive]
pub enum Input<'a> {
    /// Time has passed: the deadline of the last [`Output::Timeout`] is due.
    Tick,
    /// The connection asked for by [`Output::Open`] is up.
    Opened {
        /// The connection.
        conn: ConnId,
    },
    /// Bytes arrived, in any chunking down to one byte. They are decrypted in place.
    Received {
        /// The connection.
        conn: ConnId,
        /// The bytes; their content afterwards is unspecified.
        bytes: &'a mut [u8],
    },
    /// The bytes of the connection's last [`Output::Transmit`] are fully written.
    Transmitted {
        /// The connection.
        conn: ConnId,
        /// The buffer of that transmit, handed back for reuse.
        buffer: Vec<u8>,
    },
    /// The connection is gone, or could not be opened. Late or unknown identifiers are ignored.
    Lost {
        /// The connection.
        conn: ConnId,
        /// Why.
        cause: IoFailure,
    },
    /// The result of a task from [`Output::Compute`].
    Computed(PasswordKdfOutput),
}

/// What the client asks of an event loop.
#[derive(Debug)]
#[must_use]
#[non_exhaustive]
pub enum Output {
    /// Open a stream to one of `endpoints`, then answer with [`Input::Opened`] or [`Input::Lost`]. All of them lead to
    /// the DC. The first is preferred, and IPv4 and IPv6 take turns: try them in this order, best with little delay
    /// between them (RFC 8305).
    Open {
        /// The name of the new connection.
        conn: ConnId,
        /// The DC behind it, for logs.
        dc: DcId,
        /// At least one address.
        endpoints: Vec<SocketAddr>,
    },
    /// Write all of `bytes`, then answer with [`Input::Transmitted`]. At most one is in flight per connection.
    Transmit {
        /// The connection.
        conn: ConnId,
        /// The bytes to write.
        bytes: Vec<u8>,
    },
    /// Close the stream; no answer is wanted.
    Close {
        /// The connection.
        conn: ConnId,
    },
    /// Work of about a tenth of a second (the password's key stretching): run it on a thread that may block, then
    /// answer with [`Input::Computed`].
    Compute(PasswordKdfTask),
    /// Something happened that the application may want to know.
    Event(Event),
    /// Nothing else is pending. Call again with an input, or with [`Input::Tick`] at this time at the latest;
    /// `None`: no timer runs.
    Timeout(Option<Timestamp>),
}

/// What happened. Data is pulled by typed getters of the client.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// An encrypted session with this DC works.
    Connected {
        /// The DC.
        dc: DcId,
    },
    /// A connection ended. The client reconnects by itself if something needs the DC.
    Disconnected {
        /// The DC.
        dc: DcId,
        /// Why, in one typed reason.
        reason: DisconnectReason,
        /// When the next attempt begins; `None`: not before the next request.
        retry_in: Option<Duration>,
    },
    /// The result of this request, or of this step of a login, can be taken.
    Completed(RequestId),
    /// The server could decrypt the packet of this request, which asked to be told
    /// ([`RequestOptions::quick_ack`](super::RequestOptions::quick_ack)). It was not executed yet.
    QuickAck(RequestId),
    /// The session's data changed: save it now.
    SessionChanged,
    /// An update arrived: pull it with `take_update`.
    Update,
    /// Updates arrived faster than they were taken (1024, or 16 MiB), and the oldest were dropped: ask the server for the
    /// difference.
    UpdatesLost,
    /// From now on the server pushes updates; this is where they stand. It comes after each login and whenever the server
    /// has made a new session, so also if updates may have been missed:
    /// [`Config::updates`](super::Config::updates) can turn it off.
    UpdatesState(UpdatesState),
    /// A login by QR code has a new link to show: [`Client::login_link`](super::Client::login_link).
    QrLink(RequestId),
    /// The server asked this step of a login to wait; the client then sends its query again.
    FloodWait {
        /// The step.
        id: RequestId,
        /// For how long.
        wait: Duration,
    },
    /// The server no longer knows this login.
    SessionRevoked(LogoutCause),
}
