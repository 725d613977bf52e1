//! The accounts have TL code of their own. Here both ends meet: the accounts read functions written by `sansgram-core`,
//! which reads each answer to its last byte.

use std::net::IpAddr;

use sansgram_core::crypto::dh::DhGroup;
use sansgram_core::crypto::srp;
use sansgram_core::tl::{Deserialize, Function, enums, functions, types};
use sansgram_testkit::accounts::{AccountOptions, Accounts, Answer, CallContext};
use sansgram_testkit::random::SeededRandomForTestingOnly;

use crate::common::init_connection;

const PHONE: &str = "9996621234";
const GUARDED: &str = "9996621232";

struct Caller {
    accounts: Accounts,
    key: u64,
    local_ip: Option<IpAddr>,
}

impl Caller {
    fn new() -> Self {
        let random = SeededRandomForTestingOnly::new(3);
        let mut accounts = Accounts::new(AccountOptions::default(), Box::new(random));
        accounts.set_dcs(vec![(1, ([127, 0, 0, 1], 1).into()), (2, ([127, 0, 0, 1], 2).into())]);
        Self { accounts, key: 1, local_ip: None }
    }

    fn call<F: Function>(&mut self, function: &F) -> Result<F::Reply, String> {
        let dc = 2;
        let (auth_key_id, now_unix) = (self.key, 1_700_000_000);
        let local_ip = self.local_ip;
        let context = CallContext { dc, auth_key_id, layer: None, now_unix, local_ip };
        match self.accounts.call(&context, &function.to_bytes()).answer {
            Answer::Result(object) => Ok(F::Reply::from_bytes(&object).expect("all of it can be read")),
            Answer::Error { message, .. } => Err(message),
            other => panic!("{other:?}"),
        }
    }

    fn init(&mut self) -> types::Config {
        let proxy = types::InputClientProxy { address: "proxy.example".into(), port: 443 };
        let offset = types::JsonObjectValue {
            key: "tz_offset".into(),
            value: enums::JsonValue::JsonNumber(types::JsonNumber { value: 3600.0 }),
        };
        let params = types::JsonObject { value: vec![offset.into()] };
        let init = functions::InitConnection {
            proxy: Some(proxy.into()),
            params: Some(params.into()),
            ..init_connection()
        };
        let enums::Config::Config(config) =
            self.call(&functions::InvokeWithLayer { layer: 230, query: init }).expect("config");
        config
    }

    fn sign_in(&mut self, phone: &str) -> Result<enums::auth::Authorization, String> {
        let sent = self.call(&send_code(phone, None)).expect("a code is sent");
        let enums::auth::SentCode::SentCode(sent) = sent else { panic!("{sent:?}") };
        assert_eq!(sent.timeout, Some(60));
        let resend = functions::auth::ResendCode {
            phone_number: phone.into(),
            phone_code_hash: sent.phone_code_hash,
            reason: Some("test".into()),
        };
        let again = self.call(&resend).expect("a code is sent again");
        let enums::auth::SentCode::SentCode(sent) = again else { panic!("{again:?}") };
        self.call(&functions::auth::SignIn {
            phone_number: phone.into(),
            phone_code_hash: sent.phone_code_hash,
            phone_code: Some("22222".into()),
            email_verification: None,
        })
    }

    fn me(&mut self) -> Result<types::User, String> {
        let users = self.call(&functions::users::GetUsers { id: vec![enums::InputUser::UserSelf] })?;
        let [enums::User::User(user)] = users.as_slice() else { panic!("{users:?}") };
        Ok((**user).clone())
    }
}

fn send_code(phone: &str, token: Option<Vec<u8>>) -> functions::auth::SendCode {
    let settings = types::CodeSettings {
        logout_tokens: token.map(|token| vec![token]),
        ..types::CodeSettings::default()
    };
    functions::auth::SendCode {
        phone_number: phone.into(),
        api_id: 1,
        api_hash: "0123456789abcdef0123456789abcdef".into(),
        settings: settings.into(),
    }
}

fn user_of(authorization: enums::auth::Authorization) -> types::User {
    let enums::auth::Authorization::Authorization(authorization) = authorization else {
        panic!("{authorization:?}")
    };
    let enums::User::User(user) = authorization.user else { panic!("no user") };
    *user
}

#[test]
fn a4_config_names_the_address_that_the_caller_connected_to() {
    let mut caller = Caller::new();
    caller.accounts.set_dcs(vec![
        (1, ([0, 0, 0, 0], 1).into()),
        (2, ([0; 16], 2).into()),
        (3, ([203, 0, 113, 7], 3).into()),
    ]);
    let mut listed = |at: &str| {
        caller.local_ip = at.parse().ok();
        let options = caller.init().dc_options;
        let listed =
            options.into_iter().map(|enums::DcOption::DcOption(dc)| (dc.ip_address, dc.port, dc.ipv6));
        listed.collect::<Vec<_>>()
    };
    let fixed = ("203.0.113.7".to_owned(), 3, false);
    let at = |ip: &str, ipv6| vec![(ip.to_owned(), 1, ipv6), (ip.to_owned(), 2, ipv6), fixed.clone()];
    assert_eq!(listed("198.51.100.4"), at("198.51.100.4", false));
    assert_eq!(listed("2001:db8::4"), at("2001:db8::4", true));
}

