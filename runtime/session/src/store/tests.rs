//! The file store against crashes, foreign files and other users.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sansgram_core::client::{Config, DcAuth, DcId};
use sansgram_core::{AuthKey, Secret};

use super::encryption::EncryptionError;
use super::*;
use crate::formats::{Format, export_text};
use crate::scratch::Directory;

mod attacks;

impl Directory {
    fn store(&self) -> FileStore {
        FileStore::new(self.0.join("me"))
    }
}

/// Returns the session of a logged-in user.
fn full_session() -> StoredSession {
    let dc = DcId::new(2).unwrap();
    let key = DcAuth { auth_key: AuthKey::new([3; 256]), server_salt: 9 };
    StoredSession { home_dc: Some(dc), keys: [(dc, key)].into(), ..session(17) }
}

fn session(api_id: i32) -> StoredSession {
    StoredSession { api_id: Some(api_id), ..StoredSession::default() }
}

#[test]
fn names_become_files() {
    for (name, file) in [("me", "me.session"), ("me.session", "me.session"), ("a.b", "a.b.session")] {
        assert_eq!(FileStore::new(name).path(), Path::new(file));
    }
}

#[test]
fn a_saved_session_is_loaded_and_no_other_file_remains() {
    let directory = Directory::new("store-round-trip");
    let store = directory.store();
    assert!(store.load().unwrap().is_none());
    for api_id in [1, 2] {
        store.save(&session(api_id)).unwrap();
        assert_eq!(store.load().unwrap(), Some(session(api_id)));
    }
    assert_eq!(directory.files(), [".me.session.lock", "me.session"]);
    let text = fs::read_to_string(store.path()).unwrap();
    drop(store);
    assert_eq!(directory.files(), ["me.session"]);
    assert_eq!(text.lines().count(), 1, "one line, which can be pasted as a string session");
    assert!(text.ends_with('\n'));
}

#[cfg(unix)]
#[test]
fn only_the_owner_may_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let directory = Directory::new("store-mode");
    let store = directory.store();
    store.save(&session(1)).unwrap();
    fs::set_permissions(store.path(), fs::Permissions::from_mode(0o644)).unwrap();
    store.save(&session(2)).unwrap();
    assert_eq!(fs::metadata(store.path()).unwrap().permissions().mode() & 0o777, 0o600);
}

#[cfg(unix)]
#[test]
fn a_save_keeps_a_link() {
    let directory = Directory::new("store-link");
    let real = FileStore::new(directory.0.join("real"));
    real.save(&session(1)).unwrap();
    let store = directory.store();
    std::os::unix::fs::symlink(real.path(), store.path()).unwrap();
    assert!(
        matches!(store.save(&session(2)), Err(StoreError::InUse { .. })),
        "one session, whatever its name"
    );
    let path = real.path().to_owned();
    drop(real);
    store.save(&session(2)).unwrap();
    assert!(fs::symlink_metadata(store.path()).unwrap().is_symlink());
    assert_eq!(FileStore::new(path).load_unlocked().unwrap(), Some(session(2)));
}

#[cfg(unix)]
#[test]
fn a_save_keeps_a_link_to_a_missing_file() {
    let directory = Directory::new("store-dangling");
    let store = directory.store();
    fs::create_dir(directory.0.join("elsewhere")).unwrap();
    std::os::unix::fs::symlink("elsewhere/next", store.path()).unwrap();
    std::os::unix::fs::symlink("real.session", directory.0.join("elsewhere/next")).unwrap();
    store.check_writable().unwrap();
    store.save(&session(1)).unwrap();
    assert!(fs::symlink_metadata(store.path()).unwrap().is_symlink());
    assert_eq!(FileStore::new(directory.0.join("elsewhere/real")).load_unlocked().unwrap(), Some(session(1)));
}

#[test]
fn check_writable_leaves_no_file_and_finds_a_missing_directory() {
    let directory = Directory::new("store-room");
    let store = directory.store();
    store.check_writable().unwrap();
    assert_eq!(directory.files(), [".me.session.lock"]);
    assert!(store.load().unwrap().is_none());
    let nowhere = FileStore::new(directory.0.join("no/such/me"));
    let error = nowhere.check_writable().unwrap_err();
    assert!(matches!(error, StoreError::NoDirectory { .. }), "{error:?}");
}

