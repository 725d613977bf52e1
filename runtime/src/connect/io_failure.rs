//! Errors of the operating system as failures of a connection.

use std::io;

use sansgram_core::client::IoFailure;

/// The codes of "address family not supported" on Linux, on the BSDs and macOS, and on Windows. The standard library
/// has no [`ErrorKind`](io::ErrorKind) for it.
const NO_SUCH_FAMILY: [i32; 3] = [97, 47, 10_047];

/// Returns the failure that `error` is reported as to the state machine.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_the_operating_system_map_to_failures() {
        use io::ErrorKind as Kind;
        for (kind, cause) in [
            (Kind::ConnectionRefused, IoFailure::Refused),
            (Kind::HostUnreachable, IoFailure::Unreachable),
            (Kind::NetworkUnreachable, IoFailure::Unreachable),
            (Kind::ConnectionReset, IoFailure::Reset),
            (Kind::BrokenPipe, IoFailure::Reset),
            (Kind::TimedOut, IoFailure::TimedOut),
            (Kind::UnexpectedEof, IoFailure::Closed),
            (Kind::PermissionDenied, IoFailure::Other),
        ] {
            assert_eq!(io_failure(&kind.into()), cause);
        }
    }
}
