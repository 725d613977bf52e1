//! Folders that mtcute wrote, our own, and damaged ones.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use sansgram_core::client::{Config, CustomServers, DcAuth, LoggedInUser, Servers, StoredSession};
use sansgram_core::{AuthKey, Secret};

use super::super::samples::{self, dc, key, with_passcode};
use super::super::{
    ExportError, ExportOptions, Format, ImportError, ImportOptions, Imported, export_path, import_file,
    import_path, listed,
};
use super::*;
use crate::scratch::Directory;

const ONE: &str = "mtcute-convert-0.29.7";
const TWO: &str = "mtcute-convert-0.29.7-passcode";
const WITH_CONFIG: &str = "own-with-config";
/// The file of account 1.
const FIRST: &str = "D877F783D5D3EF8C";

fn sample(name: &str) -> PathBuf {
    samples::sample("tdata").join(name)
}

#[track_caller]
fn check(imported: &Imported) {
    samples::check(imported, Format::Tdata);
}

/// Copies a sample, whose files may then be changed.
fn copy(directory: &Directory, name: &str) -> PathBuf {
    fn copy(from: &Path, to: &Path) {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let (from, to) = (entry.as_ref().unwrap().path(), to.join(entry.unwrap().file_name()));
            if from.is_dir() {
                copy(&from, &to);
            } else {
                let _ = fs::copy(from, to).unwrap();
            }
        }
    }
    let to = directory.0.join("tdata");
    copy(&sample(name), &to);
    to
}

#[test]
fn names_of_accounts() {
    assert_eq!(account_name("data", 0), FIRST);
    assert_eq!(account_name("data", 1), "A7FDF864FBC10B77");
}

#[test]
fn a_folder_of_mtcute_is_read() {
    for name in [ONE, WITH_CONFIG] {
        let imported = import_file(&sample(name)).unwrap();
        check(&imported);
        assert!(!imported.session.test_dcs);
        assert_eq!((imported.account, imported.accounts.len()), (Some(1), 1));
    }
    let with_config = import_file(&sample(WITH_CONFIG)).unwrap();
    assert_eq!(with_config.session.keys.len(), 2, "keys of other DCs are taken over too");
}

#[test]
fn a_passcode_is_required_checked_and_accepted() {
    let path = sample(TWO);
    assert!(matches!(import_file(&path), Err(ImportError::PasscodeNeeded(Format::Tdata))));
    for wrong in ["Secret", "secret "] {
        let error = import_path(&path, &with_passcode(wrong)).unwrap_err();
        assert!(matches!(error, ImportError::WrongPasscode(Format::Tdata)), "{error}");
        assert!(!format!("{error} {error:?}").contains(wrong));
    }
    assert!(matches!(import_path(&path, &with_passcode("")), Err(ImportError::PasscodeNeeded(_))));
    check(&import_path(&path, &with_passcode("secret")).unwrap());
    // A passcode that is not needed is ignored.
    check(&import_path(&sample(ONE), &with_passcode("secret")).unwrap());
}

/// Since version 7.3, the key under the passcode has another layout.
#[test]
fn passcodes_of_version_7_3_are_accepted() {
    check(&import_file(&sample("opentele2-2.0.0")).unwrap());
    let path = sample("opentele2-2.0.0-passcode");
    assert!(matches!(import_file(&path), Err(ImportError::PasscodeNeeded(_))));
    assert!(matches!(import_path(&path, &with_passcode("Secret")), Err(ImportError::WrongPasscode(_))));
    check(&import_path(&path, &with_passcode("secret")).unwrap());
}

/// A file cannot demand unlimited time or memory for one try of a passcode.
#[test]
fn a_passcode_that_is_too_costly_to_try_is_refused() {
    let directory = Directory::new("tdata-costly");
    let tdata = copy(&directory, "opentele2-2.0.0-passcode");
    // The wrap is the last array; its mark, version, generation, count, kind and generation come before its cost.
    let key = tdata.join("key_datas");
    let at = |data: &[u8]| data.windows(4).position(|it| it == 0x4b44_3200_u32.to_be_bytes()).unwrap();
    for (field, value, words) in [
        (4, 2_u32, "unknown key derivation"),
        (6, u32::MAX, "more memory"),
        (7, u32::MAX, "more memory"),
        (7, 65, "more memory"),
        (8, 17, "more memory"),
        (8, 0, "unknown key derivation"),
    ] {
        let whole = fs::read(&key).unwrap();
        reseal(&key, 7_003_001, |data| {
            let start = at(data) + field * 4;
            data[start..start + 4].copy_from_slice(&value.to_be_bytes());
        });
        let error = import_path(&tdata, &with_passcode("secret")).unwrap_err();
        assert!(error.to_string().contains(words), "{field}: {error}");
        fs::write(&key, whole).unwrap();
    }
    // Another generation, more wraps than the file has, a wrong mark.
    for (field, value) in [(2, 7_u32), (3, u32::MAX), (0, 1)] {
        let whole = fs::read(&key).unwrap();
        reseal(&key, 7_003_001, |data| {
            let start = at(data) + field * 4;
            data[start..start + 4].copy_from_slice(&value.to_be_bytes());
        });
        assert!(import_path(&tdata, &with_passcode("secret")).is_err(), "{field}");
        fs::write(&key, whole).unwrap();
    }
    check(&import_path(&tdata, &with_passcode("secret")).unwrap());
}

