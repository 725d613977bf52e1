//! Each method of the accounts, and each of its errors, called as by the session layer.

mod codes;
mod keys;
mod layers;
mod messages;

use std::net::SocketAddr;

use super::password::tests::client_answer;
use super::wire::{Reader, Writer, id};
use super::{
    AccountEvent, AccountOptions, Accounts, Answer, CallContext, CallOutcome, Fault, LoginEmail, TestBot,
    TestUser,
};
use crate::random::SeededRandomForTestingOnly;

const NOW: i32 = 1_700_000_000;
const HASH: &str = "0123456789abcdef0123456789abcdef";
const USER: u32 = 0xb1b8_cc83;
const USER_158: u32 = 0x8f97_c628;
const AUTHORIZATION: u32 = 0x2ea2_c0d4;
const PASSWORD: u32 = 0x957b_50fb;
const CONFIG: u32 = 0xcc1a_241e;

/// The accounts, and one caller.
struct Sandbox {
    accounts: Accounts,
    dc: i32,
    key: u64,
    now: i32,
    events: Vec<AccountEvent>,
}

impl Sandbox {
    /// A caller on DC 2 after `initConnection`.
    fn new(options: AccountOptions) -> Self {
        let mut sandbox = Self::uninited(options);
        sandbox.init(230);
        sandbox
    }

    fn uninited(options: AccountOptions) -> Self {
        let mut accounts = Accounts::new(options, Box::new(SeededRandomForTestingOnly::new(5)));
        let address = |port| SocketAddr::from(([127, 0, 0, 1], port));
        accounts.set_dcs(vec![(1, address(4001)), (2, address(4002)), (3, address(4003))]);
        Self { accounts, dc: 2, key: 1, now: NOW, events: Vec::new() }
    }

    fn init(&mut self, layer: i32) {
        self.ok(wrapped(layer, Writer::boxed(id::GET_CONFIG)));
    }

    /// Continues as another key on another DC.
    fn switch(&mut self, dc: i32) {
        self.dc = dc;
        self.key += 1;
        self.init(230);
    }

    fn call(&mut self, function: Writer) -> Answer {
        self.call_bytes(&function.finish())
    }

    fn call_bytes(&mut self, body: &[u8]) -> Answer {
        let (dc, auth_key_id, now_unix) = (self.dc, self.key, self.now);
        let context = CallContext { dc, auth_key_id, layer: None, now_unix, local_ip: None };
        let CallOutcome { answer, events, pushes, later: _ } = self.accounts.call(&context, body);
        assert_eq!(pushes, []);
        self.events.extend(events);
        answer
    }

    fn ok(&mut self, function: Writer) -> Vec<u8> {
        match self.call(function) {
            Answer::Result(object) => object,
            other => panic!("{other:?}"),
        }
    }

    /// The error as `400 PHONE_NUMBER_INVALID`.
    fn error(&mut self, function: Writer) -> String {
        match self.call(function) {
            Answer::Error { code, message } => format!("{code} {message}"),
            other => panic!("not refused: {other:02x?}"),
        }
    }

    /// Requests a code and returns its hash.
    fn send_code(&mut self, phone: &str) -> String {
        let sent = self.ok(send_code(phone));
        let mut reader = Reader::new(&sent);
        assert_eq!(reader.u32(), Ok(id::SENT_CODE));
        for _ in 0..3 {
            reader.u32().expect("flags, type, length");
        }
        reader.string().expect("a hash").into()
    }

    /// Logs in a phone number without a password.
    fn sign_in(&mut self, phone: &str, code: &str) -> Vec<u8> {
        let hash = self.send_code(phone);
        self.ok(sign_in(phone, &hash, code))
    }

