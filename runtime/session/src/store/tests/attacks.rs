//! Links, pipes and files that another user may have created under the names that a store uses.
#![cfg(unix)]

use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

use super::*;

impl Directory {
    fn lock(&self) -> PathBuf {
        self.0.join(".me.session.lock")
    }
}

fn keyed(fill: u8) -> StoredSession {
    let dc = DcId::new(2).unwrap();
    let key = DcAuth { auth_key: AuthKey::new([fill; 256]), server_salt: 9 };
    StoredSession { home_dc: Some(dc), keys: [(dc, key)].into(), ..session(17) }
}

#[test]
fn a_lock_file_that_is_a_link_is_left_as_it_is() {
    let directory = Directory::new("store-lock-link");
    let (victim, lock) = (directory.0.join("victim"), directory.lock());
    for content in ["important", "", "4242\n"] {
        fs::write(&victim, content).unwrap();
        for (link, what) in [
            ((|from, to| symlink(from, to)) as fn(&Path, &Path) -> io::Result<()>, "a symbolic link"),
            (|from, to| fs::hard_link(from, to), "several names"),
        ] {
            link(&victim, &lock).unwrap();
            let store = directory.store();
            for result in [store.load().map(drop), store.save(&session(1)), store.check_writable()] {
                let error = result.unwrap_err();
                assert!(
                    matches!(&error, StoreError::LockFile { lock: it, .. } if it.ends_with(".me.session.lock"))
                );
                assert!(error.to_string().contains(what), "{error}");
            }
            drop(store);
            assert_eq!(fs::read_to_string(&victim).unwrap(), content);
            fs::remove_file(&lock).unwrap();
        }
    }
    // A missing file is not created.
    symlink(directory.0.join("nothing"), &lock).unwrap();
    assert!(matches!(directory.store().load(), Err(StoreError::LockFile { .. })));
    assert!(!directory.0.join("nothing").exists());
}

#[test]
fn a_lock_file_with_other_content_is_left_as_it_is() {
    let directory = Directory::new("store-lock-content");
    for content in [b"important".to_vec(), vec![b'1'; 2000], b"1\0".to_vec(), b"1\xff".to_vec()] {
        fs::write(directory.lock(), &content).unwrap();
        let error = directory.store().load().unwrap_err();
        assert!(matches!(&error, StoreError::LockFile { what: "a file with other content", .. }), "{error}");
        assert_eq!(fs::read(directory.lock()).unwrap(), content);
    }
    // A lock file of a killed process is taken over.
    for content in ["", "4242\n", "4242\nhost web-1\n", "42"] {
        fs::write(directory.lock(), content).unwrap();
        let store = directory.store();
        store.load().unwrap();
        let text = fs::read_to_string(directory.lock()).unwrap();
        assert!(text.starts_with(&format!("{}\n", std::process::id())), "{text}");
        drop(store);
        assert!(directory.files().is_empty());
    }
}

#[test]
fn a_lock_file_that_is_not_regular_is_refused_without_waiting() {
    let directory = Directory::new("store-lock-kinds");
    let refused = || {
        let error = directory.store().load().unwrap_err();
        assert!(matches!(error, StoreError::LockFile { what: "not a regular file", .. }), "{error}");
    };
    fs::create_dir(directory.lock()).unwrap();
    refused();
    fs::remove_dir(directory.lock()).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(directory.lock()).status().unwrap().success());
    refused();
}

/// A program that keeps replacing the lock file does not block the store forever.
#[test]
fn a_lock_file_that_is_replaced_repeatedly_is_an_error() {
    let directory = Directory::new("store-lock-moves");
    let (done, lock) = (std::sync::atomic::AtomicBool::new(false), directory.lock());
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                let _ = fs::remove_file(&lock);
            }
        });
        let begin = std::time::Instant::now();
        for _ in 0..10 {
            // Either result is correct.
            match directory.store().load() {
                Ok(_) => {}
                Err(error) => assert!(error.to_string().contains("repeatedly"), "{error}"),
            }
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        assert!(begin.elapsed() < Duration::from_secs(100));
    });
}

#[test]
fn another_file_under_the_name_of_a_lock_is_not_removed() {
    let directory = Directory::new("store-lock-other");
    let store = directory.store();
    store.load().unwrap();
    fs::remove_file(directory.lock()).unwrap();
    fs::write(directory.lock(), "important").unwrap();
    drop(store);
    assert_eq!(fs::read_to_string(directory.lock()).unwrap(), "important");
}

#[test]
fn a_save_follows_no_link_and_replaces_no_device() {
    let directory = Directory::new("store-replace-link");
    let (victim, target) = (directory.0.join("victim"), directory.0.join("me.signin"));
    fs::write(&victim, "important").unwrap();
    symlink(&victim, &target).unwrap();
    replace_file(&target, &[b"new"]).unwrap();
    assert_eq!(fs::read_to_string(&victim).unwrap(), "important");
    assert_eq!(fs::read_to_string(&target).unwrap(), "new");
    fs::remove_file(&target).unwrap();
    fs::hard_link(&victim, &target).unwrap();
    replace_file(&target, &[b"new"]).unwrap();
    assert_eq!(fs::read_to_string(&victim).unwrap(), "important");
    fs::remove_file(&target).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&target).status().unwrap().success());
    assert_eq!(replace_file(&target, &[b"new"]).unwrap_err().kind(), io::ErrorKind::InvalidInput);
    assert_eq!(directory.files(), ["me.signin", "victim"]);
}

