//! A test's own answers: who answers which call, what is recorded, and what is said of expectations that are not met.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use sansgram_core::tl::{Constructor, Deserialize, Function, Serialize, enums, functions, types};
use sansgram_testkit::accounts::{
    AccountEvent, AccountOptions, Accounts, Answer, CallContext, CallOutcome, Fault, IncomingCall, Push,
    TestBot, TestUser,
};
use sansgram_testkit::random::SeededRandomForTestingOnly;
use sansgram_testkit::raw_client::{RawClient, ServerMessage};
use sansgram_testkit::script::Script;
use sansgram_testkit::server::{ServerOptions, TestDcs};
use sansgram_testkit::test_server::{TestServer, TestServerError, TestServerOptions};
use serde_json::json;

use crate::common::first_call;

type GetNearestDc = functions::help::GetNearestDc;

fn new_accounts(options: AccountOptions) -> Accounts {
    let mut accounts = Accounts::new(options, Box::new(SeededRandomForTestingOnly::new(3)));
    accounts.set_dcs(vec![(2, ([127, 0, 0, 1], 2).into())]);
    accounts.handlers().record(100);
    accounts
}

/// A key that calls methods.
struct Caller {
    accounts: Accounts,
    key: u64,
    dc: i32,
}

impl Caller {
    fn new() -> Self {
        let mut this = Self { accounts: new_accounts(AccountOptions::default()), key: 1, dc: 2 };
        this.init();
        this
    }

    fn outcome(&mut self, body: &[u8]) -> CallOutcome {
        let context = CallContext {
            dc: self.dc,
            auth_key_id: self.key,
            layer: Some(230),
            now_unix: 1_700_000_000,
            local_ip: None,
        };
        self.accounts.call(&context, body)
    }

    fn init(&mut self) {
        assert!(matches!(self.outcome(&first_call()).answer, Answer::Result(_)));
    }

    fn bot_login(&mut self, token: &str) {
        self.call(&bot_login(token)).expect("a bot");
    }

    fn call<F: Function>(&mut self, function: &F) -> Result<F::Reply, String> {
        match self.outcome(&function.to_bytes()).answer {
            Answer::Result(object) => Ok(F::Reply::from_bytes(&object).expect("all of it can be read")),
            Answer::Error { code, message } => Err(format!("{code} {message}")),
            other => panic!("{other:?}"),
        }
    }

    fn country(&mut self) -> Result<String, String> {
        let enums::NearestDc::NearestDc(nearest) = self.call(&GetNearestDc {})?;
        Ok(nearest.country.clone())
    }
}

fn in_country(country: &str) -> enums::NearestDc {
    types::NearestDc { country: country.into(), this_dc: 2, nearest_dc: 2 }.to_boxed()
}

#[test]
fn the_first_handler_that_takes_a_call_answers_it() {
    let mut caller = Caller::new();
    assert_eq!(caller.country().as_deref(), Ok("XX"));
    let handlers = caller.accounts.handlers();
    handlers.respond_with::<GetNearestDc>(Answer::flood_wait(3)).times(1);
    handlers.respond_with::<GetNearestDc>(Answer::of(&in_country("D1"))).on_dc(1);
    handlers.respond_with::<GetNearestDc>(Answer::of(&in_country("U1"))).for_user(1);
    let last = handlers.on::<GetNearestDc>(|call, _| match call.number() {
        1 => Ok(in_country("N1")),
        2 => Err(Answer::error(500, "INTERNAL")),
        _ => Err(Answer::Pass),
    });
    let last = last.id();
    assert_eq!(caller.country().unwrap_err(), "420 FLOOD_WAIT_3");
    assert_eq!(caller.country().as_deref(), Ok("N1"));
    assert_eq!(caller.country().unwrap_err(), "500 INTERNAL");
    assert_eq!(caller.country().as_deref(), Ok("XX"), "the accounts answer what the last handler passes on");
    caller.dc = 1;
    assert_eq!(caller.country().as_deref(), Ok("D1"));
    caller.dc = 2;
    caller.bot_login("1:sandbox");
    assert_eq!(caller.country().as_deref(), Ok("U1"));
    assert_eq!(caller.accounts.handlers().get_mut(last).map(|handler| handler.calls()), Some(3));
    caller.accounts.handlers().clear();
    assert_eq!(caller.country().as_deref(), Ok("XX"));
}

