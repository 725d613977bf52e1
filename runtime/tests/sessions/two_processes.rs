//! One writer a session: a second process hears which one has it, and gets it once that one ends, however it ends.

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;

use sansgram_runtime::{FileStore, SessionStore, StoreError};

use super::{Directory, PATH, child, session};

#[test]
fn the_second_hears_of_the_first() {
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
    // Looking is free.
    assert_eq!(store.peek().unwrap(), Some(session(1)));

    owner.kill().unwrap();
    owner.wait().unwrap();
    assert_eq!(store.load().unwrap(), Some(session(1)));
    store.save(&session(2)).unwrap();
    assert_eq!(store.peek().unwrap(), Some(session(2)));
}

#[test]
#[ignore = "the other test's child process"]
fn holds_it_until_it_is_killed() {
    let path = PathBuf::from(std::env::var_os(PATH).expect("run by the other test"));
    let store = FileStore::new(path);
    store.save(&session(1)).unwrap();
    println!(" holding");
    // Until the other end of the pipe is gone, at the latest.
    let _ = std::io::stdin().read(&mut [0]);
    drop(store);
}
