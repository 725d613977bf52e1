//! A lack of rights, descriptors or room on the disk. The result of a save is true, and the file holds either the old
//! session or the new one.
#![cfg(target_os = "linux")]

use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::process::{Resource, Rlimit, geteuid, getrlimit, setrlimit};
use sansgram_session::{FileStore, SessionStore, StoreError};

use super::{Directory, PATH, session};

/// The id of a user without privileges.
const NOBODY: u32 = 65534;

/// Runs one of the ignored tests to its end, by a command that `shell` may change.
fn run(test: &str, path: &Path, change: impl FnOnce(&mut Command)) {
    let test = format!("scarcity::{test}");
    // Another user may not reach the directory that this program was built in.
    let program = path.with_file_name("program");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    let script = r#"trap "" XFSZ; [ -z "$BLOCKS" ] || ulimit -f "$BLOCKS"; exec "$@""#;
    let mut command = Command::new("sh");
    command.args(["-c", script, "sh"]).arg(&program);
    command.args(["--exact", &test, "--ignored", "--nocapture", "--test-threads=1"]);
    command.env(PATH, path).current_dir("/").stdin(Stdio::null());
    change(&mut command);
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

fn path() -> PathBuf {
    std::env::var_os(PATH).expect("run by another test").into()
}

#[test]
fn a_directory_that_cannot_be_read_can_be_written() {
    let directory = Directory::new("unreadable");
    let path = directory.0.join("private/me.session");
    let private = path.parent().unwrap();
    fs::create_dir(private).unwrap();
    fs::set_permissions(&directory.0, fs::Permissions::from_mode(0o755)).unwrap();
    if geteuid().is_root() {
        chown(private, Some(NOBODY), Some(NOBODY)).unwrap();
    }
    // The program is copied beside the directory before that is made inaccessible.
    let beside = directory.0.join("me.session");
    fs::set_permissions(private, fs::Permissions::from_mode(0o300)).unwrap();
    run("saves_in_an_unreadable_directory", &beside, |command| {
        command.env(PATH, &path);
        if geteuid().is_root() {
            command.uid(NOBODY).gid(NOBODY);
        }
    });
    fs::set_permissions(private, fs::Permissions::from_mode(0o700)).unwrap();
    assert_eq!(FileStore::new(&path).load_unlocked().unwrap(), Some(session(2)));
    let files: Vec<_> = fs::read_dir(private).unwrap().map(|it| it.unwrap().file_name()).collect();
    assert_eq!(files, ["me.session"]);
}

#[test]
#[ignore = "another test's child process"]
fn saves_in_an_unreadable_directory() {
    let path = path();
    assert!(!geteuid().is_root());
    assert!(File::open(path.parent().unwrap()).is_err(), "it cannot be read");
    let store = FileStore::new(path);
    store.check_writable().unwrap();
    store.save(&session(1)).unwrap();
    store.save(&session(2)).unwrap();
    assert_eq!(store.load().unwrap(), Some(session(2)));
}

#[test]
fn a_save_without_descriptors_reports_what_it_did() {
    let directory = Directory::new("descriptors");
    run("saves_with_few_descriptors", &directory.0.join("me.session"), |_| {});
}

#[test]
#[ignore = "another test's child process"]
fn saves_with_few_descriptors() {
    let path = path();
    let before = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: Some(64), ..before }).unwrap();
    let (mut failed, mut saved) = (0, 0);
    for free in 0..10 {
        let number = 2 * free + 1;
        // The session is locked, like that of a running client.
        let store = FileStore::new(&path);
        store.save(&session(number)).unwrap();
        let mut taken: Vec<File> = std::iter::from_fn(|| File::open("/dev/null").ok()).collect();
        taken.truncate(taken.len() - usize::try_from(free).unwrap());
        let result = store.save(&session(number + 1));
        drop(taken);
        let kept = store.load().unwrap().unwrap();
        match result {
            Ok(()) => {
                assert_eq!(kept, session(number + 1), "with {free} descriptors");
                saved += 1;
            }
            Err(error) => {
                assert!(error.to_string().contains("Too many open files"), "{error}");
                assert_eq!(kept, session(number), "with {free} descriptors: {error}");
                failed += 1;
            }
        }
    }
    assert!(failed > 0 && saved > 0, "{failed} failed, {saved} saved");
}

#[test]
fn a_full_disk_keeps_the_old_session_and_the_lock() {
    let directory = Directory::new("full");
    let path = directory.0.join("me.session");
    FileStore::new(&path).save(&session(1)).unwrap();
    run("saves_without_room", &path, |command| {
        command.env("BLOCKS", "0");
    });
    assert_eq!(FileStore::new(&path).load_unlocked().unwrap(), Some(session(1)));
    let mut files: Vec<_> = fs::read_dir(&directory.0).unwrap().map(|it| it.unwrap().file_name()).collect();
    files.sort();
    assert_eq!(files, ["me.session", "program"], "no half of a file");
}

#[test]
#[ignore = "another test's child process"]
fn saves_without_room() {
    let store = FileStore::new(path());
    assert_eq!(store.load().unwrap(), Some(session(1)));
    assert!(matches!(store.check_writable(), Err(StoreError::Io { action: "written", .. })));
    for _ in 0..3 {
        assert!(matches!(store.save(&session(2)), Err(StoreError::Io { action: "written", .. })));
        assert_eq!(store.load().unwrap(), Some(session(1)));
    }
    // There is no room for the owner in the lock file either, but the lock holds.
    assert!(matches!(FileStore::new(path()).load(), Err(StoreError::InUse { .. })));
}

/// A save by root must not change the owner of the file.
#[test]
fn root_keeps_the_owner_of_a_session() {
    use std::os::unix::fs::MetadataExt;
    if !geteuid().is_root() {
        return;
    }
    let directory = Directory::new("root");
    let store = FileStore::new(directory.0.join("me"));
    store.save(&session(1)).unwrap();
    chown(store.path(), Some(NOBODY), Some(NOBODY)).unwrap();
    store.save(&session(2)).unwrap();
    let metadata = fs::metadata(store.path()).unwrap();
    assert_eq!((metadata.uid(), metadata.gid(), metadata.mode() & 0o777), (NOBODY, NOBODY, 0o600));
}

/// A lock file of another user in a directory that all users can write is neither trusted nor changed.
#[test]
fn a_lock_file_of_another_user_is_left_as_it_is() {
    if !geteuid().is_root() {
        return;
    }
    let directory = Directory::new("others-lock");
    let lock = directory.0.join(".me.session.lock");
    fs::write(&lock, "").unwrap();
    chown(&lock, Some(NOBODY), Some(NOBODY)).unwrap();
    let store = FileStore::new(directory.0.join("me"));
    let error = store.load().unwrap_err();
    assert!(matches!(error, StoreError::LockFile { what: "a file of another user", .. }), "{error}");
    drop(store);
    assert_eq!(fs::read(&lock).unwrap(), b"");
    // In a directory of that user, the lock file is accepted.
    chown(&directory.0, Some(NOBODY), Some(NOBODY)).unwrap();
    FileStore::new(directory.0.join("me")).load().unwrap();
}
