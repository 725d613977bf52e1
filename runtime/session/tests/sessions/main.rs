//! Sessions on the disk: one scenario per file, several of them with processes that are killed.

mod killed_saves;
mod passphrase;
mod scarcity;
mod string_formats;
mod two_processes;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use sansgram_core::AuthKey;
use sansgram_core::client::{DcAuth, DcId, LoggedInUser, StoredSession};

/// The variable with the path of the session, for a child process of a scenario.
const PATH: &str = "SANSGRAM_TEST_SESSION";

/// Starts this program again, as one of its ignored tests.
fn child(test: &str, path: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--ignored", "--nocapture", "--test-threads=1"])
        .env(PATH, path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Returns the `number`th session, which has keys of all DCs.
fn session(number: i32) -> StoredSession {
    let key =
        |dc: u8| DcAuth { auth_key: AuthKey::new([dc ^ number as u8; 256]), server_salt: number.into() };
    StoredSession {
        home_dc: DcId::new(2).ok(),
        keys: (1..=5).map(|dc| (DcId::new(dc.into()).unwrap(), key(dc))).collect(),
        user: Some(LoggedInUser { id: 1_234_567, is_bot: false }),
        api_id: Some(number),
        ..StoredSession::default()
    }
}

/// A directory of one test, which is removed with its content.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("sansgram-sessions-{name}-{}", std::process::id()));
        // A killed process with the same process id may have left it.
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