#[test]
fn handlers_by_name_and_constructor_get_the_bytes_of_the_call() {
    let mut caller = Caller::new();
    let body = functions::help::GetAppConfig { hash: 77 }.to_bytes();
    let expected = body.clone();
    let raw = move |call: &mut IncomingCall, body: &[u8]| {
        assert_eq!((body, call.layer(), call.dc(), call.method()), (&*expected, 230, 2, "help.getAppConfig"));
        Answer::Silence
    };
    caller.accounts.handlers().on_raw(0x61e3_f854, raw.clone());
    assert_eq!(caller.outcome(&body).answer, Answer::Silence);
    caller.accounts.handlers().clear();
    caller.accounts.handlers().on_method("help.getAppConfig", raw).expect("a method");
    assert_eq!(caller.outcome(&body).answer, Answer::Silence);
    // The constructor of layer 140 has the same name.
    let refused = |_: &mut IncomingCall, _: &[u8]| Answer::error(400, "NEW");
    let early = 0x9891_4110_u32.to_le_bytes();
    assert!(matches!(caller.outcome(&early).answer, Answer::Silence | Answer::Error { .. }));
    caller.accounts.handlers().clear();
    caller.accounts.handlers().on_method("help.getAppConfig", refused).expect("a method");
    assert_eq!(caller.outcome(&early).answer, Answer::error(400, "NEW"));
    let unknown = caller.accounts.handlers().on_method("help.getApConfig", refused).map(|_| ()).unwrap_err();
    assert!(unknown.to_string().ends_with("did you mean \"help.getAppConfig\"?"), "{unknown}");
    assert_eq!(caller.accounts.handlers().check_expectations().map_err(|_| ()), Ok(()));
}

#[test]
fn the_fallback_answers_what_no_one_else_does() {
    let mut caller = Caller::new();
    // stats.getBroadcastStats, which the accounts do not have.
    let body = 0xab42_441a_u32.to_le_bytes();
    let outcome = caller.outcome(&body);
    assert_eq!(outcome.answer, Answer::error(400, "INPUT_METHOD_INVALID"));
    assert!(matches!(&outcome.events[..], [AccountEvent::UnknownMethod { .. }]), "{outcome:?}");
    caller.accounts.handlers().fallback(|call, _| Answer::error(501, call.method()));
    let outcome = caller.outcome(&body);
    assert_eq!((outcome.answer, outcome.events), (Answer::error(501, "stats.getBroadcastStats"), vec![]));
    assert_eq!(caller.country().as_deref(), Ok("XX"));
}

#[test]
fn calls_are_recorded_with_their_arguments() {
    let mut caller = Caller::new();
    caller.bot_login("1:sandbox");
    caller.call(&functions::help::GetAppConfig { hash: 5 }).expect("a config");
    let calls: Vec<_> = caller.accounts.handlers().calls().cloned().collect();
    let methods: Vec<&str> = calls.iter().map(|call| &*call.method).collect();
    assert_eq!(methods, ["help.getConfig", "auth.importBotAuthorization", "help.getAppConfig"]);
    assert_eq!((calls[1].user_id, calls[2].user_id, calls[2].dc), (None, Some(1), 2));
    assert_eq!(calls[2].arguments(), Ok(functions::help::GetAppConfig { hash: 5 }));
    assert!(calls[1].arguments::<GetNearestDc>().is_err());
    let shown = format!("{:?}", calls[1]);
    assert!(!shown.contains("sandbox") && !shown.contains("49, 58"), "{shown}");
    caller.accounts.handlers().record(2);
    caller.country().expect("an answer");
    let left: Vec<_> = caller.accounts.handlers().calls().map(|call| call.method.clone()).collect();
    assert_eq!(left, ["help.getAppConfig", "help.getNearestDc"]);
}

