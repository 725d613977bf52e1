//! Generated types by hand-written examples: flags words, shared bits, generics, defaults, and `Debug` output.

use sansgram_tl::{
    Constructor, DecodeError, Deserialize, Function, Raw, Reader, Serialize, enums, functions, ids, types,
};

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

#[test]
fn flags_are_computed_from_the_fields() {
    let code = |next_type, timeout| types::auth::SentCode {
        r#type: types::auth::SentCodeTypeApp { length: 5 }.to_boxed(),
        phone_code_hash: "abc".to_owned(),
        next_type,
        timeout,
    };
    let hash = u32::from_le_bytes(*b"\x03abc");
    let app = 0x3dbb_5986;
    let sms = 0x72a3_158c;
    let cases = [
        (code(None, None), words(&[0, app, 5, hash])),
        (code(Some(enums::auth::CodeType::Sms), None), words(&[2, app, 5, hash, sms])),
        (code(None, Some(60)), words(&[4, app, 5, hash, 60])),
        (code(Some(enums::auth::CodeType::Sms), Some(60)), words(&[6, app, 5, hash, sms, 60])),
    ];
    for (value, bytes) in cases {
        assert_eq!(value.to_bytes(), bytes);
        assert_eq!(types::auth::SentCode::from_bytes(&bytes), Ok(value.clone()));
        let boxed = value.to_boxed();
        assert_eq!(boxed.to_bytes(), [words(&[types::auth::SentCode::ID]), bytes].concat());
    }
}

#[test]
fn true_fields_are_only_bits_and_unknown_bits_are_ignored() {
    let settings = types::CodeSettings { allow_flashcall: true, unknown_number: true, ..Default::default() };
    assert_eq!(settings.to_bytes(), words(&[1 | 1 << 9]));
    assert_eq!(types::CodeSettings::from_bytes(&words(&[1 | 1 << 9 | 1 << 31])), Ok(settings));

    let tokens = types::CodeSettings { logout_tokens: Some(vec![b"abc".to_vec()]), ..Default::default() };
    let bytes = words(&[1 << 6, ids::VECTOR, 1, u32::from_le_bytes(*b"\x03abc")]);
    assert_eq!(tokens.to_bytes(), bytes);
    assert_eq!(types::CodeSettings::from_bytes(&bytes), Ok(tokens));
}

#[test]
fn a_bit_shared_by_plain_fields_writes_all_of_them() {
    // `token` and `app_sandbox` share bit 8.
    let settings = types::CodeSettings { token: Some("abc".to_owned()), ..Default::default() };
    let bytes = words(&[1 << 8, u32::from_le_bytes(*b"\x03abc"), ids::BOOL_FALSE]);
    assert_eq!(settings.to_bytes(), bytes);
    let read = types::CodeSettings::from_bytes(&bytes);
    assert_eq!(read, Ok(types::CodeSettings { app_sandbox: Some(false), ..settings }));

    // A bot without a version of its description has version 0.
    let user = types::User::new(1).with_bot(true);
    let read = types::User::from_bytes(&user.to_bytes());
    assert_eq!(read, Ok(types::User { bot_info_version: Some(0), ..user }));
}

#[test]
fn a_bit_shared_with_an_object_needs_the_object() {
    // `has_password`, `current_algo`, `srp_B` and `srp_id` share bit 2.
    let password = types::account::Password {
        has_recovery: false,
        has_secure_values: false,
        has_password: true,
        current_algo: Some(enums::PasswordKdfAlgo::Unknown),
        srp_b: None,
        srp_id: Some(7),
        hint: None,
        email_unconfirmed_pattern: None,
        new_algo: enums::PasswordKdfAlgo::Unknown,
        new_secure_algo: enums::SecurePasswordKdfAlgo::Unknown,
        secure_random: vec![],
        pending_reset_date: None,
        login_email_pattern: None,
    };
    let read = types::account::Password::from_bytes(&password.to_bytes());
    assert_eq!(read, Ok(types::account::Password { srp_b: Some(vec![]), ..password.clone() }));

    let without = types::account::Password { current_algo: None, ..password };
    let read = types::account::Password::from_bytes(&without.to_bytes());
    assert_eq!(read, Ok(types::account::Password { has_password: false, srp_id: None, ..without }));
}

