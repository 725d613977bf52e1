//! The lock of a session between processes: a second process learns which process holds it, and gets it once that
//! process ends in any way.

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;

use sansgram_session::{FileStore, SessionStore, StoreError};

use super::{Directory, PATH, child, session};

#[test]
fn the_second_process_learns_of_the_first() {
    let directory = Directory::new("two-processes");
    let path = directory.0.join("me.session");
    let mut owner = child("two_processes::holds_it_until_it_is_killed", &path);
    let mut lines = BufReader::new(owner.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().ends_with("holding")), "the owner has it");

    let store = FileStore::new(&path);
    for outcome in [store.load().map(|_| ()), store.save(&session(2))] {
        let error = outcome.unwrap_err();
        assert!(matches!(error, StoreError::InUse { pid: Some(pid), .. } if pid == owner.id()), "{error:?}");
        assert!(error.to_string().contains(&format!("in use by PID {}", owner.id())), "{error}");
    }
    // Reading needs no lock.
    assert_eq!(store.load_unlocked().unwrap(), Some(session(1)));

    owner.kill().unwrap();
    owner.wait().unwrap();
    assert_eq!(store.load().unwrap(), Some(session(1)));
    store.save(&session(2)).unwrap();
    assert_eq!(store.load_unlocked().unwrap(), Some(session(2)));
}

/// Containers that share a volume: both processes may have the same process id.
#[cfg(target_os = "linux")]
#[test]
fn an_owner_in_another_container_is_named_as_such() {
    use std::process::{Command, Stdio};

    use sansgram_session::OwnerLocation;

    let directory = Directory::new("containers");
    let path = directory.0.join("me.session");
    // A new PID namespace, if this user may create one.
    let unshare = ["--pid", "--fork", "--mount-proc", "--kill-child"];
    if !Command::new("unshare").args(unshare).arg("true").status().is_ok_and(|status| status.success()) {
        return;
    }
    let mut owner = Command::new("unshare")
        .args(unshare)
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "two_processes::holds_it_until_it_is_killed", "--ignored", "--nocapture"])
        .env(PATH, &path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(owner.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().ends_with("holding")), "the owner has it");

    let store = FileStore::new(&path);
    let error = store.load().unwrap_err();
    let StoreError::InUse { pid: None, owner: Some(who), .. } = &error else { panic!("{error:?}") };
    assert_eq!((who.pid, who.location), (1, OwnerLocation::OtherContainer), "{error}");
    assert!(
        error.to_string().contains("in use by PID 1 in another container with the host name "),
        "{error}"
    );

    owner.kill().unwrap();
    owner.wait().unwrap();
    // The owner's end of the pipe is closed once it has ended, in any way.
    let _ = lines.map_while(Result::ok).count();
    assert_eq!(store.load().unwrap(), Some(session(1)));
}

/// The two names may be in different directories, as in volumes of two containers.
#[cfg(unix)]
#[test]
fn two_processes_do_not_share_a_session_by_two_names() {
    let directory = Directory::new("two-names");
    let (first, second) = (directory.0.join("a/first.session"), directory.0.join("b/second.session"));
    for name in ["a", "b"] {
        std::fs::create_dir(directory.0.join(name)).unwrap();
    }
    FileStore::new(&first).save(&session(1)).unwrap();
    std::fs::hard_link(&first, &second).unwrap();
    let mut owner = child("two_processes::holds_it_until_it_is_killed", &first);
    let mut lines = BufReader::new(owner.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().ends_with("holding")), "the owner has it");

    let store = FileStore::new(&second);
    let error = store.load().unwrap_err();
    assert!(matches!(error, StoreError::InUse { other_name: true, .. }), "{error:?}");
    assert!(
        error.to_string().contains("in use by another process, under another name of its file"),
        "{error}"
    );
    owner.kill().unwrap();
    owner.wait().unwrap();
    assert_eq!(store.load().unwrap(), Some(session(1)));
}

#[test]
#[ignore = "the other test's child process"]
fn holds_it_until_it_is_killed() {
    let path = PathBuf::from(std::env::var_os(PATH).expect("run by the other test"));
    let store = FileStore::new(path);
    store.save(&session(1)).unwrap();
    println!(" holding");
    // Runs at most until the other end of the pipe is closed.
    let _ = std::io::stdin().read(&mut [0]);
    drop(store);
}
