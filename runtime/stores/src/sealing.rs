//! Sessions sealed under a key that the store's server never sees.
//!
//! XChaCha20-Poly1305 with a random nonce. The name of the session and the version of its content are authenticated
//! with it, so that the server can neither exchange two sessions nor pass an earlier content off as a later version.

use std::env::VarError;
use std::error::Error;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use base64ct::{Base64UrlUnpadded, Encoding};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use sansgram_core::client::SessionFormatError;
use sansgram_core::{OsRandom, SecureRandom};
use sansgram_session::text::shown_path;
use sansgram_session::{StoredSession, read_file};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::policy::MAX_KEY_FILE_LEN;

/// The first bytes of a sealed session, with the version of the layout.
const MAGIC: [u8; 4] = *b"sgs1";
const KEY_LEN: usize = 32;
const KEY_ID_LEN: usize = 8;
const NONCE_LEN: usize = 24;
/// The magic, the key's identifier and the nonce.
const HEADER_LEN: usize = MAGIC.len() + KEY_ID_LEN + NONCE_LEN;

/// A key of 256 bits that seals sessions.
pub struct SealingKey {
    id: [u8; KEY_ID_LEN],
    cipher: XChaCha20Poly1305,
}

/// Why there is no sealing key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SealingKeyError {
    /// The text is not a key.
    #[error("a sealing key has 43 characters of base64url, as `SealingKey::generate` makes them")]
    Text,
    /// The environment variable does not exist.
    #[error("the environment variable {0} is not set; put a sealing key into it")]
    NotSet(String),
    /// The environment variable is not Unicode.
    #[error("the environment variable {0} is not text; put a sealing key into it")]
    NotUnicode(String),
    /// The file cannot be read.
    #[error("the sealing key {} cannot be read: {error}", shown_path(path))]
    File {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        error: io::Error,
    },
    /// The callback returned an error.
    #[error("the sealing key cannot be fetched: {0}")]
    Callback(Box<dyn Error + Send + Sync>),
}

impl SealingKey {
    /// Takes the 32 bytes of a key, which must be random.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; KEY_LEN]) -> Self {
        let hash = Sha256::new().chain_update(b"sansgram sealing key").chain_update(bytes).finalize();
        let mut id = [0; KEY_ID_LEN];
        id.copy_from_slice(&hash[..KEY_ID_LEN]);
        Self { id, cipher: XChaCha20Poly1305::new(bytes.into()) }
    }

    /// Reads the text of a key, as [`generate`](Self::generate) returns it. Blanks around it are ignored.
    ///
    /// # Errors
    /// Returns [`SealingKeyError::Text`] if it is not one.
    pub fn from_text(text: &str) -> Result<Self, SealingKeyError> {
        let mut bytes = Zeroizing::new([0; KEY_LEN]);
        match Base64UrlUnpadded::decode(text.trim(), &mut *bytes) {
            Ok(decoded) if decoded.len() == KEY_LEN => {}
            _ => return Err(SealingKeyError::Text),
        }
        Ok(Self::from_bytes(&bytes))
    }

    /// Reads the text of a key from a file of at most 1024 bytes, such as a secret that an orchestrator mounts, or from
    /// a descriptor that this process was started with (`/dev/stdin`, `/dev/fd/N`).
    ///
    /// # Errors
    /// Returns [`SealingKeyError`] if the file cannot be read or has no key.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, SealingKeyError> {
        Self::from_text(&text_of_file(path.as_ref())?)
    }

    /// Reads the text of a key from an environment variable.
    ///
    /// # Errors
    /// Returns [`SealingKeyError`] if it is not set or has no key.
    pub fn from_environment(variable: &str) -> Result<Self, SealingKeyError> {
        Self::from_text(&text_of_variable(variable)?)
    }

    /// Takes the 32 bytes that `fetch` returns, such as from a key service.
    ///
    /// # Errors
    /// Returns [`SealingKeyError::Callback`] with the error of `fetch`.
    pub fn from_callback<E: Into<Box<dyn Error + Send + Sync>>>(
        fetch: impl FnOnce() -> Result<[u8; KEY_LEN], E>,
    ) -> Result<Self, SealingKeyError> {
        let bytes = fetch().map_err(|error| SealingKeyError::Callback(error.into()))?;
        Ok(Self::from_bytes(&Zeroizing::new(bytes)))
    }

    /// Returns the text of a new key: 43 characters of base64url. It opens the sessions; without it, they are lost.
    #[must_use]
    pub fn generate() -> Zeroizing<String> {
        let mut bytes = Zeroizing::new([0; KEY_LEN]);
        OsRandom::default().fill(&mut *bytes);
        Zeroizing::new(Base64UrlUnpadded::encode_string(&*bytes))
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealingKey").finish_non_exhaustive()
    }
}

