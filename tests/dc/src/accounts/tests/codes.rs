//! Phones, their codes, and sign-ups.

use super::*;

#[test]
fn a_phone_logs_in() {
    let mut sandbox = Sandbox::new(AccountOptions::default());
    assert_eq!(sandbox.error(get_self()), "401 AUTH_KEY_UNREGISTERED");
    let answer = sandbox.sign_in("+999 662 1234", "22222");
    assert_eq!(authorized(&answer), (USER, 9_996_621_234, "Sandbox".into()));
    let events = [
        AccountEvent::CodeSent { phone: "9996621234".into(), code: "22222".into(), dc: 2 },
        AccountEvent::LoggedIn { user_id: 9_996_621_234, dc: 2 },
    ];
    assert_eq!(sandbox.events, events);
    let users = sandbox.ok(get_self());
    assert_eq!(users, Writer::boxed(id::VECTOR).u32(1).object(&answer[8..]).finish());
    // Another key is not logged in.
    sandbox.switch(2);
    assert_eq!(sandbox.error(get_self()), "401 AUTH_KEY_UNREGISTERED");
}

#[test]
fn asking_for_a_code_is_refused_for_each_reason() {
    let mut sandbox = Sandbox::new(AccountOptions::default());
    assert_eq!(sandbox.error(send_code("12025550123")), "400 PHONE_NUMBER_INVALID");
    assert_eq!(sandbox.error(send_code("")), "400 PHONE_NUMBER_INVALID");
    assert_eq!(sandbox.error(send_code("9996611234")), "303 PHONE_MIGRATE_1");
    assert_eq!(sandbox.error(send_code("9996631234")), "303 PHONE_MIGRATE_3");
    let api = |api_id: i32, hash: &str| {
        let head = Writer::boxed(id::SEND_CODE).string("9996621234").i32(api_id).string(hash);
        head.u32(id::CODE_SETTINGS).u32(0)
    };
    assert_eq!(sandbox.error(api(0, HASH)), "400 API_ID_INVALID");
    assert_eq!(sandbox.error(api(1, "")), "400 API_ID_INVALID");
    assert_eq!(sandbox.events, []);
}

#[test]
fn a_code_is_refused_for_each_reason() {
    let mut sandbox = Sandbox::new(AccountOptions::default());
    let phone = "9996621234";
    let hash = sandbox.send_code(phone);
    assert_eq!(sandbox.error(sign_in(phone, &hash, "11111")), "400 PHONE_CODE_INVALID");
    assert_eq!(sandbox.error(sign_in(phone, &hash, "")), "400 PHONE_CODE_EMPTY");
    let no_code = Writer::boxed(id::SIGN_IN).u32(0).string(phone).string(&hash);
    assert_eq!(sandbox.error(no_code), "400 PHONE_CODE_EMPTY");
    assert_eq!(sandbox.error(sign_in(phone, "", "22222")), "400 PHONE_CODE_HASH_EMPTY");
    assert_eq!(sandbox.error(sign_in(phone, "other", "22222")), "400 PHONE_CODE_EXPIRED");
    assert_eq!(sandbox.error(sign_in("12025550123", &hash, "22222")), "400 PHONE_NUMBER_INVALID");
    assert_eq!(sandbox.error(sign_in("9996631234", &hash, "22222")), "303 PHONE_MIGRATE_3");
    let by_mail = Writer::boxed(id::SIGN_IN).u32(2).string(phone).string(&hash);
    let by_mail = by_mail.u32(id::EMAIL_VERIFICATION_CODE).string("22222");
    assert_eq!(sandbox.error(by_mail), "400 EMAIL_NOT_SETUP");
    sandbox.now += 301;
    assert_eq!(sandbox.error(sign_in(phone, &hash, "22222")), "400 PHONE_CODE_EXPIRED");
    sandbox.now -= 301;
    sandbox.ok(sign_in(phone, &hash, "22222"));
    assert_eq!(sandbox.error(sign_in(phone, &hash, "22222")), "400 PHONE_CODE_EXPIRED");
}

