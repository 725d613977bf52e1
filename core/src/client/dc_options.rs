//! The addresses that a server announces (`help.getConfig`, `updateDcOptions`), and what each is for.
//!
//! Source: `core.telegram.org/constructor/dcOption`.

use alloc::vec::Vec;
use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use zeroize::Zeroizing;

use crate::dc::DcId;
use crate::policy;
use crate::tl::{Constructor, Deserialize, Reader, enums, types};
use crate::transport::{ProxyMode, ProxySecret};

const IPV6: u8 = 1;
const MEDIA: u8 = 2;
const OBFUSCATED: u8 = 4;
const CDN: u8 = 8;
const STATIC: u8 = 16;
const THIS_PORT: u8 = 32;
const SECRET: u8 = 64;
const ALL: u8 = 127;

/// One address of a DC.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DcOption {
    /// The DC.
    pub dc: DcId,
    /// Its address.
    pub address: SocketAddr,
    /// Whether it only serves files: requests are not sent there.
    pub media_only: bool,
    /// Whether it only accepts obfuscated connections.
    pub obfuscated_only: bool,
    /// Whether it is a CDN DC, which serves encrypted files and knows no account.
    pub cdn: bool,
    /// Whether it is a static address, preferred for connections through a proxy.
    pub is_static: bool,
    /// Whether only this port is open at this address.
    pub this_port_only: bool,
    /// The secret that connections are obfuscated with.
    pub secret: Option<ProxySecret>,
}

/// The addresses last announced by the home DC, in its order.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct DcOptions {
    /// One address after the other: DC 2, flags 1, port 2, address 4 or 16, and if the flags say so length 1 and the
    /// secret; little-endian.
    encoded: Zeroizing<Vec<u8>>,
    /// When they expire, in seconds since 1970 by the server's clock.
    pub expires: u64,
    /// Whether IPv6 is tried first (`force_try_ipv6`).
    pub prefers_ipv6: bool,
}

impl fmt::Debug for DcOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DcOptions")
            .field("addresses", &self.iter().count())
            .field("expires", &self.expires)
            .field("prefers_ipv6", &self.prefers_ipv6)
            .finish()
    }
}

impl DcOptions {
    /// Returns whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.encoded.is_empty()
    }

    /// Returns the addresses, in the order of the server.
    pub fn iter(&self) -> impl Iterator<Item = DcOption> + '_ {
        let mut reader = Reader::new(&self.encoded);
        // It was checked when it was encoded.
        core::iter::from_fn(move || read(&mut reader))
    }

    /// Replaces the addresses by the usable ones of a list, if it has any. If `is_telegram` is set, an address that no
    /// host on the Internet can have is not usable. Returns whether they have changed.
    pub(super) fn replace(&mut self, list: &[enums::DcOption], is_telegram: bool) -> bool {
        let mut encoded = Zeroizing::new(Vec::new());
        let mut taken: Vec<DcOption> = Vec::new();
        for enums::DcOption::DcOption(option) in list {
            let Some(option) = checked(option, is_telegram) else { continue };
            let of_the_dc = taken.iter().filter(|it| it.dc == option.dc).count();
            if taken.len() < policy::MAX_DC_OPTIONS
                && of_the_dc < policy::MAX_OPTIONS_PER_DC
                && !taken.contains(&option)
            {
                write(&mut encoded, &option);
                taken.push(option);
            }
        }
        let changes = !taken.is_empty() && encoded != self.encoded;
        if changes {
            self.encoded = encoded;
        }
        changes
    }

    /// Takes the answer of `help.getConfig` that came at `now`, in seconds since 1970 by the server's clock.
    pub(super) fn store_config(&mut self, config: &types::Config, is_telegram: bool, now: u64) {
        self.replace(&config.dc_options, is_telegram);
        self.prefers_ipv6 = config.force_try_ipv6;
        let expires = u64::try_from(config.expires).unwrap_or_default();
        self.expires =
            expires.clamp(now + policy::MIN_DC_OPTIONS_SECONDS, now + policy::MAX_DC_OPTIONS_SECONDS);
    }

    /// Returns the length of the addresses in a session's text, in bytes.
    pub(super) fn encoded_len(&self) -> usize {
        self.encoded.len()
    }

    /// Returns the section of a session's text: expiry 8, flags 1, then the addresses.
    pub(super) fn write_section(&self) -> Zeroizing<Vec<u8>> {
        let mut out = Zeroizing::new(Vec::with_capacity(9 + self.encoded.len()));
        out.extend_from_slice(&self.expires.to_le_bytes());
        out.push(u8::from(self.prefers_ipv6));
        out.extend_from_slice(&self.encoded);
        out
    }

    /// Reads what [`write_section`](Self::write_section) wrote.
    pub(super) fn read_section(section: &[u8]) -> Option<Self> {
        let (head, encoded) = section.split_first_chunk::<9>()?;
        let (expires, flag) = head.split_first_chunk::<8>()?;
        let mut reader = Reader::new(encoded);
        let mut count = 0;
        while reader.remaining() > 0 {
            read(&mut reader)?;
            count += 1;
        }
        let is_written = count <= policy::MAX_DC_OPTIONS && matches!(flag, [0 | 1]);
        is_written.then(|| Self {
            encoded: Zeroizing::new(encoded.to_vec()),
            expires: u64::from_le_bytes(*expires),
            prefers_ipv6: flag == [1],
        })
    }
}

