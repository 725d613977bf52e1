//! The samples of other programs' sessions, for tests: one key, one user, one DC in all of them.

use std::fs;
use std::path::PathBuf;

use sansgram_core::client::{DcId, LoggedInUser, Servers};
use sansgram_core::{AuthKey, Secret};

use super::format::Format;
use super::imported::{ImportOptions, Imported};

/// The user of all samples.
pub(super) const USER: i64 = 987_654_321;

/// Returns the path of a sample, or of a folder of samples.
pub(super) fn sample(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "vectors", "sessions", name].iter().collect()
}

/// Returns the key of all samples.
pub(super) fn key() -> AuthKey {
    AuthKey::new(fs::read(sample("key256.bin")).unwrap().try_into().unwrap())
}

/// Returns options with the passcode of an encrypted session.
pub(super) fn with_passcode(passcode: &str) -> ImportOptions {
    ImportOptions::default().passcode(Secret::new(passcode.into()))
}

pub(super) fn dc(number: i64) -> DcId {
    DcId::new(number).unwrap()
}

/// Checks the content of a sample, for the formats that are used with Telegram's servers only.
#[track_caller]
pub(super) fn check(imported: &Imported, format: Format) {
    assert_eq!(imported.format, format);
    assert_eq!(imported.session.home_dc, Some(dc(2)));
    assert_eq!(imported.session.keys[&dc(2)].auth_key, key());
    assert_eq!(imported.session.user, Some(LoggedInUser { id: USER, is_bot: false }));
    assert_eq!(imported.session.servers, Servers::Telegram);
}
