//! The same calls under each layer: each answer is what that layer's definitions say.

use super::super::CodeDelivery;
use super::super::forms::tests::Schema;
use super::*;

/// Layers of clients that exist. Telethon 1.24: 133, Pyrogram: 140 and 158, Hydrogram: 181, GramJS: 198, Irenogram: 225, mtcute: 227,
/// Telethon: 165 (version 2) and 229, Kurigram: 229, grammers: 230.
const LAYERS: [i32; 30] = [
    133, 140, 143, 145, 149, 152, 155, 158, 159, 160, 165, 166, 167, 176, 177, 181, 184, 185, 189, 195, 198,
    200, 201, 211, 214, 220, 223, 225, 227, 230,
];

struct Layered {
    sandbox: Sandbox,
    schema: Schema,
    layer: i32,
}

impl Layered {
    fn new(layer: i32, options: AccountOptions) -> Self {
        let mut layered =
            Self { sandbox: Sandbox::uninited(options), schema: Schema::of_layer(layer), layer };
        let config = layered.read(wrapped(layer, Writer::boxed(id::GET_CONFIG)));
        assert!(config.contains("message_length_max=4096 webfile_dc_id=2"), "{config}");
        layered
    }

    fn read(&mut self, function: Writer) -> String {
        let object = self.sandbox.ok(function);
        self.schema.read(&object)
    }

    fn bare_vector(&mut self, function: Writer) -> String {
        let object = self.sandbox.ok(function);
        assert_eq!(object.get(..8), Some(&[0x15, 0xc4, 0xb5, 0x1c, 1, 0, 0, 0][..]), "a vector of one");
        self.schema.read(object.get(8..).unwrap_or_default())
    }

    fn send_code(&mut self, phone: &str) -> (String, String) {
        let settings = match self.layer {
            ..140 => id::CODE_SETTINGS_133,
            140..152 => id::CODE_SETTINGS_140,
            _ => id::CODE_SETTINGS,
        };
        let function = Writer::boxed(id::SEND_CODE).string(phone).i32(1).string(HASH).u32(settings).u32(0);
        let sent = self.read(function);
        let (_, rest) = sent.split_once("phone_code_hash=").expect("a hash");
        let hash: String = rest.chars().take_while(|char| !matches!(char, ' ' | ')')).collect();
        (sent, hash)
    }

    fn sign_in(&mut self, phone: &str) -> String {
        let (_, hash) = self.send_code(phone);
        let early = Writer::boxed(id::SIGN_IN_140).string(phone).string(&hash).string("22222");
        let function = if self.layer < 145 { early } else { sign_in(phone, &hash, "22222") };
        self.read(function)
    }
}

fn full_user(user: Writer) -> Writer {
    Writer::boxed(id::GET_FULL_USER).object(&user.finish())
}

#[test]
fn a2c_each_layer_reads_its_own_login_and_self() {
    for layer in LAYERS {
        let mut caller = Layered::new(layer, AccountOptions::default());
        let user = "user(self=true id=9996621234 access_hash=8681022216 first_name=Sandbox last_name=DC 2 phone=9996621234)";
        let hash = 9_996_621_234_i64 ^ 0x5a5a_5a5a;
        let user = user.replace("8681022216", &hash.to_string());
        assert_eq!(caller.sign_in("9996621234"), format!("auth.authorization(user={user})"), "layer {layer}");
        let getter = Writer::boxed(id::GET_USERS).u32(id::VECTOR).u32(1).u32(id::INPUT_USER_SELF);
        assert_eq!(caller.bare_vector(getter), user, "layer {layer}");
        if layer < 140 {
            let early = Writer::boxed(id::GET_FULL_USER_133).u32(id::INPUT_USER_SELF);
            let expected = format!("userFull(user={user} settings=peerSettings() ");
            assert!(caller.read(early).starts_with(&expected), "layer {layer}");
            continue;
        }
        let full = caller.read(full_user(Writer::boxed(id::INPUT_USER_SELF)));
        let expected = "users.userFull(full_user=userFull(id=9996621234 settings=peerSettings() \
                        notify_settings=peerNotifySettings() common_chats_count=0) chats=[] users=[USER])";
        assert_eq!(full, expected.replace("USER", &user), "layer {layer}");
        assert_eq!(
            caller.read(Writer::boxed(id::GET_STATE)),
            format!("updates.state(pts=1 qts=0 date={NOW} seq=0 unread_count=0)")
        );
        let password = caller.read(Writer::boxed(id::GET_PASSWORD));
        assert!(password.starts_with("account.password(new_algo=passwordKdfAlgo"), "{password}");
    }
}