    fn challenge(&mut self) -> Challenge {
        let object = self.ok(Writer::boxed(id::GET_PASSWORD));
        let mut reader = Reader::new(&object);
        assert_eq!(reader.u32(), Ok(PASSWORD));
        assert_eq!(reader.u32().map(|flags| flags & 1 << 2), Ok(1 << 2), "has_password");
        assert_eq!(reader.u32(), Ok(id::PASSWORD_KDF_ALGO));
        let salts = [reader.bytes().expect("salt1").to_vec(), reader.bytes().expect("salt2").to_vec()];
        assert_eq!(reader.i32(), Ok(3));
        assert_eq!(reader.bytes().expect("p").len(), 256);
        let b = reader.bytes().expect("srp_B").to_vec();
        let srp_id = reader.i64().expect("srp_id");
        assert_eq!(reader.string(), Ok("the name of this place"));
        assert_eq!(reader.u32(), Ok(id::PASSWORD_KDF_ALGO));
        Challenge { salts, b, srp_id }
    }
}

struct Challenge {
    salts: [Vec<u8>; 2],
    b: Vec<u8>,
    srp_id: i64,
}

impl Challenge {
    fn answer(&self, password: &str) -> Writer {
        Writer::boxed(id::CHECK_PASSWORD).object(&self.input(password).finish())
    }

    fn input(&self, password: &str) -> Writer {
        let salts = [&self.salts[0][..], &self.salts[1][..]];
        let (a, m1) = client_answer(password.as_bytes(), salts, &self.b, &[0x77; 256]);
        Writer::boxed(id::INPUT_CHECK_PASSWORD_SRP).i64(self.srp_id).bytes(&a).bytes(&m1)
    }
}

fn wrapped(layer: i32, function: Writer) -> Writer {
    let head = Writer::boxed(id::INVOKE_WITH_LAYER).i32(layer).u32(id::INIT_CONNECTION).u32(0).i32(1);
    let strings = head.string("model").string("system").string("1").string("en").string("").string("en");
    strings.object(&function.finish())
}

fn send_code(phone: &str) -> Writer {
    let head = Writer::boxed(id::SEND_CODE).string(phone).i32(1).string(HASH);
    head.u32(id::CODE_SETTINGS).u32(0)
}

fn send_code_with_token(phone: &str, token: &[u8]) -> Writer {
    let head = Writer::boxed(id::SEND_CODE).string(phone).i32(1).string(HASH);
    head.u32(id::CODE_SETTINGS).u32(1 << 6).u32(id::VECTOR).u32(1).bytes(token)
}

fn sign_in(phone: &str, hash: &str, code: &str) -> Writer {
    Writer::boxed(id::SIGN_IN).u32(1).string(phone).string(hash).string(code)
}

fn sign_up(phone: &str, hash: &str, first_name: &str, last_name: &str) -> Writer {
    Writer::boxed(id::SIGN_UP).u32(0).string(phone).string(hash).string(first_name).string(last_name)
}

fn resend_code(phone: &str, hash: &str) -> Writer {
    Writer::boxed(id::RESEND_CODE).u32(0).string(phone).string(hash)
}

fn cancel_code(phone: &str, hash: &str) -> Writer {
    Writer::boxed(id::CANCEL_CODE).string(phone).string(hash)
}

fn bot_login(token: &str) -> Writer {
    Writer::boxed(id::IMPORT_BOT_AUTHORIZATION).u32(0).i32(1).string(HASH).string(token)
}

fn get_self() -> Writer {
    Writer::boxed(id::GET_USERS).objects(&[Writer::boxed(id::INPUT_USER_SELF).finish()])
}

fn constructor(object: &[u8]) -> u32 {
    Reader::new(object).u32().expect("a constructor")
}

/// The user inside an `auth.authorization`: constructor, identifier, first name.
fn authorized(object: &[u8]) -> (u32, i64, String) {
    let mut reader = Reader::new(object);
    assert_eq!(reader.u32(), Ok(AUTHORIZATION));
    assert_eq!(reader.u32(), Ok(0));
    let user = reader.u32().expect("a user");
    let flags = reader.u32().expect("flags");
    assert_eq!(flags & 1 << 10, 1 << 10, "self");
    assert_eq!(reader.u32(), Ok(0));
    let user_id = reader.i64().expect("id");
    reader.i64().expect("access_hash");
    (user, user_id, reader.string().expect("first_name").into())
}