/// The keys of a store: one that seals, and earlier ones that still open.
///
/// To replace a key, give every process the new one as the current key and the old one beside it: with
/// [`with_old`](Self::with_old), or behind the new one in the text that [`from_text`](Self::from_text),
/// [`from_file`](Self::from_file) and [`from_environment`](Self::from_environment) read. Each save seals with the current
/// key. While processes with the old key alone still run, let the old one seal and the new one open.
#[derive(Debug)]
pub struct SealingKeys {
    current: SealingKey,
    old: Vec<SealingKey>,
}

/// Why a sealed session cannot be opened. It is left as it is.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// It is not a sealed session of this version.
    #[error("it is not a session that this version has sealed")]
    Foreign,
    /// It is sealed under a key that is not there.
    #[error("it is sealed under another key; give the key that sealed it, as an old one if there is a newer")]
    UnknownKey,
    /// The bytes do not belong to this session and version under this key.
    #[error("it was changed, or it is the content of another session or version; restore it from a backup")]
    Changed,
    /// The text inside cannot be read.
    #[error("{0}")]
    Format(#[from] SessionFormatError),
}

impl SealingKeys {
    /// Takes the key that seals and opens.
    #[must_use]
    pub const fn new(current: SealingKey) -> Self {
        Self { current, old: Vec::new() }
    }

    /// Reads the texts of one or several keys, with blanks or line ends between them. The first one seals and opens, the
    /// others only open.
    ///
    /// # Errors
    /// Returns [`SealingKeyError::Text`] if there is none, or one is not a key.
    pub fn from_text(text: &str) -> Result<Self, SealingKeyError> {
        let mut keys = text.split_whitespace().map(SealingKey::from_text);
        let current = keys.next().unwrap_or(Err(SealingKeyError::Text))?;
        Ok(Self { current, old: keys.collect::<Result<_, _>>()? })
    }