#[test]
fn a2c_each_layer_reads_its_own_bot() {
    for layer in LAYERS {
        let mut bot = Layered::new(layer, AccountOptions::default());
        let authorization = bot.read(bot_login("1:sandbox"));
        assert!(authorization.contains("username=sandbox1_bot"), "{authorization}");
        let getter = if layer < 140 { id::GET_FULL_USER_133 } else { id::GET_FULL_USER };
        let full = bot.read(Writer::boxed(getter).u32(id::INPUT_USER_SELF));
        assert!(full.contains("bot_info=botInfo(user_id=1 description=Sandbox bot"), "{full}");
    }
}

#[test]
fn a2c_each_layer_reads_its_own_password() {
    for layer in [144, 145] {
        let mut caller = Layered::new(layer, AccountOptions::default());
        let (_, hash) = caller.send_code("9996621232");
        let refused = caller.sandbox.error(sign_in("9996621232", &hash, "22222"));
        assert_eq!(refused, "401 SESSION_PASSWORD_NEEDED");
        let password = caller.read(Writer::boxed(id::GET_PASSWORD));
        assert!(password.contains("srp_B=256 bytes"), "{password}");
    }
}

#[test]
fn a2c_each_layer_reads_its_own_kinds_of_codes() {
    let email = CodeDelivery::Email("someone@sandbox.example".into());
    for delivery in [email, CodeDelivery::Firebase] {
        for layer in LAYERS.into_iter().filter(|layer| *layer >= 152) {
            let deliveries = vec![delivery.clone()];
            let mut caller = Layered::new(layer, AccountOptions { deliveries, ..AccountOptions::default() });
            let (sent, _) = caller.send_code("9996621234");
            assert!(sent.contains("length=5"), "layer {layer}: {sent}");
        }
    }
}

#[test]
fn a2_full_users_exist_only_for_known_users() {
    let mut caller = Layered::new(230, AccountOptions::default());
    assert_eq!(
        caller.sandbox.error(full_user(Writer::boxed(id::INPUT_USER_SELF))),
        "401 AUTH_KEY_UNREGISTERED"
    );
    caller.sign_in("9996621234");
    let other = |user: i64| full_user(Writer::boxed(id::INPUT_USER).i64(user).i64(0));
    assert!(caller.read(other(1)).contains("full_user=userFull(id=1 "));
    assert!(caller.read(other(9_996_621_234)).contains("full_user=userFull(id=9996621234 "));
    // As Pyrogram and its forks name users.
    let by_peer = full_user(Writer::boxed(id::INPUT_PEER_USER).i64(1).i64(0));
    assert!(caller.read(by_peer).contains("full_user=userFull(id=1 "));
    let own = caller.read(full_user(Writer::boxed(id::INPUT_PEER_SELF)));
    assert!(own.contains("full_user=userFull(id=9996621234 "), "{own}");
    let listed = Writer::boxed(id::GET_USERS).u32(id::VECTOR).u32(1).u32(id::INPUT_PEER_SELF);
    assert!(caller.bare_vector(listed).starts_with("user(self=true id=9996621234 "));
    assert_eq!(caller.sandbox.error(other(77)), "400 USER_ID_INVALID");
    assert_eq!(caller.sandbox.error(full_user(Writer::boxed(id::INPUT_USER_EMPTY))), "400 USER_ID_INVALID");
}

