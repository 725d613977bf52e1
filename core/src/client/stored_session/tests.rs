#![expect(clippy::needless_pass_by_value, reason = "quickcheck gives arguments by value")]

use alloc::string::ToString;

use super::*;
use crate::client::DcTable;

fn sample() -> StoredSession {
    let dc = DcId::literal(2);
    let mut bytes = [0; 256];
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = index as u8;
    }
    let key = DcAuth { auth_key: AuthKey::new(bytes), server_salt: -5 };
    StoredSession {
        home_dc: Some(dc),
        keys: BTreeMap::from([(dc, key)]),
        user: Some(LoggedInUser { id: 1_234_567_890_123, is_bot: true }),
        api_id: Some(17),
        test_dcs: true,
        clock_offset: -86_400,
        logout_tokens: [alloc::vec![7; 32], alloc::vec![8; 3]].map(Zeroizing::new).into(),
        servers: Servers::Unknown,
        dc_options: DcOptions::default(),
    }
}

fn custom() -> Servers {
    let mut dcs = DcTable::new();
    for (dc, address) in
        [(1, "10.0.0.1:443"), (2, "[fe80::1%7]:80"), (2, "127.0.0.1:4443"), (1000, "[::1]:1")]
    {
        dcs.insert(DcId::literal(dc), address.parse().unwrap());
    }
    let public_keys = alloc::vec![PublicKey::telegram_test(), PublicKey::telegram_production()];
    Servers::Custom(CustomServers { dcs, public_keys, initial_dc: Some(DcId::literal(2)) })
}

#[test]
fn what_was_written_is_read() {
    let mut all = alloc::vec![sample(), StoredSession::default()];
    for servers in
        [Servers::Telegram, Servers::EndedSandbox, custom(), Servers::Custom(CustomServers::default())]
    {
        all.push(StoredSession { servers, ..sample() });
    }
    for data in all {
        assert_eq!(StoredSession::from_text(&data.to_text()), Ok(data));
    }
}

#[test]
fn more_or_longer_tokens_than_are_written_are_not_read() {
    let read = |tokens: &[Vec<u8>]| {
        let mut content = alloc::vec![FORMAT.version, 0];
        content.extend([0; 24]);
        content.extend((tokens.len() as u16).to_le_bytes());
        for token in tokens {
            content.extend((token.len() as u16).to_le_bytes());
            content.extend(token);
        }
        StoredSession::read(&content).map(|(data, _)| data.logout_tokens)
    };
    let most = alloc::vec![alloc::vec![7; policy::MAX_LOGOUT_TOKEN_LEN]; policy::MAX_LOGOUT_TOKENS];
    assert_eq!(read(&most), Some(most.into_iter().map(Zeroizing::new).collect()));
    assert_eq!(read(&alloc::vec![alloc::vec![7]; policy::MAX_LOGOUT_TOKENS + 1]), None);
    assert_eq!(read(&[alloc::vec![7; policy::MAX_LOGOUT_TOKEN_LEN + 1]]), None);
}

#[test]
fn the_first_version_is_still_read() {
    // What version 1 wrote for a test DC 2, `api_id` 17, the clock one second ahead, and no key.
    let mut content = alloc::vec![1, FLAG_TEST | FLAG_HOME | FLAG_API_ID, 2, 0, 17, 0, 0, 0];
    content.extend([0; 8]);
    content.extend(1_i64.to_le_bytes());
    content.extend([0, 0]);
    let text = FORMAT.write(Zeroizing::new(content));
    let expected = StoredSession {
        home_dc: Some(DcId::literal(2)),
        api_id: Some(17),
        test_dcs: true,
        clock_offset: 1,
        ..StoredSession::default()
    };
    assert_eq!(StoredSession::from_text(&text), Ok(expected));
}

#[test]
fn the_newest_twenty_tokens_are_kept() {
    let mut data = StoredSession::default();
    for number in 0..30 {
        data.keep_logout_token(alloc::vec![number; 4].into());
    }
    data.keep_logout_token(alloc::vec![29; 4].into());
    data.keep_logout_token(Zeroizing::default());
    let kept: Vec<u8> = data.logout_tokens.iter().map(|token| token[0]).collect();
    assert_eq!(kept, (10..30).collect::<Vec<u8>>());
    assert_eq!(StoredSession::from_text(&data.to_text()), Ok(data));
}

