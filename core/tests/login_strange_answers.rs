//! Undocumented errors of any code and text. Each login step ends, by itself or after the required waits, with a
//! sentence for the user that contains the server's error and no terminal control characters.
#![cfg(feature = "unstable")]

use std::fmt::Debug;
use std::time::Duration;

use sansgram_core::crypto::SecureRandom;
use sansgram_core::login::{ApiCredentials, Continuation, LoginContext, LoginError, LoginStep, StepAction};
use sansgram_core::rpc::{InvokeError, RpcError};

struct NoRandom;

impl SecureRandom for NoRandom {
    fn fill(&mut self, _: &mut [u8]) {}
}

/// Runs a step against a server that always answers with this error. Returns its final error, the number of its queries
/// and the total wait.
type End = Box<dyn Fn(&RpcError) -> (LoginError, u32, Duration)>;

fn steps() -> Vec<(&'static str, End)> {
    vec![
        ("auth.sendCode", end_of(|| LoginStep::send_code("+9996620001"))),
        ("auth.importBotAuthorization", end_of(|| LoginStep::bot_login("1:sandbox"))),
        ("auth.exportLoginToken", end_of(|| LoginStep::qr_login(&[]))),
        ("account.getPassword", end_of(|| LoginStep::check_password("secret"))),
        ("auth.requestPasswordRecovery", end_of(LoginStep::request_password_recovery)),
        ("auth.checkRecoveryPassword", end_of(|| LoginStep::check_recovery_password("123456"))),
        ("auth.recoverPassword", end_of(|| LoginStep::recover_password("123456", None))),
        ("account.resetPassword", end_of(LoginStep::reset_password)),
        ("account.declinePasswordReset", end_of(LoginStep::decline_password_reset)),
        ("users.getUsers", end_of(LoginStep::login_state)),
    ]
}

fn end_of<T: Debug + 'static>(flow: impl Fn() -> LoginStep<T> + 'static) -> End {
    Box::new(move |error| end(flow(), error))
}

/// Returns the final error of a step if the server always answers like this, the number of its queries and the total
/// wait.
fn end<T: Debug>(mut flow: LoginStep<T>, error: &RpcError) -> (LoginError, u32, Duration) {
    let api = ApiCredentials { id: 1, hash: "0123456789abcdef0123456789abcdef".into() };
    let cx = LoginContext { api: Some(&api), logout_tokens: &[], is_logged_in: false, has_migrated: false };
    assert!(matches!(flow.start(&cx), StepAction::Send));
    let mut waited = Duration::ZERO;
    for asked in 1..=20 {
        match flow.answered(Err(InvokeError::Rpc(error.clone())), 0, &mut NoRandom) {
            StepAction::Done(Err(error)) => return (error, asked, waited),
            StepAction::Done(Ok(outcome)) => panic!("{error}: {outcome:?}"),
            StepAction::Send | StepAction::Migrate(_) => {}
            StepAction::RetryAfter(pause) => {
                assert!(pause >= Duration::from_secs(1), "{error}: asked again at once");
                waited += pause;
            }
            // The caller of the flow limits the total wait.
            StepAction::FloodWait(wait) => {
                assert!(wait >= Duration::from_secs(1), "{error}");
                return (LoginError::FloodWait(wait), asked, waited);
            }
            progress => panic!("{error}: {progress:?}"),
        }
    }
    panic!("{error}: asked 20 times, and no end");
}

#[test]
fn b1_strange_refusals_end_every_step_with_a_sentence_that_can_be_printed() {
    let long = "A".repeat(64 * 1024);
    let names = [
        "",
        " ",
        "_",
        "___",
        "7",
        "SOMETHING_NEW",
        "something_new",
        "Something else went wrong",
        "SOMETHING_\u{1b}[2J\u{7}\r\n\0NEW",
        "\u{1b}]0;title\u{7}",
        "\u{202e}\u{2066}ABC",
        "Ошибка",
        "FLOOD_WAIT_",
        "FLOOD_WAIT_-5",
        "FLOOD_WAIT_X",
        "PHONE_MIGRATE_",
        "PHONE_MIGRATE_99999999999",
        "FILE_MIGRATE_2",
        "STATS_MIGRATE_2",
        "STRANGE_MIGRATE_0",
        long.as_str(),
    ];
    let codes = [i32::MIN, -503, -404, -1, 0, 1, 200, 299, 303, 400, 401, 402, 403, 404, 406, 409, 420, 429];
    let mut refused = 0;
    for code in codes.into_iter().chain([499, 500, 501, 503, 599, 1000, i32::MAX]) {
        for name in names {
            let error = RpcError::parse(code, name);
            assert!(
                error.name.len() <= 128 && error.name.capacity() <= 512,
                "{} bytes",
                error.name.capacity()
            );
            for (method, end) in steps() {
                if method == "users.getUsers" && code == 401 {
                    continue;
                }
                let (ended, asked, waited) = end(&error);
                assert!(
                    asked <= 6 && waited <= Duration::from_secs(7),
                    "{code} {name:.20}: {asked} in {waited:?}"
                );
                let said = ended.to_string();
                assert!(said.len() < 400 && !said.chars().any(char::is_control), "{said:?}");
                assert!(
                    !said.contains("  ") && !said.contains(" :") && !said.contains(" ,"),
                    "{method}: {said:?}"
                );
                if let LoginError::Refused(of) = &ended {
                    assert!(said.starts_with(&format!("the server answered {of}")), "{said}");
                    assert!(said.contains(&code.to_string()), "{said}");
                    refused += 1;
                }
            }
        }
    }
    assert!(refused > 1000, "{refused}");
}

#[test]
fn b1_the_code_alone_says_what_comes_next() {
    for (code, continuation) in [
        (-503, Continuation::Wait),
        (0, Continuation::Wait),
        (200, Continuation::Wait),
        (303, Continuation::Fatal),
        (400, Continuation::AskAgain),
        (401, Continuation::StartOver),
        (403, Continuation::Fatal),
        (406, Continuation::Fatal),
        (420, Continuation::Wait),
        (500, Continuation::Wait),
    ] {
        for name in ["", "something_new", "SOMETHING_NEW"] {
            let error = LoginError::from_rpc("auth.signIn", RpcError::parse(code, name));
            assert_eq!(error.continuation(), continuation, "{code} {name}");
        }
    }
}
