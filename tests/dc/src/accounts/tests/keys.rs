//! Auth keys: logouts, authorization transfers, layers, migrations, false answers.

use super::super::password::tests::new_verifier;
use super::*;

#[test]
fn a_logout_returns_a_token_that_replaces_one_code() {
    let mut sandbox = Sandbox::new(AccountOptions::default());
    assert_eq!(sandbox.error(Writer::boxed(id::LOG_OUT)), "401 AUTH_KEY_UNREGISTERED");
    sandbox.sign_in("9996621234", "22222");
    let out = sandbox.ok(Writer::boxed(id::LOG_OUT));
    assert_eq!(sandbox.events.last(), Some(&AccountEvent::LoggedOut { user_id: 9_996_621_234, dc: 2 }));
    assert_eq!(sandbox.error(get_self()), "401 AUTH_KEY_UNREGISTERED");
    let mut reader = Reader::new(&out);
    assert_eq!((reader.u32(), reader.u32()), (Ok(id::LOGGED_OUT), Ok(1)));
    let token = reader.bytes().expect("a token").to_vec();

    // Another phone's owner, or a wrong token, gets a code as usual.
    assert_eq!(constructor(&sandbox.ok(send_code_with_token("9996621235", &token))), id::SENT_CODE);
    assert_eq!(constructor(&sandbox.ok(send_code_with_token("9996621234", b"wrong"))), id::SENT_CODE);
    let success = sandbox.ok(send_code_with_token("9996621234", &token));
    assert_eq!(constructor(&success), id::SENT_CODE_SUCCESS);
    assert_eq!(authorized(&success[4..]).1, 9_996_621_234);
    sandbox.ok(get_self());
    // It is used up.
    assert_eq!(constructor(&sandbox.ok(send_code_with_token("9996621234", &token))), id::SENT_CODE);
}

#[test]
fn a_token_does_not_replace_the_password() {
    let mut sandbox = Sandbox::new(AccountOptions::default());
    let hash = sandbox.send_code("9996621232");
    assert_eq!(sandbox.error(sign_in("9996621232", &hash, "22222")), "401 SESSION_PASSWORD_NEEDED");
    let answer = sandbox.challenge().answer("sandbox");
    sandbox.ok(answer);
    let out = sandbox.ok(Writer::boxed(id::LOG_OUT));
    let mut reader = Reader::new(&out[8..]);
    let token = reader.bytes().expect("a token").to_vec();
    let refused = sandbox.error(send_code_with_token("9996621232", &token));
    assert_eq!(refused, "401 SESSION_PASSWORD_NEEDED");
    let answer = sandbox.challenge().answer("sandbox");
    sandbox.ok(answer);
}

#[test]
fn a_forgotten_key_starts_anew() {
    let mut sandbox = Sandbox::new(AccountOptions::default());
    sandbox.sign_in("9996621234", "22222");
    sandbox.accounts.forget_key(sandbox.key);
    assert_eq!(sandbox.error(get_self()), "400 CONNECTION_NOT_INITED");
    sandbox.init(230);
    assert_eq!(sandbox.error(get_self()), "401 AUTH_KEY_UNREGISTERED");
}

#[test]
fn an_authorization_is_transferred_to_another_dc() {
    let mut sandbox = Sandbox::new(AccountOptions::default());
    let export = |dc: i32| Writer::boxed(id::EXPORT_AUTHORIZATION).i32(dc);
    let import = |user: i64, bytes: &[u8]| Writer::boxed(id::IMPORT_AUTHORIZATION).i64(user).bytes(bytes);
    assert_eq!(sandbox.error(export(1)), "401 AUTH_KEY_UNREGISTERED");
    sandbox.sign_in("9996621234", "22222");
    assert_eq!(sandbox.error(export(2)), "400 DC_ID_INVALID");
    assert_eq!(sandbox.error(export(9)), "400 DC_ID_INVALID");
    let exported = |sandbox: &mut Sandbox| {
        let object = sandbox.ok(export(1));
        let mut reader = Reader::new(&object);
        assert_eq!(reader.u32(), Ok(id::EXPORTED_AUTHORIZATION));
        (reader.i64().expect("a user"), reader.bytes().expect("bytes").to_vec())
    };
    let exports = [(); 4].map(|()| exported(&mut sandbox));

    sandbox.switch(1);
    assert_eq!(sandbox.error(import(exports[0].0, b"wrong")), "400 AUTH_BYTES_INVALID");
    assert_eq!(sandbox.error(import(5, &exports[0].1)), "400 USER_ID_INVALID");
    let answer = sandbox.ok(import(exports[1].0, &exports[1].1));
    assert_eq!(authorized(&answer).1, 9_996_621_234);
    sandbox.ok(get_self());
    assert_eq!(sandbox.error(import(exports[1].0, &exports[1].1)), "400 AUTH_BYTES_INVALID");
    sandbox.switch(3);
    assert_eq!(sandbox.error(import(exports[2].0, &exports[2].1)), "400 AUTH_BYTES_INVALID");
    sandbox.switch(1);
    sandbox.now += 61;
    assert_eq!(sandbox.error(import(exports[3].0, &exports[3].1)), "400 AUTH_BYTES_INVALID");
}