#[test]
fn the_first_call_must_init_the_connection() {
    let mut sandbox = Sandbox::uninited(AccountOptions::default());
    assert_eq!(sandbox.error(Writer::boxed(id::GET_CONFIG)), "400 CONNECTION_NOT_INITED");
    let only_layer = Writer::boxed(id::INVOKE_WITH_LAYER).i32(230).u32(id::GET_CONFIG);
    assert_eq!(sandbox.error(only_layer), "400 CONNECTION_NOT_INITED");
    sandbox.init(230);
    sandbox.ok(Writer::boxed(id::GET_NEAREST_DC));
    // It is stored for this key only.
    sandbox.key = 2;
    assert_eq!(sandbox.error(Writer::boxed(id::GET_CONFIG)), "400 CONNECTION_NOT_INITED");
}

#[test]
fn unknown_and_malformed_methods_are_refused() {
    let mut sandbox = Sandbox::new(AccountOptions::default());
    assert_eq!(sandbox.error(Writer::boxed(0x0102_0304)), "400 INPUT_METHOD_INVALID");
    assert_eq!(sandbox.error(Writer::default()), "400 INPUT_FETCH_ERROR");
    // Every cut of a call and every trailing byte is an error.
    for function in [send_code("9996621234"), bot_login("1:sandbox"), get_self(), Writer::boxed(id::LOG_OUT)]
    {
        let whole = function.finish();
        for length in 0..whole.len() {
            let Answer::Error { code: 400, message } = sandbox.call_bytes(&whole[..length]) else {
                panic!("a cut call was answered");
            };
            assert_eq!(message, "INPUT_FETCH_ERROR");
        }
        let longer = [&whole[..], &[0; 4]].concat();
        let refused = Answer::Error { code: 400, message: "INPUT_FETCH_ERROR".into() };
        assert_eq!(sandbox.call_bytes(&longer), refused);
    }
    let told = AccountEvent::UnknownMethod { method: "the method 0x01020304".into(), dc: 2 };
    assert_eq!(sandbox.events, [told]);
}

#[test]
fn config_lists_the_dcs_of_the_sandbox_and_no_others() {
    let mut sandbox = Sandbox::new(AccountOptions::default());
    let config = sandbox.ok(Writer::boxed(id::GET_CONFIG));
    let mut reader = Reader::new(&config);
    assert_eq!((reader.u32(), reader.u32()), (Ok(CONFIG), Ok(0)));
    assert_eq!((reader.i32(), reader.i32()), (Ok(NOW), Ok(NOW + 3600)));
    assert_eq!((reader.u32(), reader.i32()), (Ok(id::BOOL_FALSE), Ok(2)));
    let option = |reader: &mut Reader<'_>| {
        reader.expect(id::DC_OPTION)?;
        assert_eq!(reader.u32(), Ok(0));
        Ok((reader.i32()?, reader.string()?.to_owned(), reader.i32()?))
    };
    let expected = [(1, 4001), (2, 4002), (3, 4003)].map(|(dc, port)| (dc, "127.0.0.1".to_owned(), port));
    assert_eq!(reader.vector(option), Ok(expected.to_vec()));
    assert_eq!(reader.string(), Ok(""));
    for _ in 0..21 {
        reader.i32().expect("a number");
    }
    assert_eq!(reader.string(), Ok("https://t.me/"));
    assert_eq!((reader.i32(), reader.i32(), reader.i32()), (Ok(1024), Ok(4096), Ok(2)));
    assert_eq!(reader.end(), Ok(()));
}