    /// Reads [such a text](Self::from_text) from a file, see [`SealingKey::from_file`].
    ///
    /// # Errors
    /// Returns [`SealingKeyError`] if the file cannot be read or has no keys.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, SealingKeyError> {
        Self::from_text(&text_of_file(path.as_ref())?)
    }

    /// Reads [such a text](Self::from_text) from an environment variable.
    ///
    /// # Errors
    /// Returns [`SealingKeyError`] if it is not set or has no keys.
    pub fn from_environment(variable: &str) -> Result<Self, SealingKeyError> {
        Self::from_text(&text_of_variable(variable)?)
    }

    /// Adds a key that only opens.
    #[must_use]
    pub fn with_old(mut self, key: SealingKey) -> Self {
        self.old.push(key);
        self
    }

    /// Seals a session under its name and the version of its content: 36 bytes, then the text of the session encrypted,
    /// and 16 more.
    #[must_use]
    pub fn seal(&self, name: &str, version: u64, session: &StoredSession) -> Vec<u8> {
        let mut nonce = [0; NONCE_LEN];
        OsRandom::default().fill(&mut nonce);
        let header = [&MAGIC[..], &self.current.id, &nonce].concat();
        let text = session.to_text();
        let bound = bound_to(&header, name, version);
        let payload = Payload { msg: text.as_bytes(), aad: &bound };
        let sealed = self.current.cipher.encrypt(&XNonce::from(nonce), payload);
        [header, sealed.expect("only texts of 256 GiB and more are refused")].concat()
    }

    /// Opens what [`seal`](Self::seal) returned for the same name and version.
    ///
    /// # Errors
    /// Returns [`SealError`] if it is anything else.
    pub fn open(&self, name: &str, version: u64, sealed: &[u8]) -> Result<StoredSession, SealError> {
        let (header, sealed) = sealed.split_at_checked(HEADER_LEN).ok_or(SealError::Foreign)?;
        let rest = header.strip_prefix(&MAGIC).ok_or(SealError::Foreign)?;
        let (id, nonce) = rest.split_at(KEY_ID_LEN);
        let mut keys = std::iter::once(&self.current).chain(&self.old);
        let key = keys.find(|key| key.id == id).ok_or(SealError::UnknownKey)?;
        let nonce = XNonce::try_from(nonce).map_err(|_| SealError::Foreign)?;
        let bound = bound_to(header, name, version);
        let payload = Payload { msg: sealed, aad: &bound };
        let text = Zeroizing::new(key.cipher.decrypt(&nonce, payload).map_err(|_| SealError::Changed)?);
        let text = std::str::from_utf8(&text).map_err(|_| SessionFormatError::Foreign)?;
        Ok(StoredSession::from_text(text)?)
    }
}

fn bound_to(header: &[u8], name: &str, version: u64) -> Vec<u8> {
    [header, &version.to_be_bytes(), name.as_bytes()].concat()
}

fn text_of_file(path: &Path) -> Result<Zeroizing<String>, SealingKeyError> {
    let bytes = read_file(path, MAX_KEY_FILE_LEN);
    let bytes = bytes.map_err(|error| SealingKeyError::File { path: path.into(), error })?;
    let text = std::str::from_utf8(&bytes).map_err(|_| SealingKeyError::Text)?;
    Ok(Zeroizing::new(text.into()))
}