/// What an update announces of the addresses.
pub(super) enum AnnouncedOptions {
    /// They have changed: `help.getConfig` returns the new ones.
    Outdated,
    /// The new ones.
    List(Vec<enums::DcOption>),
}

/// Returns what an update announces of the addresses, or `None` if it is about something else.
pub(super) fn dc_options_in_update(update: &[u8]) -> Option<AnnouncedOptions> {
    // All of them begin like this; most updates are others.
    if !update.starts_with(&types::UpdateShort::ID.to_le_bytes()) {
        return None;
    }
    let inner = update.get(4..8)?;
    if inner == types::UpdateConfig::ID.to_le_bytes() {
        return Some(AnnouncedOptions::Outdated);
    }
    if inner != types::UpdateDcOptions::ID.to_le_bytes() {
        return None;
    }
    match enums::Updates::from_bytes(update) {
        Ok(enums::Updates::UpdateShort(short)) => match short.update {
            enums::Update::DcOptions(options) if options.dc_options.is_empty() => {
                Some(AnnouncedOptions::Outdated)
            }
            enums::Update::DcOptions(options) => Some(AnnouncedOptions::List(options.dc_options)),
            _ => None,
        },
        _ => None,
    }
}

/// Returns an announced address, or `None` if it cannot be used.
fn checked(option: &types::DcOption, is_telegram: bool) -> Option<DcOption> {
    let dc = DcId::new(option.id.into()).ok()?;
    let port = u16::try_from(option.port).ok().filter(|port| *port != 0)?;
    let ip = option.ip_address.parse::<IpAddr>().ok()?.to_canonical();
    if !is_usable(ip) || (is_telegram && !is_public(ip)) {
        return None;
    }
    let secret = match option.secret.as_deref() {
        None | Some([]) => None,
        Some(bytes) => Some(ProxySecret::from_bytes(bytes).ok()?),
    };
    Some(DcOption {
        dc,
        address: SocketAddr::new(ip, port),
        media_only: option.media_only,
        obfuscated_only: option.tcpo_only,
        cdn: option.cdn,
        is_static: option.r#static,
        this_port_only: option.this_port_only,
        secret,
    })
}

/// Returns whether a server can have this address.
fn is_usable(ip: IpAddr) -> bool {
    !ip.is_unspecified() && !ip.is_multicast() && ip != IpAddr::V4(Ipv4Addr::BROADCAST)
}

/// Returns whether a host on the Internet can have this address.
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let [first, ..] = ip.octets();
            let is_local = ip.is_loopback() || ip.is_private() || ip.is_link_local();
            !is_local && first != 0 && first < 224
        }
        IpAddr::V6(ip) => !ip.is_loopback() && !ip.is_unique_local() && !ip.is_unicast_link_local(),
    }
}

