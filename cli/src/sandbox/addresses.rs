//! Where the sandbox listens, and which addresses it announces.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv6Addr, ToSocketAddrs};

use sansgram_runtime::text::printable;
use sansgram_testkit::server::RestoreError;
use sansgram_testkit::test_server::{StateFileError, TestServerError};

use crate::address::why as why_unknown;
use crate::error::Failure;

/// Returns an error if the value is more than a host, such as an address with a port.
fn must_be_host(option: &str, host: &str) -> Result<(), Failure> {
    let is_ipv6 = |host: &str| host.trim_matches(['[', ']']).parse::<Ipv6Addr>().is_ok();
    let reason = if host.trim().is_empty() {
        "is empty"
    } else if host.contains('/') {
        "is no link"
    } else if host.contains(':') && !is_ipv6(host) {
        "names a port, which --port N sets"
    } else {
        return Ok(());
    };
    let host = printable(host);
    Err(Failure::new(format!(
        "\"{host}\" {reason}; {option} takes a name or an IP address, such as 203.0.113.7 or [2001:db8::7]"
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
            why_unknown(&error)
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
                "cannot be found: {}; clients are told addresses, so check its spelling, or give the IP address by \
                 which they reach this machine",
                why_unknown(&error)
            ));
        }
    };
    if let Some(ip) = found.iter().find(|ip| ip.is_unspecified() || ip.is_multicast()) {
        return fails(format!(
            "is {ip}, to which no client can connect; name the address by which clients reach this machine"
        ));
    }
    // A name may have addresses of the other family too, at which nothing listens.
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
        _ => Err("DC 1, 2 and 3 take the ports N, N+1 and N+2, so N is a number from 1 to 65533".into()),
    }
}

/// Says why the DCs cannot be served, and what to do.
pub(super) fn why(error: &TestServerError, port: Option<u16>) -> Failure {
    let advice = match (error, port) {
        (TestServerError::Bind { source, .. }, Some(_)) if source.kind() == ErrorKind::AddrInUse => {
            "; end the program that uses the port, or choose another --port"
        }
        (TestServerError::Bind { source, .. }, Some(..1024))
            if source.kind() == ErrorKind::PermissionDenied =>
        {
            "; choose a --port from 1024 on, which needs no privileges"
        }
        (TestServerError::Bind { source, .. }, _) if source.kind() == ErrorKind::AddrNotAvailable => {
            "; --listen takes an address of this machine, and --advertise the one that clients know"
        }
        (TestServerError::StateFile { reason: StateFileError::InUse, .. }, _) => {
            "; end the other sandbox, or name another file with --state"
        }
        (TestServerError::StateFile { .. }, _) => "; name another file with --state",
        (TestServerError::State { reason: RestoreError::Damaged, .. }, _) => {
            "; it is left as it is: remove it to begin anew, or name another file with --state"
        }
        (TestServerError::State { .. }, _) => "; it is left as it is: name another file with --state",
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
    fn listening_takes_names_and_addresses() {
        for host in ["127.0.0.1", "::1", "[::1]", "localhost"] {
            assert!(listen(host).unwrap().is_loopback(), "{host}");
        }
        assert!(listen("no such host").is_err());
    }

    #[test]
    fn a4_what_is_announced_can_be_connected_to() {
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
    fn a4_a_host_is_no_link_and_has_no_port() {
        let any: IpAddr = "0.0.0.0".parse().unwrap();
        for (host, says) in [
            ("127.0.0.1:443", "names a port"),
            ("[::1]:443", "names a port"),
            ("sandbox.example:443", "names a port"),
            ("http://sandbox.example", "is no link"),
            ("", "is empty"),
        ] {
            for refused in [listen(host).unwrap_err(), advertise(host, any).unwrap_err()] {
                let text = format!("{refused:?}");
                assert!(text.contains(says) && text.contains("takes a name or an IP address"), "{text}");
            }
        }
    }

    #[test]
    fn a4_three_ports_must_be_there() {
        assert_eq!((first_port("1"), first_port("65533")), (Ok(1), Ok(65533)));
        for wrong in ["0", "65534", "65535", "65536", "-1", "x", ""] {
            assert!(first_port(wrong).unwrap_err().contains("1 to 65533"), "{wrong}");
        }
    }
}
