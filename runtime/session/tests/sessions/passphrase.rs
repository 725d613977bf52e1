//! A session file under a passphrase: nothing of the session is readable in it, and no other passphrase opens it.

use std::fs;

use sansgram_core::Secret;
use sansgram_session::{FileStore, SessionStore, StoreError};

use super::{Directory, session};

fn under(directory: &Directory, passphrase: &str) -> FileStore {
    FileStore::encrypted(directory.0.join("me"), Secret::new(passphrase.to_owned()))
}

#[test]
fn only_the_passphrase_opens_it() {
    let directory = Directory::new("passphrase");
    under(&directory, "correct horse").save(&session(1)).unwrap();
    let path = directory.0.join("me.session");
    let content = fs::read_to_string(&path).unwrap();
    let plain = session(1).to_text();
    assert!(content.starts_with("sansgram1e:") && !content.contains(&plain[20..60]));

    assert_eq!(under(&directory, "correct horse").load().unwrap(), Some(session(1)));
    for store in [under(&directory, "Correct horse"), under(&directory, ""), FileStore::new(&path)] {
        let error = store.load().unwrap_err();
        assert!(!matches!(error, StoreError::Io { .. }), "{error:?}");
        assert!(!format!("{error} {error:?}").contains("orse"), "{error:?}");
        store.save(&session(2)).unwrap_err();
        assert_eq!(fs::read_to_string(&path).unwrap(), content, "it is left as it is");
    }
}

#[test]
fn a_passphrase_can_be_set_and_removed() {
    let directory = Directory::new("passphrase-changed");
    let store = FileStore::new(directory.0.join("me"));
    store.save(&session(1)).unwrap();
    assert!(!store.is_encrypted().unwrap());
    assert!(store.change_passphrase(Some(Secret::new("correct horse".into()))).unwrap());
    assert!(store.is_encrypted().unwrap());
    drop(store);
    let store = under(&directory, "correct horse");
    assert_eq!(store.load().unwrap(), Some(session(1)));
    assert!(store.change_passphrase(None).unwrap());
    drop(store);
    assert_eq!(FileStore::new(directory.0.join("me")).load().unwrap(), Some(session(1)));
}
