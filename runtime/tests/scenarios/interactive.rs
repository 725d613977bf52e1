//! The interactive login with scripted answers.

use std::collections::VecDeque;

use sansgram_harness::secret_scan;
use sansgram_runtime::{Client, Error, MemoryStore, Prompt, PromptError, Question, Runtime, Zeroizing};
use sansgram_testkit::accounts::{Fault, TestPassword, TestUser};
use sansgram_testkit::server::ServerOptions;

use super::{config, sandbox, sandbox_with};

/// Answers in order, and records all questions (`?`, secret ones `*`) and all lines shown.
#[derive(Default)]
pub(super) struct Script {
    pub(super) answers: VecDeque<&'static str>,
    repeat: Option<&'static str>,
    pub(super) seen: Vec<String>,
}

impl Script {
    pub(super) fn new(answers: impl IntoIterator<Item = &'static str>) -> Self {
        Self { answers: answers.into_iter().collect(), ..Self::default() }
    }

    fn answer(&mut self) -> Result<String, PromptError> {
        let answer = self.answers.pop_front().or(self.repeat).ok_or(PromptError::EndOfInput)?;
        Ok(answer.into())
    }

    pub(super) fn seen(&self, text: &str) -> bool {
        self.seen.iter().any(|line| line.contains(text))
    }
}

impl Prompt for Script {
    async fn ask(&mut self, kind: Question, question: &str) -> Result<Zeroizing<String>, PromptError> {
        secret_scan::record(question);
        self.seen.push(format!("{} {question}", if kind.is_secret() { '*' } else { '?' }));
        self.answer().map(Zeroizing::new)
    }

    fn show(&mut self, line: &str) -> Result<(), PromptError> {
        // The link is a secret that the person is meant to see.
        if !line.contains("tg://login?token=") {
            secret_scan::record(line);
        }
        self.seen.push(line.into());
        Ok(())
    }
}

pub(crate) async fn interactive_with_every_mistake<R: Runtime>(runtime: R) {
    let served = sandbox();
    let client = Client::start(runtime, config(&served), MemoryStore::new()).await.unwrap();
    let mut script = Script::new([
        "",          // nothing
        "my number", // no number
        "1:wrong",   // an unknown bot
        "+1 234 567 8900",
        "y", // a phone that the server rejects
        "+999 66 1-0003",
        "n", // a typing error
        "00 999 (66) 1-0002",
        "what?",
        "Y",
        "00000",
        "",
        "11111", // the code
        "",
        "wrong",
        "sandbox", // the password
    ]);
    let user = client.interactive_login(&mut script).await.unwrap();
    assert_eq!(script.answers.len(), 0);
    assert!(client.is_authorized().await.unwrap());
    assert_eq!(client.get_me().await.unwrap(), user);

    for shown in [
        "? Phone number with country code, or bot token:",
        "? Is \"+999 661 0002\" correct? (y/n)",
        "The phone number contains 'm'",
        "The bot token is not valid",
        "The server does not accept this phone number",
        "The code was sent",
        "? Code:",
        "The code is wrong",
        "* Password (hint: the name of this place):",
        "A forgotten password can be reset in the settings of a device",
        "The password is wrong",
        "* Password (hint: the name of this place; leave empty if you forgot it):",
        "Logged in as ",
    ] {
        assert!(script.seen(shown), "{shown:?} is missing in {:#?}", script.seen);
    }
    assert_eq!(script.seen.iter().filter(|line| line.contains("The code was sent")).count(), 1);

    let mut silent = Script::default();
    assert_eq!(client.interactive_login(&mut silent).await.unwrap(), user);
    assert_eq!(silent.seen.len(), 1);
    assert!(silent.seen("Already logged in as "));
}

pub(crate) async fn interactive_bot<R: Runtime>(runtime: R) {
    let served = sandbox();
    let client = Client::start(runtime, config(&served), MemoryStore::new()).await.unwrap();
    let mut script = Script::new(["1:not a token", " 2:elsewhere "]);
    assert!(client.interactive_login(&mut script).await.unwrap().is_bot);
    assert!(script.seen("This is not a bot token"));
}

pub(crate) async fn interactive_ends_with_its_input<R: Runtime>(runtime: R) {
    let served = sandbox();
    let client = Client::start(runtime, config(&served), MemoryStore::new()).await.unwrap();
    let whole = ["9996620002", "y", "22222"];
    for given in 0..=whole.len() {
        let mut script = Script::new(whole.into_iter().take(given));
        let error = client.interactive_login(&mut script).await.unwrap_err();
        assert!(
            matches!(&error, Error::Prompt(why) if matches!(**why, PromptError::EndOfInput)),
            "{error:?}"
        );
    }
    let mut script = Script::new(whole.into_iter().chain(["sandbox"]));
    client.interactive_login(&mut script).await.unwrap();
}

