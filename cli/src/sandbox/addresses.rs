//! The addresses at which the sandbox listens, and those that it announces.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv6Addr, ToSocketAddrs};

use sansgram_runtime::text::printable;
use sansgram_testkit::server::RestoreError;
use sansgram_testkit::test_server::{StateFileError, TestServerError};

use crate::address::resolver_message;
use crate::error::Failure;

/// Errors if the value is not just a host, such as an address with a port.
fn must_be_host(option: &str, host: &str) -> Result<(), Failure> {
    let is_ipv6 = |host: &str| host.trim_matches(['[', ']']).parse::<Ipv6Addr>().is_ok();
    let reason = if host.trim().is_empty() {
        "is empty"
    } else if host.contains('/') {
        "is a link, not a host"
    } else if host.contains(':') && !is_ipv6(host) {
        "contains a port; use --port N"
    } else {
        return Ok(());
    };
    let host = printable(host);
    Err(Failure::new(format!(
        "\"{host}\" {reason}; {option} expects a name or an IP address, such as 203.0.113.7 or [2001:db8::7]"
    )))
}

/// Returns the address to listen at.
pub(super) fn listen(host: &str) -> Result<IpAddr, Failure> {
    must_be_host("--listen", host)?;
    let found = resolve(host).and_then(|found| {
        found.into_iter().next().ok_or_else(|| io::Error::new(ErrorKind::NotFound, "it has no address"))
    });
    found.map_err(|error| {
        Failure::new(format!(
            "the host {host} of --listen cannot be found: {}; give an address of this machine, or 0.0.0.0 for all of \
             them",
            resolver_message(&error)
        ))
    })
}

/// Returns the addresses to announce for each DC, beginning with those that reach listeners at `listen`.
pub(super) fn advertise(host: &str, listen: IpAddr) -> Result<Vec<IpAddr>, Failure> {
    must_be_host("--advertise", host)?;
    let fails = |reason: String| Err(Failure::new(format!("the host {host} of --advertise {reason}")));
    let mut found = match resolve(host) {
        Ok(found) if found.is_empty() => return fails("has no address".into()),
        Ok(found) => found,
        Err(error) => {
            return fails(format!(
                "cannot be found: {}; check its spelling, or give the IP address at which clients reach this machine",
                resolver_message(&error)
            ));
        }
    };
    if let Some(ip) = found.iter().find(|ip| ip.is_unspecified() || ip.is_multicast()) {
        return fails(format!(
            "is {ip}, to which no client can connect; give the address at which clients reach this machine"
        ));
    }
    // A name may also have addresses of the other family, at which nothing listens.
    let fits =
        |ip: &IpAddr| ip.is_ipv4() == listen.is_ipv4() || (listen.is_ipv6() && listen.is_unspecified());
    if found.iter().any(fits) {
        found.retain(fits);
    }
    Ok(found)
}

/// Parses the first port.
pub(super) fn first_port(text: &str) -> Result<u16, String> {
    match text.parse() {
        Ok(port @ 1..=65533) => Ok(port),
        _ => Err("DC 1, 2 and 3 use the ports N, N+1 and N+2, so N must be from 1 to 65533".into()),
    }
}

/// Returns the failure to start the DCs, with advice.
pub(super) fn start_failure(error: &TestServerError, port: Option<u16>) -> Failure {
    let advice = match (error, port) {
        (TestServerError::Bind { source, .. }, Some(_)) if source.kind() == ErrorKind::AddrInUse => {
            "; stop the program that uses the port, or choose another --port"
        }
        (TestServerError::Bind { source, .. }, Some(..1024))
            if source.kind() == ErrorKind::PermissionDenied =>
        {
            "; choose a --port of 1024 or above, which needs no privileges"
        }
        (TestServerError::Bind { source, .. }, _) if source.kind() == ErrorKind::AddrNotAvailable => {
            "; give --listen an address of this machine, and --advertise the address that clients use"
        }
        (TestServerError::StateFile { reason: StateFileError::InUse, .. }, _) => {
            "; stop the other sandbox, or choose another file with --state"
        }
        (TestServerError::StateFile { .. }, _) => "; choose another file with --state",
        (TestServerError::State { reason: RestoreError::Damaged, .. }, _) => {
            "; the file is not changed: remove it to start anew, or choose another file with --state"
        }
        (TestServerError::State { .. }, _) => "; the file is not changed: choose another file with --state",
        _ => "",
    };
    Failure::new(format!("{error}{advice}"))
}

fn resolve(host: &str) -> io::Result<Vec<IpAddr>> {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let mut found: Vec<IpAddr> = Vec::new();
    for address in (bare, 0).to_socket_addrs()? {
        if !found.contains(&address.ip()) {
            found.push(address.ip());
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listen_takes_names_and_addresses() {
        for host in ["127.0.0.1", "::1", "[::1]", "localhost"] {
            assert!(listen(host).unwrap().is_loopback(), "{host}");
        }
        assert!(listen("no such host").is_err());
    }

    #[test]
    fn a4_only_reachable_addresses_are_announced() {
        let (any4, any6): (IpAddr, IpAddr) = ("0.0.0.0".parse().unwrap(), "::".parse().unwrap());
        assert_eq!(advertise("203.0.113.7", any4).unwrap(), ["203.0.113.7".parse::<IpAddr>().unwrap()]);
        assert_eq!(advertise("[2001:db8::7]", any6).unwrap(), ["2001:db8::7".parse::<IpAddr>().unwrap()]);
        let localhost = advertise("localhost", any4).unwrap();
        assert!(!localhost.is_empty() && localhost.iter().all(IpAddr::is_ipv4), "{localhost:?}");
        for host in ["0.0.0.0", "::", "224.0.0.1", "no such host"] {
            assert!(advertise(host, any4).is_err(), "{host}");
        }
    }

    #[test]
    fn a4_links_and_ports_are_refused_as_hosts() {
        let any: IpAddr = "0.0.0.0".parse().unwrap();
        for (host, says) in [
            ("127.0.0.1:443", "contains a port"),
            ("[::1]:443", "contains a port"),
            ("sandbox.example:443", "contains a port"),
            ("http://sandbox.example", "is a link, not a host"),
            ("", "is empty"),
        ] {
            for refused in [listen(host).unwrap_err(), advertise(host, any).unwrap_err()] {
                let text = format!("{refused:?}");
                assert!(text.contains(says) && text.contains("expects a name or an IP address"), "{text}");
            }
        }
    }

    #[test]
    fn a4_the_first_port_leaves_room_for_three() {
        assert_eq!((first_port("1"), first_port("65533")), (Ok(1), Ok(65533)));
        for wrong in ["0", "65534", "65535", "65536", "-1", "x", ""] {
            assert!(first_port(wrong).unwrap_err().contains("1 to 65533"), "{wrong}");
        }
    }
}