#[test]
fn answers_and_calls_can_be_json() {
    let mut caller = Caller::new();
    let answer =
        Answer::json("help.getNearestDc", &json!({ "country": "JS", "this_dc": 2, "nearest_dc": 2 }));
    caller.accounts.handlers().respond_with::<GetNearestDc>(answer.expect("a result"));
    assert_eq!(caller.country().as_deref(), Ok("JS"));
    caller.call(&functions::help::GetAppConfig { hash: 5 }).expect("a config");
    let last = caller.accounts.handlers().calls().last().cloned().expect("a call");
    assert_eq!(last.to_json().as_deref(), Ok(r#"{"_":"help.getAppConfig","hash":5}"#));
    let wrong = Answer::json("help.getNearestDc", &json!({ "country": 7 })).unwrap_err();
    assert!(wrong.to_string().starts_with("country: "), "{wrong}");
    let unknown = Answer::json("help.getNearestDD", &json!({})).unwrap_err();
    assert!(unknown.to_string().contains("help.getNearestDc"), "{unknown}");
}

#[test]
fn unmet_expectations_are_listed() {
    let mut caller = Caller::new();
    let handlers = caller.accounts.handlers();
    handlers.respond_with::<GetNearestDc>(Answer::flood_wait(1)).times(1).expect(1);
    handlers.respond_with::<functions::help::GetAppConfig>(Answer::flood_wait(1)).expect(2);
    handlers.respond_with::<functions::updates::GetState>(Answer::flood_wait(1)).expect(1..);
    handlers.on::<functions::users::GetUsers>(|_, request| panic!("{} users", request.id.len()));
    caller.country().unwrap_err();
    caller.call(&functions::help::GetAppConfig { hash: 0 }).unwrap_err();
    let panicked = caller.call(&functions::users::GetUsers { id: vec![] }).unwrap_err();
    assert_eq!(panicked, "400 HANDLER_PANICKED");
    // A vector of one object that is no `InputUser`.
    let unreadable = [0xd91a548, 0x1cb5_c415, 1, 7_u32].map(u32::to_le_bytes).concat();
    assert_eq!(caller.outcome(&unreadable).answer, Answer::error(400, "INPUT_FETCH_ERROR"));
    let unmet = caller.accounts.handlers().check_expectations().unwrap_err();
    assert_eq!(
        unmet.to_string(),
        "the test DC was not called as expected:\n\
         - help.getAppConfig: expected 2 calls, but it was called once\n\
         - updates.getState: expected at least 1 call, but it was not called\n\
         - users.getUsers: its handler panicked: 0 users\n\
         - users.getUsers: it was called with arguments that cannot be read: unexpected TL constructor 00000007\n\
         all calls by method: help.getAppConfig 1, help.getConfig 1, help.getNearestDc 1, users.getUsers 2"
    );
}

#[test]
fn calls_are_listed_only_if_they_are_recorded() {
    let mut caller = Caller::new();
    caller.accounts.handlers().clear();
    caller.accounts.handlers().record(0);
    caller.accounts.handlers().respond_with::<GetNearestDc>(Answer::flood_wait(1)).expect(2);
    caller.country().unwrap_err();
    let unmet = caller.accounts.handlers().check_expectations().unwrap_err();
    assert_eq!(unmet.lines(), ["- help.getNearestDc: expected 2 calls, but it was called once"]);
}

#[test]
fn updates_of_a_handler_follow_its_answer() {
    let mut caller = Caller::new();
    caller.bot_login("1:sandbox");
    caller.key = 2;
    caller.init();
    caller.bot_login("1:sandbox");
    caller.accounts.handlers().on::<GetNearestDc>(|call, _| {
        call.send_update_to(call.user_id().unwrap_or_default(), &enums::Update::from(types::UpdateConfig));
        call.send_update_to(77, &enums::Updates::from(types::UpdatesTooLong));
        Ok(in_country("AA"))
    });
    let outcome = caller.outcome(&GetNearestDc {}.to_bytes());
    let body = types::UpdateShort { update: types::UpdateConfig.into(), date: 1_700_000_000 };
    let body = enums::Updates::from(body).to_bytes();
    let expected = [1, 2].map(|auth_key_id| Push { auth_key_id, body: body.clone() });
    assert_eq!(outcome.pushes, expected);
}

#[test]
fn updates_of_a_handler_follow_an_error_of_the_accounts() {
    let mut caller = Caller::new();
    caller.bot_login("1:sandbox");
    let handlers = caller.accounts.handlers();
    for method in ["help.getAppConfig", "stats.getBroadcastStats"] {
        let send = |call: &mut IncomingCall, _: &[u8]| {
            call.send_update_to(1, &enums::Updates::from(types::UpdatesTooLong));
            Answer::Pass
        };
        handlers.on_method(method, send).expect("a method");
    }
    // Without its argument; and a method that the accounts do not have.
    for (constructor, error) in
        [(0x61e3_f854_u32, "INPUT_FETCH_ERROR"), (0xab42_441a, "INPUT_METHOD_INVALID")]
    {
        let outcome = caller.outcome(&constructor.to_le_bytes());
        assert_eq!((outcome.answer, outcome.pushes.len()), (Answer::error(400, error), 1));
    }
}

#[test]
fn faults_come_first_and_may_name_any_method() {
    let mut caller = Caller::new();
    caller.accounts.handlers().respond_with::<GetNearestDc>(Answer::error(400, "HANDLER"));
    caller.accounts.inject_fault(Fault::flood_wait("help.getNearestDc", 9).once()).expect("a method");
    assert_eq!(caller.country().unwrap_err(), "420 FLOOD_WAIT_9");
    assert_eq!(caller.country().unwrap_err(), "400 HANDLER");
    // A method that the accounts do not have.
    caller.accounts.inject_fault(Fault::flood_wait("stats.getBroadcastStats", 4)).expect("a method");
    assert_eq!(caller.outcome(&0xab42_441a_u32.to_le_bytes()).answer, Answer::flood_wait(4));
    caller.accounts.clear_faults();
    assert_eq!(
        caller.outcome(&0xab42_441a_u32.to_le_bytes()).answer,
        Answer::error(400, "INPUT_METHOD_INVALID")
    );
    let refused = caller.accounts.inject_fault(Fault::flood_wait("help.getNearestDC2", 9)).unwrap_err();
    assert!(refused.to_string().contains("\"help.getNearestDc\""), "{refused}");
}

#[test]
fn a_fault_for_an_unknown_method_is_refused() {
    let accounts = AccountOptions::default().with_faults(vec![Fault::flood_wait("auth.sendKode", 3)]);
    let server = ServerOptions::default().with_accounts(accounts);
    let refused = TestServer::start(TestServerOptions::default().with_server(server.clone())).err();
    let Some(TestServerError::Fault(error)) = refused else { panic!("started") };
    assert_eq!(
        error.to_string(),
        "no method of layer 230 is called \"auth.sendKode\"; did you mean \"auth.sendCode\"?"
    );
    let random = Box::new(SeededRandomForTestingOnly::new(1));
    let panicked = catch_unwind(AssertUnwindSafe(|| TestDcs::new(server, random))).map(|_| ()).unwrap_err();
    assert_eq!(panicked.downcast_ref::<String>(), Some(&error.to_string()));
}

#[test]
fn accounts_change_while_the_dcs_run() {
    let mut caller = Caller::new();
    caller.accounts.add_bot(&TestBot::new(5, "5:new"));
    caller.accounts.add_user(&TestUser::new(6, "12025550123").with_username("grace_h".into()));
    caller.bot_login("5:new");
    caller.call(&functions::updates::GetState {}).expect("a state");
    let wanted = types::InputUser { user_id: 6, access_hash: 0 }.into();
    let users = caller.call(&functions::users::GetUsers { id: vec![wanted] }).expect("users");
    assert!(matches!(&users[..], [enums::User::User(user)] if user.username.as_deref() == Some("grace_h")));
    assert!(caller.accounts.remove_account(5));
    assert!(!caller.accounts.remove_account(5));
    let gone = caller.call(&functions::updates::GetState {}).unwrap_err();
    assert_eq!(gone, "401 USER_DEACTIVATED");
}

#[test]
fn a_dropped_server_checks_its_expectations() {
    let start = || TestServer::start(TestServerOptions::default()).expect("ports are free");
    let server = start();
    let handler = server.respond_with::<GetNearestDc>(Answer::flood_wait(1)).expect(1);
    assert_eq!(handler.calls(), 0);
    assert!(server.wait_for_calls::<GetNearestDc>(1, Duration::ZERO).is_empty());
    assert!(server.check_expectations().is_err());
    let panicked = catch_unwind(AssertUnwindSafe(|| drop(server))).unwrap_err();
    let text = panicked.downcast_ref::<String>().expect("a text");
    assert!(text.contains("- help.getNearestDc: expected 1 call, but it was not called"), "{text}");
    assert!(text.ends_with("all calls by method: none"), "{text}");

    let server = start();
    server.respond_with::<GetNearestDc>(Answer::flood_wait(1)).expect(1).remove();
    server.fallback(|_, _| Answer::Pass).expect(1);
    server.reset();
    server.verify();
}

#[test]
fn the_configuration_reaches_every_dc() {
    let server = TestServer::start(TestServerOptions::default()).expect("ports are free");
    let config = server.config();
    assert_eq!(i32::from(config.initial_dc.number()), 2);
    let addresses: Vec<_> =
        config.dcs.iter().map(|(dc, address)| (i32::from(dc.number()), address)).collect();
    assert_eq!(addresses, server.addresses());
    assert!(config.api.is_some());
    let only = ServerOptions::default().with_dcs(vec![4]);
    let server = TestServer::start(TestServerOptions::default().with_server(only)).expect("a port is free");
    assert_eq!(i32::from(server.config().initial_dc.number()), 4);
}

#[test]
fn messages_of_a_handler_follow_its_answer() {
    let mut caller = Caller::new();
    caller.bot_login("1:sandbox");
    caller.accounts.add_user(&TestUser::new(7, "12025550123"));
    caller.accounts.handlers().on::<GetNearestDc>(|call, _| {
        call.send_message(7, 1, "hello, bot");
        call.send_message(7, 77, "to an account that does not exist");
        Ok(in_country("AA"))
    });
    let outcome = caller.outcome(&GetNearestDc {}.to_bytes());
    let [Push { auth_key_id: 1, body }] = &outcome.pushes[..] else { panic!("{outcome:?}") };
    assert!(body.windows(10).any(|part| part == b"hello, bot"));
    let enums::updates::State::State(state) = caller.call(&functions::updates::GetState {}).expect("a state");
    assert_eq!((state.pts, state.unread_count), (2, 1));
}

#[test]
fn counters_of_messages_survive_a_restart() {
    let options = || {
        let bots = vec![TestBot::new(5, "5:x"), TestBot::new(6, "6:x")];
        ServerOptions::default().with_accounts(AccountOptions::default().with_bots(bots))
    };
    let random = || Box::new(SeededRandomForTestingOnly::new(1));
    let mut dcs = TestDcs::new(options(), random());
    assert_eq!(dcs.send_message(5, 6, "one"), Some(1));
    assert_eq!(dcs.send_message(5, 99, "none"), None);
    assert!(dcs.take_changed());
    let mut again = TestDcs::restore(options(), random(), &dcs.save()).expect("a state");
    assert_eq!(again.send_message(5, 6, "two"), Some(2));
    assert_eq!(again.save().len(), dcs.save().len());
}

#[test]
fn a_message_of_a_handler_changes_the_saved_state() {
    let mut client = RawClient::with_key(ServerOptions::default());
    client.send(&first_call(), true);
    client.send(&bot_login("1:sandbox").to_bytes(), true);
    client.receive();
    client.dcs.take_changed();
    client.send(&GetNearestDc {}.to_bytes(), true);
    client.receive();
    assert!(!client.dcs.take_changed(), "the method alone changes nothing");
    client.dcs.handlers().on::<GetNearestDc>(|call, _| {
        call.send_message(1, 1, "counted");
        Err(Answer::Pass)
    });
    client.send(&GetNearestDc {}.to_bytes(), true);
    client.receive();
    assert!(client.dcs.take_changed());
}

fn bot_login(token: &str) -> functions::auth::ImportBotAuthorization {
    functions::auth::ImportBotAuthorization {
        flags: 0,
        api_id: 1,
        api_hash: "0123456789abcdef0123456789abcdef".into(),
        bot_auth_token: token.into(),
    }
}

#[test]
fn what_a_handler_delays_comes_at_its_time() {
    let mut client = RawClient::with_key(ServerOptions::default());
    client.send(&first_call(), true);
    client.send(&bot_login("1:sandbox").to_bytes(), true);
    client.dcs.handlers().on::<GetNearestDc>(|call, _| {
        call.send_update_to(1, &enums::Updates::from(types::UpdatesTooLong));
        call.set_delay(Duration::from_secs(3));
        call.send_update_to(1, &enums::Update::from(types::UpdateConfig));
        call.set_delay(Duration::from_secs(2));
        call.send_message(9_996_621_234, 1, "first use of the number");
        Ok(in_country("AA"))
    });
    client.receive();
    client.send(&GetNearestDc {}.to_bytes(), true);
    let has = |messages: &[ServerMessage], part: &[u8]| {
        messages.iter().any(|message| message.body.windows(part.len()).any(|bytes| bytes == part))
    };
    let config = types::UpdateConfig::ID.to_le_bytes();
    let now = client.receive();
    assert!(has(&now, &types::UpdatesTooLong::ID.to_le_bytes()) && !has(&now, &config));
    assert_eq!(client.deadline, Some(client.now.monotonic + Duration::from_secs(2)));
    client.wait(Duration::from_secs(2));
    let messages = client.receive();
    assert!(has(&messages, b"first use of the number") && !has(&messages, &config));
    client.wait(Duration::from_secs(1));
    assert!(has(&client.receive(), &config));
    assert_eq!(client.deadline, None);
}

#[test]
fn a_script_is_played() {
    let script = Script::parse(
        r#"
        [[answer]]
        method = "help.getNearestDc"
        error = "420 FLOOD_WAIT_3"
        times = 1
        user = 1

        [[answer]]
        method = "help.getNearestDc"
        result = { country = "ZZ", this_dc = 2, nearest_dc = 2 }

        [[fault]]
        method = "help.getAppConfig"
        error = "500 INTERNAL"
        times = 1

        [[update]]
        update = { _ = "updateConfig" }
        after = "help.getNearestDc"
        times = 2
        "#,
    )
    .expect("a script");
    let mut client = RawClient::with_key(ServerOptions::default());
    script.add_to(&mut client.dcs);
    client.send(&first_call(), true);
    client.send(&GetNearestDc {}.to_bytes(), true);
    client.send(&bot_login("1:sandbox").to_bytes(), true);
    client.receive();
    let mut call = |body: Vec<u8>| {
        client.send(&body, true);
        client.receive().into_iter().map(|message| message.body).collect::<Vec<_>>().concat()
    };
    let has = |bytes: &[u8], part: &[u8]| bytes.windows(part.len()).any(|bytes| bytes == part);
    let config = types::UpdateConfig::ID.to_le_bytes();
    let nearest = GetNearestDc {}.to_bytes();
    let first = call(nearest.clone());
    assert!(has(&first, b"FLOOD_WAIT_3") && has(&first, &config));
    let second = call(nearest.clone());
    assert!(has(&second, b"ZZ") && has(&second, &config));
    // The call before the login did not count, this one is the third.
    assert!(!has(&call(nearest), &config));
    let app_config = functions::help::GetAppConfig { hash: 0 }.to_bytes();
    assert!(has(&call(app_config.clone()), b"INTERNAL"));
    assert!(has(&call(app_config), &types::help::AppConfig::ID.to_le_bytes()));
}
