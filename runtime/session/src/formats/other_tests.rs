//! Sessions of programs other than Telethon and Pyrogram: samples, round trips, damage. `tests/interop/sessions.sh`
//! runs the programs themselves.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use sansgram_core::client::{Config, DcAuth, DcTable, LoggedInUser, Servers, StoredSession};
use sansgram_core::{AuthKey, Secret};

use super::samples::{self, USER, dc, key};
use super::*;
use crate::scratch::Directory;

const HASH: &str = "0123456789abcdef0123456789abcdef";

fn sample(name: &str) -> PathBuf {
    samples::sample("other").join(name)
}

fn with_hash(hash: &str) -> ImportOptions {
    ImportOptions { api_hash: Some(Secret::new(hash.into())), ..ImportOptions::default() }
}

fn session() -> StoredSession {
    StoredSession {
        home_dc: Some(dc(2)),
        keys: BTreeMap::from([(dc(2), DcAuth { auth_key: key(), server_salt: 0 })]),
        user: Some(LoggedInUser { id: USER, is_bot: false }),
        ..StoredSession::default()
    }
}

#[test]
fn formats_samples_yield_key_user_and_dc() {
    let mut names = vec![
        ("gotd.json", Format::Gotd, false),
        ("gstore", Format::GramJsStore, false),
        ("mtkruto.txt", Format::Mtkruto, false),
        ("telegram-web-a.json", Format::TelegramWeb, true),
        ("wtelegram.session", Format::WTelegram, true),
    ];
    if cfg!(feature = "sqlite") {
        names.push(("grammers.session", Format::GrammersSqlite, true));
    }
    for (name, format, has_user) in names {
        let imported =
            import_path(&sample(name), &with_hash(HASH)).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(imported.format, format);
        assert_eq!(imported.session.home_dc, Some(dc(2)), "{name}");
        assert_eq!(imported.session.keys[&dc(2)].auth_key, key(), "{name}");
        let user = has_user.then_some(LoggedInUser { id: USER, is_bot: false });
        assert_eq!(imported.session.user, user, "{name}");
        assert!(!imported.session.test_dcs && imported.fixes.is_empty(), "{name}");
    }
    let gotd = import_file(&sample("gotd.json")).unwrap().session;
    assert_eq!(gotd.keys[&dc(2)].server_salt, 5);
    let wtelegram = import_path(&sample("wtelegram.session"), &with_hash(HASH)).unwrap().session;
    assert_eq!(wtelegram.api_id, Some(12_345));
}

#[test]
fn formats_that_are_written_can_be_read() {
    let directory = Directory::new("formats-written");
    let mut formats = vec![Format::Ferogram, Format::Mtkruto, Format::Gotd, Format::GramJsStore];
    if cfg!(feature = "sqlite") {
        formats.push(Format::GrammersSqlite);
    }
    for format in formats {
        for (is_test, number) in [(false, 2), (true, 2), (false, 5)] {
            let path = directory.0.join(format!("{format}-{is_test}-{number}"));
            let (auth_key, home) = (session().keys[&dc(2)].auth_key.clone(), dc(number));
            let keys = BTreeMap::from([(home, DcAuth { auth_key, server_salt: 0 })]);
            let written = StoredSession { test_dcs: is_test, home_dc: Some(home), keys, ..session() };
            let dcs = if is_test { Config::telegram_test() } else { Config::telegram() }.dcs;
            export_file(&written, format, &dcs, &path).unwrap();
            let imported = import_file(&path).unwrap();
            assert_eq!(imported.format, format);
            let mut expected = written.clone();
            if matches!(format, Format::Mtkruto | Format::Gotd | Format::GramJsStore) {
                expected.user = None;
            }
            // Not all formats store the address of the server.
            expected.servers = imported.session.servers.clone();
            assert!(matches!(expected.servers, Servers::Unknown | Servers::Telegram), "{format}");
            assert_eq!(imported.session, expected, "{format}");
            let error = export_file(&written, format, &dcs, &path).unwrap_err();
            assert!(matches!(error, ExportError::Exists(_)), "{error}");
        }
    }
    for format in Format::ALL.iter().copied().filter(|format| !format.is_writable()) {
        let path = directory.0.join("never");
        let error = export_file(&session(), format, &Config::telegram().dcs, &path).unwrap_err();
        assert!(matches!(error, ExportError::ReadOnly(_)), "{error}");
        assert!(!path.exists());
    }
}

