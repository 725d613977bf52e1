//! The client: connections, DCs, migration, timers, events. Embedders start here.
//!
//! **After every call, poll with [`Client::poll_output`] until [`Output::Timeout`].**
//!
//! `core/examples/blocking.rs` logs in with it over one blocking socket.
//!
//! # Where a request is
//! | state | owner |
//! |---|---|
//! | query, deadline, result | `RequestTable` (`rpc/request_table.rs`), until the result is taken |
//! | queued or sent in a session | `Session` (`session/outgoing.rs`) of the main connection, or of the draining one |
//! | refused, to be sent again inside `initConnection` | `ConnectionSession::retries`, until the received bytes are read |
//! | may not be sent yet: a key rotation, a login transfer, an earlier request that waits or whose answer the draining session awaits | `Datacenter::parked` |
//! | sent under a key that is gone | `Datacenter::orphaned`, until its policy decides |
//!
//! A pending request that is in no session is taken by the DC's next session when its key is usable.

mod advance;
mod authorization_transfer;
mod backoff;
mod compute;
mod config;
mod config_builder;
mod conn_id;
mod connection;
mod context;
mod datacenter;
mod dc_options;
mod endpoints;
mod error;
mod io;
mod key_destructions;
mod login;
mod machine;
mod own_queries;
mod own_query_states;
mod receive;
mod request;
mod servers;
mod session_servers;
mod steps;
mod stored_session;
mod tracked_session;
mod update_queue;

pub use compute::{ComputeOutput, ComputeTask};
pub use config::{Config, DcTable};
pub use connection::key_exchange::{KeyExchangeOutput, KeyExchangeTask};
pub use dc_options::{DcOption, DcOptions};
pub use error::ApiMisuse;
pub use io::{ConnId, Event, Input, Output};
pub use login::StepHandle;
pub use machine::Client;
pub use request::{RequestHandle, RequestOptions, Route};
pub use servers::{CustomServers, Servers, ServersName};
pub use session_servers::WrongServers;
pub use stored_session::{DcAuth, LoggedInUser, SessionFormatError, StoredSession};
pub use update_queue::UpdatesState;

pub use crate::dc::{DcId, InvalidDcId};
pub use crate::handshake::{HandshakeError, Reply};
pub use crate::login::{ApiCredentials, PasswordKdfOutput, PasswordKdfTask};
pub use crate::rpc::{
    AuthSchemes, DeviceInfo, DisconnectReason, InvokeError, IoFailure, LogoutCause, OnUnknownOutcome,
    ProxyFault, RequestId, RpcError, ServerProblem,
};
pub use crate::session::{Delivery, MessageError};
#[cfg(feature = "mtproxy")]
pub use crate::transport::{FakeTlsError, ProxyLink, ProxyLinkError, SocksLink, percent_decode};
pub use crate::transport::{FrameError, Framing, ProxyMode, ProxySecret, ProxySecretError, StreamMode};
#[cfg(feature = "websocket")]
pub use crate::transport::{InvalidTarget, WebSocketError, WebSocketTarget};
