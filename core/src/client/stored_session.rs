//! The persistent state of a client, which the embedder stores: keys, salts, the clock's offset, the user.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};

use zeroize::Zeroizing;

use super::dc_options::DcOptions;
use super::servers::{CustomServers, Servers};
use crate::crypto::AuthKey;
use crate::crypto::rsa::PublicKey;
use crate::crypto::text::{TextError, TextFormat};
use crate::dc::DcId;
use crate::policy;
use crate::tl::Reader;

/// The user that is logged in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedInUser {
    /// The user's identifier.
    pub id: i64,
    /// Whether it is a bot.
    pub is_bot: bool,
}

/// The auth key and the salt for one DC. `Debug` shows only the identifier of the key.
#[derive(Clone, PartialEq, Eq)]
pub struct DcAuth {
    /// The permanent auth key.
    pub auth_key: AuthKey,
    /// The server salt that was valid last; 0 if none is known.
    pub server_salt: i64,
}

impl fmt::Debug for DcAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DcAuth").field("auth_key", &self.auth_key).finish_non_exhaustive()
    }
}

/// The persistent state of a client.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct StoredSession {
    /// The account's home DC, if it is known.
    pub home_dc: Option<DcId>,
    /// The keys, by DC.
    pub keys: BTreeMap<DcId, DcAuth>,
    /// The user that is logged in.
    pub user: Option<LoggedInUser>,
    /// The `api_id` of the login, so that it is not needed again.
    pub api_id: Option<i32>,
    /// Whether the DCs are Telegram's test DCs.
    pub test_dcs: bool,
    /// Server time minus the local wall clock, in seconds, when it was last known.
    pub clock_offset: i64,
    /// The future auth tokens from logouts and logins, oldest first, at most 20. A login with one of them needs no code.
    /// They are secrets.
    pub logout_tokens: Vec<Zeroizing<Vec<u8>>>,
    /// The servers that all of this belongs to.
    pub servers: Servers,
    /// The addresses of DCs that the home DC announced.
    pub dc_options: DcOptions,
}

impl fmt::Debug for StoredSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredSession")
            .field("home_dc", &self.home_dc)
            .field("keys", &self.keys)
            .field("user", &self.user)
            .field("api_id", &self.api_id)
            .field("test_dcs", &self.test_dcs)
            .field("clock_offset", &self.clock_offset)
            .field("logout_tokens", &self.logout_tokens.len())
            .field("servers", &self.servers)
            .field("dc_options", &self.dc_options)
            .finish()
    }
}

/// Why a session text cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SessionFormatError {
    /// It does not begin with `sansgram1:`.
    #[error("this is not a sansgram session: it does not begin with \"sansgram1:\"")]
    Foreign,
    /// It contains only white space.
    #[error("this is not a sansgram session: it is empty")]
    Empty,
    /// It is truncated or corrupted.
    #[error("this sansgram session is damaged: {0}")]
    Damaged(&'static str),
    /// A later version wrote it.
    #[error("this session was written by a newer sansgram (format {0}); update to read it")]
    Newer(u8),
}

/// Version 1 has no logout tokens, version 2 no sections.
const FORMAT: TextFormat = TextFormat { prefix: "sansgram1:", version: 3 };
/// The first version with sections.
const SECTIONS: u8 = 3;
/// A section whose tag has this bit cannot be left out: a reader that does not know it refuses the session.
const CRITICAL: u8 = 0x80;
/// The section of the servers that the session belongs to.
const TAG_SERVERS: u8 = CRITICAL | 1;
/// The section of the addresses that the home DC announced.
const TAG_DC_OPTIONS: u8 = 2;
/// The api_ids that sessions of test DCs had before version 3, the only distinction of such sessions: that of a sandbox
/// in the process, and that of servers that were configured by their address. Telegram issues neither.
const API_ID_OF_SANDBOX: i32 = 2_000_099_966;
const API_ID_ELSEWHERE: i32 = 1;

impl From<TextError> for SessionFormatError {
    fn from(error: TextError) -> Self {
        match error {
            TextError::WrongPrefix => Self::Foreign,
            TextError::Newer(version) => Self::Newer(version),
            TextError::Encoding => Self::Damaged("it contains invalid characters"),
            TextError::NoVersion => Self::Damaged("it has no version"),
            TextError::Truncated => Self::Damaged("it is cut short"),
            TextError::Checksum => Self::Damaged("its checksum does not match"),
        }
    }
}