fn text_of_variable(variable: &str) -> Result<Zeroizing<String>, SealingKeyError> {
    match std::env::var(variable) {
        Ok(text) => Ok(Zeroizing::new(text)),
        Err(VarError::NotPresent) => Err(SealingKeyError::NotSet(variable.into())),
        Err(VarError::NotUnicode(bytes)) => {
            drop(Zeroizing::new(bytes.into_encoded_bytes()));
            Err(SealingKeyError::NotUnicode(variable.into()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session() -> StoredSession {
        StoredSession { api_id: Some(7), ..StoredSession::default() }
    }

    fn keys(byte: u8) -> SealingKeys {
        SealingKeys::new(SealingKey::from_bytes(&[byte; KEY_LEN]))
    }

    #[test]
    fn a_session_opens_under_its_name_version_and_key_only() {
        let sealed = keys(1).seal("me", 5, &session());
        assert_eq!(keys(1).open("me", 5, &sealed).unwrap().api_id, Some(7));
        assert_ne!(sealed, keys(1).seal("me", 5, &session()), "each nonce is new");
        for (name, version) in [("you", 5), ("me", 4), ("me", 6)] {
            assert!(matches!(keys(1).open(name, version, &sealed), Err(SealError::Changed)));
        }
        assert!(matches!(keys(2).open("me", 5, &sealed), Err(SealError::UnknownKey)));
        for length in [0, 3, HEADER_LEN - 1] {
            assert!(matches!(keys(1).open("me", 5, &sealed[..length]), Err(SealError::Foreign)));
        }
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(keys(1).open("me", 5, &changed).is_err(), "byte {at}");
        }
    }

    #[test]
    fn old_keys_open_and_the_current_one_seals() {
        let old = keys(1).seal("me", 1, &session());
        let both = keys(2).with_old(SealingKey::from_bytes(&[1; KEY_LEN]));
        assert_eq!(both.open("me", 1, &old).unwrap().api_id, Some(7));
        let new = both.seal("me", 2, &session());
        assert_eq!(keys(2).open("me", 2, &new).unwrap().api_id, Some(7));
    }

    #[test]
    fn a_text_may_have_several_keys_of_which_the_first_seals() {
        let [new, old] = [SealingKey::generate(), SealingKey::generate()];
        let both = SealingKeys::from_text(&format!("{}\n{}\n", *new, *old)).unwrap();
        let [new, old] = [new, old].map(|text| SealingKeys::from_text(&text).unwrap());
        assert!(both.open("me", 1, &old.seal("me", 1, &session())).is_ok());
        let sealed = both.seal("me", 2, &session());
        assert!(new.open("me", 2, &sealed).is_ok());
        assert!(matches!(old.open("me", 2, &sealed), Err(SealError::UnknownKey)));
        let key = SealingKey::generate();
        for wrong in [String::new(), format!("{} short", *key), format!("{},{}", *key, *key)] {
            assert!(matches!(SealingKeys::from_text(&wrong), Err(SealingKeyError::Text)), "{wrong}");
        }
    }

    #[test]
    fn keys_are_read_from_texts_files_and_callbacks() {
        let text = SealingKey::generate();
        assert_eq!(text.len(), 43);
        let key = SealingKey::from_text(&format!(" {}\n", *text)).unwrap();
        assert!(!format!("{key:?}").contains(&*text));
        for wrong in ["", "short", &text[1..], &format!("{}A", *text)] {
            assert!(matches!(SealingKey::from_text(wrong), Err(SealingKeyError::Text)), "{wrong}");
        }
        let path = std::env::temp_dir().join(format!("sansgram-sealing-key-{}", std::process::id()));
        std::fs::write(&path, &*text).unwrap();
        assert_eq!(SealingKey::from_file(&path).unwrap().id, key.id);
        std::fs::write(&path, format!("{}{}", *text, " ".repeat(1024))).unwrap();
        let error = SealingKey::from_file(&path).unwrap_err().to_string();
        assert!(error.ends_with("cannot be read: it is larger than 1 KiB"), "{error}");
        std::fs::write(&path, [0xff; 43]).unwrap();
        assert!(matches!(SealingKey::from_file(&path), Err(SealingKeyError::Text)));
        std::fs::remove_file(&path).unwrap();
        assert!(matches!(SealingKey::from_file(&path), Err(SealingKeyError::File { .. })));
        assert!(matches!(
            SealingKey::from_environment("SANSGRAM_NO_SUCH_KEY"),
            Err(SealingKeyError::NotSet(_))
        ));
        let fetched = SealingKey::from_callback(|| Ok::<_, io::Error>([7; KEY_LEN])).unwrap();
        assert_eq!(fetched.id, SealingKey::from_bytes(&[7; KEY_LEN]).id);
        let failed = SealingKey::from_callback(|| Err::<[u8; KEY_LEN], _>("no network")).unwrap_err();
        assert_eq!(failed.to_string(), "the sealing key cannot be fetched: no network");
    }

    #[cfg(unix)]
    #[test]
    fn a_variable_that_is_not_text_has_its_own_error() {
        use std::os::unix::ffi::OsStrExt;
        const VARIABLE: &str = "SANSGRAM_TEST_SEALING_KEY";
        if std::env::var_os(VARIABLE).is_none() {
            // The same test again, in a process that has it.
            let mut child = std::process::Command::new(std::env::current_exe().unwrap());
            child.args(["--exact", "sealing::tests::a_variable_that_is_not_text_has_its_own_error"]);
            child.env(VARIABLE, std::ffi::OsStr::from_bytes(&[b'A', 0xff]));
            let output = child.output().unwrap();
            return assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        }
        let error = SealingKey::from_environment(VARIABLE).unwrap_err();
        assert!(matches!(error, SealingKeyError::NotUnicode(_)), "{error}");
        assert!(error.to_string().ends_with("is not text; put a sealing key into it"), "{error}");
    }
}