#[test]
fn two_flags_words() {
    let user = types::User {
        is_self: true,
        close_friend: true,
        first_name: Some("abc".to_owned()),
        usernames: Some(vec![types::Username::new("").with_active(true).to_boxed()]),
        linked_community_id: Some(9),
        ..types::User::new(42)
    };
    let bytes = words(&[
        types::User::ID,
        1 << 10 | 1 << 1,
        1 << 2 | 1 | 1 << 21,
        42,
        0,
        u32::from_le_bytes(*b"\x03abc"),
        ids::VECTOR,
        1,
        types::Username::ID,
        1 << 1,
        0,
        9,
        0,
    ]);
    let boxed = user.to_boxed();
    assert_eq!(boxed.to_bytes(), bytes);
    assert_eq!(enums::User::from_bytes(&bytes), Ok(boxed));
}

#[test]
fn a_plain_int_named_flags_is_a_field() {
    let call = functions::auth::ImportBotAuthorization {
        flags: 0,
        api_id: 1,
        api_hash: "abc".to_owned(),
        bot_auth_token: "1:s".to_owned(),
    };
    let bytes = [words(&[0x67a3_ff2c, 0, 1]), b"\x03abc\x031:s".to_vec()].concat();
    assert_eq!(call.to_bytes(), bytes);
    assert_eq!(functions::auth::ImportBotAuthorization::from_bytes(&bytes), Ok(call));
}

#[test]
fn wrappers_accept_any_function_and_have_its_reply() {
    fn reply<F: Function>(_: &F, bytes: &[u8]) -> Result<F::Reply, DecodeError> {
        F::Reply::from_bytes(bytes)
    }
    let call = functions::InvokeWithLayer {
        layer: 230,
        query: functions::InitConnection {
            api_id: 7,
            device_model: String::new(),
            system_version: String::new(),
            app_version: String::new(),
            system_lang_code: String::new(),
            lang_pack: String::new(),
            lang_code: String::new(),
            proxy: None,
            params: None,
            query: functions::users::GetUsers { id: vec![enums::InputUser::UserSelf] },
        },
    };
    let query = words(&[0x0d91_a548, ids::VECTOR, 1, 0xf7c1_b13f]);
    let bytes = [words(&[0xda9b_0d0d, 230, 0xc1cd_5ea9, 0, 7, 0, 0, 0, 0, 0, 0]), query.clone()].concat();
    assert_eq!(call.to_bytes(), bytes);
    let users = reply(&call, &words(&[ids::VECTOR, 1, types::UserEmpty::ID, 5, 0]));
    assert_eq!(users, Ok(vec![types::UserEmpty { id: 5 }.to_boxed()]));

    // The same with an encoded query, borrowed or owned.
    let raw = functions::InvokeWithoutUpdates { query: Raw(&query) };
    assert_eq!(raw.to_bytes()[4..], query);
    let read = functions::InvokeWithoutUpdates::<Raw<Vec<u8>>>::from_bytes(&raw.to_bytes());
    assert_eq!(read, Ok(functions::InvokeWithoutUpdates { query: Raw(query.clone()) }));
    assert_eq!(reply(&raw.query, &[1, 2, 3]), Ok(Raw(vec![1, 2, 3])));
    let by_reference = functions::InvokeWithoutUpdates { query: &call.query.query };
    assert_eq!(by_reference.to_bytes(), raw.to_bytes());
}

#[test]
fn a_type_rejects_the_constructors_of_others() {
    let pong = types::Pong { msg_id: 1, ping_id: 2 }.to_boxed().to_bytes();
    let refused = Err(DecodeError::UnexpectedConstructor { found: types::Pong::ID });
    assert_eq!(enums::User::from_bytes(&pong).map(|_| ()), refused);
    assert_eq!(functions::Ping::from_bytes(&pong).map(|_| ()), refused);

    // No schema has this constructor.
    let found = 0x0bad_c0de;
    let updates = enums::Updates::from_bytes(&words(&[found, 0]));
    assert_eq!(updates, Err(DecodeError::UnexpectedConstructor { found }));
    assert_eq!(
        updates.map_err(|error| error.to_string()).err().as_deref(),
        Some("unexpected TL constructor 0badc0de")
    );
}

#[test]
fn updates_about_a_login() {
    let update = types::UpdateShort { update: enums::Update::LoginToken, date: 5 }.to_boxed();
    let bytes = words(&[0x78d4_dec1, 0x564f_e691, 5]);
    assert_eq!(update.to_bytes(), bytes);
    assert_eq!(enums::Updates::from_bytes(&bytes), Ok(update));
    assert_eq!(enums::Updates::from_bytes(&words(&[0xe317_af7e])), Ok(enums::Updates::TooLong));
}

