//! Requests and their results: what is pending, what an error means, how a query is wrapped.

mod disconnect;
mod error;
mod init;
mod pending;

pub use disconnect::{AuthSchemes, DisconnectReason, IoFailure, ProxyFault, Trouble};
pub use error::{InvokeError, RpcError};
pub use init::{DeviceInfo, WITHOUT_UPDATES, init_prefix};
pub use pending::{NewRequest, OnUnknownOutcome, PendingRequests, RequestId, RequestOrdering, Requester};

/// The longest query, in bytes, that one request may carry (1 MiB; Telegram's largest, an upload part, has 512 KiB).
pub const MAX_QUERY_LEN: usize = 1 << 20;