pub(crate) async fn interactive_gives_up_on_a_script<R: Runtime>(runtime: R) {
    let served = sandbox();
    let client = Client::start(runtime, config(&served), MemoryStore::new()).await.unwrap();
    for answers in [&[][..], &["9996620001"], &["9996620001", "y"], &["9996620002", "y", "22222"]] {
        let mut script = Script { repeat: Some("zq-wrong"), ..Script::new(answers.iter().copied()) };
        let error = client.interactive_login(&mut script).await.unwrap_err();
        assert!(matches!(error, Error::TooManyTries(10)), "{error:?}");
    }
}

pub(crate) async fn interactive_with_expired_codes<R: Runtime>(runtime: R) {
    let mut options = ServerOptions::default();
    options.accounts.faults = vec![
        Fault::auth_restart("auth.sendCode").once(),
        Fault::error("auth.signIn", 400, "PHONE_CODE_EXPIRED").once(),
        Fault::auth_restart("auth.signIn").once(),
        Fault::srp_id_invalid().once(),
    ];
    let served = sandbox_with(options);
    let client = Client::start(runtime, config(&served), MemoryStore::new()).await.unwrap();
    let mut script = Script::new(["9996620002", "y", "22222", "22222", "22222", "sandbox"]);
    client.interactive_login(&mut script).await.unwrap();
    for shown in ["The code has expired.", "The server has discarded this login; starting over."] {
        let at = script.seen.iter().position(|line| line == shown).unwrap();
        assert!(script.seen[at + 1].starts_with("A new code is being sent."));
    }
    assert_eq!(script.seen.iter().filter(|line| line.contains("The code was sent")).count(), 3);
}

/// One new code comes by itself; each one counts against the limits of the number.
pub(crate) async fn codes_that_expire_each_time_are_requested_a_limited_number_of_times<R: Runtime>(
    runtime: R,
) {
    let mut options = ServerOptions::default();
    options.accounts.faults = vec![Fault::error("auth.signIn", 400, "PHONE_CODE_EXPIRED")];
    let served = sandbox_with(options);
    let client = Client::start(runtime, config(&served), MemoryStore::new()).await.unwrap();
    let asked =
        |script: &Script| script.seen.iter().filter(|line| line.contains("The code was sent")).count();
    let mut script = Script::new(["9996620001", "y", "22222", "22222", "what?", "22222", "resend", "22222"]);
    client.interactive_login(&mut script).await.unwrap_err();
    assert_eq!((script.answers.len(), asked(&script)), (0, 3), "{:#?}", script.seen);
    for why in ["forwarded or shared there expires immediately", "Type \"resend\" for a new code"] {
        assert!(script.seen(why), "{:#?}", script.seen);
    }
    let mut script = Script::new(["9996620001", "y", "22222", "22222", "cancel"]);
    client.interactive_login(&mut script).await.unwrap_err();
    assert!(script.seen.last().unwrap().starts_with("? Phone number"), "{:#?}", script.seen);
    assert_eq!(asked(&script), 2);
}

pub(crate) async fn an_address_that_is_not_allowed_is_asked_for_again<R: Runtime + Clone>(runtime: R) {
    for method in ["account.sendVerifyEmailCode", "account.verifyEmail"] {
        for (name, sentence) in [
            ("EMAIL_NOT_ALLOWED", "Telegram does not send codes to this e-mail address; use another one."),
            ("EMAIL_INVALID", "The server does not accept this e-mail address; check it."),
        ] {
            let mut options = ServerOptions::default();
            options.accounts.faults = vec![Fault::error(method, 400, name).once()];
            let served = sandbox_with(options);
            let client = Client::start(runtime.clone(), config(&served), MemoryStore::new()).await.unwrap();
            // What goes to an e-mail address on DC 2 is a 2 six times over.
            let answers: &[&str] = if method == "account.verifyEmail" {
                &["9996620006", "y", "a@one.example", "222222", "a@two.example", "hello", "222222", "222222"]
            } else {
                &["9996620006", "y", "a@one.example", "a@two.example", "222222", "222222"]
            };
            let mut script = Script::new(answers.iter().copied());
            client.interactive_login(&mut script).await.unwrap();
            assert_eq!(script.answers.len(), 0, "{:#?}", script.seen);
            assert!(script.seen(sentence) && script.seen("a***@two.example"), "{:#?}", script.seen);
            let is_refused_here = script.seen("This is not a code: it contains no digits");
            assert_eq!(is_refused_here, method == "account.verifyEmail", "{:#?}", script.seen);
        }
    }
}

