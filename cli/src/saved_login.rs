//! A saved login in `NAME.login` beside its session, from which another call continues.
//!
//! The file has three lines: the text of the runtime's `SavedLogin`; `key`, the DC and the identifier of the auth key that
//! the login belongs to, as 16 hex digits; `phone` and the number. Only its owner can read it, and it is removed once the
//! login is complete. `NAME.signin`, its name in earlier versions, is read and replaced.

pub(crate) mod messages;

use std::fmt::Write;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sansgram_runtime::core::client::{DcId, StoredSession};
use sansgram_runtime::core::login::SavedLogin;
use sansgram_runtime::{FileStore, read_file, replace_file};
use zeroize::Zeroizing;

use crate::error::Failure;
use crate::output;
use crate::policy::MAX_SAVED_LOGIN_LEN;

/// The file of a saved login.
#[derive(Clone, Debug)]
pub(crate) struct SavedLoginFile {
    path: PathBuf,
    /// The path in earlier versions.
    old_path: PathBuf,
}

/// The content of the file of a saved login.
pub(crate) struct LoadedLogin {
    pub(crate) pending: SavedLogin,
    /// Digits; `None` after a QR code.
    pub(crate) phone: Option<String>,
    /// The DC on which the login began; `None` after a QR code.
    pub(crate) dc: Option<DcId>,
    /// How long ago it was saved; `None` if the clock does not tell.
    pub(crate) age: Option<Duration>,
}

impl SavedLoginFile {
    pub(crate) fn beside(store: &FileStore) -> Self {
        let with_extension = |extension| store.path().with_extension(extension);
        Self { path: with_extension("login"), old_path: with_extension("signin") }
    }

    /// Like [`beside`](Self::beside), and removes temporary files of killed processes, which are as secret as the file
    /// itself. Only the process that has locked the session may call it.
    pub(crate) fn without_temporaries(store: &FileStore) -> Self {
        let file = Self::beside(store);
        store.remove_temporaries_of(&file.path);
        store.remove_temporaries_of(&file.old_path);
        file
    }

    /// Errors if the file cannot be read or replaced: the login could not be saved, and another one would be lost. A
    /// damaged file can be replaced.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        match self.read() {
            Ok(_) => Ok(()),
            Err((_, error)) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::InvalidData) => Ok(()),
            Err((path, error)) => Err(Failure::new(format!(
                "the saved login {} cannot be read: {error}; remove it, or select another session with --session",
                path.display()
            ))),
        }
    }

    /// Returns the saved login if it belongs to the key of this session. Prints a note if it cannot be used.
    pub(crate) fn load(&self, session: &StoredSession) -> Option<LoadedLogin> {
        match self.read() {
            Ok((path, text)) => {
                let loaded = parse(&text, |dc| key_of(session, dc));
                if loaded.is_none() {
                    output::note(&format!(
                        "note: the saved login in {} cannot be resumed: it is damaged or belongs to another session",
                        path.display()
                    ));
                }
                let age = || fs::metadata(path).ok()?.modified().ok()?.elapsed().ok();
                loaded.map(|loaded| LoadedLogin { age: age(), ..loaded })
            }
            Err((_, error)) if error.kind() == ErrorKind::NotFound => None,
            Err((path, error)) => {
                output::note(&format!("note: the saved login in {} cannot be read: {error}", path.display()));
                None
            }
        }
    }

    /// Saves a login and replaces the previous one.
    pub(crate) fn save(
        &self,
        pending: &SavedLogin,
        phone: Option<&str>,
        session: &StoredSession,
        home: DcId,
    ) -> io::Result<()> {
        let mut text = pending.to_text();
        text.push('\n');
        if let Some(key) = key_of(session, home) {
            let _ = writeln!(text, "key {} {key}", home.number());
        }
        if let Some(phone) = phone {
            text.push_str("phone ");
            text.push_str(phone);
            text.push('\n');
        }
        replace_file(&self.path, &[text.as_bytes()])?;
        remove(&self.old_path)
    }

    /// Removes the saved login, if there is one.
    pub(crate) fn remove(&self) -> Result<(), Failure> {
        for path in [&self.path, &self.old_path] {
            remove(path).map_err(|error| {
                Failure::new(format!(
                    "the saved login {} cannot be removed: {error}; remove it by hand",
                    path.display()
                ))
            })?;
        }
        Ok(())
    }

    /// Returns the path and the text of the file, or else of the file of earlier versions.
    fn read(&self) -> Result<(&Path, Zeroizing<String>), (&Path, io::Error)> {
        match read(&self.path) {
            Err(error) if error.kind() == ErrorKind::NotFound => match read(&self.old_path) {
                Ok(text) => Ok((&self.old_path, text)),
                Err(error) => Err((&self.old_path, error)),
            },
            Ok(text) => Ok((&self.path, text)),
            Err(error) => Err((&self.path, error)),
        }
    }
}

fn read(path: &Path) -> io::Result<Zeroizing<String>> {
    let bytes = read_file(path, MAX_SAVED_LOGIN_LEN)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| ErrorKind::InvalidData)?;
    Ok(Zeroizing::new(text.to_owned()))
}

fn remove(path: &Path) -> io::Result<()> {
    // A saved login is a file; a symbolic link may stand in its place.
    if fs::symlink_metadata(path).is_ok_and(|there| !there.is_file() && !there.is_symlink()) {
        return Ok(());
    }
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn key_of(session: &StoredSession, dc: DcId) -> Option<String> {
    session.keys.get(&dc).map(|key| key.auth_key.id().to_string())
}

fn parse(text: &str, key_of: impl Fn(DcId) -> Option<String>) -> Option<LoadedLogin> {
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
    // The server knows a login under its key only. A QR login belongs to no key, since a new link is shown.
    let fits = matches!(pending, SavedLogin::Qr { .. }) || has_key;
    fits.then_some(LoadedLogin { pending, phone, dc: begun_at, age: None })
}

#[cfg(test)]
mod tests {
    use sansgram_runtime::core::login::PasswordHint;

    use super::*;

    #[test]
    fn a_saved_login_belongs_to_a_key() {
        let password = SavedLogin::Password(PasswordHint::default()).to_text();
        let text = format!("{}\nkey 2 0011223344556677\nphone 9996621234\n", *password);
        let session = |dc: i64, key: &str| {
            let (dc, key) = (DcId::new(dc).unwrap(), key.to_owned());
            move |of| (of == dc).then(|| key.clone())
        };
        let key = session(2, "0011223344556677");
        let saved = parse(&text, &key).unwrap();
        assert_eq!((saved.phone.as_deref(), saved.dc), (Some("9996621234"), DcId::new(2).ok()));
        assert!(parse(&text, session(2, "ffffffffffffffff")).is_none());
        assert!(parse(&text, session(1, "0011223344556677")).is_none());
        assert!(parse(&password, &key).is_none() && parse("", &key).is_none());
        assert!(parse(&text.replace("login1:", "login1:A"), &key).is_none());
        assert!(parse(&text.replace("key 2", "key 0"), &key).is_none());
        let qr = SavedLogin::Qr { except_ids: vec![7] }.to_text();
        assert!(matches!(parse(&qr, |_| None).unwrap().pending, SavedLogin::Qr { .. }));
    }
}