/// Written strings equal those of the programs byte for byte.
#[test]
fn formats_written_equal_those_of_their_programs() {
    let directory = Directory::new("formats-exact");
    let mut dcs = DcTable::new();
    dcs.insert(dc(2), "149.154.167.50:443".parse().unwrap());
    let mtkruto = export_text(&session(), Format::Mtkruto, &dcs).unwrap();
    assert_eq!(*mtkruto, fs::read_to_string(sample("mtkruto.txt")).unwrap());
    let store = directory.0.join("gstore");
    export_file(&session(), Format::GramJsStore, &dcs, &store).unwrap();
    for name in ["authKey", "dcId", "port", "serverAddress"] {
        let name = format!("gstore%3A{name}");
        let (ours, theirs) = (store.join(&name), sample("gstore").join(&name));
        assert_eq!(fs::read(ours).unwrap(), fs::read(theirs).unwrap(), "{name}");
    }
    assert_eq!(directory.files(), ["gstore"]);
    // `StringSession::encode` of ferogram-session 0.6.6 with this key, DC, address and user.
    let ferogram = export_text(&session(), Format::Ferogram, &dcs).unwrap();
    let bytes = encoding::decode(&ferogram).unwrap();
    assert_eq!(bytes[..17], [2, 2, 4, 149, 154, 167, 50, 1, 187, 0, 0, 0, 0, 0x3a, 0xde, 0x68, 0xb1]);
    assert_eq!(bytes[17..], *key().as_bytes());
    let first = [&[1], &bytes[1..17], &[7; 16], &bytes[17..]].concat();
    let imported = import_text(&encoding::encode_url(&first)).unwrap();
    let expected = StoredSession { servers: Servers::Telegram, ..session() };
    assert_eq!((imported.format, imported.session), (Format::Ferogram, expected));
}