const FLAG_TEST: u8 = 1;
const FLAG_USER: u8 = 2;
const FLAG_BOT: u8 = 4;
const FLAG_HOME: u8 = 8;
const FLAG_API_ID: u8 = 16;

impl StoredSession {
    /// Returns whether the session contains only data about the servers.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let (servers, dc_options) = (self.servers.clone(), self.dc_options.clone());
        *self == Self { servers, dc_options, test_dcs: self.test_dcs, ..Self::default() }
    }

    /// Adds a logout token, which replaces the oldest if there are 20. An empty token, or one longer than 1 KiB, is
    /// ignored.
    pub fn keep_logout_token(&mut self, token: Zeroizing<Vec<u8>>) {
        if token.is_empty()
            || token.len() > policy::MAX_LOGOUT_TOKEN_LEN
            || self.logout_tokens.contains(&token)
        {
            return;
        }
        let surplus = (self.logout_tokens.len() + 1).saturating_sub(policy::MAX_LOGOUT_TOKENS);
        self.logout_tokens.drain(..surplus);
        self.logout_tokens.push(token);
    }

    /// Returns the session as one line of text, `sansgram1:` and base64url; it contains the keys, so guard it like a
    /// password.
    ///
    /// Layout, little-endian: version 1, flags 1, home DC 2, `api_id` 4, user 8, clock offset 8, number of keys 2; for
    /// each key DC 2, salt 8, key 256; number of tokens 2; for each token length 2 and the token; sections; checksum 8.
    ///
    /// A section is tag 1, length 4 and its content. A reader skips a section whose tag it does not know, and does not
    /// write it again, unless the tag is 128 or higher: then it refuses the session ([`SessionFormatError::Newer`]).
    /// - 129, the servers: kind 1 (0 Telegram, 1 others, 2 a sandbox that has ended); of others initial DC 2 (0: none),
    ///   number of addresses 2, for each DC 2, family 1 (4 or 6), port 2, address 4 or 16, of IPv6 scope 4; number of
    ///   RSA keys 1, for each modulus 256, length 1 and exponent.
    /// - 2, the addresses that the home DC announced: expiry 8, whether IPv6 is preferred 1; for each DC 2, flags 1
    ///   (IPv6 1, media 2, obfuscated 4, CDN 8, static 16, this port only 32, secret 64), port 2, address 4 or 16, and
    ///   with a secret length 1 and the secret.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        // In one piece: a buffer that grows leaves copies behind.
        let tokens: usize = self.logout_tokens.iter().map(|token| 2 + token.len()).sum();
        let sections = self.sections_len();
        let mut out = Zeroizing::new(Vec::with_capacity(64 + 266 * self.keys.len() + tokens + sections));
        let flag = |set: bool, bit: u8| if set { bit } else { 0 };
        out.push(FORMAT.version);
        out.push(
            flag(self.test_dcs, FLAG_TEST)
                | flag(self.user.is_some(), FLAG_USER)
                | flag(self.user.as_ref().is_some_and(|user| user.is_bot), FLAG_BOT)
                | flag(self.home_dc.is_some(), FLAG_HOME)
                | flag(self.api_id.is_some(), FLAG_API_ID),
        );
        out.extend_from_slice(&self.home_dc.map_or(0, DcId::number).to_le_bytes());
        out.extend_from_slice(&self.api_id.unwrap_or(0).to_le_bytes());
        out.extend_from_slice(&self.user.as_ref().map_or(0, |user| user.id).to_le_bytes());
        out.extend_from_slice(&self.clock_offset.to_le_bytes());
        // At most 1000 DCs exist.
        out.extend_from_slice(&(self.keys.len() as u16).to_le_bytes());
        for (dc, key) in &self.keys {
            out.extend_from_slice(&dc.number().to_le_bytes());
            out.extend_from_slice(&key.server_salt.to_le_bytes());
            out.extend_from_slice(key.auth_key.as_bytes());
        }
        let tokens = self.logout_tokens.iter().filter(|token| token.len() <= policy::MAX_LOGOUT_TOKEN_LEN);
        let kept = tokens.clone().count().min(policy::MAX_LOGOUT_TOKENS);
        out.extend_from_slice(&(kept as u16).to_le_bytes());
        for token in tokens.take(kept) {
            out.extend_from_slice(&(token.len() as u16).to_le_bytes());
            out.extend_from_slice(token);
        }
        if let Some(section) = write_servers(&self.servers) {
            write_section(&mut out, TAG_SERVERS, &section);
        }
        if self.dc_options != DcOptions::default() {
            write_section(&mut out, TAG_DC_OPTIONS, &self.dc_options.write_section());
        }
        FORMAT.write(out)
    }

    /// Reads what [`to_text`](Self::to_text) wrote; white space around it is ignored.
    ///
    /// # Errors
    /// [`SessionFormatError`], which says what is wrong with the text.
    pub fn from_text(text: &str) -> Result<Self, SessionFormatError> {
        if text.trim().is_empty() {
            return Err(SessionFormatError::Empty);
        }
        let content = FORMAT.read(text)?;
        let (mut session, rest) =
            Self::read(&content).ok_or(SessionFormatError::Damaged("its fields do not fit"))?;
        match content.first() {
            Some(version) if *version >= SECTIONS => session.read_sections(rest)?,
            _ if !rest.is_empty() => return Err(SessionFormatError::Damaged("its fields do not fit")),
            _ => session.servers = session.servers_before_sections(),
        }
        Ok(session)
    }

    fn read_sections(&mut self, mut rest: &[u8]) -> Result<(), SessionFormatError> {
        const DAMAGED: SessionFormatError = SessionFormatError::Damaged("its sections do not fit");
        while let Some((&tag, remaining)) = rest.split_first() {
            let (length, remaining) = remaining.split_first_chunk::<4>().ok_or(DAMAGED)?;
            let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| DAMAGED)?;
            let (section, remaining) = remaining.split_at_checked(length).ok_or(DAMAGED)?;
            match tag {
                TAG_SERVERS => self.servers = read_servers(section).ok_or(DAMAGED)?,
                // If they cannot be read, the server is queried for them.
                TAG_DC_OPTIONS => self.dc_options = DcOptions::read_section(section).unwrap_or_default(),
                tag if tag & CRITICAL != 0 => return Err(SessionFormatError::Newer(FORMAT.version)),
                _ => {}
            }
            rest = remaining;
        }
        Ok(())
    }

    /// Returns what a session of an earlier version tells of its servers.
    fn servers_before_sections(&self) -> Servers {
        match self.api_id {
            Some(API_ID_OF_SANDBOX) => Servers::EndedSandbox,
            Some(API_ID_ELSEWHERE) => Servers::Custom(CustomServers::default()),
            _ => Servers::Unknown,
        }
    }

    fn sections_len(&self) -> usize {
        let servers = match &self.servers {
            Servers::Custom(custom) => {
                let addresses = custom.dcs.iter().count();
                16 + 25 * addresses + 265 * custom.public_keys.len()
            }
            _ => 16,
        };
        servers + 32 + self.dc_options.encoded_len()
    }

    /// Returns what lies before the sections, and those unread.
    fn read(content: &[u8]) -> Option<(Self, &[u8])> {
        let mut reader = Reader::new(content);
        let [version, flags] = *reader.raw(2).ok()?.first_chunk()?;
        let has = |bit: u8| flags & bit != 0;
        let home = read_u16(&mut reader)?;
        let api_id = reader.i32().ok()?;
        let user_id = reader.i64().ok()?;
        let clock_offset = reader.i64().ok()?;
        let mut keys = BTreeMap::new();
        for _ in 0..read_u16(&mut reader)? {
            let dc = DcId::new(read_u16(&mut reader)?.into()).ok()?;
            let server_salt = reader.i64().ok()?;
            let auth_key = AuthKey::new(*reader.raw(256).ok()?.first_chunk()?);
            keys.insert(dc, DcAuth { auth_key, server_salt });
        }
        let mut logout_tokens = Vec::new();
        let tokens = if version == 1 { 0 } else { read_u16(&mut reader)? };
        // What is read could also have been written.
        if usize::from(tokens) > policy::MAX_LOGOUT_TOKENS {
            return None;
        }
        for _ in 0..tokens {
            let length = read_u16(&mut reader)?;
            if usize::from(length) > policy::MAX_LOGOUT_TOKEN_LEN {
                return None;
            }
            logout_tokens.push(Zeroizing::new(reader.raw(length.into()).ok()?.to_vec()));
        }
        let session = Self {
            home_dc: if has(FLAG_HOME) { Some(DcId::new(home.into()).ok()?) } else { None },
            keys,
            user: has(FLAG_USER).then_some(LoggedInUser { id: user_id, is_bot: has(FLAG_BOT) }),
            api_id: has(FLAG_API_ID).then_some(api_id),
            test_dcs: has(FLAG_TEST),
            clock_offset,
            logout_tokens,
            servers: Servers::Unknown,
            dc_options: DcOptions::default(),
        };
        Some((session, reader.rest()))
    }
}

