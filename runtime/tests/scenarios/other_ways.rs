//! The interactive login by other ways than a code alone: resend, sign-up, e-mail, recovery, waits.

use std::time::Duration;

use sansgram_runtime::core::client::RequestOptions;
use sansgram_runtime::core::tl::functions::help::GetNearestDc;
use sansgram_runtime::{
    Client, ClientEvent, Error, MemoryStore, Prompt, PromptError, Question, RequestHandle, Runtime,
    SendCodeOutcome, Zeroizing,
};
use sansgram_testkit::accounts::{CodeDelivery, Fault};
use sansgram_testkit::server::ServerOptions;

use super::interactive::Script;
use super::{config, sandbox, sandbox_with};

pub(crate) async fn interactive_resend<R: Runtime>(runtime: R) {
    let mut options = ServerOptions::default();
    options.accounts.resend_timeout = 0;
    options.accounts.deliveries = vec![
        CodeDelivery::App,
        CodeDelivery::Sms,
        CodeDelivery::UnknownType,
        CodeDelivery::TruncatedUnknownType,
        CodeDelivery::Call,
    ];
    let served = sandbox_with(options);
    let client = Client::start(runtime, config(&served), MemoryStore::new()).await.unwrap();
    let mut script = Script::new([
        "9996620003",
        "y",
        "cancel", // another number
        "9996620001",
        "y",
        "00000",
        "resend",
        "Resend",
        "22222",
    ]);
    client.interactive_login(&mut script).await.unwrap();
    assert_eq!(script.answers.len(), 0);
    for shown in [
        "Type \"resend\" for another code by text message",
        "The code was sent by text message; it has 5 digits.",
        "in an unknown way",
    ] {
        assert!(script.seen(shown), "{shown:?} is missing in {:#?}", script.seen);
    }
}

pub(crate) async fn interactive_resend_to_the_last_way<R: Runtime>(runtime: R) {
    let mut options = ServerOptions::default();
    options.accounts.resend_timeout = 0;
    options.accounts.deliveries = vec![CodeDelivery::App, CodeDelivery::Sms];
    let served = sandbox_with(options);
    let client = Client::start(runtime, config(&served), MemoryStore::new()).await.unwrap();
    let mut script = Script::new(["9996620003", "y", "resend", "cancel", "9996620001", "y", "22222"]);
    client.interactive_login(&mut script).await.unwrap();
    assert!(
        script.seen.iter().any(|line| line == "Type \"cancel\" to use another number."),
        "{:#?}",
        script.seen
    );
}

pub(crate) async fn interactive_sign_up<R: Runtime>(runtime: R) {
    let mut options = ServerOptions::default();
    options.accounts.faults = vec![Fault::error("auth.signUp", 400, "FIRSTNAME_INVALID").once()];
    let served = sandbox_with(options);
    let client = Client::start(runtime, config(&served), MemoryStore::new()).await.unwrap();
    let mut unwilling = Script::new(["9996620009", "y", "22222", "n"]);
    let error = client.interactive_login(&mut unwilling).await.unwrap_err();
    assert!(matches!(error, Error::SignUpRequired(_)), "{error:?}");
    // The empty first name is asked for again and not sent; the server refuses the second one.
    let mut script = Script::new(["9996620009", "y", "22222", "y", "", "A", "", "Ada", "Lovelace"]);
    let user = client.interactive_login(&mut script).await.unwrap();
    assert_eq!((user.first_name.as_str(), user.last_name.as_deref()), ("Ada", Some("Lovelace")));
    for shown in
        ["This number has no account", "By signing up", "this first name", "Logged in as Ada Lovelace."]
    {
        assert!(script.seen(shown), "{shown:?} is missing in {:#?}", script.seen);
    }
}

pub(crate) async fn interactive_email<R: Runtime>(runtime: R) {
    let served = sandbox();
    let client = Client::start(runtime, config(&served), MemoryStore::new()).await.unwrap();
    let mut script = Script::new([
        "9996620006",
        "y",
        "not-an-address",
        "ada@home.example",
        "000000",
        "222222", // the address
        "222222", // the login
    ]);
    client.interactive_login(&mut script).await.unwrap();
    assert_eq!(script.answers.len(), 0);
    for shown in ["does not accept this e-mail address", "by e-mail to a***@home.example", "Type \"lost\""] {
        assert!(script.seen(shown), "{shown:?} is missing in {:#?}", script.seen);
    }
}