#[test]
fn every_changed_or_missing_character_is_noticed() {
    let text = StoredSession { servers: custom(), ..sample() }.to_text();
    for at in FORMAT.prefix.len()..text.len() {
        let replacement = if text.as_bytes()[at] == b'A' { "B" } else { "A" };
        let mut changed = String::from(text.as_str());
        changed.replace_range(at..=at, replacement);
        assert!(StoredSession::from_text(&changed).is_err(), "character {at}");
        let cut = StoredSession::from_text(&text[..at]).unwrap_err().to_string();
        assert!(!cut.contains("characters"), "cut at {at}: {cut}");
    }
}

#[test]
fn foreign_and_newer_texts_are_named() {
    assert_eq!(StoredSession::from_text("1BVtsO"), Err(SessionFormatError::Foreign));
    assert_eq!(StoredSession::from_text(" \n"), Err(SessionFormatError::Empty));
    assert_eq!(StoredSession::from_text("sansgram1:BAAA"), Err(SessionFormatError::Newer(4)));
}

/// Returns the text of a session of `version` whose fields are all empty, with `api_id`, and this behind them.
fn text_with(version: u8, api_id: i32, behind: &[u8]) -> Zeroizing<String> {
    let mut content = alloc::vec![version, FLAG_API_ID, 0, 0];
    content.extend(api_id.to_le_bytes());
    content.extend([0; 8 + 8 + 2]);
    content.extend(&[0; 2][..if version == 1 { 0 } else { 2 }]);
    content.extend(behind);
    FORMAT.write(Zeroizing::new(content))
}

#[test]
fn a5_sections_that_a_later_version_adds_are_skipped_unless_they_are_critical() {
    let section = |tag: u8, content: &[u8]| {
        let mut out = Vec::new();
        write_section(&mut out, tag, content);
        out
    };
    let telegram = section(TAG_SERVERS, &[0]);
    let known = StoredSession { api_id: Some(5), servers: Servers::Telegram, ..StoredSession::default() };
    let later = [&telegram[..], &section(77, b"whatever"), &section(3, &[])].concat();
    assert_eq!(StoredSession::from_text(&text_with(3, 5, &later)), Ok(known.clone()));
    let critical = [&telegram[..], &section(0x90, b"must be understood")].concat();
    assert_eq!(StoredSession::from_text(&text_with(3, 5, &critical)), Err(SessionFormatError::Newer(3)));
    // Addresses that do not fit are asked for again.
    let broken = [&telegram[..], &section(TAG_DC_OPTIONS, b"broken")].concat();
    assert_eq!(StoredSession::from_text(&text_with(3, 5, &broken)), Ok(known));
    for damaged in [
        &telegram[..telegram.len() - 1],
        &section(TAG_SERVERS, &[3]),
        &section(TAG_SERVERS, &[]),
        &section(TAG_SERVERS, &[0, 0]),
        &section(TAG_SERVERS, &[1, 0, 0, 1, 0]),
        &[2, 255, 255, 255, 255],
    ] {
        let read = StoredSession::from_text(&text_with(3, 5, damaged));
        assert!(matches!(read, Err(SessionFormatError::Damaged(_))), "{damaged:?}: {read:?}");
    }
}

#[test]
fn a5_sessions_of_earlier_versions_that_were_of_test_dcs_are_told_apart() {
    let servers =
        |version, api_id| StoredSession::from_text(&text_with(version, api_id, &[])).unwrap().servers;
    for version in [1, 2] {
        assert_eq!(servers(version, API_ID_OF_SANDBOX), Servers::EndedSandbox);
        assert_eq!(servers(version, 1), Servers::Custom(CustomServers::default()));
        assert_eq!(servers(version, 12345), Servers::Unknown);
    }
    assert_eq!(servers(3, 1), Servers::Unknown);
    assert!(StoredSession::from_text(&text_with(2, 5, &[TAG_SERVERS, 1, 0, 0, 0, 0])).is_err());
}

