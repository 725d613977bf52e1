//! Logs that TDLib wrote, our own, and incomplete and damaged ones.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use ctr::cipher::{KeyIvInit, StreamCipher};
use sansgram_core::client::{DcAuth, DcTable, LoggedInUser, Servers, StoredSession};
use sansgram_core::tl::write::bytes as push_bytes;
use sansgram_core::{AuthKey, Secret};

use super::super::encoding::Bytes;
use super::super::samples::{self, dc, key, with_passcode};
use super::super::{
    ExportError, ExportOptions, Format, ImportError, ImportOptions, Imported, export_path, import_file,
};
use super::event::{self, EMPTY, ENCRYPTION, Event, PARTIAL, REWRITE};
use super::*;
use crate::scratch::Directory;

const LOGGED_IN: &str = "own-logged-in-after-tdlib-opened-it.binlog";
const FRESH: &str = "fresh-empty-key.binlog";

fn sample(name: &str) -> PathBuf {
    samples::sample("tdlib").join(name)
}

#[track_caller]
fn check(imported: &Imported) {
    samples::check(imported, Format::Tdlib);
}

fn read(content: &[u8]) -> Result<Imported, ImportError> {
    read::read(content, false, &ImportOptions::default())
}

#[test]
fn logs_of_tdlib_are_read() {
    let imported = import_file(&sample(LOGGED_IN)).unwrap();
    check(&imported);
    assert!(!imported.session.test_dcs);
    let error = import_file(&sample(FRESH)).unwrap_err();
    assert!(matches!(error, ImportError::NoUser(Format::Tdlib)));
    assert!(error.to_string().ends_with("no user is logged in"), "{error}");
}

#[test]
fn the_name_of_the_log_tells_test_dcs() {
    let directory = Directory::new("tdlib-names");
    let log = directory.0.join("td.binlog");
    fs::copy(sample(LOGGED_IN), &log).unwrap();
    for path in [&log, &directory.0] {
        let imported = import_file(path).unwrap();
        check(&imported);
        assert!(!imported.session.test_dcs);
    }
    let test = directory.0.join("td_test.binlog");
    fs::copy(sample(LOGGED_IN), &test).unwrap();
    assert!(import_file(&test).unwrap().session.test_dcs);
    assert!(!import_file(&directory.0).unwrap().session.test_dcs, "the log of production comes first");
    fs::copy(sample(FRESH), &log).unwrap();
    assert!(import_file(&directory.0).unwrap().session.test_dcs, "no user is logged in there");
    fs::copy(sample(FRESH), &test).unwrap();
    assert!(matches!(import_file(&directory.0), Err(ImportError::NoUser(_))));
    // The file with which TDLib was about to replace the log.
    fs::remove_file(&log).unwrap();
    fs::copy(sample(LOGGED_IN), directory.0.join("td.binlog.new")).unwrap();
    check(&import_file(&directory.0).unwrap());
    fs::write(&log, "no log").unwrap();
    assert!(matches!(import_file(&log), Err(ImportError::Damaged { format: Format::Tdlib, .. })));
}

fn session() -> StoredSession {
    StoredSession {
        home_dc: Some(dc(2)),
        keys: BTreeMap::from([
            (dc(2), DcAuth { auth_key: key(), server_salt: 0 }),
            (dc(4), DcAuth { auth_key: AuthKey::new([9; 256]), server_salt: 0 }),
        ]),
        user: Some(LoggedInUser { id: 987_654_321, is_bot: false }),
        servers: Servers::Telegram,
        ..StoredSession::default()
    }
}

