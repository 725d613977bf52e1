//! What a sign-in leaves behind, to be kept by the embedder: keys, salts, the clock's offset, who is signed in.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use zeroize::Zeroizing;

use crate::crypto::AuthKey;
use crate::crypto::text::{TextError, TextFormat};
use crate::dc::DcId;
use crate::tl::Reader;

/// Who is signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedInUser {
    /// The user's identifier.
    pub id: i64,
    /// Whether it is a bot.
    pub is_bot: bool,
}

/// What one DC and this client know of each other. The salt is not in the `Debug` output, and of the key its
/// identifier.
#[derive(Clone, PartialEq, Eq)]
pub struct DcKey {
    /// The permanent authorisation key.
    pub auth_key: AuthKey,
    /// The server salt that was valid last; 0 where none is known.
    pub server_salt: i64,
}

impl fmt::Debug for DcKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DcKey").field("auth_key", &self.auth_key).finish_non_exhaustive()
    }
}

/// The persistent state of a client.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct SessionData {
    /// The DC where the account lives, once it is known.
    pub home_dc: Option<DcId>,
    /// The keys, by DC.
    pub keys: BTreeMap<DcId, DcKey>,
    /// Who is signed in.
    pub user: Option<SignedInUser>,
    /// The `api_id` of the sign-in, so that it is not needed again.
    pub api_id: Option<i32>,
    /// Whether the DCs are Telegram's test DCs.
    pub test_dcs: bool,
    /// Server time minus the local wall clock, in seconds, when it was last known.
    pub clock_offset: i64,
    /// The tokens that sign-outs left (`future_auth_token`), oldest first, at most 20: whoever shows one at the next
    /// sign-in needs no code. Secrets.
    pub logout_tokens: Vec<Zeroizing<Vec<u8>>>,
}

impl fmt::Debug for SessionData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionData")
            .field("home_dc", &self.home_dc)
            .field("keys", &self.keys)
            .field("user", &self.user)
            .field("api_id", &self.api_id)
            .field("test_dcs", &self.test_dcs)
            .field("clock_offset", &self.clock_offset)
            .field("logout_tokens", &self.logout_tokens.len())
            .finish()
    }
}

/// A session text that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SessionFormatError {
    /// It does not begin with `sansgram1:`.
    #[error("this is not a sansgram session: it does not begin with \"sansgram1:\"")]
    Foreign,
    /// There is nothing but white space.
    #[error("this is not a sansgram session: it is empty")]
    Empty,
    /// Some of it is missing or changed.
    #[error("this sansgram session is damaged: {0}")]
    Damaged(&'static str),
    /// A later version wrote it.
    #[error("this session was written by a newer sansgram (format {0}); update to read it")]
    Newer(u8),
}

/// Version 1 has no sign-out tokens.
const FORMAT: TextFormat = TextFormat { mark: "sansgram1:", version: 2 };
impl From<TextError> for SessionFormatError {
    fn from(error: TextError) -> Self {
        match error {
            TextError::Foreign => Self::Foreign,
            TextError::Newer(version) => Self::Newer(version),
            TextError::Encoding => Self::Damaged("it has characters that no session has"),
            TextError::NoVersion => Self::Damaged("it has no version"),
            TextError::Cut => Self::Damaged("it is cut short"),
            TextError::Checksum => Self::Damaged("its checksum does not match"),
        }
    }
}

/// As many tokens as the server takes (`auth.sendCode`).
const MAX_LOGOUT_TOKENS: usize = 20;
/// Longer tokens are not kept, in bytes.
const LONGEST_LOGOUT_TOKEN: usize = 1024;
const FLAG_TEST: u8 = 1;
const FLAG_USER: u8 = 2;
const FLAG_BOT: u8 = 4;
const FLAG_HOME: u8 = 8;
const FLAG_API_ID: u8 = 16;

impl SessionData {
    /// Whether anything is in it that would be missed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Keeps a sign-out token, in the place of the oldest where there are 20. One that is empty or longer than 1 KiB is
    /// not kept.
    pub fn keep_logout_token(&mut self, token: Zeroizing<Vec<u8>>) {
        if token.is_empty() || token.len() > LONGEST_LOGOUT_TOKEN || self.logout_tokens.contains(&token) {
            return;
        }
        let surplus = (self.logout_tokens.len() + 1).saturating_sub(MAX_LOGOUT_TOKENS);
        self.logout_tokens.drain(..surplus);
        self.logout_tokens.push(token);
    }

    /// The session as one line of text, `sansgram1:` and base64url; it contains the keys, so guard it like a password.
    ///
    /// Layout, little-endian: version 1, flags 1, home DC 2, `api_id` 4, user 8, clock offset 8, number of keys 2; for
    /// each key DC 2, salt 8, key 256; number of tokens 2; for each token length 2 and the token; checksum 8.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        // In one piece: a buffer that grows leaves copies behind.
        let tokens: usize = self.logout_tokens.iter().map(|token| 2 + token.len()).sum();
        let mut out = Zeroizing::new(Vec::with_capacity(64 + 266 * self.keys.len() + tokens));
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
        let tokens = self.logout_tokens.iter().filter(|token| token.len() <= LONGEST_LOGOUT_TOKEN);
        let kept = tokens.clone().count().min(MAX_LOGOUT_TOKENS);
        out.extend_from_slice(&(kept as u16).to_le_bytes());
        for token in tokens.take(kept) {
            out.extend_from_slice(&(token.len() as u16).to_le_bytes());
            out.extend_from_slice(token);
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
        Self::read(&content).ok_or(SessionFormatError::Damaged("its fields do not fit"))
    }