#[test]
fn formats_of_telegram_web_in_every_form() {
    let digits: String = key().as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    let other = "ab".repeat(256);
    let inner = |user: i64, key: &str| {
        format!(
            r#"{{"dcId":2,"userId":{user},"date":1,"dc2_auth_key":"{key}","dc4_auth_key":"{other}","auth_key_fingerprint":"{}"}}"#,
            &key[..8]
        )
    };
    let quoted = |text: &str| serde_json::to_string(text).unwrap();
    let k = format!(
        r#"{{"account1":{},"account3":{},"kz_version":"\"K\"","number_of_accounts":"2"}}"#,
        quoted(&inner(USER, &digits)),
        quoted(&inner(111, &other))
    );
    let imported = import_text(&k).unwrap();
    assert_eq!(imported.format, Format::TelegramWeb);
    assert_eq!(imported.session.user.as_ref().unwrap().id, USER);
    assert_eq!(imported.session.keys.keys().copied().collect::<Vec<_>>(), [dc(2), dc(4)]);
    assert_eq!(imported.session.keys[&dc(2)].auth_key, key());
    assert_eq!(listed(&imported.accounts), "1: user 987654321 on DC 2; 3: user 111 on DC 2");
    let third = ImportOptions { account: Some(3), ..ImportOptions::default() };
    let imported = import_text_with(&k, &third).unwrap();
    assert_eq!((imported.account, imported.session.user.unwrap().id), (Some(3), 111));
    let second = ImportOptions { account: Some(2), ..ImportOptions::default() };
    assert!(matches!(import_text_with(&k, &second), Err(ImportError::NoSuchAccount { account: 2, .. })));

    let a = fs::read_to_string(sample("telegram-web-a.json")).unwrap();
    let object: BTreeMap<String, String> = serde_json::from_str(&a).unwrap();
    let pairs: Vec<_> = object.iter().collect();
    let named: Vec<_> =
        object.iter().map(|(name, value)| serde_json::json!({ "name": name, "value": value })).collect();
    let origin = serde_json::json!({ "origin": "https://web.telegram.org", "localStorage": named });
    for text in [
        a.clone(),
        format!("\u{feff}{a}\n"),
        quoted(&a),
        format!(r#"{{"account1":{}}}"#, inner(USER, &digits)),
        serde_json::to_string(&pairs).unwrap(),
        serde_json::to_string(&named).unwrap(),
        serde_json::json!({ "localStorage": object }).to_string(),
        serde_json::json!({ "cookies": [], "origins": [{ "origin": "x", "localStorage": [] }, origin] })
            .to_string(),
        serde_json::to_string_pretty(&object).unwrap(),
    ] {
        let imported = import_text(&text).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(imported.session.keys[&dc(2)].auth_key, key());
        assert_eq!(imported.session.user.unwrap().id, USER);
    }
    for locked in [r#"{"kz_version":"\"K\"","number_of_accounts":"1"}"#, r#"{"tt-global-state":"{}"}"#] {
        let error = import_text(locked).unwrap_err();
        assert!(error.to_string().contains("it is encrypted with a passcode"), "{error}");
    }
    let cut = a.replacen(&digits[500..], "", 1);
    assert!(matches!(import_text(&cut), Err(ImportError::Damaged { format: Format::TelegramWeb, .. })));
}

#[test]
fn formats_that_need_an_api_hash_say_so() {
    let path = sample("wtelegram.session");
    assert!(matches!(import_file(&path), Err(ImportError::ApiHashNeeded(Format::WTelegram))));
    for hash in ["", "short", &"0".repeat(32), &"é".repeat(16)] {
        let error = import_path(&path, &with_hash(hash)).unwrap_err();
        assert!(matches!(error, ImportError::WrongApiHash(Format::WTelegram)), "{error}");
    }
    // Old blocks remain before and after the current one.
    let bytes = fs::read(&path).unwrap();
    let moved = [&808_i32.to_le_bytes()[..], &bytes[4..], &bytes[8..], &[9; 64]].concat();
    let imported = import_bytes(&moved, &with_hash(HASH)).unwrap();
    assert_eq!(imported.session.keys[&dc(2)].auth_key, key());
}

/// Returns a `tgnet.dat` with two DCs of the newest version.
fn tgnet(version: i32, has_language: bool, has_time: bool, dc_version: i32) -> Vec<u8> {
    use sansgram_core::tl::write as tl;
    let mut out = Vec::new();
    tl::i32(&mut out, version);
    tl::bool(&mut out, false);
    tl::bool(&mut out, false);
    if has_language {
        tl::string(&mut out, "en");
    }
    tl::bool(&mut out, true);
    tl::i32(&mut out, 2);
    out.extend([0; 16]);
    tl::bool(&mut out, true);
    if has_time {
        tl::i32(&mut out, 1_700_000_000);
    }
    tl::i32(&mut out, 1);
    tl::i64(&mut out, 77);
    tl::i32(&mut out, 2);
    for (number, key) in [(4, [7; 256]), (2, *key().as_bytes())] {
        tl::i32(&mut out, dc_version);
        tl::i32(&mut out, number);
        out.extend(vec![0; if dc_version >= 10 { 8 } else { 4 }]);
        for list in 0..4 {
            tl::i32(&mut out, i32::from(list == 0));
            if list == 0 {
                tl::string(&mut out, "149.154.167.50");
                tl::i32(&mut out, 443);
                tl::i32(&mut out, 0);
                if dc_version >= 9 {
                    tl::string(&mut out, "");
                }
            }
        }
        tl::bool(&mut out, false);
        tl::i32(&mut out, 256);
        out.extend(key);
        tl::i64(&mut out, 1);
        tl::i32(&mut out, 0);
        tl::i64(&mut out, 0);
        if dc_version >= 12 {
            tl::i32(&mut out, 0);
            tl::i64(&mut out, 0);
        }
        tl::i32(&mut out, 1);
        tl::i32(&mut out, 1);
        out.extend([5; 16]);
        if dc_version >= 13 {
            tl::i32(&mut out, 0);
        }
    }
    [&(out.len() as u32).to_le_bytes()[..], &out, &[0xee; 32]].concat()
}

#[test]
fn formats_of_android_are_read_with_their_user() {
    let directory = Directory::new("formats-tgnet");
    let path = directory.0.join("tgnet.dat");
    for (version, has_language, has_time, dc_version) in [
        (5, true, true, 13),
        (5, true, true, 12),
        (4, false, false, 10),
        (4, true, false, 9),
        (3, false, true, 8),
    ] {
        fs::write(&path, tgnet(version, has_language, has_time, dc_version)).unwrap();
        let imported = import_file(&path).unwrap();
        assert_eq!(imported.format, Format::AndroidTgnet);
        assert_eq!(imported.session.home_dc, Some(dc(2)));
        assert_eq!(imported.session.keys[&dc(2)].auth_key, key());
        assert_eq!(imported.session.keys[&dc(4)].auth_key, AuthKey::new([7; 256]));
        assert_eq!(imported.session.user, None);
        assert_eq!(imported.endpoints[&dc(2)].to_string(), "149.154.167.50:443");
    }
    let (constructor, flags) = (0x0202_0202_u32.to_le_bytes(), (1_i32 << 10).to_le_bytes());
    let new = [&constructor[..], &flags, &[0; 4], &USER.to_le_bytes(), &[9; 16]].concat();
    let old = [&constructor[..], &flags, &USER.to_le_bytes(), &[9; 16]].concat();
    for user in [new, old] {
        let text = encoding::encode_standard(&user);
        let xml =
            format!("<map>\n<string name=\"user\">{}&#10;{}    </string>\n</map>", &text[..20], &text[20..]);
        fs::write(directory.0.join("userconfing.xml"), xml).unwrap();
        assert_eq!(import_file(&path).unwrap().session.user.unwrap().id, USER);
    }
    fs::write(&path, &tgnet(5, true, true, 13)[..400]).unwrap();
    let error = import_file(&path).unwrap_err();
    assert_eq!(error.to_string(), "this is a tgnet.dat of Telegram for Android, but it is cut short");
}

#[test]
fn formats_that_are_unsupported_are_named() {
    let directory = Directory::new("formats-named");
    let path = directory.0.join("file");
    for (content, words) in [
        (&b"<?php __HALT_COMPILER();O:17:"[..], "MadelineProto"),
        (&[0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7, 0, 0], "a SQLite journal"),
        (&[0x37, 0x7f, 0x06, 0x82, 0, 0x2d, 0xe2, 0x18], "a SQLite journal"),
        (b"PK\x03\x04rest", "an archive"),
        (b"BZh91AY&SY", "an archive"),
        (b"ANDROID BACKUP\n5\n1\nnone\n", "a phone's backup"),
        (b"-----BEGIN PGP MESSAGE-----\n\nhQEMA\n", "an encrypted file"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "git lfs pull"),
        (b"", "an empty file"),
        (&[0; 8192], "a file of zeros"),
        (br#"{"session_file":"1","phone":"15551234567","app_id":4,"app_hash":"014b35b6184100b085b0d0572f9b5103"}"#, "the description of a session"),
        (br#"{"a": 1}"#, "not a session in a known format"),
    ] {
        fs::write(&path, content).unwrap();
        let error = import_file(&path).unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
    }
    // Random bytes, like the files of SQLCipher.
    let mut state = 1_u64;
    let mut random = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    for length in [4096, 28_672] {
        fs::write(&path, std::iter::repeat_with(&mut random).take(length).collect::<Vec<_>>()).unwrap();
        assert!(import_file(&path).unwrap_err().to_string().contains("SQLCipher"));
    }
    let mut archive = vec![0; 1024];
    archive[257..262].copy_from_slice(b"ustar");
    fs::write(&path, archive).unwrap();
    assert!(import_file(&path).unwrap_err().to_string().contains("an archive"));
    let folder = directory.0.join("session.madeline");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("safe.php"), "").unwrap();
    let error = import_file(&folder).unwrap_err();
    assert!(error.to_string().contains("MadelineProto"), "{error}");
}

/// Damage causes no panic: the session is refused, or its key is correct.
#[test]
fn formats_do_not_panic_on_truncations_and_changed_bits() {
    let directory = Directory::new("formats-damage");
    let file = |name: &str| fs::read(sample(name)).unwrap();
    let sources = [
        file("gotd.json"),
        file("mtkruto.txt"),
        file("telegram-web-a.json"),
        file("wtelegram.session"),
        tgnet(5, true, true, 13),
    ];
    let options = with_hash(HASH);
    for (index, whole) in sources.iter().enumerate() {
        for length in (0..whole.len() - 40).step_by(3) {
            let read = import_bytes(&whole[..length], &options);
            assert!(read.is_err(), "source {index} cut to {length}");
        }
        for at in (0..whole.len()).step_by(2) {
            for bit in [0, 3, 7] {
                let mut changed = whole.clone();
                changed[at] ^= 1 << bit;
                let _ = import_bytes(&changed, &options);
            }
        }
    }
    for name in ["authKey", "dcId", "port", "serverAddress"] {
        let store = directory.0.join("gstore");
        let _ = fs::remove_dir_all(&store);
        fs::create_dir(&store).unwrap();
        for other in ["authKey", "dcId", "port", "serverAddress"] {
            let other = format!("gstore%3A{other}");
            fs::copy(sample("gstore").join(&other), store.join(&other)).unwrap();
        }
        let damaged = store.join(format!("gstore%3A{name}"));
        for content in ["", "null", "{}", "{\"data\":[1]}", "[", "\u{0}", "-1", "99999999999999999999"] {
            fs::write(&damaged, content).unwrap();
            let read = import_file(&store);
            assert!(read.is_err() || matches!(name, "port" | "serverAddress"), "{name}: {content}");
        }
    }
}

/// The parser does not count the levels of values that it leaves as text, so the importer counts them.
#[test]
fn formats_nested_too_deep_are_refused() {
    for (open, close) in
        [(r#"{"localStorage":"#, "}"), (r#"{"origins":[{"localStorage":"#, "}]}"), ("[[", "]]")]
    {
        let text = format!("{}1{}", open.repeat(50_000), close.repeat(50_000));
        assert!(import_text(&text).is_err());
    }
}
