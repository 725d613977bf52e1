//! Requests and their results: what is pending, what an error means, how a query is wrapped.

mod error;
mod init;
mod lost;
mod table;

pub use error::{InvokeError, RpcError};
pub use init::{DeviceInfo, WITHOUT_UPDATES, init_prefix};
pub use lost::{AuthSchemes, LostCause, LostReason, ProxyFault, Trouble};
pub use table::{IfUnsure, NewRequest, Owner, Place, RequestId, Table};

/// The longest query, in bytes, that one request may carry (1 MiB; Telegram's largest, an upload part, has 512 KiB).
pub const MAX_QUERY_LEN: usize = 1 << 20;
