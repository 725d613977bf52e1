//! The test DCs on real sockets: plain threads of the standard library, no async runtime.
//!
//! One thread per DC accepts, two per connection read and write, one keeps the timers. They share the state machine behind
//! a lock that is never held during I/O on a socket, so a slow or dead peer does not delay others.

mod block_on;
mod called;
mod connection;
mod error;
mod handlers;
mod options;
mod policy;
mod report;
mod server;
mod shared;
mod state_file;

pub use self::called::Called;
pub use self::error::TestServerError;
pub use self::handlers::ServerHandler;
pub use self::options::TestServerOptions;
pub use self::report::{Report, ReportKind};
pub use self::server::TestServer;
pub use self::state_file::StateFileError;