#[test]
fn exposure_lists_the_ways_of_other_users() {
    let directory = Directory::new("store-exposure");
    let store = directory.store();
    store.save(&session(1)).unwrap();
    let set = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    set(&directory.0, 0o755);
    assert_eq!(store.exposure(), []);
    set(store.path(), 0o640);
    assert!(matches!(&*store.exposure(), [Exposure::FileReadable(path)] if path.ends_with("me.session")));
    set(store.path(), 0o600);
    set(&directory.0, 0o777);
    let found = store.exposure();
    assert!(matches!(&*found, [Exposure::DirectoryWritable(_)]), "{found:?}");
    assert!(found[0].to_string().contains("can replace files in the directory"), "{}", found[0]);
    // The mode of /tmp.
    set(&directory.0, 0o1777);
    assert_eq!(store.exposure(), []);
}

#[test]
fn a_session_under_two_names_has_one_owner() {
    let directory = Directory::new("store-two-names");
    let [first, second] = ["first", "second"].map(|name| FileStore::new(directory.0.join(name)));
    first.save(&keyed(1)).unwrap();
    fs::hard_link(first.path(), second.path()).unwrap();
    let refused = |store: &FileStore| {
        for result in [store.load().map(drop), store.save(&keyed(1)), store.check_writable()] {
            let error = result.unwrap_err();
            assert!(matches!(error, StoreError::InUse { other_name: true, .. }), "{error:?}");
            assert!(
                error.to_string().contains("another client of this process, under another name"),
                "{error}"
            );
        }
        assert_eq!(store.load_unlocked().unwrap(), Some(keyed(1)), "looking is free");
    };
    refused(&second);
    // A save replaces the file under the first name. The file under the second name still has the same key.
    first.save(&keyed(1)).unwrap();
    assert_ne!(fs::metadata(first.path()).unwrap().ino(), fs::metadata(second.path()).unwrap().ino());
    refused(&second);
    // A name that is created later does not help either.
    let third = FileStore::new(directory.0.join("third"));
    fs::hard_link(first.path(), third.path()).unwrap();
    refused(&third);
    drop(first);
    assert_eq!(second.load().unwrap(), Some(keyed(1)));
    assert_eq!(third.load().unwrap(), Some(keyed(1)), "now two files");
    drop((second, third));
    assert_eq!(directory.files(), ["first.session", "second.session", "third.session"]);
}

/// A program such as a backup may link all files: the store does not run out of descriptors.
#[cfg(target_os = "linux")]
#[test]
fn hard_links_made_at_each_save_keep_a_bounded_number_of_files_open() {
    let directory = Directory::new("store-many-names");
    let store = directory.store();
    let ours = || {
        let open = fs::read_dir("/proc/self/fd").unwrap().flatten();
        open.filter_map(|it| fs::read_link(it.path()).ok()).filter(|it| it.starts_with(&directory.0)).count()
    };
    for number in 0..100 {
        store.save(&keyed(1)).unwrap();
        fs::hard_link(store.path(), directory.0.join(format!("{number}"))).unwrap();
    }
    assert!(ours() <= 20, "{}", ours());
}

#[test]
fn a_session_of_another_program_is_not_overwritten() {
    let directory = Directory::new("store-replaced");
    let store = directory.store();
    store.save(&keyed(1)).unwrap();
    // Another program wrote the same session, so nothing is lost.
    fs::write(store.path(), StoredSession { api_id: Some(99), ..keyed(1) }.to_text().as_bytes()).unwrap();
    store.save(&keyed(1)).unwrap();
    let other = keyed(2).to_text();
    fs::write(store.path(), other.as_bytes()).unwrap();
    for _ in 0..2 {
        let error = store.save(&keyed(1)).unwrap_err();
        assert!(matches!(error, StoreError::OverwrittenByOther { .. }), "{error:?}");
        assert_eq!(fs::read_to_string(store.path()).unwrap(), *other);
    }
    // Once the file is moved away, both sessions are kept.
    fs::rename(store.path(), directory.0.join("other.session")).unwrap();
    store.save(&keyed(1)).unwrap();
    assert_eq!(FileStore::new(directory.0.join("other")).load_unlocked().unwrap(), Some(keyed(2)));
}

#[test]
fn a_link_that_changes_while_locked_has_no_effect() {
    let directory = Directory::new("store-link-changed");
    let [real, other] = ["real", "other"].map(|name| FileStore::new(directory.0.join(name)));
    real.save(&keyed(1)).unwrap();
    other.save(&keyed(2)).unwrap();
    let store = directory.store();
    symlink("real.session", store.path()).unwrap();
    let paths = [real.path().to_owned(), other.path().to_owned()];
    drop((real, other));
    store.load().unwrap();
    fs::remove_file(store.path()).unwrap();
    symlink("other.session", store.path()).unwrap();
    store.save(&StoredSession { api_id: Some(99), ..keyed(1) }).unwrap();
    let [real, other] = paths.map(|path| FileStore::new(path).load_unlocked().unwrap().unwrap());
    assert_eq!((real.api_id, other), (Some(99), keyed(2)));
}

#[test]
fn error_messages_give_advice() {
    let io = |error, action| StoreError::Io { path: "a\nb.session".into(), action, error }.to_string();
    let no_locks = io(io::Error::from_raw_os_error(rustix::io::Errno::NOLCK.raw_os_error()), "locked");
    assert!(no_locks.contains("; the lock service of its file system is down"), "{no_locks}");
    assert!(no_locks.contains(r"a\nb.session"), "a name stays in its line: {no_locks}");
    let full = io(io::ErrorKind::StorageFull.into(), "written");
    assert!(full.contains("; make room on its disk"), "{full}");
    let error = io::Error::from_raw_os_error(rustix::io::Errno::IO.raw_os_error());
    let unsure = StoreError::NotDurable { path: "me.session".into(), error }.to_string();
    assert!(unsure.contains("me.session was written, but might be lost in a power failure"), "{unsure}");
}