/// An error that no other answer corrects ends the conversation; otherwise the question is asked again.
pub(crate) async fn refusals_in_a_conversation<R: Runtime + Clone>(runtime: R) {
    for (code, name, goes_on) in [
        (400, "SOMETHING_NEW", true),
        (401, "USER_DEACTIVATED_BAN", false),
        (403, "INTEGRITY_CHECK_CLASSIC_7_nonce", false),
        (406, "UPDATE_APP_TO_LOGIN", false),
        (420, "FROZEN_METHOD_INVALID", false),
    ] {
        for (method, answers) in [
            ("auth.sendCode", &["9996620002", "y", "9996620002", "y", "22222", "sandbox"][..]),
            ("auth.signIn", &["9996620002", "y", "22222", "22222", "sandbox"]),
            ("auth.checkPassword", &["9996620002", "y", "22222", "sandbox", "sandbox"]),
        ] {
            let mut options = ServerOptions::default();
            options.accounts.faults = vec![Fault::error(method, code, name).once()];
            let served = sandbox_with(options);
            let client = Client::start(runtime.clone(), config(&served), MemoryStore::new()).await.unwrap();
            let mut script = Script::new(answers.iter().copied());
            let result = client.interactive_login(&mut script).await;
            assert_eq!(result.is_ok(), goes_on, "{method} {name}: {:#?}", script.seen);
            assert_eq!(script.answers.is_empty(), goes_on, "{method} {name}: {:#?}", script.seen);
        }
    }
}

pub(crate) async fn interactive_begins_again_if_the_server_demands_it<R: Runtime>(runtime: R) {
    let mut options = ServerOptions::default();
    options.accounts.faults = vec![Fault::auth_restart("auth.checkPassword").once()];
    let served = sandbox_with(options);
    let client = Client::start(runtime, config(&served), MemoryStore::new()).await.unwrap();
    let mut script =
        Script::new(["9996620002", "y", "22222", "sandbox", "9996620002", "y", "22222", "sandbox"]);
    client.interactive_login(&mut script).await.unwrap();
    assert_eq!(script.answers.len(), 0);
    let at = script
        .seen
        .iter()
        .position(|line| line == "The server has discarded this login; starting over.")
        .unwrap();
    assert!(script.seen[at + 1].starts_with("? Phone number"), "{:#?}", script.seen);
}

pub(crate) async fn an_empty_line_is_not_a_wrong_answer<R: Runtime>(runtime: R) {
    let served = sandbox();
    let client = Client::start(runtime, config(&served), MemoryStore::new()).await.unwrap();
    let again = |answer: &'static str| std::iter::repeat_n(answer, 15);
    let mut script = Script::new(
        again("")
            .chain(std::iter::repeat_n(["9996620001", "n"], 15).flatten())
            .chain(["9996620002"])
            .chain(again(""))
            .chain(["y"])
            .chain(again(""))
            .chain(["22222"])
            .chain(again(""))
            .chain(["sandbox"]),
    );
    client.interactive_login(&mut script).await.unwrap();
    assert!(!script.seen("wrong"), "{:#?}", script.seen);
    client.log_out().await.unwrap();
    for answers in [&[][..], &["9996620001"], &["9996620001", "y"], &["9996620002", "y", "22222"]] {
        let mut script = Script { repeat: Some(""), ..Script::new(answers.iter().copied()) };
        let error = client.interactive_login(&mut script).await.unwrap_err();
        assert!(matches!(error, Error::TooManyTries(100)), "{error:?}");
    }
}

pub(crate) async fn interactive_reports_a_flood<R: Runtime>(runtime: R) {
    let mut options = ServerOptions::default();
    options.accounts.faults = vec![Fault::flood_wait("auth.signIn", 300)];
    let served = sandbox_with(options);
    let client = Client::start(runtime, config(&served), MemoryStore::new()).await.unwrap();
    let mut script = Script::new(["9996620001", "y", "22222"]);
    let error = client.interactive_login(&mut script).await.unwrap_err();
    assert_eq!(error.to_string(), "too many attempts; wait 5 minutes and try again");
}

pub(crate) async fn a_server_cannot_write_to_the_terminal<R: Runtime>(runtime: R) {
    let mut options = ServerOptions::default();
    options.accounts.users.push(
        TestUser::new(77, "15550001")
            .with_first_name("\u{1b}]0;owned\u{7}Mal".into())
            .with_last_name("\u{202e}lory\r\n".into())
            .with_code(Some("12345".into()))
            .with_password(Some(
                TestPassword::new("open sesame").with_hint(Some("\u{1b}[2Jthe cave".into())),
            )),
    );
    let served = sandbox_with(options);
    let client = Client::start(runtime, config(&served), MemoryStore::new()).await.unwrap();
    let mut script = Script::new(["15550001", "y", "12345", "open sesame"]);
    client.interactive_login(&mut script).await.unwrap();
    assert!(script.seen("* Password (hint: [2Jthe cave):"), "{:?}", script.seen);
    assert!(script.seen("Logged in as ]0;ownedMal lory."), "{:?}", script.seen);
    assert!(!script.seen.iter().any(|line| line.contains(char::is_control)));
}
