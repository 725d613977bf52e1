//! Addresses: the values of `--dc` (`ID=HOST:PORT`), and the lookup of names.

use std::io;
use std::net::{Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sansgram_runtime::core::client::DcId;

use crate::error::Failure;

/// The address of a DC as the user typed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DcAddress {
    pub(crate) dc: DcId,
    /// A name or an IP address; IPv6 without brackets.
    host: String,
    port: u16,
}

impl DcAddress {
    /// Returns the addresses of the host. May block for as long as the system's resolver does.
    pub(crate) fn resolve(&self, lookup: &Lookup) -> Result<Vec<SocketAddr>, Failure> {
        lookup.resolve(&self.host, self.port, &self.dc.to_string())
    }
}

/// Resolves names, and remembers the name that is being resolved for the error message at the time limit.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lookup(Arc<Mutex<Option<String>>>);

impl Lookup {
    /// Returns the host that is being resolved, if any.
    pub(crate) fn current(&self) -> Option<String> {
        self.host().clone()
    }

    /// Returns the addresses of a host. May block for as long as the system's resolver does.
    ///
    /// `whose` names the owner of the host in error messages, such as `DC 2`.
    pub(crate) fn resolve(&self, host: &str, port: u16, whose: &str) -> Result<Vec<SocketAddr>, Failure> {
        *self.host() = Some(host.to_owned());
        let found = (host, port).to_socket_addrs().map(Vec::from_iter);
        *self.host() = None;
        let reason = match found {
            Ok(addresses) if addresses.is_empty() => "it has no address".to_owned(),
            Ok(addresses) => return Ok(addresses),
            Err(error) => resolver_message(&error),
        };
        Err(Failure::new(format!(
            "the host {host} of {whose} cannot be found: {reason}; check its spelling and the network"
        )))
    }

    fn host(&self) -> MutexGuard<'_, Option<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the message of the system's resolver, without the prefix that the standard library adds.
pub(crate) fn resolver_message(error: &io::Error) -> String {
    let text = error.to_string();
    text.strip_prefix("failed to lookup address information: ").map_or(text.clone(), str::to_lowercase)
}

/// Splits `HOST:PORT`.
pub(crate) fn host_and_port(address: &str) -> Result<(&str, u16), String> {
    let Some((host, port)) = address.rsplit_once(':') else {
        return Err("the port is missing".into());
    };
    let Ok(port @ 1..) = port.parse() else {
        return Err("the port is not a number from 1 to 65535".into());
    };
    Ok((host_name(host)?, port))
}

impl FromStr for DcAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some((number, address)) = text.split_once('=') else {
            return Err("expected ID=HOST:PORT, such as 2=127.0.0.1:443".into());
        };
        let number: i64 = number.parse().map_err(|_| "the ID is not a number".to_owned())?;
        let dc = DcId::new(number).map_err(|error| error.to_string())?;
        let (host, port) = host_and_port(address)?;
        Ok(Self { dc, host: host.into(), port })
    }
}

fn host_name(host: &str) -> Result<&str, String> {
    if let Some(inner) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        // The resolver interprets a scope, as in fe80::1%eth0.
        let (address, scope) = inner.split_once('%').unwrap_or((inner, "1"));
        if scope.is_empty() {
            return Err("the scope after the % of the IPv6 address is missing".into());
        }
        return match address.parse::<Ipv6Addr>() {
            Ok(_) => Ok(inner),
            Err(_) => Err("the brackets do not contain an IPv6 address".into()),
        };
    }
    if host.contains(':') {
        return Err("an IPv6 address must be in brackets: [ADDRESS]:PORT".into());
    }
    if host.is_empty() || host.chars().any(|c| c.is_whitespace() || c.is_control() || "[]/@=".contains(c)) {
        return Err("the host is neither a name nor an address".into());
    }
    Ok(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_address_is_parsed() {
        for (text, host) in [
            ("2=127.0.0.1:443", "127.0.0.1"),
            ("2=example.org:443", "example.org"),
            ("2=[::1]:443", "::1"),
            ("2=[fe80::1%eth0]:443", "fe80::1%eth0"),
        ] {
            let expected = DcAddress { dc: DcId::new(2).unwrap(), host: host.into(), port: 443 };
            assert_eq!(text.parse(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn errors_name_the_wrong_part() {
        for (text, reason) in [
            ("", "expected ID=HOST:PORT"),
            ("127.0.0.1:443", "expected ID=HOST:PORT"),
            ("x=127.0.0.1:443", "the ID"),
            ("0=127.0.0.1:443", "1 to 1000"),
            ("1001=127.0.0.1:443", "1 to 1000"),
            ("2=127.0.0.1", "the port is missing"),
            ("2=127.0.0.1:", "the port is not"),
            ("2=127.0.0.1:0", "the port is not"),
            ("2=127.0.0.1:65536", "the port is not"),
            ("2=::1:443", "brackets"),
            ("2=[::1:443", "brackets"),
            ("2=[localhost]:443", "brackets"),
            ("2=:443", "the host"),
            ("2=a b:443", "the host"),
            ("2=http://a:443", "brackets"),
        ] {
            let error = text.parse::<DcAddress>().unwrap_err();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }

    #[test]
    fn a5_scopes_of_ipv6_are_kept() {
        let address: DcAddress = "2=[fe80::1%1]:443".parse().unwrap();
        assert_eq!(address.resolve(&Lookup::default()).unwrap(), ["[fe80::1%1]:443".parse().unwrap()]);
        assert!("2=[fe80::1%]:443".parse::<DcAddress>().unwrap_err().contains("scope"));
    }

    #[test]
    fn ip_addresses_need_no_resolver() {
        let address: DcAddress = "2=[::1]:443".parse().unwrap();
        assert_eq!(address.resolve(&Lookup::default()).unwrap(), ["[::1]:443".parse().unwrap()]);
    }
}