#[test]
fn a2_startup_calls_of_clients_are_answered() {
    let mut caller = Layered::new(230, AccountOptions::default());
    let app_config = "help.appConfig(hash=1 config=jsonObject(value=[]))";
    assert_eq!(caller.read(Writer::boxed(id::GET_APP_CONFIG).i32(0)), app_config);
    assert_eq!(caller.read(Writer::boxed(id::GET_APP_CONFIG_140)), "jsonObject(value=[])");
    caller.sign_in("9996621234");
    let dialogs = || Writer::boxed(id::GET_DIALOGS).u32(0).i32(0).i32(0).u32(0x7f3b_18ea).i32(100).i64(0);
    let status = || Writer::boxed(id::UPDATE_STATUS).u32(id::BOOL_FALSE);
    assert_eq!(caller.read(status()), "boolTrue()");
    assert_eq!(caller.read(dialogs()), "messages.dialogs(dialogs=[] messages=[] chats=[] users=[])");
    assert_eq!(
        caller.read(Writer::boxed(id::GET_CONTACTS).i64(0)),
        "contacts.contacts(contacts=[] saved_count=0 users=[])"
    );
    let tomorrow = NOW + 86_400;
    assert_eq!(
        caller.read(Writer::boxed(id::GET_TERMS_OF_SERVICE_UPDATE)),
        format!("help.termsOfServiceUpdateEmpty(expires={tomorrow})")
    );
    assert_eq!(
        caller.read(Writer::boxed(id::GET_PROMO_DATA)),
        format!("help.promoDataEmpty(expires={tomorrow})")
    );
    let bad = Writer::boxed(id::UPDATE_STATUS).u32(7);
    assert_eq!(caller.sandbox.error(bad), "400 INPUT_FETCH_ERROR");

    let mut bot = Layered::new(230, AccountOptions::default());
    bot.read(bot_login("1:sandbox"));
    for function in [status(), dialogs()] {
        assert_eq!(bot.sandbox.error(function), "400 BOT_METHOD_INVALID");
    }
}

/// Telethon 2 is not on PyPI. Its calls, in this order, are from its repository (branch v2, schema of layer 165).
#[test]
fn a2c_the_calls_of_telethon_2_are_answered_in_layer_165() {
    let mut caller = Layered::new(165, AccountOptions::default());
    let self_wanted = || Writer::boxed(id::GET_USERS).u32(id::VECTOR).u32(1).u32(id::INPUT_USER_SELF);
    assert_eq!(caller.sandbox.error(self_wanted()), "401 AUTH_KEY_UNREGISTERED");
    let authorization = caller.sandbox.sign_in("9996621234", "22222");
    assert_eq!(authorization.get(8..12), Some(&0xabb5_f120_u32.to_le_bytes()[..]));
    assert!(caller.schema.read(&authorization).contains("user=user(self=true id=9996621234 "));
    assert!(caller.read(Writer::boxed(id::GET_STATE)).starts_with("updates.state("));
    assert!(caller.bare_vector(self_wanted()).contains("first_name=Sandbox"));
    let difference = Writer::boxed(id::GET_DIFFERENCE).u32(0).i32(1).i32(NOW).i32(0);
    assert_eq!(caller.read(difference), format!("updates.differenceEmpty(date={NOW} seq=0)"));
    assert!(caller.read(Writer::boxed(id::LOG_OUT)).starts_with("auth.loggedOut("));
    assert_eq!(caller.sandbox.error(Writer::boxed(id::GET_STATE)), "401 AUTH_KEY_UNREGISTERED");
}

/// The method, its arguments, and how its answer begins.
type Asked = (u32, &'static [u32], &'static str);