fn write_section(out: &mut Vec<u8>, tag: u8, section: &[u8]) {
    out.push(tag);
    // Far below 4 GiB: what sections hold is bounded.
    out.extend_from_slice(&(section.len() as u32).to_le_bytes());
    out.extend_from_slice(section);
}

fn write_servers(servers: &Servers) -> Option<Vec<u8>> {
    let custom = match servers {
        Servers::Unknown => return None,
        Servers::Telegram => return Some([0].into()),
        Servers::EndedSandbox => return Some([2].into()),
        Servers::Custom(custom) => custom,
    };
    let mut out = Vec::from([1]);
    out.extend_from_slice(&custom.initial_dc.map_or(0, DcId::number).to_le_bytes());
    let addresses =
        || custom.dcs.ids().flat_map(|dc| custom.dcs.endpoints(dc).iter().map(move |it| (dc, it)));
    out.extend_from_slice(&(addresses().count().min(policy::MAX_STORED_ADDRESSES) as u16).to_le_bytes());
    for (dc, address) in addresses().take(policy::MAX_STORED_ADDRESSES) {
        out.extend_from_slice(&dc.number().to_le_bytes());
        out.push(if address.is_ipv4() { 4 } else { 6 });
        out.extend_from_slice(&address.port().to_le_bytes());
        match address {
            SocketAddr::V4(address) => out.extend_from_slice(&address.ip().octets()),
            SocketAddr::V6(address) => {
                out.extend_from_slice(&address.ip().octets());
                out.extend_from_slice(&address.scope_id().to_le_bytes());
            }
        }
    }
    out.push(custom.public_keys.len().min(policy::MAX_STORED_PUBLIC_KEYS) as u8);
    for key in custom.public_keys.iter().take(policy::MAX_STORED_PUBLIC_KEYS) {
        out.extend_from_slice(key.modulus_bytes());
        // At most 8 bytes.
        out.push(key.exponent_bytes().len() as u8);
        out.extend_from_slice(key.exponent_bytes());
    }
    Some(out)
}

