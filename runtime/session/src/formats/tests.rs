//! Strings of the libraries, and changed, truncated and random ones.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;

use quickcheck::{Arbitrary, Gen, QuickCheck};
use sansgram_core::AuthKey;
use sansgram_core::client::{
    Config, CustomServers, DcAuth, DcId, DcTable, LoggedInUser, Servers, StoredSession,
};
use serde_json::Value;
use zeroize::Zeroizing;

use super::raw_session::{HostPort, MAX_USER_ID, OtherDc, RawSession};
use super::*;

const TEXTS: [Format; 5] =
    [Format::Sansgram, Format::Telethon, Format::Pyrogram, Format::GramJs, Format::Mtcute];

fn dc(number: i64) -> DcId {
    DcId::new(number).unwrap()
}

/// Returns the key of all vectors.
pub(super) fn key() -> AuthKey {
    AuthKey::new(std::array::from_fn(|index| (index * 7 + 3) as u8))
}

fn vectors() -> Vec<Value> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/session_strings.json");
    let file: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    file["strings"].as_array().unwrap().clone()
}

/// Returns the session of a vector.
fn expected(vector: &Value) -> Imported {
    let dc = dc(vector["dc"].as_i64().unwrap());
    let user =
        vector["user_id"].as_i64().map(|id| LoggedInUser { id, is_bot: vector["is_bot"].as_bool().unwrap() });
    let session = StoredSession {
        home_dc: Some(dc),
        keys: BTreeMap::from([(dc, DcAuth { auth_key: key(), server_salt: 0 })]),
        user,
        api_id: vector["api_id"].as_i64().filter(|id| *id != 0).map(|id| id as i32),
        test_dcs: vector["test"].as_bool().unwrap(),
        ..StoredSession::default()
    };
    let endpoints: BTreeMap<_, _> = vector["address"]
        .as_str()
        .and_then(|host| Some(SocketAddr::new(host.parse().ok()?, vector["port"].as_u64()? as u16)))
        .map(|address| (dc, address))
        .into_iter()
        .collect();
    let servers = match vector["address"].as_str() {
        None => Servers::Unknown,
        // The address is not Telegram's, so the session belongs to other servers.
        Some("64:ff9b::9a95:a733" | "1.1.1.1") => Servers::from_address(dc, endpoints[&dc]),
        Some(_) => Servers::Telegram,
    };
    let session = StoredSession { servers, ..session };
    let format = vector["format"].as_str().unwrap().parse().unwrap();
    Imported { endpoints, ..Imported::single(format, session) }
}

fn table(imported: &Imported) -> DcTable {
    let mut dcs = DcTable::new();
    for (dc, address) in &imported.endpoints {
        dcs.insert(*dc, *address);
    }
    dcs
}

#[test]
fn strings_of_the_libraries_are_read() {
    let vectors = vectors();
    assert!(vectors.len() >= 20);
    for vector in vectors {
        let string = vector["string"].as_str().unwrap();
        assert_eq!(import_text(string).unwrap(), expected(&vector), "{vector}");
        assert_eq!(import_text(&format!("\r\n {string}\n")).unwrap(), expected(&vector));
    }
}

/// Written strings equal those of the libraries, except for the old versions of Pyrogram, mtcute's optional address for
/// media, and host names.
#[test]
fn written_strings_equal_those_of_the_libraries() {
    let mut written_alike = 0;
    for vector in vectors() {
        let string = vector["string"].as_str().unwrap();
        let read = expected(&vector);
        match read.format {
            Format::Pyrogram if string.len() != 362 => continue,
            Format::GramJs if read.endpoints.is_empty() => continue,
            _ => {}
        }
        let written = export_text(&read.session, read.format, &table(&read)).unwrap();
        if vector["string"].as_str().unwrap().len() == written.len() {
            assert_eq!(*written, string, "{vector}");
            written_alike += 1;
        } else {
            assert_eq!(read.format, Format::Mtcute, "only there is something left out");
        }
        assert_eq!(import_text(&written).unwrap(), read);
    }
    assert!(written_alike >= 10, "{written_alike}");
}

#[test]
fn our_own_text_is_one_of_the_formats() {
    let session = expected(&vectors()[0]).session;
    let imported = import_text(&session.to_text()).unwrap();
    assert_eq!((imported.format, imported.session), (Format::Sansgram, session));
}