#[test]
fn a_damaged_or_foreign_file_is_named_and_never_overwritten() {
    let directory = Directory::new("store-damaged");
    let store = directory.store();
    let whole = session(1).to_text();
    let cut = (0..whole.len()).map(|len| whole.as_bytes()[..len].to_vec());
    let foreign = [b"SQLite format 3\0".to_vec(), vec![0xff; 100], vec![b'a'; 2 << 20]];
    for content in cut.chain(foreign) {
        fs::write(store.path(), &content).unwrap();
        let error = store.load().unwrap_err();
        assert!(matches!(error, StoreError::Format { .. } | StoreError::Foreign { .. }));
        assert!(error.to_string().contains("me.session is left as it is"), "{error}");
        store.save(&session(2)).unwrap_err();
        assert_eq!(fs::read(store.path()).unwrap(), content);
    }
    drop(store);
    assert_eq!(directory.files(), ["me.session"]);
}

#[test]
fn files_of_other_programs_are_named_with_advice() {
    let directory = Directory::new("store-foreign");
    let store = directory.store();
    let telethon = export_text(&full_session(), Format::Telethon, &Config::telegram().dcs).unwrap();
    for (content, what) in
        [(b"SQLite format 3\0".as_slice(), "SQLite"), (telethon.as_bytes(), "string of Telethon")]
    {
        fs::write(store.path(), content).unwrap();
        let error = store.load().unwrap_err().to_string();
        assert!(error.contains(what), "{error}");
        assert!(error.contains("import it as a separate session"), "{error}");
    }
    fs::write(store.path(), "sansgram1:CQAA").unwrap();
    let error = store.load().unwrap_err().to_string();
    assert!(error.contains("newer sansgram"), "{error}");
}

#[test]
fn a_second_store_learns_who_holds_the_session() {
    let directory = Directory::new("store-lock");
    let first = directory.store();
    assert!(first.load().unwrap().is_none());
    for result in [directory.store().load().map(|_| ()), directory.store().save(&session(1))] {
        let error = result.unwrap_err();
        assert!(matches!(error, StoreError::InUse { pid: Some(pid), .. } if pid == std::process::id()));
        assert!(
            error.to_string().contains("in use by another client of this process; disconnect it"),
            "{error}"
        );
    }
    first.clone().save(&session(1)).unwrap();
    assert_eq!(directory.store().load_unlocked().unwrap(), Some(session(1)), "looking is free");
    drop(first);
    assert_eq!(directory.store().load().unwrap(), Some(session(1)));
    assert_eq!(directory.files(), ["me.session"]);
}

#[test]
fn a_new_store_waits_for_one_that_is_being_dropped() {
    let directory = Directory::new("store-handover");
    let first = directory.store();
    first.load().unwrap();
    let ending = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(50));
        drop(first);
    });
    directory.store().save(&session(1)).unwrap();
    ending.join().unwrap();
}

#[test]
fn many_threads_hold_it_one_at_a_time() {
    let directory = Directory::new("store-crowd");
    let inside = std::sync::atomic::AtomicU32::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..50 {
                    let store = directory.store();
                    store.load().unwrap();
                    assert_eq!(inside.fetch_add(1, std::sync::atomic::Ordering::SeqCst), 0);
                    inside.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
                }
            });
        }
    });
    assert!(directory.files().is_empty());
}

#[test]
fn an_encrypted_session_needs_its_passphrase() {
    let directory = Directory::new("store-encrypted");
    let passphrase = || Secret::new("correct horse".to_owned());
    let encrypted = |text: &str| FileStore::encrypted(directory.0.join("me"), Secret::new(text.to_owned()));
    let store = FileStore::encrypted(directory.0.join("me"), passphrase());
    for api_id in [1, 2] {
        store.save(&session(api_id)).unwrap();
        assert_eq!(store.load().unwrap(), Some(session(api_id)));
    }
    assert!(store.is_encrypted().unwrap());
    drop(store);
    let before = fs::read(directory.store().path()).unwrap();
    assert!(before.starts_with(b"sansgram1e:"));

    for (store, expected) in [
        (directory.store(), EncryptionError::PassphraseMissing),
        (encrypted("wrong"), EncryptionError::WrongPassphrase),
    ] {
        let loaded = store.load().map(|_| ());
        for result in [loaded, store.save(&session(3)), store.change_passphrase(None).map(|_| ())] {
            assert!(matches!(result, Err(StoreError::Encrypted { error, .. }) if error == expected));
        }
    }
    assert_eq!(fs::read(directory.store().path()).unwrap(), before);

    let store = encrypted("correct horse");
    assert!(store.change_passphrase(Some(Secret::new("another".into()))).unwrap());
    assert_eq!(store.load().unwrap(), Some(session(2)), "the store knows the new one");
    drop(store);
    let store = encrypted("another");
    assert!(store.change_passphrase(None).unwrap());
    drop(store);
    assert_eq!(directory.store().load().unwrap(), Some(session(2)));
    assert!(!directory.store().is_encrypted().unwrap());
    // A plain session is loaded too, and encrypted by the next save.
    let store = encrypted("correct horse");
    assert_eq!(store.load().unwrap(), Some(session(2)));
    store.save(&session(4)).unwrap();
    assert!(store.is_encrypted().unwrap());
}

