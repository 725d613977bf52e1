//! Answers from values and callbacks.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use sansgram_runtime::{Client, MemoryStore, PromptError, Question, Runtime, ScriptedPrompt};

use super::{config, sandbox};

pub(crate) async fn values_and_callbacks<R: Runtime + Clone>(runtime: R) {
    let served = sandbox();
    let start = || Client::start(runtime.clone(), config(&served), MemoryStore::new());
    let mut values = ScriptedPrompt::new().phone("+999 66 2 0002").code("22222").password("sandbox");
    start().await.unwrap().interactive_login(&mut values).await.unwrap();
    let mut values = ScriptedPrompt::new().bot_token("1:sandbox");
    assert!(start().await.unwrap().interactive_login(&mut values).await.unwrap().is_bot);

    let asked = Arc::new(AtomicU32::new(0));
    let count = asked.clone();
    let mut callbacks = ScriptedPrompt::new()
        .phone("9996620002")
        .callback(Question::Code, move |question| {
            assert_eq!(question, "Code:");
            // The first is wrong; a callback is asked again.
            if count.fetch_add(1, Ordering::Relaxed) == 0 { "00000".into() } else { "22222".into() }
        })
        .async_callback(Question::Password, |question| {
            let is_hinted = question.contains("the name of this place");
            async move { if is_hinted { Ok("sandbox".into()) } else { Err(PromptError::EndOfInput) } }
        });
    start().await.unwrap().interactive_login(&mut callbacks).await.unwrap();
    assert_eq!(asked.load(Ordering::Relaxed), 2);
}

/// The questions and the error for each set of values that does not log in. The client remains usable.
pub(crate) async fn values_that_are_wrong_or_missing<R: Runtime>(runtime: R) {
    let served = sandbox();
    let client = Client::start(runtime, config(&served), MemoryStore::new()).await.unwrap();
    for (mut values, expected) in [
        (ScriptedPrompt::new(), "no phone number or bot token was given"),
        (ScriptedPrompt::default().phone("9996620001"), "no login code was given"),
        (
            ScriptedPrompt::new().phone("9996620001").code("00000"),
            "the login code that was given is not accepted: the code is wrong; check it and try again",
        ),
        (
            ScriptedPrompt::new().phone("1 234 567 8900"),
            "the phone number or bot token that was given is not accepted: the server does not accept this phone \
             number; check it, including its country code",
        ),
        (ScriptedPrompt::new().phone("9996620002").code("22222"), "no password was given"),
        (
            ScriptedPrompt::new().phone("9996620001").value(Question::ConfirmPhone, "n"),
            "too many wrong answers (100); start the login again",
        ),
        (
            ScriptedPrompt::new().phone("9996620002").code("22222").password(""),
            "the password that was given is not accepted: it is empty",
        ),
        (
            ScriptedPrompt::new().phone("9996620008").code("22222").password(""),
            "no confirmation of the password recovery was given",
        ),
    ] {
        // The second attempt fails for the same reason, here with a borrowed prompt.
        for _ in 0..2 {
            let error = client.interactive_login(&mut &mut values).await.unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
    }
}

/// Half a bot token looks like a phone number, and a mistyped phone number like a bot token: each is refused as the value
/// that it was set as, before anything is sent.
pub(crate) async fn values_of_the_wrong_form<R: Runtime>(runtime: R) {
    let served = sandbox();
    let client = Client::start(runtime, config(&served), MemoryStore::new()).await.unwrap();
    for (mut values, expected) in [
        (
            ScriptedPrompt::new().bot_token("123456"),
            "this is not a bot token; BotFather gives one of the form",
        ),
        (ScriptedPrompt::new().bot_token("qr"), "this is not a bot token; BotFather gives one of the form"),
        (ScriptedPrompt::new().phone("1:sandbox"), "the phone number contains ':'"),
        (ScriptedPrompt::new().phone("qr"), "the phone number contains 'q'"),
    ] {
        let error = client.interactive_login(&mut values).await.unwrap_err().to_string();
        let expected = format!("the phone number or bot token that was given is not accepted: {expected}");
        assert!(error.starts_with(&expected), "{error}");
    }
    assert!(!client.is_connected());
}

/// The answers of one login can be used for the next.
pub(crate) async fn values_can_be_used_again<R: Runtime>(runtime: R) {
    let served = sandbox();
    let client = Client::start(runtime, config(&served), MemoryStore::new()).await.unwrap();
    let mut values = ScriptedPrompt::new().phone("9996620002").code("22222").password("sandbox");
    for _ in 0..2 {
        client.interactive_login(&mut values).await.unwrap();
        client.log_out().await.unwrap();
    }
}
