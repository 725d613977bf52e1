//! Runs of whole clients: steps of applications, servers and networks.

use sansgram_core::tl::{Serialize, enums, types, write};

use crate::{Seeds, hex, piece, rows, vectors};

/// A network that obeys.
const WORK: &[u8] = &[12];
/// Configurations: the framing, with keys or without, logged in or not, temporary keys.
const KEYS: u8 = 1;
const NO_KEYS: u8 = 1 | 8;
const LOGGED_IN: u8 = 1 | 16;
const TEMPORARY: u8 = 1 | 4;

/// A step of a login or another call of the application.
const fn call(which: u8) -> [u8; 1] {
    [14 | which << 4]
}

fn request(which: u8) -> Vec<u8> {
    [&call(which)[..], &piece(&[0xc4, 0xf9, 0xb1, 0x1f])].concat()
}

/// The answer to a message, counted back from the newest.
fn answer(behind: u8, result: &[u8]) -> Vec<u8> {
    [&[4, behind][..], &piece(result)].concat()
}

fn message(body: &[u8]) -> Vec<u8> {
    [&[0x11][..], &piece(body)].concat()
}

fn seconds(count: u8) -> [u8; 2] {
    [0x17, count]
}

fn error(code: i32, name: &str) -> Vec<u8> {
    let mut body = types::RpcError { error_code: code, error_message: name.into() }.to_bytes();
    // A bare type, with its constructor before it.
    if !body.starts_with(&0x2144_ca19_u32.to_le_bytes()) {
        body.splice(0..0, 0x2144_ca19_u32.to_le_bytes());
    }
    body
}

fn sent_code() -> Vec<u8> {
    let kind = types::auth::SentCodeTypeApp { length: 5 }.into();
    let code = types::auth::SentCode {
        r#type: kind,
        phone_code_hash: "hash".into(),
        next_type: None,
        timeout: Some(60),
    };
    enums::auth::SentCode::from(code).to_bytes()
}

/// `auth.authorization` with a user of few fields.
fn authorization() -> Vec<u8> {
    let user = types::User::new(7).with_first_name("Ada");
    let it = types::auth::Authorization {
        setup_password_required: false,
        otherwise_relogin_days: None,
        tmp_sessions: None,
        future_auth_token: Some(vec![6; 16]),
        user: user.into(),
    };
    enums::auth::Authorization::from(it).to_bytes()
}

fn login_token(expires: i32) -> Vec<u8> {
    enums::auth::LoginToken::from(types::auth::LoginToken { expires, token: vec![7; 32] }).to_bytes()
}

fn migrate_to(dc_id: i32) -> Vec<u8> {
    let it = types::auth::LoginTokenMigrateTo { dc_id, token: vec![8; 32] };
    enums::auth::LoginToken::from(it).to_bytes()
}

fn update() -> Vec<u8> {
    let mut body = 0x78d4_dec1_u32.to_le_bytes().to_vec();
    write::u32(&mut body, 0x564f_e691);
    write::i32(&mut body, 1_700_000_000);
    body
}

