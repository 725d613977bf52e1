//! What an error of the operating system says of a connection.

use std::io;

use sansgram_core::client::IoFailure;

/// "Address family not supported": Linux, the BSDs and macOS, Windows. It has no kind.
const NO_SUCH_FAMILY: [i32; 3] = [97, 47, 10_047];

/// The failure that the state machine is told for `error`.
pub(crate) fn io_failure(error: &io::Error) -> IoFailure {
    use io::ErrorKind as Kind;
    if error.raw_os_error().is_some_and(|code| NO_SUCH_FAMILY.contains(&code)) {
        return IoFailure::Unreachable;
    }
    match error.kind() {
        Kind::ConnectionRefused => IoFailure::Refused,
        Kind::HostUnreachable | Kind::NetworkUnreachable | Kind::NetworkDown | Kind::AddrNotAvailable => {
            IoFailure::Unreachable
        }
        Kind::ConnectionReset | Kind::ConnectionAborted | Kind::BrokenPipe => IoFailure::Reset,
        Kind::TimedOut => IoFailure::TimedOut,
        Kind::UnexpectedEof => IoFailure::Closed,
        _ => IoFailure::Other,
    }
}