#[test]
fn several_accounts_are_listed_and_one_is_chosen() {
    let path = sample(TWO);
    let taken = |account| import_path(&path, &ImportOptions { account, ..with_passcode("secret") });
    let default = taken(None).unwrap();
    assert_eq!(default.account, Some(1), "the active one");
    assert_eq!(default.accounts.len(), 2);
    assert_eq!(listed(&default.accounts).matches("on DC").count(), 2, "{}", listed(&default.accounts));
    check(&default);
    check(&taken(Some(1)).unwrap());
    let second = taken(Some(2)).unwrap();
    let id = second.session.user.as_ref().map(|user| user.id);
    assert_eq!((id, second.account), (Some(111), Some(2)));
    let error = taken(Some(3)).unwrap_err();
    assert!(matches!(&error, ImportError::NoSuchAccount { account: 3, accounts, .. } if accounts.len() == 2));
    assert!(error.to_string().contains("1: user 987654321 on DC 2"), "{error}");
}

#[test]
fn any_folder_or_file_of_it_identifies_it() {
    let directory = Directory::new("tdata-names");
    let tdata = copy(&directory, ONE);
    let account = tdata.join(FIRST);
    for path in [
        &directory.0,
        &tdata,
        &account,
        &tdata.join("key_datas"),
        &account.join("maps"),
        &tdata.join("D877F783D5D3EF8Cs"),
    ] {
        check(&import_file(path).unwrap());
    }
    fs::create_dir(tdata.join("emoji")).unwrap();
    assert!(matches!(import_file(&tdata.join("emoji")), Err(ImportError::UnknownFolder)));
}

#[test]
fn old_names_of_files_are_read() {
    let directory = Directory::new("tdata-suffixes");
    let tdata = copy(&directory, ONE);
    for name in ["key_data", FIRST] {
        fs::rename(tdata.join(format!("{name}s")), tdata.join(format!("{name}1"))).unwrap();
    }
    check(&import_file(&tdata).unwrap());
    check(&import_file(&tdata.join("key_data1")).unwrap());
    // If the newer file is damaged, the older one is read.
    fs::write(tdata.join("key_data0"), b"TDF$damaged").unwrap();
    check(&import_file(&tdata).unwrap());
    // The names of a program that was started with "-key work".
    fs::rename(tdata.join("key_data1"), tdata.join("key_works")).unwrap();
    fs::remove_file(tdata.join("key_data0")).unwrap();
    let renamed = account_name("work", 0);
    fs::rename(tdata.join(format!("{FIRST}1")), tdata.join(format!("{renamed}s"))).unwrap();
    check(&import_file(&tdata).unwrap());
}

/// Returns the session of the samples.
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

fn export(session: &StoredSession, passcode: Option<&str>, path: &Path) -> Result<(), ExportError> {
    let dcs = if session.test_dcs { Config::telegram_test() } else { Config::telegram() }.dcs;
    let passcode = passcode.map(|passcode| Secret::new(passcode.to_owned()));
    export_path(session, Format::Tdata, &dcs, &ExportOptions { passcode }, path)
}

/// Telegram Desktop and TDLib only use Telegram's servers, and would offer them the key.
#[test]
fn a_session_of_other_servers_is_not_exported_to_telegrams_programs() {
    let directory = Directory::new("tdata-elsewhere");
    for servers in [Servers::Custom(CustomServers::default()), Servers::EndedSandbox] {
        for format in [Format::Tdata, Format::Tdlib] {
            let path = directory.0.join(format.name());
            let session = StoredSession { servers: servers.clone(), ..session() };
            let dcs = Config::telegram().dcs;
            let result = export_path(&session, format, &dcs, &ExportOptions::default(), &path);
            assert!(matches!(result, Err(ExportError::OtherServers(of)) if of == format), "{result:?}");
            assert!(!path.exists());
        }
    }
}