/// A Pyrogram string for DC 3 begins like one of mtcute, and continues like one if the `api_id` and a byte of the key
/// happen to fit.
#[test]
fn a_string_of_pyrogram_is_not_read_as_mtcutes() {
    for (api_id, second) in [(None, 1), (None, 2), (Some(0x0200_0000), 2)] {
        let mut key = [9; 256];
        key[0] = second;
        let session = StoredSession {
            home_dc: Some(dc(3)),
            keys: BTreeMap::from([(dc(3), DcAuth { auth_key: AuthKey::new(key), server_salt: 0 })]),
            user: Some(LoggedInUser { id: 1, is_bot: false }),
            api_id,
            ..StoredSession::default()
        };
        let text = export_text(&session, Format::Pyrogram, &Config::telegram().dcs).unwrap();
        let imported = import_text(&text).unwrap();
        assert_eq!((imported.format, imported.session), (Format::Pyrogram, session));
    }
}

#[test]
fn every_truncation_is_refused() {
    for vector in vectors() {
        let string = vector["string"].as_str().unwrap();
        for length in 0..string.trim_end_matches('=').len() {
            assert!(import_text(&string[..length]).is_err(), "{vector} cut to {length}");
        }
        for more in ["A", "=A", "AAAA"] {
            assert!(import_text(&format!("{string}{more}")).is_err(), "{vector} and {more:?}");
        }
        for more in ["\0", " A"] {
            let imported = import_text(&format!("{string}{more}")).unwrap();
            assert_eq!(imported.fixes, ["other text around it"]);
            assert_eq!(Imported { fixes: Vec::new(), ..imported }, expected(&vector));
        }
    }
}

#[test]
fn strings_that_resemble_sessions_are_named() {
    let string = |index: usize| vectors()[index]["string"].as_str().unwrap().to_owned();
    let cut = &string(0)[..340];
    assert!(matches!(import_text(cut), Err(ImportError::Truncated { characters: 340, expected: 353, .. })));
    let letters = "xY".repeat(170);
    assert!(matches!(import_text(&letters), Err(ImportError::Length { characters: 340 })));
    assert!(matches!(import_text("hello"), Err(ImportError::Unrecognized)));
    assert!(matches!(import_text(""), Err(ImportError::Unrecognized)));
    assert!(matches!(import_text("sansgram1:AAAA"), Err(ImportError::Sansgram(_))));
    let mtcute = vectors().into_iter().find(|it| it["format"] == "mtcute").unwrap();
    let cut = &mtcute["string"].as_str().unwrap()[..400];
    assert!(matches!(import_text(cut), Err(ImportError::Damaged { format: Format::Mtcute, .. })));
    let changed = {
        let mut bytes = encoding::decode(&string(4)).unwrap();
        bytes[5] = 2;
        encoding::encode_url(&bytes)
    };
    assert!(matches!(import_text(&changed), Err(ImportError::Damaged { format: Format::Pyrogram, .. })));
}

#[test]
fn a_session_without_a_key_is_not_imported() {
    let string = format!("1ApWapygG7{}=", "A".repeat(342));
    assert!(matches!(import_text(&string), Err(ImportError::NoKey(Format::Telethon))));
}

#[test]
fn impossible_numbers_are_refused() {
    let session = expected(&vectors()[4]).session;
    let text = export_text(&session, Format::Pyrogram, &DcTable::new()).unwrap();
    let bytes = encoding::decode(&text).unwrap();
    // DC 0, an api_id of 2^31, a user of 2^52.
    for (at, value) in [(0, 0), (1, 0x80), (263, 0x10)] {
        let mut changed = bytes.clone();
        changed[at] = value;
        let error = import_text(&encoding::encode_url(&changed)).unwrap_err();
        assert!(matches!(error, ImportError::Damaged { format: Format::Pyrogram, .. }), "{error}");
    }
}