fn write(out: &mut Vec<u8>, option: &DcOption) {
    let flag = |set: bool, bit: u8| if set { bit } else { 0 };
    out.extend_from_slice(&option.dc.number().to_le_bytes());
    out.push(
        flag(option.address.is_ipv6(), IPV6)
            | flag(option.media_only, MEDIA)
            | flag(option.obfuscated_only, OBFUSCATED)
            | flag(option.cdn, CDN)
            | flag(option.is_static, STATIC)
            | flag(option.this_port_only, THIS_PORT)
            | flag(option.secret.is_some(), SECRET),
    );
    out.extend_from_slice(&option.address.port().to_le_bytes());
    match option.address.ip() {
        IpAddr::V4(ip) => out.extend_from_slice(&ip.octets()),
        IpAddr::V6(ip) => out.extend_from_slice(&ip.octets()),
    }
    if let Some(secret) = &option.secret {
        let (mark, domain) = match secret.mode() {
            ProxyMode::Plain => (None, ""),
            ProxyMode::Padded => (Some(0xdd), ""),
            ProxyMode::FakeTls { domain } => (Some(0xee), domain.as_str()),
        };
        let length = secret.key().len() + usize::from(mark.is_some()) + domain.len();
        // At most 199 bytes: a domain has no more than 182.
        out.push(u8::try_from(length).unwrap_or(u8::MAX));
        out.extend(mark);
        out.extend_from_slice(secret.key());
        out.extend_from_slice(domain.as_bytes());
    }
}

/// Reads the next address. Returns `None` if there is none, or it is not valid.
fn read(reader: &mut Reader<'_>) -> Option<DcOption> {
    let dc = DcId::new(u16::from_le_bytes(*reader.raw(2).ok()?.first_chunk()?).into()).ok()?;
    let [flags] = *reader.raw(1).ok()?.first_chunk()?;
    let has = |bit: u8| flags & bit != 0;
    let port = u16::from_le_bytes(*reader.raw(2).ok()?.first_chunk()?);
    let ip: IpAddr = if has(IPV6) {
        Ipv6Addr::from(*reader.raw(16).ok()?.first_chunk::<16>()?).into()
    } else {
        Ipv4Addr::from(*reader.raw(4).ok()?.first_chunk::<4>()?).into()
    };
    if flags & !ALL != 0 || port == 0 || !is_usable(ip) {
        return None;
    }
    let secret = if has(SECRET) {
        let [length] = *reader.raw(1).ok()?.first_chunk()?;
        Some(ProxySecret::from_bytes(reader.raw(length.into()).ok()?).ok()?)
    } else {
        None
    };
    Some(DcOption {
        dc,
        address: SocketAddr::new(ip, port),
        media_only: has(MEDIA),
        obfuscated_only: has(OBFUSCATED),
        cdn: has(CDN),
        is_static: has(STATIC),
        this_port_only: has(THIS_PORT),
        secret,
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Returns an announcement that DC 2 is at port 443 of `ip`, with no flag set.
    pub(in crate::client) fn option(ip: &str) -> types::DcOption {
        types::DcOption {
            ipv6: ip.contains(':'),
            media_only: false,
            tcpo_only: false,
            cdn: false,
            r#static: false,
            this_port_only: false,
            id: 2,
            ip_address: ip.into(),
            port: 443,
            secret: None,
        }
    }

    #[test]
    fn local_addresses_are_not_those_of_telegram() {
        for (ip, is_public) in [
            ("149.154.167.51", true),
            ("2001:67c:4e8:f002::a", true),
            ("127.0.0.1", false),
            ("10.1.2.3", false),
            ("192.168.0.1", false),
            ("172.16.0.1", false),
            ("169.254.1.1", false),
            ("0.1.2.3", false),
            ("240.0.0.1", false),
            ("::1", false),
            ("::ffff:127.0.0.1", false),
            ("fd00::1", false),
            ("fe80::1", false),
        ] {
            assert_eq!(checked(&option(ip), true).is_some(), is_public, "{ip}");
            assert!(checked(&option(ip), false).is_some(), "{ip} may be that of another server");
        }
    }
}