#[test]
fn written_sessions_are_read_again() {
    let directory = Directory::new("tdlib-export");
    for is_bot in [false, true] {
        let session = StoredSession { user: Some(LoggedInUser { id: 987_654_321, is_bot }), ..session() };
        for key in [None, Some("a key of any length")] {
            let path = directory.0.join(format!("{is_bot}-{}", key.is_some()));
            let options = ExportOptions { passcode: key.map(|key| Secret::new(key.to_owned())) };
            let export = || export_path(&session, Format::Tdlib, &DcTable::new(), &options, &path);
            export().unwrap();
            let content = fs::read(&path).unwrap();
            assert!(matches!(export(), Err(ExportError::Exists(there)) if there == path));
            let imported = read::read(&content, false, &with_passcode("a key of any length")).unwrap();
            assert_eq!(imported.session, session);
            if key.is_some() {
                assert!(matches!(read(&content), Err(ImportError::PasscodeNeeded(Format::Tdlib))));
                let wrong = read::read(&content, false, &with_passcode("another")).unwrap_err();
                assert!(matches!(wrong, ImportError::WrongPasscode(Format::Tdlib)), "{wrong}");
                assert_eq!(wrong.to_string().matches("database encryption key").count(), 1, "{wrong}");
            }
        }
    }
    let logged_out = StoredSession { user: None, ..session() };
    let path = directory.0.join("logged-out");
    let refused = export_path(&logged_out, Format::Tdlib, &DcTable::new(), &ExportOptions::default(), &path);
    assert!(matches!(refused, Err(ExportError::NoUser(Format::Tdlib))));
    assert!(!path.exists());
}

/// Returns a log with these events, encrypted with this database key.
fn log(database_key: &[u8], events: &[Event<'_>]) -> Bytes {
    let (salt, iv) = ([1; 32], [2; 16]);
    let (key, hash) = event::derive(database_key, &salt);
    let mut data = Bytes::new(vec![0; 4]);
    for piece in [&salt[..], &iv, &hash] {
        push_bytes(&mut data, piece);
    }
    let mut log = Bytes::default();
    Event { id: 0, kind: ENCRYPTION, flags: 0, data: &data }.push(&mut log);
    let start = log.len();
    events.iter().for_each(|event| event.push(&mut log));
    AesCtr::new((&*key).into(), (&iv).into()).apply_keystream(&mut log[start..]);
    log
}

/// Returns the data of an event with a name and a value.
fn pair(name: &str, value: &[u8]) -> Vec<u8> {
    let mut data = Vec::new();
    push_bytes(&mut data, name.as_bytes());
    push_bytes(&mut data, value);
    data
}

fn set(id: u64, data: &[u8]) -> Event<'_> {
    Event { id, kind: KEY_VALUE, flags: 0, data }
}

/// Returns the events of the samples, without the state of the login.
fn values() -> [Vec<u8>; 4] {
    let mut auth = [key().id().to_bytes().as_slice(), &1_i32.to_le_bytes()].concat();
    push_bytes(&mut auth, key().as_bytes());
    [pair("auth2", &auth), pair("main_dc_id", b"2"), pair("my_id", b"987654321"), pair("auth", b"ok")]
}

#[test]
fn a_database_key_may_be_text_base64_or_hex() {
    let [auth, dc, user, state] = values();
    let events = [set(1, &auth), set(2, &dc), set(3, &user), set(4, &state)];
    let log = log(&[0xfe, 0, 7, 0xff], &events);
    for text in ["/gAH/w==", "fe0007ff", "FE0007FF"] {
        check(&read::read(&log, false, &with_passcode(text)).unwrap());
    }
    for wrong in ["fe0007fe", "/gAH", "fe0007f"] {
        let error = read::read(&log, false, &with_passcode(wrong)).unwrap_err();
        assert!(matches!(error, ImportError::WrongPasscode(_)), "{error}");
    }
    assert!(matches!(read(&log), Err(ImportError::PasscodeNeeded(_))));
    assert!(matches!(read::read(&log, false, &with_passcode("")), Err(ImportError::PasscodeNeeded(_))));
}

