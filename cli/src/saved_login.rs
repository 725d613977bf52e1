//! A login that is half done, kept beside its session so that another call goes on with it: `NAME.signin`.
//!
//! A file of lines: the text of the runtime's `SavedLogin`; `key`, the DC and the identifier of the auth key that
//! the code belongs to, as 16 hex digits; `phone` and the number. It is readable by its owner only and goes with the login.

pub(crate) mod words;

use std::fs;
use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::time::Duration;

use sansgram_runtime::core::client::{DcId, StoredSession};
use sansgram_runtime::core::login::SavedLogin;
use sansgram_runtime::{FileStore, read_file, replace_file};
use zeroize::Zeroizing;

use crate::error::Failure;
use crate::output;
use crate::policy::MAX_SAVED_LOGIN_LEN;

/// The place for it.
#[derive(Clone, Debug)]
pub(crate) struct SavedLoginFile {
    path: PathBuf,
}

/// What lies there.
pub(crate) struct Kept {
    pub(crate) pending: SavedLogin,
    /// Digits; `None` after a QR code.
    pub(crate) phone: Option<String>,
    /// Where it was begun; `None` of a QR code.
    pub(crate) dc: Option<DcId>,
    /// How long ago it was put there, as far as the clock tells.
    pub(crate) age: Option<Duration>,
}

impl SavedLoginFile {
    pub(crate) fn beside(store: &FileStore) -> Self {
        Self { path: store.path().with_extension("signin") }
    }

    /// The same, freed of what killed processes left: as secret as the file itself. For the owner of the session.
    pub(crate) fn tidied(store: &FileStore) -> Self {
        let half_done = Self::beside(store);
        store.remove_temporaries_of(&half_done.path);
        half_done
    }

    /// Fails if what is at this place cannot be read or replaced: a code that is asked for could be given by this call
    /// only, and what was kept there would be lost. What is damaged or was cut short is replaced.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        match self.read() {
            Ok(_) => Ok(()),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::InvalidData) => Ok(()),
            Err(error) => Err(Failure::new(format!(
                "the half-done login {} cannot be read: {error}; remove it, or name another session with --session",
                self.path.display()
            ))),
        }
    }

    /// What was kept, if it belongs to the key of this session. What cannot be read counts as none.
    pub(crate) fn load(&self, session: &StoredSession) -> Option<Kept> {
        match self.read() {
            Ok(text) => {
                let kept = parse(&text, |dc| key_of(session, dc));
                if kept.is_none() {
                    output::note(&format!(
                        "note: the half-done login in {} cannot be gone on with, as it is damaged or belongs to \
                         another session",
                        self.path.display()
                    ));
                }
                let age = || fs::metadata(&self.path).ok()?.modified().ok()?.elapsed().ok();
                kept.map(|kept| Kept { age: age(), ..kept })
            }
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => {
                output::note(&format!(
                    "note: the half-done login in {} cannot be read: {error}",
                    self.path.display()
                ));
                None
            }
        }
    }

    pub(crate) fn keep(
        &self,
        pending: &SavedLogin,
        phone: Option<&str>,
        session: &StoredSession,
        home: DcId,
    ) -> io::Result<()> {
        let mut text = pending.to_text();
        text.push('\n');
        if let Some(key) = key_of(session, home) {
            text.push_str(&format!("key {} {key}\n", home.number()));
        }
        if let Some(phone) = phone {
            text.push_str("phone ");
            text.push_str(phone);
            text.push('\n');
        }
        replace_file(&self.path, &[text.as_bytes()])
    }

    /// Removes it, if there is one.
    pub(crate) fn forget(&self) -> Result<(), Failure> {
        // What is no file is not ours.
        if fs::symlink_metadata(&self.path).is_ok_and(|there| !there.is_file() && !there.is_symlink()) {
            return Ok(());
        }
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(Failure::new(format!(
                "the half-done login {} cannot be removed: {error}; remove it by hand",
                self.path.display()
            ))),
            _ => Ok(()),
        }
    }

    fn read(&self) -> io::Result<Zeroizing<String>> {
        let bytes = read_file(&self.path, MAX_SAVED_LOGIN_LEN)?;
        let text = std::str::from_utf8(&bytes).map_err(|_| ErrorKind::InvalidData)?;
        Ok(Zeroizing::new(text.to_owned()))
    }
}

fn key_of(session: &StoredSession, dc: DcId) -> Option<String> {
    session.keys.get(&dc).map(|key| key.auth_key.id().to_string())
}

fn parse(text: &str, key_of: impl Fn(DcId) -> Option<String>) -> Option<Kept> {
    let mut lines = text.lines();
    let pending = SavedLogin::from_text(lines.next()?).ok()?;
    let (mut has_key, mut phone, mut begun_at) = (false, None, None);
    for line in lines {
        match line.split_once(' ') {
            Some(("key", value)) => {
                let (dc, key) = value.split_once(' ')?;
                let dc = DcId::new(dc.parse().ok()?).ok()?;
                has_key = key_of(dc).as_deref() == Some(key);
                begun_at = Some(dc);
            }
            Some(("phone", value)) if value.bytes().all(|byte| byte.is_ascii_digit()) => {
                phone = Some(value.to_owned());
            }
            _ => {}
        }
    }
    // A link belongs to no key: another one is shown. All else is known to the server under this key only.
    let fits = matches!(pending, SavedLogin::Qr { .. }) || has_key;
    fits.then_some(Kept { pending, phone, dc: begun_at, age: None })
}

#[cfg(test)]
mod tests {
    use sansgram_runtime::core::login::PasswordHint;

    use super::*;

    #[test]
    fn only_the_session_of_the_same_key_goes_on() {
        let password = SavedLogin::Password(PasswordHint::default()).to_text();
        let text = format!("{}\nkey 2 0011223344556677\nphone 9996621234\n", *password);
        let session = |dc: i64, key: &str| {
            let (dc, key) = (DcId::new(dc).unwrap(), key.to_owned());
            move |of| (of == dc).then(|| key.clone())
        };
        let key = session(2, "0011223344556677");
        let kept = parse(&text, &key).unwrap();
        assert_eq!((kept.phone.as_deref(), kept.dc), (Some("9996621234"), DcId::new(2).ok()));
        assert!(parse(&text, session(2, "ffffffffffffffff")).is_none());
        assert!(parse(&text, session(1, "0011223344556677")).is_none());
        assert!(parse(&password, &key).is_none() && parse("", &key).is_none());
        assert!(parse(&text.replace("signin1:", "signin1:A"), &key).is_none());
        assert!(parse(&text.replace("key 2", "key 0"), &key).is_none());
        let qr = SavedLogin::Qr { except_ids: vec![7] }.to_text();
        assert!(matches!(parse(&qr, |_| None).unwrap().pending, SavedLogin::Qr { .. }));
    }
}
