//! Strings from mails, chats, configuration files and editors, and texts that are mistaken for a session.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use sansgram_core::AuthKey;
use sansgram_core::client::{Config, DcAuth, DcId, DcTable, LoggedInUser, StoredSession};

use super::super::tests::key;
use super::super::*;
use super::*;
use crate::scratch::Directory;

fn session() -> StoredSession {
    let dc = DcId::new(2).unwrap();
    StoredSession {
        home_dc: Some(dc),
        keys: BTreeMap::from([(dc, DcAuth { auth_key: key(), server_salt: 0 })]),
        user: Some(LoggedInUser { id: 987_654_321, is_bot: false }),
        api_id: Some(12_345),
        ..StoredSession::default()
    }
}

fn string(format: Format) -> String {
    export_text(&session(), format, &Config::telegram().dcs).unwrap().to_string()
}

const STRINGS: [Format; 5] =
    [Format::Sansgram, Format::Telethon, Format::GramJs, Format::Pyrogram, Format::Mtcute];

fn sample(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/sessions")).join(name)
}

#[track_caller]
fn reads(text: &str, format: Format, fixes: &[&'static str]) {
    let imported = import_text(text).unwrap_or_else(|error| panic!("{format}: {error}"));
    assert_eq!(imported.format, format);
    assert_eq!(imported.session.keys, session().keys, "{format}");
    assert_eq!(imported.fixes, fixes, "{format}");
}

#[test]
fn files_that_were_refused_before_are_read() {
    for (name, fixes) in [("nopad.txt", PADDING), ("bom.txt", BYTE_ORDER_MARK), ("dq.txt", QUOTES)] {
        let imported = import_file(&sample(name)).unwrap();
        assert_eq!((imported.format, imported.fixes), (Format::Telethon, vec![fixes]), "{name}");
        assert_eq!(imported.session.home_dc, DcId::new(2).ok());
    }
}

#[test]
fn text_around_a_string_is_ignored() {
    for format in STRINGS {
        let string = string(format);
        for quote in ["\"\"", "''", "``", "“”", "‘’", "«»", "„“"] {
            let (open, close) = quote.split_at(quote.len() / 2);
            reads(&format!("{open}{string}{close}"), format, &[QUOTES]);
            reads(&format!(" {open}{string}{close},\r\n"), format, &[QUOTES]);
        }
        reads(&format!("{string},"), format, &[QUOTES]);
        reads(&format!("{string};\n"), format, &[QUOTES]);
        reads(&format!("({string})"), format, &[QUOTES]);
        reads(&format!("**{string}**"), format, &[QUOTES]);
        reads(&format!("SESSION={string}"), format, &[NAME]);
        reads(&format!("SESSION={string}\n"), format, &[NAME]);
        for text in [
            format!("export SESSION='{string}'\n"),
            format!("API_ID=12345\nAPI_HASH=0123456789abcdef0123456789abcdef\nSESSION={string}\nDEBUG=1\n"),
            format!("API_ID = 12345\r\nSESSION = \"{string}\"\r\n"),
            format!("session: {string}\nother: 1\n"),
            format!("client = TelegramClient(StringSession('{string}'), api_id, api_hash)"),
            format!("[28.11.2026 14:00] Ada: {string}"),
            format!("Here is your session string:\n\n{string}\n\nKeep it secret!"),
            format!("my telethon session {string}"),
            format!("<code>{string}</code>"),
            format!("docker run -e SESSION=\"{string}\" image"),
        ] {
            let imported = import_text(&text).unwrap_or_else(|error| panic!("{format}: {error}"));
            assert_eq!(imported.session.keys, session().keys, "{format}");
            assert!(!imported.fixes.is_empty(), "{format}");
        }
    }
}

#[test]
fn encodings_added_in_transit_are_reverted() {
    for format in STRINGS {
        let string = string(format);
        reads(&format!("\u{feff}{string}\n"), format, &[BYTE_ORDER_MARK]);
        let (first, second) = string.split_at(100);
        for invisible in ["\u{200b}", "\u{200d}", "\u{2060}", "\u{ad}", "\u{feff}", "\u{200e}"] {
            reads(&format!("{first}{invisible}{second}"), format, &[INVISIBLE]);
        }
        reads(&format!("{first}\r\n{second}\r\n"), format, &[WRAPPED]);
        reads(&format!("{first}{second}\u{a0}\r\n"), format, &[UNUSUAL]);
        reads(&format!("{first}\u{3000}{second}"), format, &[UNUSUAL]);
        reads(&format!("{first}\\n{second}\\n"), format, &[WRAPPED, ESCAPES]);
        reads(&format!("{first}\\\n{second}"), format, &[WRAPPED, ESCAPES]);
        reads(&format!("> {first}\n> {second}\n"), format, &[WRAPPED, QUOTES]);
        reads(&format!("('{first}'\n '{second}')\n"), format, &[WRAPPED, QUOTES]);
        let json = serde_json::to_string(&string.replace('/', "\\/")).unwrap().replace("\\\\/", "\\/");
        let imported = import_text(&json).unwrap();
        assert_eq!(imported.session.keys, session().keys);
        let percent = string.replace('+', "%2B").replace('/', "%2f").replace('=', "%3D");
        let fixes: &[&str] = if percent == string { &[] } else { &[PERCENT] };
        reads(&percent, format, fixes);
    }
}

#[test]
fn alphabets_and_padding_do_not_matter() {
    for format in [Format::Telethon, Format::GramJs, Format::Pyrogram, Format::Mtcute] {
        let string = string(format);
        let other = match format {
            Format::GramJs => string.replace('+', "-").replace('/', "_"),
            _ => string.replace('-', "+").replace('_', "/"),
        };
        assert_ne!(other, string, "the vector has some of them");
        reads(&other, format, &[ALPHABET]);
        let half = string.len() / 2;
        let mixed = format!("{}{}", &other[..half], &string[half..]);
        reads(&mixed, format, if mixed == string { &[] } else { &[ALPHABET] });
        let bare = string.trim_end_matches('=');
        let fixes: &[&str] = if bare == string { &[] } else { &[PADDING] };
        reads(bare, format, fixes);
        for surplus in ["=", "=="] {
            reads(&format!("{string}{surplus}"), format, &[SURPLUS]);
        }
    }
    let gramjs = string(Format::GramJs);
    assert!(gramjs.contains('+'), "the vector has one");
    reads(&gramjs.replace('+', " "), Format::GramJs, &[SPACES]);
    let telethon = string(Format::Telethon);
    assert!(telethon.contains('-'), "the vector has one");
    reads(&telethon.replace('-', "–"), Format::Telethon, &[DASHES]);
}

/// Mails, chats, terminals, web pages and input methods change a string in these ways.
#[test]
fn text_added_in_transit_is_ignored_and_reported() {
    for format in STRINGS {
        let string = string(format);
        for end in [".", ".\n", "…", "!", "?", ":", ". ", ".)", "]."] {
            reads(&format!("{string}{end}"), format, &[AROUND]);
        }
        reads(&format!("Your session is {string}. Keep it!"), format, &[AROUND]);
        let link = import_text(&format!("https://example.org/?id=1&session={string}&x=2")).unwrap();
        assert_eq!((link.session.keys, link.fixes[0]), (session().keys, AROUND));
        reads(&format!("\u{1b}[1;32m{string}\u{1b}[0m\n"), format, &[COLOURS]);
        let entities = string
            .replace('=', "&#61;")
            .replace('+', "&#x2B;")
            .replace('/', "&sol;")
            .replace('-', "&#45;")
            .replace('_', "&lowbar;");
        if entities != string {
            reads(&entities, format, &[ENTITIES]);
        }
        let wide: String = string
            .chars()
            .map(|char| if char.is_ascii_alphanumeric() { char } else { wide_form(char) })
            .collect();
        if wide != string {
            reads(&wide, format, &[WIDE]);
        }
        for dash in ['\u{2010}', '\u{2011}', '\u{2212}'] {
            let typeset = string.replace('-', &dash.to_string());
            if typeset != string {
                reads(&typeset, format, &[DASHES]);
            }
        }
        let mail: Vec<_> =
            string.as_bytes().chunks(72).map(|line| String::from_utf8_lossy(line).into_owned()).collect();
        let mail = mail.iter().map(|line| line.replace('=', "=3D")).collect::<Vec<_>>().join("=\n");
        reads(&mail, format, &[SOFT_BREAKS]);
        reads(&mail.replace('\n', "\r\n"), format, &[SOFT_BREAKS]);
        reads(&string.repeat(2), format, &[AROUND]);
    }
    for format in [Format::Telethon, Format::GramJs] {
        reads(&format!("1{}", string(format)), format, &[DOUBLED_ONE]);
    }
}

fn wide_form(char: char) -> char {
    char::from_u32(char as u32 + 0xfee0).unwrap()
}

/// A string of lower-case letters would decode to another key.
#[test]
fn a_string_that_lost_its_capitals_is_refused() {
    for format in [Format::Telethon, Format::GramJs, Format::Pyrogram, Format::Mtcute] {
        let string = string(format);
        for (text, kind) in [(string.to_lowercase(), "lower"), (string.to_uppercase(), "upper")] {
            let error = import_text(&text).unwrap_err();
            assert!(matches!(error, ImportError::CaseLost { .. }), "{format}: {error}");
            assert!(error.to_string().contains(&format!("all its letters are {kind}")), "{error}");
        }
    }
}

/// A string that is cut anywhere is neither read as another format nor blamed on another program.
#[test]
fn no_part_of_a_string_is_read_as_another_format() {
    let mut strings: Vec<_> = [
        Format::Telethon,
        Format::GramJs,
        Format::Pyrogram,
        Format::Mtcute,
        Format::Ferogram,
        Format::Mtkruto,
    ]
    .map(|format| (format, string(format)))
    .into();
    let ours = strings.clone();
    // Strings of old versions.
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/session_strings.json");
    let file: serde_json::Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    for vector in file["strings"].as_array().unwrap() {
        let format = vector["format"].as_str().unwrap().parse().unwrap();
        strings.push((format, vector["string"].as_str().unwrap().to_owned()));
    }
    for (format, string) in &strings {
        let name = format.description();
        let letters = string.trim_end_matches('=').len();
        for length in 64..letters {
            let error = import_text(&string[..length]).expect_err("nothing of it is lost");
            let text = error.to_string();
            let is_told = text.starts_with(&format!("this is {name}"))
                || text.starts_with(&format!("this is {name} of which only"));
            // The beginning of a string with the address of other servers, or of an old version, does not identify it.
            let is_known = ours.contains(&(*format, string.clone()));
            assert!(is_told || !is_known, "{format} cut to {length}: {text}");
            let others = strings.iter().filter(|(other, _)| other != format);
            assert!(
                others.clone().all(|(other, _)| !text.contains(other.description())),
                "{format} cut to {length}: {text}"
            );
        }
        for start in [1, 2, 3, 50] {
            if let Err(error) = import_text(&string[start..]) {
                let text = error.to_string();
                let others = strings.iter().filter(|(other, _)| other != format);
                assert!(
                    others.clone().all(|(other, _)| !text.contains(other.description())),
                    "{format} without {start}: {text}"
                );
                assert!(start != 1 || !text.contains("none has"), "{format} without its first: {text}");
            } else {
                panic!("{format} without {start} is read");
            }
        }
        for at in [20, 100, 200, 340] {
            let holed = format!("{}{}", &string[..at], &string[at + 1..]);
            let text = import_text(&holed).expect_err("one is missing").to_string();
            assert!(!text.contains("first character"), "{format} without {at}: {text}");
        }
    }
}

#[test]
fn files_of_other_encodings_are_read() {
    let directory = Directory::new("d1-encodings");
    let path = directory.0.join("session.txt");
    let string = string(Format::Telethon);
    let units = |text: &str| text.encode_utf16().collect::<Vec<_>>();
    let quoted = [b"\x93", string.as_bytes(), b"\x94\r\n"].concat();
    let little = |text: &str| units(text).into_iter().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let big = |text: &str| units(text).into_iter().flat_map(u16::to_be_bytes).collect::<Vec<u8>>();
    let line = format!("{string}\r\n");
    let marked = format!("\u{feff}{line}");
    let wide = marked.chars().flat_map(|char| (char as u32).to_le_bytes()).collect();
    let zeros = format!("{string}\0\0\n\0").into_bytes();
    for content in [little(&marked), big(&marked), little(&line), big(&line), quoted, wide, zeros] {
        fs::write(&path, content).unwrap();
        let imported = import_file(&path).unwrap();
        assert_eq!(imported.session.keys, session().keys);
        assert!(!imported.fixes.is_empty());
    }
}

#[test]
fn a_gap_or_a_wrong_first_character_is_not_blamed_on_another_format() {
    for format in [Format::Telethon, Format::GramJs] {
        let string = string(format);
        for first in ["l", "I", "7"] {
            let text = import_text(&format!("{first}{}", &string[1..])).unwrap_err().to_string();
            assert!(text.contains(format.description()) && text.contains("must be a 1"), "{first}: {text}");
        }
    }
    let all = [
        Format::Telethon,
        Format::Pyrogram,
        Format::GramJs,
        Format::Mtcute,
        Format::Mtkruto,
        Format::Ferogram,
    ];
    for format in all {
        let string = string(format);
        for length in 1..=20 {
            for at in (28..string.len() - length).step_by(37) {
                let holed = format!("{}{}", &string[..at], &string[at + length..]);
                let text = match import_text(&holed) {
                    // A string that lacks 6 characters has the length of an older version, which has no checksum.
                    Ok(imported) => {
                        assert_eq!((imported.format, format), (Format::Pyrogram, Format::Pyrogram));
                        continue;
                    }
                    Err(error) => error.to_string(),
                };
                let others = all.iter().filter(|other| **other != format);
                assert!(
                    others.clone().all(|other| !text.contains(other.description())),
                    "{format} without {length} at {at}: {text}"
                );
                assert!(!text.contains("the beginning"), "{format} without {length} at {at}: {text}");
            }
        }
    }
}

#[test]
fn a_missing_first_character_is_named() {
    let error = import_file(&sample("noone.txt")).unwrap_err();
    assert!(matches!(error, ImportError::MissingStart(Format::Telethon)), "{error}");
    assert_eq!(
        error.to_string(),
        "this is a session string of Telethon without its first character; add a 1 before it"
    );
    for format in [Format::Telethon, Format::GramJs] {
        let string = string(format);
        for cut in [&string[1..], string[1..].trim_end_matches('=')] {
            let error = import_text(cut).unwrap_err();
            assert!(matches!(error, ImportError::MissingStart(found) if found == format), "{error}");
            let error = import_text(&format!("SESSION='{cut}'")).unwrap_err();
            assert!(matches!(error, ImportError::MissingStart(found) if found == format), "{error}");
        }
    }
    let mut ipv6 = DcTable::new();
    ipv6.insert(DcId::new(2).unwrap(), "[2001:67c:4e8:f002::a]:443".parse().unwrap());
    let string = export_text(&session(), Format::Telethon, &ipv6).unwrap();
    let error = import_text(&string[1..]).unwrap_err();
    assert!(matches!(error, ImportError::MissingStart(Format::Telethon)), "{error}");
}

#[test]
fn a_missing_end_is_named() {
    for (format, whole) in [(Format::Telethon, 353), (Format::GramJs, 369), (Format::Pyrogram, 362)] {
        let string = string(format);
        assert_eq!(string.len(), whole, "{format}");
        for characters in [70, 200, 300, 340, 350] {
            let error = import_text(&string[..characters]).unwrap_err();
            let expected = ImportError::Truncated { format, characters, expected: whole };
            assert_eq!(error.to_string(), expected.to_string());
        }
    }
}

#[test]
fn two_strings_are_counted_not_guessed() {
    let (one, mut other) = (session(), session());
    let dc = DcId::new(2).unwrap();
    other.keys.insert(dc, DcAuth { auth_key: AuthKey::new([9; 256]), server_salt: 0 });
    for format in [Format::Telethon, Format::Pyrogram, Format::GramJs] {
        let write = |session| export_text(session, format, &Config::telegram().dcs).unwrap();
        let (one, other) = (write(&one), write(&other));
        for between in ["\n", "\r\n\r\n", ", ", "", " "] {
            let error = import_text(&format!("{}{between}{}", *one, *other)).unwrap_err();
            assert!(matches!(error, ImportError::Several(2)), "{format} {between:?}: {error}");
        }
        let error = import_text(&format!("A={}\nB={}\n", *one, *other)).unwrap_err();
        assert!(matches!(error, ImportError::Several(2)), "{format}: {error}");
        reads(&format!("{}\n{}", *one, *one), format, &[AROUND]);
    }
}

#[test]
fn texts_mistaken_for_a_session_are_named() {
    let hex = "0123456789abcdef";
    for (text, what) in [
        ("110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsawX", NotASession::BotToken),
        ("BOT_TOKEN=110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsawX", NotASession::BotToken),
        (" \"110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsawX\"\n", NotASession::BotToken),
        ("+1 (555) 123-45-67", NotASession::PhoneNumber),
        ("9996621234", NotASession::PhoneNumber),
        (&hex.repeat(2), NotASession::ApiHash),
        (&hex.repeat(32), NotASession::BareKey),
        ("tg://login?token=AQIDBAUGBwgJCgsMDQ4PEA", NotASession::QrLink),
        ("https://t.me/+AAAAAEq1h2fKcLQ", NotASession::InviteLink),
        ("t.me/joinchat/AAAAAEq1h2fKcLQ", NotASession::InviteLink),
        ("tg://join?invite=AAAAAEq1h2fKcLQ", NotASession::InviteLink),
        ("tg://proxy?server=1.2.3.4&port=443&secret=00", NotASession::ProxyLink),
        ("https://t.me/durov", NotASession::Link),
        ("-----BEGIN RSA PUBLIC KEY-----\nMIIB\n-----END RSA PUBLIC KEY-----\n", NotASession::PublicKey),
    ] {
        let error = import_text(text).unwrap_err();
        assert!(matches!(error, ImportError::NotASession(found) if found == what), "{what:?}: {error}");
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("AAH") && !shown.contains("AAEq1") && !shown.contains("0123"), "{shown}");
    }
    for text in ["hello", "", "1", "a b c", "me.session"] {
        assert!(matches!(import_text(text), Err(ImportError::Unrecognized)), "{text}");
    }
}

/// A long text of any content takes linear time.
#[test]
fn large_texts_are_searched_in_bounded_time() {
    for line in ["A", "A ", "A=", "\"", "\\n", "%41", "1ApWapzMBuw ", "a:b\n"] {
        let text = line.repeat(MAX_SEARCHED_LEN / line.len());
        let started = std::time::Instant::now();
        assert!(import_text(&text).is_err());
        assert!(started.elapsed().as_secs() < 20, "{line:?}: {:?}", started.elapsed());
    }
}
