//! Requests and their results: the table of pending requests, errors, and the wrapping of queries.

use crate::policy;

mod compression;
mod deadlines;
mod disconnect;
mod init;
mod invoke_error;
mod io_failure;
mod logout_cause;
mod request;
mod request_table;
pub(crate) mod retry;
mod rpc_error;

pub use disconnect::{DisconnectReason, ServerProblem};
pub use init::{DeviceInfo, WITHOUT_UPDATES, init_prefix};
pub use invoke_error::InvokeError;
pub use io_failure::{AuthSchemes, IoFailure, ProxyFault};
pub use logout_cause::LogoutCause;
pub use request::{NewRequest, OnUnknownOutcome, RequestConstraints, RequestId, Requester};
pub use request_table::RequestTable;
pub use rpc_error::RpcError;

/// Maximum length of one query in bytes: 1 MiB. Telegram's largest, an upload part, has 512 KiB.
pub const MAX_QUERY_LEN: usize = policy::MAX_QUERY_LEN;