#[test]
fn codes_can_be_made_to_expire_at_once() {
    let mut sandbox = Sandbox::new(AccountOptions { code_lifetime: -1, ..AccountOptions::default() });
    let hash = sandbox.send_code("9996621234");
    assert_eq!(sandbox.error(sign_in("9996621234", &hash, "22222")), "400 PHONE_CODE_EXPIRED");
}

#[test]
fn a_code_can_be_sent_again_and_cancelled() {
    let mut sandbox = Sandbox::new(AccountOptions::default());
    let phone = "9996621234";
    let first = sandbox.send_code(phone);
    let sms = sandbox.ok(resend_code(phone, &first));
    let mut reader = Reader::new(&sms);
    assert_eq!((reader.u32(), reader.u32()), (Ok(id::SENT_CODE), Ok(0b110)));
    assert_eq!((reader.u32(), reader.i32()), (Ok(id::SENT_CODE_TYPE_SMS), Ok(5)));
    let second = reader.string().expect("a hash").to_owned();
    assert_ne!(first, second);
    assert_eq!(sandbox.events.len(), 2);
    assert_eq!(sandbox.error(resend_code(phone, &first)), "400 PHONE_CODE_EXPIRED");
    let with_reason = Writer::boxed(id::RESEND_CODE).u32(1).string(phone).string(&second).string("why");
    let call = sandbox.ok(with_reason);
    let mut reader = Reader::new(&call);
    assert_eq!((reader.u32(), reader.u32()), (Ok(id::SENT_CODE), Ok(0)));
    assert_eq!((reader.u32(), reader.i32()), (Ok(id::SENT_CODE_TYPE_CALL), Ok(5)));
    let third = reader.string().expect("a hash").to_owned();
    assert_eq!(sandbox.error(resend_code(phone, &third)), "406 SEND_CODE_UNAVAILABLE");
    assert_eq!(sandbox.error(resend_code(phone, "")), "400 PHONE_CODE_HASH_EMPTY");
    assert_eq!(sandbox.error(resend_code("1", &third)), "400 PHONE_NUMBER_INVALID");
    assert_eq!(sandbox.events.len(), 3, "no code arrives by a refused call");
    let cancelled = sandbox.ok(cancel_code(phone, &third));
    assert_eq!(constructor(&cancelled), id::BOOL_TRUE);
    assert_eq!(sandbox.error(cancel_code(phone, &third)), "400 PHONE_CODE_EXPIRED");
    assert_eq!(sandbox.error(cancel_code("1", &third)), "400 PHONE_NUMBER_INVALID");
    assert_eq!(sandbox.error(sign_in(phone, &third, "22222")), "400 PHONE_CODE_EXPIRED");
}

#[test]
fn a_named_user_gets_a_random_code() {
    let user = TestUser {
        id: 7,
        phone: "12025550123".into(),
        first_name: "Grace".into(),
        last_name: "Hopper".into(),
        username: String::new(),
        dc: 2,
        code: None,
        password: None,
        login_email: LoginEmail::None,
    };
    let mut sandbox = Sandbox::new(AccountOptions { users: vec![user], ..AccountOptions::default() });
    let hash = sandbox.send_code("12025550123");
    let Some(AccountEvent::CodeSent { code, .. }) = sandbox.events.first().cloned() else {
        panic!("no code arrived");
    };
    assert!(code.len() == 5 && code.bytes().all(|byte| byte.is_ascii_digit()), "{code}");
    let answer = sandbox.ok(sign_in("12025550123", &hash, &code));
    assert_eq!(authorized(&answer), (USER, 7, "Grace".into()));
}