#[test]
fn handshake_types_carry_their_integers_in_wire_order() {
    let nonce: [u8; 16] = core::array::from_fn(|i| i as u8);
    let new_nonce: [u8; 32] = core::array::from_fn(|i| 0x80 + i as u8);
    let inner = types::PQInnerDataDc {
        pq: b"abc".to_vec(),
        p: b"abc".to_vec(),
        q: b"abc".to_vec(),
        nonce,
        server_nonce: nonce,
        new_nonce,
        dc: -10002,
    };
    let bytes = inner.clone().to_boxed().to_bytes();
    assert_eq!(bytes.len(), 4 + 3 * 4 + 2 * 16 + 32 + 4);
    assert_eq!(bytes[16..32], nonce);
    assert_eq!(bytes[48..80], new_nonce);
    assert_eq!(enums::PQInnerData::from_bytes(&bytes), Ok(inner.to_boxed()));
}

#[test]
fn a_value_may_be_followed_by_other_bytes_for_a_reader() {
    // Like a server's unencrypted replies.
    let mut bytes = types::DhGenOk { nonce: [1; 16], server_nonce: [2; 16], new_nonce_hash1: [3; 16] }
        .to_boxed()
        .to_bytes();
    bytes.extend_from_slice(&[9; 7]);
    assert_eq!(
        enums::SetClientDhParamsAnswer::from_bytes(&bytes),
        Err(DecodeError::TrailingBytes { count: 7 })
    );
    let mut reader = Reader::new(&bytes);
    assert!(enums::SetClientDhParamsAnswer::deserialize(&mut reader).is_ok());
    assert_eq!(reader.rest(), [9; 7]);
}

/// The test is that this compiles.
#[test]
#[expect(drop_bounds, reason = "only what has a `Drop` of its own can wipe itself")]
fn login_values_are_wiped_on_drop() {
    fn wipes<T: Drop>() {}
    wipes::<functions::auth::SignIn>();
    wipes::<functions::auth::ResendCode>();
    wipes::<functions::auth::ImportBotAuthorization>();
    wipes::<functions::auth::ImportLoginToken>();
    wipes::<functions::auth::ImportAuthorization>();
    wipes::<functions::auth::CheckRecoveryPassword>();
    wipes::<functions::auth::RecoverPassword>();
    wipes::<types::EmailVerificationCode>();
    wipes::<types::EmailVerifyPurposeLoginSetup>();
    wipes::<types::account::PasswordInputSettings>();
}

#[test]
fn debug_shows_no_secrets() {
    let shown = format!(
        "{:?} {:?} {:?} {:?} {:?} {:?}",
        functions::auth::SignIn {
            phone_number: "+s3cret".to_owned(),
            phone_code_hash: "s3cret".to_owned(),
            phone_code: Some("s3cret".to_owned()),
            email_verification: Some(types::EmailVerificationCode { code: "s3cret".to_owned() }.to_boxed()),
        },
        functions::auth::ImportBotAuthorization {
            flags: 0,
            api_id: 1234,
            api_hash: "s3cret".to_owned(),
            bot_auth_token: "s3cret".to_owned(),
        },
        types::InputCheckPasswordSrp { srp_id: 1, a: b"s3cret".to_vec(), m1: b"s3cret".to_vec() }.to_boxed(),
        types::CodeSettings {
            logout_tokens: Some(vec![b"s3cret".to_vec(); 3]),
            token: Some("s3cret".to_owned()),
            ..Default::default()
        },
        types::User::new(7).with_phone("s3cret"),
        types::auth::SentCodeTypeMissedCall { prefix: "s3cret".to_owned(), length: 5 },
    );
    // Neither as text nor as a list of numbers ("s3" is 115, 51).
    assert!(!shown.contains("s3cret") && !shown.contains("115, 51"), "{shown}");
    for visible in
        ["[6 bytes]", "Some([3 items])", "phone_code: Some([redacted])", "api_id: 1234", "length: 5"]
    {
        assert!(shown.contains(visible), "`{visible}` is missing in {shown}");
    }
    let inner = types::PQInnerData {
        pq: vec![],
        p: vec![],
        q: vec![],
        nonce: [7; 16],
        server_nonce: [7; 16],
        new_nonce: [7; 32],
    };
    let shown = format!("{inner:?}");
    assert!(shown.contains("new_nonce: [32 bytes]") && !shown.contains("7, 7"), "{shown}");
    assert_eq!(format!("{:?}", Raw(b"s3cret")), "Raw([6 bytes])");
    let language = types::UpdateLangPackTooLong { lang_code: "en".to_owned() };
    assert_eq!(format!("{language:?}"), "UpdateLangPackTooLong { lang_code: \"en\" }");
}