    fn read(content: &[u8]) -> Option<Self> {
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
            keys.insert(dc, DcKey { auth_key, server_salt });
        }
        let mut logout_tokens = Vec::new();
        let tokens = if version == 1 { 0 } else { read_u16(&mut reader)? };
        // What is read could also have been written.
        if usize::from(tokens) > MAX_LOGOUT_TOKENS {
            return None;
        }
        for _ in 0..tokens {
            let length = read_u16(&mut reader)?;
            if usize::from(length) > LONGEST_LOGOUT_TOKEN {
                return None;
            }
            logout_tokens.push(Zeroizing::new(reader.raw(length.into()).ok()?.to_vec()));
        }
        if reader.remaining() != 0 {
            return None;
        }
        Some(Self {
            home_dc: if has(FLAG_HOME) { Some(DcId::new(home.into()).ok()?) } else { None },
            keys,
            user: has(FLAG_USER).then_some(SignedInUser { id: user_id, is_bot: has(FLAG_BOT) }),
            api_id: has(FLAG_API_ID).then_some(api_id),
            test_dcs: has(FLAG_TEST),
            clock_offset,
            logout_tokens,
        })
    }
}

fn read_u16(reader: &mut Reader<'_>) -> Option<u16> {
    Some(u16::from_le_bytes(*reader.raw(2).ok()?.first_chunk()?))
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    fn sample() -> SessionData {
        let dc = DcId::literal(2);
        let mut bytes = [0; 256];
        for (index, byte) in bytes.iter_mut().enumerate() {
            *byte = index as u8;
        }
        let key = DcKey { auth_key: AuthKey::new(bytes), server_salt: -5 };
        SessionData {
            home_dc: Some(dc),
            keys: BTreeMap::from([(dc, key)]),
            user: Some(SignedInUser { id: 1_234_567_890_123, is_bot: true }),
            api_id: Some(17),
            test_dcs: true,
            clock_offset: -86_400,
            logout_tokens: [alloc::vec![7; 32], alloc::vec![8; 3]].map(Zeroizing::new).into(),
        }
    }

    #[test]
    fn what_was_written_is_read() {
        for data in [sample(), SessionData::default()] {
            assert_eq!(SessionData::from_text(&data.to_text()), Ok(data));
        }
    }

    #[test]
    fn more_or_longer_tokens_than_are_written_are_not_read() {
        let read = |tokens: &[Vec<u8>]| {
            let mut content = alloc::vec![FORMAT.version, 0];
            content.extend([0; 24]);
            content.extend((tokens.len() as u16).to_le_bytes());
            for token in tokens {
                content.extend((token.len() as u16).to_le_bytes());
                content.extend(token);
            }
            SessionData::read(&content).map(|data| data.logout_tokens)
        };
        let most = alloc::vec![alloc::vec![7; LONGEST_LOGOUT_TOKEN]; MAX_LOGOUT_TOKENS];
        assert_eq!(read(&most), Some(most.into_iter().map(Zeroizing::new).collect()));
        assert_eq!(read(&alloc::vec![alloc::vec![7]; MAX_LOGOUT_TOKENS + 1]), None);
        assert_eq!(read(&[alloc::vec![7; LONGEST_LOGOUT_TOKEN + 1]]), None);
    }

    #[test]
    fn the_first_version_is_still_read() {
        // What version 1 wrote for a test DC 2, `api_id` 17, the clock one second ahead, and no key.
        let mut content = alloc::vec![1, FLAG_TEST | FLAG_HOME | FLAG_API_ID, 2, 0, 17, 0, 0, 0];
        content.extend([0; 8]);
        content.extend(1_i64.to_le_bytes());
        content.extend([0, 0]);
        let text = FORMAT.write(Zeroizing::new(content));
        let expected = SessionData {
            home_dc: Some(DcId::literal(2)),
            api_id: Some(17),
            test_dcs: true,
            clock_offset: 1,
            ..SessionData::default()
        };
        assert_eq!(SessionData::from_text(&text), Ok(expected));
    }

    #[test]
    fn the_newest_twenty_tokens_are_kept() {
        let mut data = SessionData::default();
        for number in 0..30 {
            data.keep_logout_token(alloc::vec![number; 4].into());
        }
        data.keep_logout_token(alloc::vec![29; 4].into());
        data.keep_logout_token(Zeroizing::default());
        let kept: Vec<u8> = data.logout_tokens.iter().map(|token| token[0]).collect();
        assert_eq!(kept, (10..30).collect::<Vec<u8>>());
        assert_eq!(SessionData::from_text(&data.to_text()), Ok(data));
    }

    #[test]
    fn every_changed_or_missing_character_is_noticed() {
        let text = sample().to_text();
        for at in FORMAT.mark.len()..text.len() {
            let replacement = if text.as_bytes()[at] == b'A' { "B" } else { "A" };
            let mut changed = String::from(text.as_str());
            changed.replace_range(at..=at, replacement);
            assert!(SessionData::from_text(&changed).is_err(), "character {at}");
            let cut = SessionData::from_text(&text[..at]).unwrap_err().to_string();
            assert!(!cut.contains("characters"), "cut at {at}: {cut}");
        }
    }

    #[test]
    fn foreign_and_newer_texts_are_named() {
        assert_eq!(SessionData::from_text("1BVtsO"), Err(SessionFormatError::Foreign));
        assert_eq!(SessionData::from_text(" \n"), Err(SessionFormatError::Empty));
        assert_eq!(SessionData::from_text("sansgram1:AwAA"), Err(SessionFormatError::Newer(3)));
    }
}