#[test]
fn an_unknown_number_signs_up() {
    let mut sandbox = Sandbox::new(AccountOptions::default());
    let phone = "9996621239";
    let hash = sandbox.send_code(phone);
    assert_eq!(sandbox.error(sign_up(phone, &hash, "Ada", "")), "400 PHONE_CODE_INVALID");
    let required = sandbox.ok(sign_in(phone, &hash, "22222"));
    let mut reader = Reader::new(&required);
    assert_eq!((reader.u32(), reader.u32()), (Ok(id::AUTHORIZATION_SIGN_UP_REQUIRED), Ok(1)));
    assert_eq!((reader.u32(), reader.u32()), (Ok(id::TERMS_OF_SERVICE), Ok(0)));
    assert_eq!(reader.u32(), Ok(id::DATA_JSON));
    let terms = reader.string().expect("JSON").to_owned();
    assert!(!reader.string().expect("text").is_empty());
    assert_eq!(reader.vector(Reader::u32), Ok(Vec::new()));
    assert_eq!(reader.end(), Ok(()));
    assert_eq!(sandbox.error(get_self()), "401 AUTH_KEY_UNREGISTERED");

    let long = "x".repeat(65);
    assert_eq!(sandbox.error(sign_up(phone, &hash, " ", "")), "400 FIRSTNAME_INVALID");
    assert_eq!(sandbox.error(sign_up(phone, &hash, &long, "")), "400 FIRSTNAME_INVALID");
    assert_eq!(sandbox.error(sign_up(phone, &hash, "Ada", &long)), "400 LASTNAME_INVALID");
    assert_eq!(sandbox.error(sign_up(phone, "other", "Ada", "")), "400 PHONE_CODE_EXPIRED");
    assert_eq!(sandbox.error(sign_up("1", &hash, "Ada", "")), "400 PHONE_NUMBER_INVALID");
    let accept = || Writer::boxed(id::ACCEPT_TERMS_OF_SERVICE).u32(id::DATA_JSON).string(&terms);
    assert_eq!(sandbox.error(accept()), "401 AUTH_KEY_UNREGISTERED");
    let answer = sandbox.ok(sign_up(phone, &hash, "Ada", "Lovelace"));
    assert_eq!(authorized(&answer), (USER, 9_996_621_239, "Ada".into()));
    assert_eq!(constructor(&sandbox.ok(accept())), id::BOOL_TRUE);
    assert_eq!(sandbox.error(sign_up(phone, &hash, "Ada", "")), "400 PHONE_NUMBER_OCCUPIED");

    // From now on the number logs in.
    sandbox.switch(2);
    let again = sandbox.sign_in(phone, "22222");
    assert_eq!(authorized(&again).2, "Ada");
}

#[test]
fn the_methods_of_layer_158_work() {
    let mut sandbox = Sandbox::uninited(AccountOptions::default());
    sandbox.init(158);
    let phone = "9996621239";
    let hash = sandbox.send_code(phone);
    let sms = sandbox.ok(Writer::boxed(id::RESEND_CODE_158).string(phone).string(&hash));
    let mut reader = Reader::new(&sms);
    for _ in 0..4 {
        reader.u32().expect("a word");
    }
    let hash = reader.string().expect("a hash").to_owned();
    sandbox.ok(sign_in(phone, &hash, "22222"));
    let names = Writer::boxed(id::SIGN_UP_158).string(phone).string(&hash).string("Ada").string("");
    let answer = sandbox.ok(names);
    assert_eq!(authorized(&answer), (USER_158, 9_996_621_239, "Ada".into()));
    let full = sandbox.ok(Writer::boxed(id::GET_FULL_USER).u32(id::INPUT_USER_SELF));
    let user = &answer[8..];
    assert!(full.ends_with(user));
    let difference = Writer::boxed(id::GET_DIFFERENCE_158).u32(0).i32(1).i32(NOW).i32(0);
    assert_eq!(constructor(&sandbox.ok(difference)), id::DIFFERENCE_EMPTY);
}
