//! The addresses of the DCs.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Returns the IPv4 address of a DC in the pair.
#[must_use]
pub fn address(dc: i32) -> SocketAddr {
    let [low, ..] = dc.to_le_bytes();
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, 0, 0, low)), 443)
}

/// Returns the IPv6 address of a DC in the pair.
#[must_use]
pub fn address_v6(dc: i32) -> SocketAddr {
    let [low, ..] = dc.to_le_bytes();
    SocketAddr::new(IpAddr::V6(Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, low.into())), 443)
}

/// Returns the DC of an address, by its last part.
pub(super) fn dc_at(address: SocketAddr) -> i32 {
    match address.ip() {
        IpAddr::V4(ip) => i32::from(ip.octets()[3]),
        IpAddr::V6(ip) => i32::from(ip.segments()[7] & 0xff),
    }
}