fn read_servers(section: &[u8]) -> Option<Servers> {
    match section {
        [0] => return Some(Servers::Telegram),
        [2] => return Some(Servers::EndedSandbox),
        [1, ..] => {}
        _ => return None,
    }
    let mut reader = Reader::new(section.get(1..)?);
    let mut custom = CustomServers::default();
    let initial = read_u16(&mut reader)?;
    if initial != 0 {
        custom.initial_dc = Some(DcId::new(initial.into()).ok()?);
    }
    let addresses = read_u16(&mut reader)?;
    if usize::from(addresses) > policy::MAX_STORED_ADDRESSES {
        return None;
    }
    for _ in 0..addresses {
        let dc = DcId::new(read_u16(&mut reader)?.into()).ok()?;
        let family = read_u8(&mut reader)?;
        let port = read_u16(&mut reader)?;
        let address = match family {
            4 => SocketAddr::new(IpAddr::V4(Ipv4Addr::from(*reader.raw(4).ok()?.first_chunk::<4>()?)), port),
            6 => {
                let ip = Ipv6Addr::from(*reader.raw(16).ok()?.first_chunk::<16>()?);
                let scope = u32::from_le_bytes(*reader.raw(4).ok()?.first_chunk()?);
                SocketAddrV6::new(ip, port, 0, scope).into()
            }
            _ => return None,
        };
        custom.dcs.insert(dc, address);
    }
    let keys = read_u8(&mut reader)?;
    if usize::from(keys) > policy::MAX_STORED_PUBLIC_KEYS {
        return None;
    }
    for _ in 0..keys {
        let modulus = reader.raw(256).ok()?;
        let length = read_u8(&mut reader)?;
        let exponent = reader.raw(length.into()).ok().filter(|exponent| exponent.len() <= 8)?;
        custom.public_keys.push(PublicKey::from_components(modulus, exponent).ok()?);
    }
    (reader.remaining() == 0).then_some(Servers::Custom(custom))
}

fn read_u8(reader: &mut Reader<'_>) -> Option<u8> {
    reader.raw(1).ok()?.first().copied()
}

fn read_u16(reader: &mut Reader<'_>) -> Option<u16> {
    Some(u16::from_le_bytes(*reader.raw(2).ok()?.first_chunk()?))
}

#[cfg(test)]
mod tests;