#[test]
fn a_missing_file_cannot_be_encrypted() {
    let directory = Directory::new("store-nothing");
    assert!(!directory.store().change_passphrase(Some(Secret::new("x".into()))).unwrap());
    assert!(!directory.store().is_encrypted().unwrap());
    assert!(directory.files().is_empty());
}

#[test]
fn files_of_a_killed_process_do_not_prevent_a_save() {
    let directory = Directory::new("store-killed");
    let store = directory.store();
    store.save(&session(1)).unwrap();
    for counter in 0..100 {
        let name = format!(".me.session.{}-{counter}.tmp", std::process::id());
        fs::write(directory.0.join(name), b"sansgr").unwrap();
    }
    let neighbours = [".me.session.old.tmp", ".you.session.1-2.tmp", "me.session.1-2.tmp"];
    for name in neighbours {
        fs::write(directory.0.join(name), b"").unwrap();
    }
    assert_eq!(directory.store().load_unlocked().unwrap(), Some(session(1)));
    drop(store);
    assert_eq!(directory.store().load().unwrap(), Some(session(1)));
    let mut expected = ["me.session"].iter().chain(&neighbours).copied().collect::<Vec<_>>();
    expected.sort_unstable();
    assert_eq!(directory.files(), expected, "and it is tidied up, but nothing else");
}

#[test]
fn a_failed_save_says_why_and_keeps_the_old_session() {
    let directory = Directory::new("store-failed");
    let store = FileStore::new(directory.0.join("missing/me"));
    assert!(store.load().unwrap().is_none());
    let error = store.save(&session(1)).unwrap_err();
    assert!(matches!(error, StoreError::NoDirectory { .. }), "{error:?}");
    let unreadable = FileStore::new(directory.0.join("folder"));
    fs::create_dir(unreadable.path()).unwrap();
    assert!(matches!(unreadable.save(&session(1)).unwrap_err(), StoreError::Io { action: "read", .. }));
}

#[test]
fn errors_and_debug_output_hold_no_session() {
    let store = MemoryStore::with_session(session(1234));
    assert!(!format!("{store:?}").contains("1234"));
    assert_eq!(store.load().unwrap(), Some(session(1234)));
}

/// Opening a pipe would wait forever.
#[cfg(unix)]
#[test]
fn files_that_are_not_regular_are_named_without_waiting() {
    let directory = Directory::new("store-no-file");
    let pipe = directory.0.join("pipe.session");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    fs::create_dir(directory.0.join("directory.session")).unwrap();
    for (name, words) in [("pipe", "it is a pipe or a device"), ("directory", "it is a directory")] {
        let store = FileStore::new(directory.0.join(name));
        for result in
            [store.is_encrypted().map(drop), store.load_unlocked().map(drop), store.check_writable()]
        {
            let error = result.unwrap_err();
            assert!(error.to_string().contains(words), "{error}");
        }
    }
}

#[test]
fn errors_of_unwritable_places_give_advice() {
    let sentence = |kind: io::ErrorKind, action| {
        StoreError::Io { path: "me.session".into(), action, error: kind.into() }.to_string()
    };
    assert!(sentence(io::ErrorKind::ReadOnlyFilesystem, "locked").contains("; copy it into a directory"));
    assert!(sentence(io::ErrorKind::PermissionDenied, "locked").contains("; make its directory writable"));
    assert!(!sentence(io::ErrorKind::PermissionDenied, "read").contains(';'));
    assert!(sentence(io::ErrorKind::ResourceBusy, "written").contains("mount its directory instead"));
}

#[test]
fn only_the_lock_holder_removes_temporary_files() {
    let directory = Directory::new("store-companion");
    let (companion, left) = (directory.0.join("me.other"), directory.0.join(".me.other.1-2.tmp"));
    fs::write(&left, "secret").unwrap();
    let store = directory.store();
    store.remove_temporaries_of(&companion);
    assert!(left.exists());
    store.load().unwrap();
    store.remove_temporaries_of(&companion);
    assert!(!left.exists());
}