#[test]
fn written_sessions_are_read_again() {
    let directory = Directory::new("tdata-export");
    for (test_dcs, user_id) in [(false, 987_654_321), (true, 987_654_321), (false, (1 << 52) - 1)] {
        for passcode in [None, Some("secret")] {
            let session = StoredSession {
                test_dcs,
                user: Some(LoggedInUser { id: user_id, is_bot: false }),
                ..session()
            };
            let path = directory.0.join(format!("{test_dcs}-{user_id}-{}", passcode.is_some()));
            export(&session, passcode, &path).unwrap();
            if passcode.is_some() {
                assert!(matches!(import_file(&path), Err(ImportError::PasscodeNeeded(_))));
            }
            let imported = import_path(&path, &with_passcode("secret")).unwrap();
            assert_eq!(imported.session, session);
            let again = export(&session, passcode, &path);
            assert!(matches!(again, Err(ExportError::Exists(there)) if there == path));
        }
    }
    let logged_out = StoredSession { user: None, ..session() };
    let error = export(&logged_out, None, &directory.0.join("logged-out")).unwrap_err();
    assert!(matches!(error, ExportError::NoUser(Format::Tdata)));
    assert!(!directory.0.join("logged-out").exists());
}

#[cfg(unix)]
#[test]
fn written_folders_are_readable_by_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let directory = Directory::new("tdata-modes");
    let path = directory.0.join("tdata");
    export(&session(), None, &path).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&path), mode(&path.join(FIRST))), (0o700, 0o700));
    for file in ["key_datas", "D877F783D5D3EF8Cs", "D877F783D5D3EF8C/maps"] {
        assert_eq!(mode(&path.join(file)), 0o600, "{file}");
    }
}

/// Changes the data of a file and corrects its checksum.
fn reseal(path: &Path, version: u32, change: impl FnOnce(&mut Vec<u8>)) {
    let file = fs::read(path).unwrap();
    let mut data = envelope::open(&file).unwrap().data.to_vec();
    change(&mut data);
    fs::write(path, &*envelope::seal(version, &data)).unwrap();
}

#[test]
fn a_damaged_file_is_named() {
    let directory = Directory::new("tdata-damaged");
    let tdata = copy(&directory, WITH_CONFIG);
    for file in ["key_datas", "D877F783D5D3EF8Cs", "D877F783D5D3EF8C/configs"] {
        let path = tdata.join(file);
        let whole = fs::read(&path).unwrap();
        let mut changed = whole.clone();
        changed[40] ^= 1;
        // The checksum is wrong, or only the hash of the plaintext is, or the file is cut.
        for (what, words) in [(0, "MD5"), (1, "cannot be decrypted"), (2, "cut short")] {
            match what {
                0 => fs::write(&path, &changed).unwrap(),
                1 => {
                    fs::write(&path, &whole).unwrap();
                    let last = |data: &mut Vec<u8>| *data.last_mut().unwrap() ^= 1;
                    reseal(&path, 5_008_003, last);
                }
                _ => fs::write(&path, &whole[..9]).unwrap(),
            }
            let error = import_file(&tdata).unwrap_err();
            assert!(
                matches!(&error, ImportError::DamagedFile { file: named, .. } if named == file),
                "{error}"
            );
            let config = file.ends_with("configs");
            assert!(config || error.to_string().contains(words), "{error}");
        }
        fs::write(&path, &whole).unwrap();
        check(&import_file(&tdata).unwrap());
    }
    fs::remove_file(tdata.join("D877F783D5D3EF8Cs")).unwrap();
    assert!(matches!(import_file(&tdata), Err(ImportError::NoUser(Format::Tdata))));
    fs::remove_file(tdata.join("key_datas")).unwrap();
    fs::write(tdata.join("D877F783D5D3EF8C0"), "").unwrap();
    let error = import_file(&tdata).unwrap_err();
    assert!(error.to_string().contains("key_datas is missing"), "{error}");
}

#[test]
fn a_later_version_is_read_if_its_layout_is_the_same_and_named_if_not() {
    let directory = Directory::new("tdata-later");
    let tdata = copy(&directory, ONE);
    for file in ["key_datas", "D877F783D5D3EF8Cs"] {
        reseal(&tdata.join(file), 8_002_001, |_| {});
    }
    check(&import_file(&tdata).unwrap());
    reseal(&tdata.join("D877F783D5D3EF8Cs"), 8_002_001, |data| data.truncate(40));
    let error = import_file(&tdata).unwrap_err();
    assert!(matches!(&error, ImportError::Newer { version, .. } if version == "8.2.1"), "{error}");
    reseal(&tdata.join("key_datas"), 8_002_001, |data| data.truncate(40));
    assert!(matches!(import_file(&tdata), Err(ImportError::Newer { .. })));
}

