//! The inputs and outputs of the client.

use alloc::vec::Vec;
use core::net::SocketAddr;
use core::time::Duration;

use super::compute::{ComputeOutput, ComputeTask};
pub use super::conn_id::ConnId;
use super::update_queue::UpdatesState;
use crate::dc::DcId;
use crate::rpc::{DisconnectReason, IoFailure, LogoutCause, RequestId};
use crate::time::Timestamp;

/// An input of the client, passed in by an event loop.
#[derive(Debug)]
#[non_exhaustive]
pub enum Input<'a> {
    /// Time has passed: the deadline of the last [`Output::Timeout`] is due.
    Tick,
    /// The stream requested by [`Output::Open`] is up.
    Opened {
        /// The connection.
        conn: ConnId,
    },
    /// Bytes were received, in any chunking. They are decrypted in place.
    Received {
        /// The connection.
        conn: ConnId,
        /// The bytes. Their content afterwards is unspecified.
        bytes: &'a mut [u8],
    },
    /// The bytes of the connection's last [`Output::Transmit`] are fully written.
    Transmitted {
        /// The connection.
        conn: ConnId,
        /// The buffer of that transmit, returned for reuse.
        buffer: Vec<u8>,
    },
    /// The stream ended, or could not be opened. Unknown identifiers are ignored.
    Lost {
        /// The connection.
        conn: ConnId,
        /// The reason.
        cause: IoFailure,
    },
    /// The output of a task from [`Output::Compute`].
    Computed(ComputeOutput),
}

/// An output of the client: an instruction to the event loop, or an event.
#[derive(Debug)]
#[must_use]
#[non_exhaustive]
pub enum Output {
    /// Open a stream to one of `endpoints`, then pass in [`Input::Opened`] or [`Input::Lost`]. All endpoints belong to
    /// the DC. They are ordered by preference, with IPv4 and IPv6 alternating, for connection attempts with short
    /// delays between them (RFC 8305).
    Open {
        /// The identifier of the new connection.
        conn: ConnId,
        /// Its DC, for logs.
        dc: DcId,
        /// At least one address.
        endpoints: Vec<SocketAddr>,
    },
    /// Write all of `bytes`, then pass in [`Input::Transmitted`]. At most one transmit per connection is in flight.
    Transmit {
        /// The connection.
        conn: ConnId,
        /// The bytes to write.
        bytes: Vec<u8>,
    },
    /// Close the stream at once, without the bytes that it has not sent yet (for TCP: `SO_LINGER` with a timeout of 0). No
    /// input follows.
    ///
    /// A request among those bytes is sent again on the next connection, as the server says there that it has not
    /// received it. Should they arrive after that, the server executes it twice: a stream that is closed otherwise may
    /// send them minutes later, when the network is back.
    Close {
        /// The connection.
        conn: ConnId,
    },
    /// Run this task (the key stretching of a password, about 0.1 s, or a step of a key exchange) on a thread that may
    /// block, then pass in [`Input::Computed`].
    Compute(ComputeTask),
    /// An event for the application.
    Event(Event),
    /// There is no further output. Pass in the next input, or [`Input::Tick`] at this time; `None` if no timer is
    /// running.
    Timeout(Option<Timestamp>),
}

/// An event for the application. Its data is returned by methods of the client.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The connection to this DC is ready: the server has proved that it knows the key.
    Connected {
        /// The DC.
        dc: DcId,
    },
    /// A connection ended. The client reconnects automatically if a request or [`connect`](super::Client::connect)
    /// needs the DC.
    Disconnected {
        /// The DC.
        dc: DcId,
        /// The reason.
        reason: DisconnectReason,
        /// The time until the next attempt; `None` if none is made before the next request.
        retry_in: Option<Duration>,
    },
    /// The result of this request or login step can be taken.
    Completed(RequestId),
    /// The server has received and decrypted the packet of this request, which requested a quick ack
    /// ([`RequestOptions::quick_ack`](super::RequestOptions::quick_ack)). It has not necessarily executed it.
    QuickAck(RequestId),
    /// The [stored session](super::Client::stored_session) has changed: save it now.
    StoredSessionChanged,
    /// An update was received: take it with [`Client::take_update`](super::Client::take_update).
    Update,
    /// More than 1024 updates or 16 MiB were not taken, and the oldest were dropped: call `updates.getDifference`.
    UpdatesLost,
    /// The server pushes updates from this state on. The event comes after each login, and whenever the server has
    /// created a new session, so that updates may have been missed. [`Config::updates`](super::Config::updates) turns
    /// it off.
    UpdatesState(UpdatesState),
    /// A login by QR code has a new link: show [`Client::qr_link`](super::Client::qr_link).
    QrLink(RequestId),
    /// The server requires this request or login step to wait. The client sends it again after that.
    FloodWait {
        /// The request or step; [`Client::is_login_step`](super::Client::is_login_step) distinguishes them.
        id: RequestId,
        /// The length of the wait.
        wait: Duration,
    },
    /// The server has ended the login.
    LoggedOut(LogoutCause),
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The queue of outputs is part of every client.
    #[test]
    fn an_output_stays_small() {
        assert!(size_of::<Output>() <= 88, "{}", size_of::<Output>());
    }
}