#[test]
fn a2_default_answers_exist_in_every_layer() {
    const SELF: u32 = 0x7da0_7ec9;
    let asked: [Asked; 16] = [
        (0x5202_9342, &[], "cdnConfig(public_keys=[])"),
        (0x522d_5a7d, &[0], "help.noAppUpdate()"),
        (0x182e_6d6f, &[], "account.webAuthorizations(authorizations=[] users=[])"),
        (
            0xdadb_c950,
            &[0x0352_dafa],
            "account.privacyRules(rules=[privacyValueAllowAll()] chats=[] users=[])",
        ),
        (0x12b3_ad31, &[0x193b_4417], "peerNotifySettings()"),
        (0x8b9b_4dae, &[], "account.contentSettings()"),
        (
            0xd6b9_4df2,
            &[0],
            "messages.peerDialogs(dialogs=[] messages=[] chats=[] users=[] state=updates.state(",
        ),
        (0x4423_e6c5, &[SELF, 0, 0, 0, 10, 0, 0, 0, 0], "messages.messages(messages=[]"),
        (0x63c6_6506, &[id::VECTOR, 1, 0xa676_a322, 7], "messages.messages(messages=[messageEmpty(id=7)]"),
        (0x49e9_528f, &[id::VECTOR, 0], "messages.chats(chats=[])"),
        (0x0a7f_6bbb, &[id::VECTOR, 0], "messages.chats(chats=[])"),
        (0x6a3f_8d65, &[], "updates(updates=[] users=[] chats=[]"),
        (0xb8a0_a1a8, &[0, 0], "messages.allStickers(hash=0 sets=[])"),
        (0xf57c_350f, &[0, 10], "contacts.blocked(blocked=[] chats=[] users=[])"),
        (0x9734_78b6, &[1, 0, 10, 0, 0], "contacts.topPeers(categories=[] chats=[] users=[])"),
        (0x91cd_32a8, &[id::INPUT_USER_SELF, 0, 0, 0, 10], "photos.photos(photos=[] users=[])"),
    ];
    for layer in LAYERS {
        let mut caller = Layered::new(layer, AccountOptions::default());
        caller.sign_in("9996621234");
        for (function, arguments, begins) in asked {
            let call = arguments.iter().fold(Writer::boxed(function), |call, word| call.u32(*word));
            let answer = caller.read(call);
            assert!(answer.starts_with(begins), "layer {layer}, {function:08x}: {answer}");
        }
        let sessions = caller.read(Writer::boxed(id::GET_AUTHORIZATIONS));
        assert!(sessions.contains("authorization(current=true hash=0 device_model="), "{sessions}");
        let by_name = Writer::boxed(0xf93c_cba3).string("Sandbox1_bot");
        let found = caller.read(by_name);
        assert!(
            found.starts_with("contacts.resolvedPeer(peer=peerUser(user_id=1) chats=[] users=[user("),
            "{found}"
        );
    }
}

#[test]
fn a2_countries_and_languages_need_no_login() {
    let mut caller = Layered::new(230, AccountOptions::default());
    let countries = |hash| Writer::boxed(0x7357_87a8).string("en").i32(hash);
    let list = caller.read(countries(0));
    assert!(list.contains("country_code=999") && list.ends_with("hash=1)"), "{list}");
    assert_eq!(caller.read(countries(1)), "help.countriesListNotModified()");
    let pack = |function: u32, code| Writer::boxed(function).string("tdesktop").string(code);
    assert_eq!(
        caller.read(pack(0xf2f2_330a, "en")),
        "langPackDifference(lang_code=en from_version=0 version=1 strings=[])"
    );
    assert!(caller.read(pack(0x6a59_6502, "en")).starts_with("langPackLanguage(official=true name=English"));
    assert_eq!(caller.sandbox.error(pack(0x6a59_6502, "xx")), "400 LANG_CODE_NOT_SUPPORTED");
    let keys = pack(0xefea_3803, "en").u32(id::VECTOR).u32(1).string("lng_ok");
    assert_eq!(caller.bare_vector(keys), "langPackStringDeleted(key=lng_ok)");
}

#[test]
fn a2_an_unknown_method_is_reported_once_by_name() {
    let mut caller = Layered::new(230, AccountOptions::default());
    for _ in 0..3 {
        assert_eq!(caller.sandbox.error(Writer::boxed(0x26cf_8950)), "400 INPUT_METHOD_INVALID");
    }
    assert_eq!(caller.sandbox.error(Writer::boxed(7)), "400 INPUT_METHOD_INVALID");
    let told: Vec<&str> = caller
        .sandbox
        .events
        .iter()
        .filter_map(|event| match event {
            AccountEvent::UnknownMethod { method, dc: 2 } => Some(method.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(told, ["messages.getDhConfig", "the method 0x00000007"]);
    for constructor in 1000..2000 {
        caller.sandbox.error(Writer::boxed(constructor));
    }
    assert!(caller.sandbox.events.len() < 300);
}