pub(crate) async fn interactive_recovery<R: Runtime>(runtime: R) {
    let served = sandbox();
    let client = Client::start(runtime, config(&served), MemoryStore::new()).await.unwrap();
    let mut script = Script::new([
        "9996620008",
        "y",
        "22222",
        "wrong",
        "", // an Enter by mistake
        "n",
        "", // forgotten
        "y",
        "", // or not
        "",
        "y",
        "000000",
        "222222",
        "", // another one
        "n",
        "one",
        "two",
        "correct horse",
        "correct horse",
    ]);
    client.interactive_login(&mut script).await.unwrap();
    assert_eq!(script.answers.len(), 0);
    for shown in ["leave empty to recover it by e-mail", "r***@sandbox.example", "The passwords do not match"]
    {
        assert!(script.seen(shown), "{shown:?} is missing in {:#?}", script.seen);
    }
    let sent = script.seen.iter().filter(|line| line.contains("r***@sandbox.example")).count();
    assert_eq!(sent, 2, "{:#?}", script.seen);
    client.log_out().await.unwrap();
    assert!(matches!(client.send_code("9996620008").await.unwrap(), SendCodeOutcome::PasswordRequired(_)));
    client.check_password("correct horse").await.unwrap();
    client.log_out().await.unwrap();
    let mut script = Script::new(["9996620008", "y", "22222", "", "y", "hello", "222222", "", "y"]);
    client.interactive_login(&mut script).await.unwrap();
    assert!(script.seen("This is not a code: it contains no digits"), "{:#?}", script.seen);
    client.log_out().await.unwrap();
    let mut script = Script::new(["9996620008", "y", "22222"]);
    client.interactive_login(&mut script).await.unwrap();
}

pub(crate) async fn interactive_waits_out_a_short_flood<R: Runtime>(runtime: R) {
    let mut options = ServerOptions::default();
    options.accounts.faults = vec![Fault::flood_wait("auth.signIn", 1).once()];
    let served = sandbox_with(options);
    let client = Client::start(runtime, config(&served), MemoryStore::new()).await.unwrap();
    let mut script = Script::new(["9996620001", "y", "22222"]);
    client.interactive_login(&mut script).await.unwrap();
    assert!(
        script.seen(
            "Telegram demands a wait of 1 second; the login then continues automatically. Ctrl-C ends it."
        ),
        "{:#?}",
        script.seen
    );
}

/// Answers with `script`, and sends a request when the login first waits.
struct SendsDuringTheWait {
    script: Script,
    client: Client,
    request: Option<RequestHandle<GetNearestDc>>,
    waits: Vec<Duration>,
}

impl Prompt for SendsDuringTheWait {
    async fn ask(&mut self, kind: Question, question: &str) -> Result<Zeroizing<String>, PromptError> {
        self.script.ask(kind, question).await
    }

    fn show(&mut self, line: &str) -> Result<(), PromptError> {
        self.script.show(line)
    }

    fn on_flood_wait(&mut self, duration: Duration) -> Result<(), PromptError> {
        self.waits.push(duration);
        if self.request.is_none() {
            self.request = self.client.send(&GetNearestDc {}, RequestOptions::default()).ok();
        }
        Ok(())
    }
}

pub(crate) async fn interactive_shows_no_wait_of_another_request<R: Runtime>(runtime: R) {
    let mut options = ServerOptions::default();
    options.accounts.faults =
        vec![Fault::flood_wait("auth.signIn", 1).once(), Fault::flood_wait("help.getNearestDc", 50)];
    let served = sandbox_with(options);
    let client = Client::start(runtime, config(&served), MemoryStore::new()).await.unwrap();
    let script = Script::new(["9996620001", "y", "22222"]);
    let mut prompt = SendsDuringTheWait { script, client: client.clone(), request: None, waits: Vec::new() };
    client.interactive_login(&mut prompt).await.unwrap();
    for seconds in [1, 50] {
        let event = ClientEvent::FloodWait { wait: Duration::from_secs(seconds) };
        while client.next_event().await.unwrap() != event {}
    }
    assert_eq!(prompt.waits, [Duration::from_secs(1)]);
}

/// The request that creates the key of a bot's login is no step whose waits are shown, so it does not wait.
pub(crate) async fn a_bot_login_waits_for_no_key_request<R: Runtime>(runtime: R) {
    let mut options = ServerOptions::default();
    options.accounts.faults = vec![Fault::flood_wait("help.getConfig", 300)];
    let served = sandbox_with(options);
    let config = config(&served).with_flood_sleep_threshold(Duration::from_secs(3600));
    let client = Client::start(runtime, config, MemoryStore::new()).await.unwrap();
    let user = client.bot_login("2:elsewhere").await.unwrap();
    assert!(user.is_bot);
}