/// grammers 0.11 uses only static addresses.
#[test]
fn a2_addresses_are_announced_as_static_ones_too() {
    let mut sandbox = Sandbox::new(AccountOptions { announce_static: true, ..AccountOptions::default() });
    let config = sandbox.ok(Writer::boxed(id::GET_CONFIG));
    for flags in [0, 16] {
        let option = Writer::boxed(id::DC_OPTION).u32(flags).i32(2).string("127.0.0.1").i32(4002).finish();
        assert!(config.windows(option.len()).any(|window| window == option), "{flags}");
    }
}

#[test]
fn addresses_of_version_6_are_marked() {
    let mut sandbox = Sandbox::new(AccountOptions::default());
    sandbox.accounts.set_dcs(vec![(2, "[::1]:443".parse().expect("an address"))]);
    let config = sandbox.ok(Writer::boxed(id::GET_CONFIG));
    let option = Writer::boxed(id::DC_OPTION).u32(1).i32(2).string("::1").i32(443).finish();
    assert!(config.windows(option.len()).any(|window| window == option));
}

#[test]
fn nearest_dc_and_app_config_are_answered() {
    let mut sandbox = Sandbox::new(AccountOptions::default());
    let nearest = sandbox.ok(Writer::boxed(id::GET_NEAREST_DC));
    assert_eq!(nearest, Writer::boxed(id::NEAREST_DC).string("XX").i32(2).i32(2).finish());
    let app_config = sandbox.ok(Writer::boxed(id::GET_APP_CONFIG).i32(0));
    assert_eq!(constructor(&app_config), id::APP_CONFIG);
}

#[test]
fn a_password_is_asked_and_checked() {
    let mut sandbox = Sandbox::new(AccountOptions::default());
    let phone = "9996621232";
    assert_eq!(sandbox.error(Writer::boxed(id::GET_PASSWORD)), "401 AUTH_KEY_UNREGISTERED");
    let hash = sandbox.send_code(phone);
    assert_eq!(sandbox.error(sign_in(phone, &hash, "22222")), "401 SESSION_PASSWORD_NEEDED");
    assert_eq!(sandbox.error(get_self()), "401 AUTH_KEY_UNREGISTERED");

    let first = sandbox.challenge();
    let second = sandbox.challenge();
    assert_ne!(first.srp_id, second.srp_id);
    assert_ne!(first.b, second.b);
    // Each challenge replaces the last one, and is good for one answer.
    assert_eq!(sandbox.error(first.answer("sandbox")), "400 SRP_ID_INVALID");
    assert_eq!(sandbox.error(second.answer("sandbox")), "400 SRP_ID_INVALID");
    let third = sandbox.challenge();
    assert_eq!(sandbox.error(third.answer("wrong")), "400 PASSWORD_HASH_INVALID");
    assert_eq!(sandbox.error(third.answer("sandbox")), "400 SRP_ID_INVALID");
    let empty = Writer::boxed(id::CHECK_PASSWORD).u32(id::INPUT_CHECK_PASSWORD_EMPTY);
    assert_eq!(sandbox.error(empty), "400 PASSWORD_HASH_INVALID");
    let unknown = Writer::boxed(id::CHECK_PASSWORD).u32(0);
    assert_eq!(sandbox.error(unknown), "400 INPUT_FETCH_ERROR");

    let right = sandbox.challenge();
    let answer = sandbox.ok(right.answer("sandbox"));
    assert_eq!(authorized(&answer), (USER, 9_996_621_232, "Sandbox".into()));
    sandbox.ok(get_self());
    assert_eq!(sandbox.events.last(), Some(&AccountEvent::LoggedIn { user_id: 9_996_621_232, dc: 2 }));
    sandbox.switch(2);
    assert_eq!(sandbox.error(right.answer("sandbox")), "401 AUTH_KEY_UNREGISTERED");
}

#[test]
fn without_a_password_the_answer_only_says_how_to_set_one() {
    let mut sandbox = Sandbox::new(AccountOptions::default());
    sandbox.sign_in("9996621234", "22222");
    let object = sandbox.ok(Writer::boxed(id::GET_PASSWORD));
    let mut reader = Reader::new(&object);
    assert_eq!((reader.u32(), reader.u32()), (Ok(PASSWORD), Ok(0)));
    assert_eq!(reader.u32(), Ok(id::PASSWORD_KDF_ALGO));
}

