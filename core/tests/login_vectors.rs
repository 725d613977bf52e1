//! Test vectors of a login: links, test numbers, and the parameters of a new password.
#![cfg(feature = "unstable")]

mod vectors;

use sansgram_core::login::{ApiCredentials, LoginContext, LoginStep, NewPassword, PhoneNumber, StepAction};
use sansgram_core::tl::{Serialize, enums, types, write};
use vectors::{Script, Seeded, bytes, cases, load, text};

fn context(api: &ApiCredentials) -> LoginContext<'_> {
    LoginContext { api: Some(api), logout_tokens: &[], is_logged_in: false, has_migrated: false }
}

/// `api/qr-login`: base64url without padding.
#[test]
fn links_of_tokens() {
    for case in cases(&load("misc.json"), "qr", 2) {
        let api = ApiCredentials { id: 1, hash: "0".repeat(32) };
        let mut flow = LoginStep::qr_login(&[]);
        assert!(matches!(flow.start(&context(&api)), StepAction::Send));
        let answer = types::auth::LoginToken { expires: 1_700_000_030, token: bytes(case, "token") };
        let answer = enums::auth::LoginToken::from(answer).to_bytes();
        match flow.answered(Ok(&answer), 1_700_000_000, &mut Seeded(1)) {
            StepAction::ShowQr(link) => {
                assert_eq!(link.url(), text(case, "url"));
                assert_eq!(*link.token(), bytes(case, "token"));
                assert_eq!((link.lifetime.as_secs(), link.renew_after().as_secs()), (30, 25));
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn numbers_of_the_test_dcs() {
    for case in cases(&load("misc.json"), "test_phone", 3) {
        let number = text(case, "phone");
        assert_eq!(PhoneNumber::parse(number).unwrap().digits(), number);
    }
}

/// `api/srp`: the first salt of a new password is the server's, followed by at least 32 random bytes.
#[test]
fn a_new_password_has_the_salts_and_the_verifier_of_the_vectors() {
    for case in cases(&load("srp.json"), "new_password_hash", 2) {
        let algorithm = types::PasswordKdfAlgoSha256Sha256Pbkdf2Hmacsha512iter100000Sha256ModPow {
            salt1: bytes(case, "new_algo_salt1"),
            salt2: bytes(case, "salt2"),
            g: i32::try_from(case["g"].as_i64().unwrap()).unwrap(),
            p: bytes(&load("dh_checks.json"), "dh_prime"),
        };
        // `account.password` of an account without a password.
        let mut answer = Vec::new();
        write::u32(&mut answer, 0x957b_50fb);
        write::u32(&mut answer, 0);
        enums::PasswordKdfAlgo::from(algorithm).serialize(&mut answer);
        write::u32(&mut answer, 0x004a_8537);
        write::bytes(&mut answer, &[]);

        let new = NewPassword::new(std::str::from_utf8(&bytes(case, "password")).unwrap());
        let mut flow = LoginStep::recover_password("12345", Some(new));
        let api = ApiCredentials { id: 1, hash: "0".repeat(32) };
        assert!(matches!(flow.start(&context(&api)), StepAction::Send));
        let mut random = Script::new(&[&bytes(case, "client_random32")]);
        let task = match flow.answered(Ok(&answer), 1_700_000_000, &mut random) {
            StepAction::Compute(task) => task,
            other => panic!("{other:?}"),
        };
        assert!(random.is_used_up());
        assert!(matches!(flow.computed(&task.run(), &mut random), StepAction::Send));
        let has = |piece: &[u8]| flow.query().windows(piece.len()).any(|window| window == piece);
        assert!(has(&bytes(case, "salt1_sent")), "{}", text(case, "source"));
        assert!(has(&bytes(case, "salt2")), "{}", text(case, "source"));
        assert!(has(&bytes(case, "new_password_hash")), "{}", text(case, "source"));
    }
}