#[test]
fn config_state_and_nearest_dc() {
    let mut caller = Caller::new();
    let config = caller.init();
    assert_eq!((config.this_dc, config.test_mode, config.dc_options.len()), (2, false, 2));
    assert_eq!((config.caption_length_max, config.message_length_max), (1024, 4096));
    assert_eq!((config.call_packet_timeout_ms, config.me_url_prefix.as_str()), (10_000, "https://t.me/"));
    let enums::NearestDc::NearestDc(nearest) = caller.call(&functions::help::GetNearestDc).expect("DC");
    assert_eq!(nearest.nearest_dc, 2);
    caller.call(&functions::help::GetAppConfig { hash: 0 }).expect("app config");
    caller.sign_in(PHONE).expect("logged in");
    caller.call(&functions::updates::GetState).expect("state");
}

#[test]
fn phone_and_logout() {
    let mut caller = Caller::new();
    caller.init();
    let user = user_of(caller.sign_in(PHONE).expect("logged in"));
    assert_eq!(
        (user.id, user.phone.as_deref(), user.bot, user.is_self),
        (9_996_621_234, Some(PHONE), false, true)
    );
    assert_eq!(caller.me(), Ok(user));
    let enums::auth::LoggedOut::LoggedOut(out) = caller.call(&functions::auth::LogOut).expect("out");
    assert_eq!(caller.me(), Err("AUTH_KEY_UNREGISTERED".into()));
    let sent = caller.call(&send_code(PHONE, out.future_auth_token)).expect("known");
    assert!(matches!(sent, enums::auth::SentCode::Success(_)));
}

#[test]
fn password_proved_by_core() {
    let mut caller = Caller::new();
    caller.init();
    assert_eq!(caller.sign_in(GUARDED).map(user_of), Err("SESSION_PASSWORD_NEEDED".into()));
    let enums::account::Password::Password(password) =
        caller.call(&functions::account::GetPassword).expect("a challenge");
    let Some(enums::PasswordKdfAlgo::Sha256Sha256Pbkdf2Hmacsha512iter100000Sha256ModPow(algo)) =
        &password.current_algo
    else {
        panic!("no algorithm")
    };
    let mut random = CoreRandom(SeededRandomForTestingOnly::new(4));
    let group = DhGroup::check(algo.g, &algo.p, &mut random).expect("the group is good");
    let x = srp::stretch(b"sandbox", &algo.salt1, &algo.salt2);
    let srp_b = password.srp_b.as_deref().expect("srp_B");
    let proof = srp::prove(&group, &algo.salt1, &algo.salt2, &x, srp_b, &mut random).expect("a proof");
    let answer = types::InputCheckPasswordSrp {
        srp_id: password.srp_id.expect("srp_id"),
        a: proof.a.to_vec(),
        m1: proof.m1.to_vec(),
    };
    let check = functions::auth::CheckPassword { password: answer.into() };
    let user = user_of(caller.call(&check).expect("logged in"));
    assert_eq!(user.id, 9_996_621_232);
}

#[test]
fn bot_and_export() {
    let mut caller = Caller::new();
    caller.init();
    let authorization = caller.call(&functions::auth::ImportBotAuthorization {
        flags: 0,
        api_id: 1,
        api_hash: "0123456789abcdef0123456789abcdef".into(),
        bot_auth_token: "1:sandbox".into(),
    });
    let user = user_of(authorization.expect("logged in"));
    assert_eq!((user.id, user.bot, user.bot_info_version), (1, true, Some(1)));
    let enums::auth::ExportedAuthorization::ExportedAuthorization(exported) =
        caller.call(&functions::auth::ExportAuthorization { dc_id: 1 }).expect("exported");
    assert_eq!(exported.id, 1);
}

#[test]
fn sign_up() {
    let mut caller = Caller::new();
    caller.init();
    let phone = "9996621239";
    let sent = caller.call(&send_code(phone, None)).expect("a code is sent");
    let enums::auth::SentCode::SentCode(sent) = sent else { panic!("{sent:?}") };
    let answer = caller.call(&functions::auth::SignIn {
        phone_number: phone.into(),
        phone_code_hash: sent.phone_code_hash.clone(),
        phone_code: Some("22222".into()),
        email_verification: None,
    });
    let Ok(enums::auth::Authorization::SignUpRequired(required)) = answer else { panic!("{answer:?}") };
    assert!(required.terms_of_service.is_some());
    let answer = caller.call(&functions::auth::SignUp {
        no_joined_notifications: true,
        phone_number: phone.into(),
        phone_code_hash: sent.phone_code_hash,
        first_name: "Ada".into(),
        last_name: "Lovelace".into(),
    });
    assert_eq!(user_of(answer.expect("signed up")).first_name.as_deref(), Some("Ada"));
}

/// The testkit's generator as core's `SecureRandom`.
struct CoreRandom(SeededRandomForTestingOnly);

impl sansgram_core::crypto::SecureRandom for CoreRandom {
    fn fill(&mut self, buffer: &mut [u8]) {
        self.0.fill(buffer);
    }
}