/// The file of an account has another layout in versions before user ids had 64 bits.
#[test]
fn old_user_ids_are_read() {
    let directory = Directory::new("tdata-old-ids");
    let path = directory.0.join("tdata");
    let local_key = LocalKey::new([5; 256]);
    let random = &mut sansgram_core::OsRandom::new();
    let mut account = |user: u32, keys: u32| {
        let mut block = encoding_bytes(&[user, 2, keys]);
        for dc in [10_002, 2].into_iter().take(keys as usize) {
            block.extend_from_slice(&encoding_bytes(&[dc]));
            block.extend_from_slice(key().as_bytes());
        }
        block.extend_from_slice(&encoding_bytes(&[0]));
        let mut content = encoding_bytes(&[MTP_AUTHORIZATION]);
        local::push_byte_array(&mut content, &block);
        let mut data = Zeroizing::default();
        local::push_byte_array(&mut data, &local::encrypt(&content, &local_key, random));
        envelope::seal(1_009_000, &data)
    };
    export(&session(), None, &path).unwrap();
    let key_file = write::key_file(&local_key, "", &mut sansgram_core::OsRandom::new());
    fs::write(path.join("key_datas"), &*key_file).unwrap();
    fs::remove_dir_all(path.join(FIRST)).unwrap();
    let file = path.join(format!("{FIRST}s"));
    fs::write(&file, &*account(987_654_321, 2)).unwrap();
    check(&import_file(&path).unwrap());
    fs::write(&file, &*account(0, 2)).unwrap();
    let error = import_file(&path).unwrap_err();
    assert!(error.to_string().ends_with("no user is logged in"), "{error}");
    // The first key is not the key of a DC, and the key of the home DC is missing.
    fs::write(&file, &*account(7, 1)).unwrap();
    assert!(matches!(import_file(&path), Err(ImportError::NoKey(Format::Tdata))));
    fs::write(&file, &*account(7, u32::MAX)).unwrap();
    assert!(matches!(import_file(&path), Err(ImportError::DamagedFile { .. })));
}

fn encoding_bytes(numbers: &[u32]) -> super::super::encoding::Bytes {
    Zeroizing::new(numbers.iter().flat_map(|number| number.to_be_bytes()).collect())
}

/// Every changed bit and every truncation is noticed.
#[test]
fn every_changed_bit_and_truncation_is_refused() {
    let directory = Directory::new("tdata-changes");
    let tdata = copy(&directory, ONE);
    for file in ["key_datas", "D877F783D5D3EF8Cs"] {
        let path = tdata.join(file);
        let whole = fs::read(&path).unwrap();
        for length in 0..whole.len() {
            fs::write(&path, &whole[..length]).unwrap();
            assert!(import_file(&tdata).is_err(), "{file} cut to {length}");
        }
        for bit in 0..whole.len() * 8 {
            let mut changed = whole.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(envelope::open(&changed).is_err(), "bit {bit} of {file}");
        }
        fs::write(&path, &whole).unwrap();
    }
    // The same holds for any encrypted value, without the checksum of the file.
    let local_key = LocalKey::new(std::array::from_fn(|at| at as u8));
    let encrypted = local::encrypt(&[7; 40], &local_key, &mut sansgram_core::OsRandom::new());
    assert_eq!(*local::decrypt(&encrypted, &local_key).unwrap(), [7; 40]);
    for length in 0..encrypted.len() {
        assert!(local::decrypt(&encrypted[..length], &local_key).is_none());
    }
    for bit in 0..encrypted.len() * 8 {
        let mut changed = encrypted.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(local::decrypt(&changed, &local_key).is_none(), "bit {bit}");
    }
}

#[cfg(unix)]
#[test]
fn links_and_pipes_in_the_folder_are_refused_without_waiting() {
    let directory = Directory::new("tdata-links");
    let tdata = copy(&directory, ONE);
    let key = tdata.join("key_datas");
    fs::rename(&key, directory.0.join("elsewhere")).unwrap();
    std::os::unix::fs::symlink("../elsewhere", &key).unwrap();
    assert!(matches!(import_file(&tdata), Err(ImportError::Io { path, .. }) if path == key));
    fs::remove_file(&key).unwrap();
    let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    rustix::fs::mknodat(rustix::fs::CWD, &key, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    assert!(matches!(import_file(&tdata), Err(ImportError::Io { path, .. }) if path == key));
    fs::remove_file(&key).unwrap();
    fs::write(&key, vec![0; (1 << 20) + 1]).unwrap();
    assert!(matches!(import_file(&tdata), Err(ImportError::Io { .. })), "too large");
}

#[test]
fn secrets_do_not_show() {
    let options = with_passcode("hunter2");
    let export = ExportOptions { passcode: Some(Secret::new("hunter2".into())) };
    assert!(!format!("{options:?} {export:?}").contains("hunter2"));
}