#[test]
fn the_layer_of_a_key_selects_the_form_of_a_user() {
    for (layer, expected) in [(158, USER_158), (229, USER), (230, USER)] {
        let mut sandbox = Sandbox::uninited(AccountOptions::default());
        sandbox.init(layer);
        let answer = sandbox.sign_in("9996621234", "22222");
        assert_eq!(authorized(&answer).0, expected, "layer {layer}");
        assert_eq!(sandbox.ok(get_self())[8..12], expected.to_le_bytes());
    }
}

#[test]
fn migration_can_be_made_endless() {
    let mut sandbox = Sandbox::new(AccountOptions { always_migrate: true, ..AccountOptions::default() });
    assert_eq!(sandbox.error(send_code("9996621234")), "303 PHONE_MIGRATE_3");
    assert_eq!(sandbox.error(bot_login("1:sandbox")), "303 USER_MIGRATE_3");
    sandbox.switch(3);
    assert_eq!(sandbox.error(send_code("9996621234")), "303 PHONE_MIGRATE_1");
    sandbox.switch(1);
    assert_eq!(sandbox.error(send_code("9996621234")), "303 PHONE_MIGRATE_2");
}

#[test]
fn faults_replace_the_answers_they_fit() {
    let faults = vec![
        Fault::auth_restart("auth.sendCode").once(),
        Fault::flood_wait("auth.sendCode", 3).on_dc(3),
        Fault::error("auth.signIn", 303, "NETWORK_MIGRATE_3").on_dc(1),
        Fault::wrong_type("auth.signIn").once(),
        Fault::truncated("help.getNearestDc"),
        Fault::srp_id_invalid().once(),
    ];
    let mut sandbox = Sandbox::new(AccountOptions { faults, ..AccountOptions::default() });
    assert_eq!(sandbox.error(send_code("9996621232")), "500 AUTH_RESTART");
    let hash = sandbox.send_code("9996621232");
    let wrong = sandbox.ok(sign_in("9996621232", &hash, "22222"));
    assert_eq!(wrong, Writer::boxed(id::TRUE).finish());
    assert_eq!(sandbox.error(sign_in("9996621232", &hash, "22222")), "401 SESSION_PASSWORD_NEEDED");
    let answer = sandbox.challenge().answer("sandbox");
    assert_eq!(sandbox.error(answer), "400 SRP_ID_INVALID");
    let answer = sandbox.challenge().answer("sandbox");
    sandbox.ok(answer);
    assert_eq!(sandbox.ok(Writer::boxed(id::GET_NEAREST_DC)).len(), 8);
    sandbox.switch(3);
    for _ in 0..3 {
        assert_eq!(sandbox.error(send_code("9996631234")), "420 FLOOD_WAIT_3");
    }
    sandbox.switch(1);
    let hash = sandbox.send_code("9996611234");
    assert_eq!(sandbox.error(sign_in("9996611234", &hash, "11111")), "303 NETWORK_MIGRATE_3");
}

#[test]
fn a2_a_user_lists_and_ends_the_other_sessions() {
    let mut sandbox = Sandbox::new(AccountOptions::default());
    sandbox.sign_in("9996621234", "22222");
    let first = sandbox.key;
    sandbox.switch(2);
    sandbox.sign_in("9996621234", "22222");
    let list = |sandbox: &mut Sandbox| {
        let object = sandbox.ok(Writer::boxed(id::GET_AUTHORIZATIONS));
        let mut reader = Reader::new(&object);
        assert_eq!(reader.u32(), Ok(id::AUTHORIZATIONS));
        (reader.i32().expect("days"), reader.u32(), reader.u32().expect("a count")).2
    };
    assert_eq!(list(&mut sandbox), 2);
    assert_eq!(sandbox.error(Writer::boxed(id::RESET_AUTHORIZATION).i64(0)), "400 HASH_INVALID");
    sandbox.ok(Writer::boxed(id::RESET_AUTHORIZATIONS));
    assert_eq!(list(&mut sandbox), 1);
    let second = std::mem::replace(&mut sandbox.key, first);
    assert_eq!(sandbox.error(get_self()), "401 SESSION_REVOKED");
    // It can log in again, and then ends the other session by its hash.
    sandbox.sign_in("9996621234", "22222");
    let object = sandbox.ok(Writer::boxed(id::GET_AUTHORIZATIONS));
    let hashes: Vec<i64> = (0..object.len() - 11)
        .filter(|at| object[*at..].starts_with(&id::AUTHORIZATION_INFO.to_le_bytes()))
        .map(|at| i64::from_le_bytes(object[at + 8..at + 16].try_into().expect("eight bytes")))
        .collect();
    assert_eq!((hashes.len(), hashes[0]), (2, 0));
    sandbox.ok(Writer::boxed(id::RESET_AUTHORIZATION).i64(hashes[1]));
    sandbox.key = second;
    assert_eq!(sandbox.error(get_self()), "401 SESSION_REVOKED");
}