#[test]
fn fields_that_a_format_requires_must_be_known() {
    let telegram = Config::telegram().dcs;
    for format in TEXTS {
        let empty = export_text(&StoredSession::default(), format, &telegram);
        assert_eq!(matches!(empty, Err(ExportError::NoKey)), format != Format::Sansgram, "{format}");
    }
    let mut session = expected(&vectors()[0]).session;
    assert!(matches!(export_text(&session, Format::Pyrogram, &telegram), Err(ExportError::NoUser(_))));
    for format in [Format::Telethon, Format::GramJs, Format::Mtcute] {
        let error = export_text(&session, format, &DcTable::new()).unwrap_err();
        assert!(matches!(error, ExportError::UnknownAddress(_)), "{error}");
    }
    for format in Format::ALL.iter().copied().filter(|format| format.is_sqlite()) {
        assert!(matches!(export_text(&session, format, &telegram), Err(ExportError::NotText(_))));
    }
    let far = dc(1000);
    session.keys.insert(far, session.keys[&dc(2)].clone());
    session.home_dc = Some(far);
    let mut dcs = DcTable::new();
    dcs.insert(far, SocketAddr::from(([127, 0, 0, 1], 1)));
    assert!(matches!(export_text(&session, Format::Telethon, &dcs), Err(ExportError::DcTooHigh(_))));
}

#[test]
fn names_are_read_as_they_are_shown() {
    for format in Format::ALL.iter().copied() {
        assert_eq!(format.to_string().parse(), Ok(format));
        assert!(UnknownFormat.to_string().contains(format.name()));
    }
    assert_eq!("tdesktop".parse::<Format>(), Err(UnknownFormat));
}

/// An address without a port cannot be connected to, but shows which servers the session belongs to.
#[test]
fn an_address_without_a_port_is_ignored() {
    for (address, servers) in [
        ("149.154.167.51:0", Servers::Telegram),
        ("[2001:67c:4e8:f002::a]:0", Servers::Telegram),
        ("203.0.113.9:0", Servers::Custom(CustomServers { initial_dc: Some(dc(2)), ..Default::default() })),
        ("0.0.0.0:0", Servers::Unknown),
        ("0.0.0.0:443", Servers::Unknown),
        ("203.0.113.9:80", Servers::from_address(dc(2), "203.0.113.9:80".parse().unwrap())),
    ] {
        let key = DcAuth { auth_key: key(), server_salt: 0 };
        let session = StoredSession {
            home_dc: Some(dc(2)),
            keys: BTreeMap::from([(dc(2), key)]),
            ..StoredSession::default()
        };
        let mut dcs = DcTable::new();
        dcs.insert(dc(2), address.parse().unwrap());
        for format in [Format::Telethon, Format::GramJs, Format::Mtcute] {
            let imported = import_text(&export_text(&session, format, &dcs).unwrap()).unwrap();
            assert_eq!(imported.session.servers, servers, "{format}: {address}");
            let is_address = address.ends_with(":80");
            assert_eq!(imported.endpoints.contains_key(&dc(2)), is_address, "{format}: {address}");
        }
    }
}

/// Keys of DCs that belong to other servers than the home DC are ignored, and that is reported.
#[test]
fn keys_of_dcs_of_other_servers_are_left_out() {
    let other = |dc, host: &str, last| OtherDc {
        dc,
        server: HostPort::new(host, 443),
        key: Zeroizing::new([last; 256]),
    };
    let read = |host: &str, others| {
        let server = HostPort::new(host, 443);
        let found = RawSession::new(Format::WTelegram, 2, Zeroizing::new([9; 256]));
        RawSession { server, others, ..found }.into_imported().unwrap()
    };
    let telegrams = read(
        "149.154.167.51",
        vec![other(1, "149.154.175.50", 1), other(3, "203.0.113.9", 3), other(4, "", 4), other(5, "", 0)],
    );
    assert_eq!(telegrams.session.servers, Servers::Telegram);
    assert_eq!(telegrams.session.keys.keys().copied().collect::<Vec<_>>(), [1, 2, 4].map(dc));
    assert_eq!(telegrams.endpoints.keys().copied().collect::<Vec<_>>(), [1, 2].map(dc));
    assert_eq!(telegrams.fixes, ["keys of DCs of other servers"]);
    let custom = read("203.0.113.9", vec![other(1, "203.0.113.8", 1), other(3, "149.154.175.50", 3)]);
    let Servers::Custom(servers) = &custom.session.servers else { panic!("{custom:?}") };
    assert_eq!(servers.dcs.ids().collect::<Vec<_>>(), [1, 2].map(dc), "all its addresses are kept");
    assert_eq!(custom.session.keys.keys().copied().collect::<Vec<_>>(), [1, 2].map(dc));
    let by_another = read("", vec![other(1, "149.154.175.50", 1), other(3, "203.0.113.9", 3)]);
    assert_eq!(by_another.session.servers, Servers::Telegram);
    assert_eq!(by_another.session.keys.keys().copied().collect::<Vec<_>>(), [1, 2].map(dc));
    let test = read("149.154.167.40", Vec::new());
    assert!(test.session.test_dcs && test.session.servers == Servers::Telegram);
}