#[test]
fn rewritten_and_erased_events_are_applied() {
    let [auth, dc, user, state] = values();
    let (other, waiting) = (pair("my_id", b"5"), pair("auth", b"logout"));
    let rewrite = |id, data| Event { flags: REWRITE, ..set(id, data) };
    let erase = |id| Event { id, kind: EMPTY, flags: REWRITE, data: &[] };
    let begin = [set(1, &auth), set(2, &dc), set(3, &other), set(4, &waiting)];
    let with = |more: &[Event<'_>]| read(&log(NO_DATABASE_KEY, &[&begin, more].concat()));
    assert!(matches!(with(&[]), Err(ImportError::NoUser(_))));
    check(&with(&[rewrite(3, &user), rewrite(4, &state)]).unwrap());
    assert!(matches!(with(&[rewrite(4, &state), erase(4)]), Err(ImportError::NoUser(_))));
    check(&with(&[rewrite(4, &state), erase(3), set(9, &user)]).unwrap());
    assert!(matches!(with(&[rewrite(4, &state), erase(1)]), Err(ImportError::NoKey(_))));
    // An event that does not fit ends the log: a rewrite of an erased event, an id that does not rise.
    assert!(matches!(with(&[erase(3), rewrite(3, &user), rewrite(4, &state)]), Err(ImportError::NoUser(_))));
    assert!(matches!(with(&[set(4, &other), rewrite(4, &state)]), Err(ImportError::NoUser(_))));
    // Service events are skipped, and the option contains the user too.
    let option = pair("my_id", b"I987654321");
    let service = Event { id: 7, kind: -1, flags: 0, data: &[] };
    let option = Event { kind: OPTION, ..set(8, &option) };
    check(&with(&[rewrite(4, &state), erase(3), service, option]).unwrap());
}

#[test]
fn partial_events_count_only_with_the_last_of_them() {
    let [auth, dc, user, state] = values();
    let partial = |id, data| Event { flags: PARTIAL, ..set(id, data) };
    let begin = [set(1, &auth), set(2, &dc), partial(3, &user), partial(4, &state)];
    assert!(matches!(read(&log(NO_DATABASE_KEY, &begin)), Err(ImportError::NoUser(_))));
    let last = pair("last", b"");
    check(&read(&log(NO_DATABASE_KEY, &[&begin[..], &[set(5, &last)]].concat())).unwrap());
}

#[test]
fn a_log_without_encryption_is_read() {
    let [auth, dc, user, state] = values();
    let mut log = Bytes::default();
    [set(1, &auth), set(2, &dc), set(3, &user), set(4, &state)].iter().for_each(|it| it.push(&mut log));
    check(&read(&log).unwrap());
}

/// An incomplete last event is ignored, as TDLib does.
#[test]
fn a_torn_log_is_read_up_to_its_last_complete_event() {
    let [auth, dc, user, state] = values();
    let last = pair("later", &[7; 300]);
    let events = [set(1, &auth), set(2, &dc), set(3, &user), set(4, &state), set(5, &last)];
    let whole = log(NO_DATABASE_KEY, &events);
    let before = whole.len() - last.len() - 32;
    for length in 0..whole.len() {
        let read = read(&whole[..length]);
        match read {
            Ok(imported) => {
                assert!(length >= before, "cut to {length}");
                check(&imported);
            }
            Err(error) => {
                assert!(length < before, "cut to {length}");
                let cut = matches!(error, ImportError::Damaged { .. } | ImportError::NoUser(_));
                assert!(cut, "cut to {length}: {error}");
            }
        }
    }
    for tail in [&[0; 64][..], &[0xff; 5], b"garbage that is not an event at all....."] {
        check(&read(&[&whole, tail].concat()).unwrap());
    }
}

/// No changed bit panics or changes the session; the log ends before the changed event.
#[test]
fn every_changed_bit_is_noticed() {
    let [auth, dc, user, state] = values();
    let whole = log(NO_DATABASE_KEY, &[set(1, &auth), set(2, &dc), set(3, &user), set(4, &state)]);
    for bit in 0..whole.len() * 8 {
        let mut changed = whole.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(read(&changed).is_err(), "bit {bit}");
    }
    let real = fs::read(sample(LOGGED_IN)).unwrap();
    for at in 0..real.len() {
        let mut changed = real.clone();
        changed[at] ^= 0x55;
        if let Ok(mut imported) = read(&changed) {
            // The user is in the last event of this log, and is lost if that event is incomplete.
            imported.session.user =
                imported.session.user.or(Some(LoggedInUser { id: 987_654_321, is_bot: false }));
            check(&imported);
        }
    }
}

#[test]
fn keys_are_checked_against_their_ids() {
    let [mut auth, dc, user, state] = values();
    // A change within the key, with a correct checksum.
    auth[100] ^= 1;
    let log = log(NO_DATABASE_KEY, &[set(1, &auth), set(2, &dc), set(3, &user), set(4, &state)]);
    assert!(matches!(read(&log), Err(ImportError::Damaged { .. })));
}