#[test]
fn a5_no_more_addresses_and_keys_are_kept_than_are_read() {
    let mut dcs = DcTable::new();
    for port in 1..=300 {
        dcs.insert(DcId::literal(2), SocketAddr::from(([10, 0, 0, 1], port)));
    }
    let public_keys = alloc::vec![PublicKey::telegram_test(); 20];
    let servers = Servers::Custom(CustomServers { dcs, public_keys, initial_dc: None });
    let text = StoredSession { servers, ..StoredSession::default() }.to_text();
    let Servers::Custom(read) = StoredSession::from_text(&text).unwrap().servers else { panic!() };
    assert_eq!(read.dcs.endpoints(DcId::literal(2)).len(), policy::MAX_STORED_ADDRESSES);
    assert_eq!(read.public_keys.len(), policy::MAX_STORED_PUBLIC_KEYS);
}

/// Returns a session that follows from these bytes, any of them.
fn any_session(mut entropy: &[u8]) -> StoredSession {
    let mut next = || entropy.split_off_first().copied().unwrap_or_default();
    let mut data = StoredSession::default();
    let dc = |byte: u8| DcId::literal(u16::from(byte) * 3 + 1);
    if next() & 1 == 1 {
        (data.home_dc, data.user) =
            (Some(dc(next())), Some(LoggedInUser { id: next().into(), is_bot: next() & 1 == 1 }));
    }
    (data.test_dcs, data.clock_offset) = (next() & 1 == 1, i64::from(next()) - 100);
    data.api_id = (next() & 1 == 1).then_some(i32::from(next()) + 2);
    for _ in 0..next() % 4 {
        let key = DcAuth { auth_key: AuthKey::new([next(); 256]), server_salt: next().into() };
        data.keys.insert(dc(next()), key);
    }
    for _ in 0..next() % 4 {
        data.keep_logout_token(alloc::vec![next(); usize::from(next()) + 1].into());
    }
    let mut custom = CustomServers::default();
    for _ in 0..next() % 9 {
        let port = u16::from_le_bytes([next(), next()]);
        let address = match next() & 1 {
            0 => SocketAddr::from(([next(), 0, 0, next()], port)),
            _ => SocketAddrV6::new([next(); 16].into(), port, 0, next().into()).into(),
        };
        custom.dcs.insert(dc(next()), address);
    }
    custom.initial_dc = (next() & 1 == 1).then(|| dc(next()));
    custom.public_keys = alloc::vec![PublicKey::telegram_test(); usize::from(next() % 3)];
    data.servers = match next() % 4 {
        0 => Servers::Unknown,
        1 => Servers::Telegram,
        2 => Servers::EndedSandbox,
        _ => Servers::Custom(custom),
    };
    data
}

#[test]
fn a5_any_session_is_read_as_it_was_written() {
    fn property(entropy: Vec<u8>) -> bool {
        let data = any_session(&entropy);
        StoredSession::from_text(&data.to_text()) == Ok(data)
    }
    quickcheck::QuickCheck::new().tests(500).quickcheck(property as fn(Vec<u8>) -> bool);
}

/// Whatever lies behind a right checksum is refused, or says the same when it was written and read once more.
#[test]
fn a5_any_content_with_a_right_checksum_is_read_stably_or_refused() {
    fn property(entropy: Vec<u8>, changes: Vec<(u16, u8)>, behind: Vec<u8>) -> bool {
        let text = any_session(&entropy).to_text();
        let mut content = FORMAT.read(&text).unwrap();
        content.extend(behind);
        for (at, value) in changes.into_iter().take(4) {
            let at = usize::from(at) % content.len();
            content[at] = value;
        }
        // The version is what it is.
        content[0] = content[0].clamp(1, FORMAT.version);
        match StoredSession::from_text(&FORMAT.write(content)) {
            Ok(data) => StoredSession::from_text(&data.to_text()) == Ok(data),
            Err(_) => true,
        }
    }
    quickcheck::QuickCheck::new()
        .tests(2000)
        .quickcheck(property as fn(Vec<u8>, Vec<(u16, u8)>, Vec<u8>) -> bool);
}