pub(super) fn client() -> Seeds {
    let mut seeds: Seeds = Vec::new();
    let mut add = |name: &str, config: u8, steps: &[&[u8]]| {
        seeds.push((name.into(), [&[config][..], &steps.concat()].concat()));
    };
    let bodies = &vectors("service_messages")["bodies"];
    let body = |name: &str| hex(&bodies[name]);
    let named = |name: &str| {
        let content = body(name);
        [&content[..4], &content[12..]].concat()
    };

    for (kind, config) in [("abridged", 0), ("padded", 2), ("full", 3), ("intermediate", 1)] {
        let steps = [&request(0)[..], WORK, &answer(0, &body("pong")), WORK, &request(3), WORK];
        add(&format!("request-{kind}"), config, &steps);
    }
    let salt = [&[5, 0][..], &piece(&named("bad_server_salt"))].concat();
    add(
        "salt",
        KEYS,
        &[&request(0), WORK, &salt, WORK, &answer(0, &error(400, "X")), &answer(1, &error(400, "X"))],
    );
    let code = [&call(6)[..], WORK, &answer(0, &sent_code())].concat();
    let given = [&call(7)[..], &[7], WORK].concat();
    add("code", KEYS, &[&code, &given, &answer(0, &authorization()), WORK, &request(0), WORK]);
    add(
        "code-wrong",
        KEYS,
        &[&code, &given, &answer(0, &error(400, "PHONE_CODE_INVALID")), &call(7), &[0], WORK],
    );
    let needed = error(401, "SESSION_PASSWORD_NEEDED");
    add("password-needed", KEYS, &[&code, &given, &answer(0, &needed), WORK, &call(8), WORK, &seconds(60)]);
    let elsewhere = answer(0, &error(303, "PHONE_MIGRATE_1"));
    add(
        "migrates",
        KEYS,
        &[&call(6), WORK, &elsewhere, WORK, WORK, &answer(0, &sent_code()), &answer(1, &sent_code())],
    );
    let nowhere = answer(0, &error(303, "PHONE_MIGRATE_3"));
    add("migrates-without-key", KEYS, &[&call(6), WORK, &nowhere, WORK, &seconds(200), WORK]);
    let flood = answer(0, &error(420, "FLOOD_WAIT_5"));
    add("flood", KEYS, &[&call(6), WORK, &flood, &seconds(6), WORK, &answer(0, &sent_code())]);
    let trouble = answer(0, &error(500, "AUTH_RESTART"));
    add("trouble", KEYS, &[&call(6), WORK, &trouble, &seconds(2), WORK, &trouble, &seconds(9), WORK]);
    let shown = [&call(9)[..], WORK, &answer(0, &login_token(1_700_000_030))].concat();
    let scanned = message(&update());
    add("qr", KEYS, &[&shown, &scanned, WORK, &answer(0, &migrate_to(1)), WORK, WORK]);
    add(
        "qr-renewed",
        KEYS,
        &[&shown, &seconds(26), WORK, &answer(0, &login_token(i32::MAX)), &seconds(255), WORK],
    );
    add("bot", KEYS, &[&call(10), WORK, &answer(0, &authorization()), &call(12), WORK, &call(11), WORK]);
    let revoked = answer(0, &error(401, "SESSION_REVOKED"));
    add("revoked", LOGGED_IN, &[&request(0), WORK, &revoked, WORK, &call(12), WORK]);
    add(
        "signs-out",
        LOGGED_IN,
        &[
            &request(0),
            &request(1),
            WORK,
            &call(13),
            WORK,
            &answer(0, &error(401, "AUTH_KEY_UNREGISTERED")),
            WORK,
            &seconds(4),
        ],
    );
    let not_there = answer(0, &error(401, "AUTH_KEY_UNREGISTERED"));
    add("carried-over", LOGGED_IN, &[&request(1), WORK, &not_there, WORK, WORK, &seconds(3), WORK]);
    add("follows", LOGGED_IN, &[&request(3), WORK, &answer(0, &error(303, "FILE_MIGRATE_1")), WORK, WORK]);
    let uninited = answer(0, &error(400, "CONNECTION_NOT_INITED"));
    add("init-again", KEYS, &[&request(0), WORK, &uninited, WORK, &answer(0, &body("pong"))]);
    add(
        "updates",
        LOGGED_IN,
        &[
            &call(5),
            &[0],
            WORK,
            &request(0),
            WORK,
            &scanned,
            &scanned,
            &message(&body("new_session_created")),
        ],
    );
    add("handshake", NO_KEYS, &[&request(0), WORK, &[0, 4, 0, 1, 2, 3, 4], WORK, &seconds(21), WORK]);
    add(
        "temporary-key",
        TEMPORARY,
        &[&request(0), WORK, &[0, 9, 0, 4, 0, 0, 0, 0x6c, 0xfe, 0xff, 0xff, 0], WORK],
    );
    add(
        "not-found",
        KEYS,
        &[&request(0), WORK, &[0, 8, 0, 4, 0, 0, 0, 0x6c, 0xfe, 0xff, 0xff], &seconds(2), WORK],
    );
    add(
        "lost",
        KEYS,
        &[
            &request(0),
            WORK,
            &[11, 0],
            &seconds(1),
            WORK,
            &[11, 3],
            &seconds(9),
            WORK,
            &answer(0, &body("pong")),
        ],
    );
    add(
        "unreachable",
        KEYS,
        &[&request(0), &[11, 1], &seconds(2), &[11, 1], &seconds(9), &[11, 1], &seconds(20)],
    );
    add(
        "clock",
        LOGGED_IN,
        &[
            &request(0),
            WORK,
            &[8, 0xff, 0x7f],
            &request(0),
            WORK,
            &[8, 0, 0x80],
            WORK,
            &answer(0, &body("pong")),
        ],
    );
    let chain = [&request(0)[..], &request(2), &request(2)].concat();
    add("cancelled", KEYS, &[&chain, WORK, &call(4), &[1], WORK, &call(4), &[0], WORK, &call(5), &[1]]);
    add(
        "out-of-order",
        KEYS,
        &[&request(0), &[9, 1], &[9, 1], &[10], &[11, 0], &[9, 1], &[0x39, 1], &[0x3b, 1]],
    );
    for (at, row) in rows(&vectors("gzip_packed")["cases"]).enumerate().take(2) {
        let packed = hex(&row["gzip_packed"]);
        if packed.len() < 1000 {
            add(&format!("packed-{at}"), KEYS, &[&request(0), WORK, &answer(0, &packed), &message(&packed)]);
        }
    }
    for name in [
        "msgs_state_req",
        "msg_detailed_info",
        "msg_resend_req",
        "future_salts",
        "msgs_all_info",
        "bad_msg_notification_16",
        "bad_msg_notification_32",
    ] {
        let other = [&[5, 0][..], &piece(&named(name))].concat();
        add(&format!("told-{name}"), KEYS, &[&request(0), WORK, &message(&body(name)), &other, WORK]);
    }
    let container = [&[6, 2][..], &piece(&body("new_session_created")), &piece(&update())].concat();
    add("container", LOGGED_IN, &[&request(0), WORK, &container, WORK, &seconds(61), WORK]);
    seeds
}