#[test]
fn bots_log_in() {
    let revoked = TestBot {
        id: 3,
        token: "3:old".into(),
        first_name: "Old".into(),
        username: String::new(),
        dc: 2,
        revoked: true,
    };
    let mut sandbox = Sandbox::new(AccountOptions { bots: vec![revoked], ..AccountOptions::default() });
    assert_eq!(sandbox.error(bot_login("2:elsewhere")), "303 USER_MIGRATE_1");
    assert_eq!(sandbox.error(bot_login("1:wrong")), "400 ACCESS_TOKEN_INVALID");
    assert_eq!(sandbox.error(bot_login("3:old")), "400 ACCESS_TOKEN_EXPIRED");
    let api = Writer::boxed(id::IMPORT_BOT_AUTHORIZATION).u32(0).i32(0).string(HASH).string("1:sandbox");
    assert_eq!(sandbox.error(api), "400 API_ID_INVALID");
    let answer = sandbox.ok(bot_login("1:sandbox"));
    assert_eq!(authorized(&answer), (USER, 1, "Sandbox bot".into()));
    // A bot leaves no token behind.
    let out = sandbox.ok(Writer::boxed(id::LOG_OUT));
    assert_eq!(out, Writer::boxed(id::LOGGED_OUT).u32(0).finish());
    sandbox.switch(1);
    let answer = sandbox.ok(bot_login("2:elsewhere"));
    assert_eq!(authorized(&answer).1, 2);
    assert_eq!(sandbox.events.last(), Some(&AccountEvent::LoggedIn { user_id: 2, dc: 1 }));
}

#[test]
fn users_depend_on_the_caller() {
    let mut sandbox = Sandbox::new(AccountOptions::default());
    sandbox.ok(bot_login("1:sandbox"));
    let other = |user: i64| Writer::boxed(id::INPUT_USER).i64(user).i64(0).finish();
    let empty = Writer::boxed(id::INPUT_USER_EMPTY).finish();
    let users = sandbox.ok(Writer::boxed(id::GET_USERS).objects(&[other(2), other(99), empty]));
    let mut reader = Reader::new(&users);
    assert_eq!((reader.u32(), reader.u32()), (Ok(id::VECTOR), Ok(3)));
    assert_eq!(reader.u32(), Ok(USER));
    assert_eq!(reader.u32().map(|flags| flags & 1 << 10), Ok(0), "not self");
    let tail = Writer::boxed(id::USER_EMPTY).i64(99).u32(id::USER_EMPTY).i64(0).finish();
    assert!(users.ends_with(&tail));
    assert_eq!(
        sandbox.error(Writer::boxed(id::GET_USERS).u32(id::VECTOR).u32(1).u32(0)),
        "400 INPUT_FETCH_ERROR"
    );
}

#[test]
fn state_and_difference_are_empty() {
    let mut sandbox = Sandbox::new(AccountOptions::default());
    let difference = || Writer::boxed(id::GET_DIFFERENCE).u32(0).i32(1).i32(NOW).i32(0);
    assert_eq!(sandbox.error(Writer::boxed(id::GET_STATE)), "401 AUTH_KEY_UNREGISTERED");
    assert_eq!(sandbox.error(difference()), "401 AUTH_KEY_UNREGISTERED");
    sandbox.sign_in("9996621234", "22222");
    let state = sandbox.ok(Writer::boxed(id::GET_STATE));
    assert_eq!(state, Writer::boxed(id::UPDATES_STATE).i32(1).i32(0).i32(NOW).i32(0).i32(0).finish());
    let empty = sandbox.ok(difference());
    assert_eq!(empty, Writer::boxed(id::DIFFERENCE_EMPTY).i32(NOW).i32(0).finish());
}
