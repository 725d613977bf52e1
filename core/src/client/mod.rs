//! The whole machine: connections by id, the DC table, migration, timers, events. Embedders start here.
//!
//! **After every call, poll with [`Client::poll_output`] until [`Output::Timeout`].**
//!
//! `core/examples/blocking.rs` signs in with it over one blocking socket.

mod addresses;
mod config;
mod data;
mod dc_options;
mod desk;
mod error;
mod farewell;
mod io;
mod keys;
mod lane;
mod link;
mod login;
mod machine;
mod pfs;
mod request;
mod retired;
mod servers;
mod settle;
mod steps;
mod transfer;
mod updates;
mod ways;
mod wire;

pub use config::{Config, DcTable};
pub use data::{DcKey, SessionData, SessionFormatError, SignedInUser};
pub use dc_options::{DcOption, DcOptions};
pub use error::ApiMisuse;
pub use io::{ConnId, Event, Input, LogoutCause, Output};
pub use login::Login;
pub use machine::Client;
pub use request::{RequestOptions, Route, Ticket};
pub use servers::{CustomServers, Servers, ServersName, WrongServers};
pub use updates::UpdatesState;

pub use crate::dc::{DcId, InvalidDcId};
pub use crate::login::{ApiCredentials, HeavyOutcome, HeavyTask};
pub use crate::rpc::{
    AuthSchemes, DeviceInfo, IfUnsure, InvokeError, LostCause, LostReason, ProxyFault, RequestId, Trouble,
};
pub use crate::session::Delivery;
