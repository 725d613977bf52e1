//! Answers to the queries of a login that would weaken it: unsafe parameters of a password, and DCs that cannot be.
#![cfg(feature = "unstable")]

mod vectors;

use std::fmt::Debug;

use sansgram_core::crypto::dh::DhError;
use sansgram_core::crypto::srp::SrpError;
use sansgram_core::login::{
    ApiCredentials, LoginContext, LoginError, LoginStep, PasswordParametersError, StepAction, UserInfo,
};
use sansgram_core::tl::{Serialize, enums, types};
use vectors::{Seeded, bytes, load};

fn started<T: Debug>(mut step: LoginStep<T>) -> LoginStep<T> {
    let api = ApiCredentials { id: 1, hash: "0123456789abcdef0123456789abcdef".into() };
    let cx = LoginContext { api: Some(&api), logout_tokens: &[], is_logged_in: false, has_migrated: false };
    assert!(matches!(step.start(&cx), StepAction::Send));
    step
}

/// The parameters of a password, which are good as long as no field is changed.
struct Parameters {
    g: i32,
    p: Vec<u8>,
    srp_b: Option<Vec<u8>>,
}

impl Parameters {
    fn good() -> Self {
        let p = bytes(&load("dh_checks.json"), "dh_prime");
        let mut srp_b = p.clone();
        srp_b[0] -= 1;
        Self { g: 3, p, srp_b: Some(srp_b) }
    }

    fn answer(self) -> Vec<u8> {
        let algorithm = types::PasswordKdfAlgoSha256Sha256Pbkdf2Hmacsha512iter100000Sha256ModPow {
            salt1: vec![1; 40],
            salt2: vec![2; 16],
            g: self.g,
            p: self.p,
        };
        password(Some(algorithm.into()), self.srp_b)
    }
}

fn password(current_algo: Option<enums::PasswordKdfAlgo>, srp_b: Option<Vec<u8>>) -> Vec<u8> {
    let new_algo = enums::PasswordKdfAlgo::Unknown;
    let mut password = types::account::Password::new(new_algo, enums::SecurePasswordKdfAlgo::Unknown, vec![])
        .with_has_password(true);
    password.current_algo = current_algo;
    password.srp_id = srp_b.as_ref().map(|_| 7);
    password.srp_b = srp_b;
    enums::account::Password::from(password).to_bytes()
}

fn answered(answer: &[u8]) -> (LoginStep<UserInfo>, StepAction<UserInfo>) {
    let mut step = started(LoginStep::check_password("secret"));
    let action = step.answered(Ok(answer), 0, &mut Seeded(1));
    (step, action)
}

fn refused(answer: &[u8]) -> LoginError {
    match answered(answer).1 {
        StepAction::Done(Err(error)) => error,
        other => panic!("{other:?}"),
    }
}

/// With these a server could find out the password from the proof.
#[test]
fn unsafe_parameters_of_a_password_are_rejected() {
    let group = |error: DhError| LoginError::from(PasswordParametersError::Group(error));
    let changed = |change: fn(&mut Parameters)| {
        let mut parameters = Parameters::good();
        change(&mut parameters);
        refused(&parameters.answer())
    };
    // A composite number for which 3 still is a quadratic residue, as far as its remainder modulo 3 shows.
    assert_eq!(changed(|it| it.p[255] -= 12), group(DhError::NotSafePrime));
    assert_eq!(changed(|it| it.p[255] -= 1), group(DhError::NotSafePrime));
    assert_eq!(changed(|it| it.p[0] = 0x47), group(DhError::PrimeLength));
    assert_eq!(changed(|it| it.p.insert(0, 0)), group(DhError::PrimeLength));
    assert_eq!(changed(|it| it.p = vec![23]), group(DhError::PrimeLength));
    for g in [i32::MIN, -3, 0, 1, 8, i32::MAX] {
        let parameters = Parameters { g, ..Parameters::good() };
        assert_eq!(refused(&parameters.answer()), group(DhError::GeneratorRange), "{g}");
    }
    assert_eq!(changed(|it| it.g = 2), group(DhError::GeneratorNotResidue));
    let unknown = password(Some(enums::PasswordKdfAlgo::Unknown), Some(vec![7; 256]));
    assert_eq!(refused(&unknown), LoginError::PasswordAlgorithmUnknown);
    assert_eq!(refused(&password(None, None)), LoginError::NoPassword);
}

#[test]
fn a_bad_public_value_of_a_password_is_rejected() {
    let StepAction::Compute(task) = answered(&Parameters::good().answer()).1 else { panic!() };
    let output = task.run();
    let p = Parameters::good().p;
    let mut above = p.clone();
    above[255] += 1;
    for (srp_b, expected) in [
        (vec![0; 256], Some(SrpError::BRange)),
        (p, Some(SrpError::BRange)),
        (above, Some(SrpError::BRange)),
        (vec![0xff; 256], Some(SrpError::BRange)),
        (vec![], Some(SrpError::BLength(0))),
        (vec![7; 247], Some(SrpError::BLength(247))),
        (vec![7; 257], Some(SrpError::BLength(257))),
        (vec![7; 248], None),
        (vec![7; 256], None),
    ] {
        let (mut step, action) = answered(&Parameters { srp_b: Some(srp_b), ..Parameters::good() }.answer());
        assert!(matches!(action, StepAction::Compute(_)), "{action:?}");
        match (step.computed(&output, &mut Seeded(1)), expected) {
            (StepAction::Send, None) => {}
            (StepAction::Done(Err(error)), Some(expected)) => {
                assert_eq!(error, PasswordParametersError::Value(expected).into());
                assert!(step.query().is_empty(), "a proof is left");
            }
            (action, expected) => panic!("{action:?} instead of {expected:?}"),
        }
    }
}

#[test]
fn a_qr_login_migrates_to_possible_dcs_only() {
    for dc in [i32::MIN, -1, 0, 1, 1000, 1001, 10_002, i32::MAX] {
        let mut step = started(LoginStep::qr_login(&[]));
        let migrate = types::auth::LoginTokenMigrateTo { dc_id: dc, token: vec![7; 32] };
        let answer = enums::auth::LoginToken::from(migrate).to_bytes();
        match step.answered(Ok(&answer), 0, &mut Seeded(1)) {
            StepAction::Migrate(to) => {
                assert!((1..=1000).contains(&dc));
                assert_eq!(i32::from(to.number()), dc);
            }
            StepAction::Done(Err(error)) => {
                assert!(!(1..=1000).contains(&dc), "{dc}");
                assert_eq!(error, LoginError::MigrationTarget(dc.into()));
                assert!(step.query().is_empty(), "the token is left");
            }
            other => panic!("{dc}: {other:?}"),
        }
    }
}