#[test]
fn a2_a_user_sets_and_removes_the_own_password() {
    let mut sandbox = Sandbox::new(AccountOptions::default());
    sandbox.sign_in("9996621234", "22222");
    let [salt1, salt2]: [&[u8]; 2] = [&[1; 40], &[2; 16]];
    let [verifier, prime] = new_verifier(b"abc", [salt1, salt2]);
    let settings = |check: Writer, verifier: &[u8], hint: &str| {
        let new = Writer::boxed(id::PASSWORD_INPUT_SETTINGS).u32(1).u32(id::PASSWORD_KDF_ALGO);
        let new = new.bytes(salt1).bytes(salt2).i32(3).bytes(&prime).bytes(verifier).string(hint);
        Writer::boxed(id::UPDATE_PASSWORD_SETTINGS).object(&check.finish()).object(&new.finish())
    };
    let no_password = || Writer::boxed(id::INPUT_CHECK_PASSWORD_EMPTY);
    sandbox.ok(settings(no_password(), &verifier, "the name of this place"));
    // Without the password it can neither be removed nor changed.
    assert_eq!(sandbox.error(settings(no_password(), &[], "")), "400 PASSWORD_HASH_INVALID");
    sandbox.switch(2);
    let hash = sandbox.send_code("9996621234");
    assert_eq!(sandbox.error(sign_in("9996621234", &hash, "22222")), "401 SESSION_PASSWORD_NEEDED");
    let answer = sandbox.challenge().answer("abc");
    sandbox.ok(answer);
    let wrong = sandbox.challenge().input("abd");
    assert_eq!(sandbox.error(settings(wrong, &[], "")), "400 PASSWORD_HASH_INVALID");
    let right = sandbox.challenge().input("abc");
    sandbox.ok(settings(right, &[], ""));
    sandbox.switch(2);
    sandbox.sign_in("9996621234", "22222");
}

#[test]
fn a2_a_user_takes_a_name_that_is_free() {
    let mut sandbox = Sandbox::new(AccountOptions::default());
    sandbox.sign_in("9996621234", "22222");
    let check = |name: &str| Writer::boxed(id::CHECK_USERNAME).string(name);
    let update = |name: &str| Writer::boxed(id::UPDATE_USERNAME).string(name);
    assert_eq!(sandbox.ok(check("ada_lovelace")), id::BOOL_TRUE.to_le_bytes());
    assert_eq!(sandbox.ok(check("Sandbox1_Bot")), id::BOOL_FALSE.to_le_bytes());
    for wrong in ["ada", "1adalovelace", "ada-lovelace", "", &"a".repeat(33)] {
        assert_eq!(sandbox.error(check(wrong)), "400 USERNAME_INVALID");
    }
    assert_eq!(sandbox.error(update("sandbox1_bot")), "400 USERNAME_OCCUPIED");
    sandbox.ok(update("ada_lovelace"));
    assert_eq!(sandbox.error(update("ada_lovelace")), "400 USERNAME_NOT_MODIFIED");
    let renamed = Writer::boxed(id::UPDATE_PROFILE).u32(1).string("Ada");
    let user = sandbox.ok(renamed);
    for text in [&b"Ada"[..], b"ada_lovelace"] {
        assert!(user.windows(text.len()).any(|window| window == text));
    }
    sandbox.ok(update(""));
}

#[test]
fn a4_sessions_are_described_alike_after_a_restart() {
    let mut sandbox = Sandbox::new(AccountOptions::default());
    sandbox.sign_in("9996621234", "22222");
    let before = sandbox.ok(Writer::boxed(id::GET_AUTHORIZATIONS));
    let saved = sandbox.accounts.save(crate::wire::Writer::default()).finish();
    let mut again = Sandbox::uninited(AccountOptions::default());
    again.key = sandbox.key;
    let mut reader = crate::wire::Reader::new(&saved);
    again.accounts.restore(&mut reader).expect("accounts");
    again.accounts.restore_devices(&mut reader).expect("devices");
    again.accounts.restore_counters(&mut reader).expect("counters");
    assert!(reader.rest().is_empty());
    assert_eq!(again.ok(Writer::boxed(id::GET_AUTHORIZATIONS)), before);
    assert!(before.windows(5).any(|window| window == b"model"));
}