/// An arbitrary session.
#[derive(Clone, Debug)]
struct Any(Imported);

impl Arbitrary for Any {
    fn arbitrary(g: &mut Gen) -> Self {
        let dc = dc(i64::from(u8::arbitrary(g).max(1)));
        let mut bytes = [0; 256];
        bytes.fill_with(|| u8::arbitrary(g));
        bytes[0] |= 1;
        let ip = if bool::arbitrary(g) {
            std::net::IpAddr::from(u32::arbitrary(g).max(1).to_be_bytes())
        } else {
            // Unicast addresses begin with 2 or 3.
            std::net::IpAddr::from((u128::arbitrary(g) >> 3 | 1 << 125).to_be_bytes())
        };
        let test_dcs = bool::arbitrary(g);
        let session = StoredSession {
            home_dc: Some(dc),
            keys: BTreeMap::from([(dc, DcAuth { auth_key: AuthKey::new(bytes), server_salt: 0 })]),
            user: Some(LoggedInUser {
                id: (i64::arbitrary(g) & MAX_USER_ID).max(1),
                is_bot: bool::arbitrary(g),
            }),
            api_id: Some(i32::arbitrary(g) & i32::MAX).filter(|id| *id != 0),
            test_dcs,
            ..StoredSession::default()
        };
        let endpoints = BTreeMap::from([(dc, SocketAddr::new(ip, u16::arbitrary(g).max(1)))]);
        Self(Imported { endpoints, ..Imported::single(*g.choose(&TEXTS).unwrap(), session) })
    }
}

#[test]
fn written_sessions_are_read_again() {
    fn property(any: Any) -> bool {
        let Any(written) = any;
        let text = export_text(&written.session, written.format, &table(&written)).unwrap();
        let read = import_text(&text).unwrap();
        let mut expected = written;
        // The formats do not store these.
        match expected.format {
            Format::Telethon | Format::GramJs => {
                expected.session.user = None;
                expected.session.api_id = None;
                expected.session.test_dcs = false;
            }
            Format::Mtcute => expected.session.api_id = None,
            _ => expected.endpoints.clear(),
        }
        if let Some((dc, address)) = expected.endpoints.first_key_value() {
            expected.session.servers = Servers::from_address(*dc, *address);
        }
        read == expected
    }
    QuickCheck::new().tests(1000).quickcheck(property as fn(Any) -> bool);
}

#[test]
fn random_bytes_are_refused_without_a_panic() {
    #[derive(Clone, Debug)]
    struct Noise(String);
    impl Arbitrary for Noise {
        fn arbitrary(g: &mut Gen) -> Self {
            if bool::arbitrary(g) {
                return Self(String::arbitrary(g));
            }
            let mark = g.choose(&["", "1", "A", "Aw", "sansgram1:", "sansgram1e:"]).unwrap();
            Self(format!("{mark}{}", *encoding::encode_url(&Vec::arbitrary(g))))
        }
    }
    fn property(noise: Noise) -> bool {
        let Noise(text) = noise;
        // By chance, one of some thousands is well-formed: most formats have no checksum, but each has a key of 256 bytes.
        import_text(&text).is_err() || text.len() >= 256 * 4 / 3
    }
    QuickCheck::new().tests(5000).rng(Gen::new(400)).quickcheck(property as fn(Noise) -> bool);
}

#[test]
fn errors_show_nothing_of_the_string() {
    for vector in vectors() {
        let string = vector["string"].as_str().unwrap();
        let changed = format!("{}!{}", &string[..150], &string[151..]);
        for text in [&string[..300], &changed] {
            let error = import_text(text).unwrap_err();
            let shown = format!("{error} {error:?}");
            assert!((0..text.len() - 8).all(|at| !shown.contains(&text[at..at + 8])), "{shown}");
        }
    }
}
