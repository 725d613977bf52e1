//! Login by QR code, with a migration and a password, and the output of the prompt.

use sansgram_runtime::core::login::QrLink;
use sansgram_runtime::{
    Client, MemoryStore, Prompt, PromptError, QrLoginOutcome, QrStep, Question, Runtime, Zeroizing,
};
use sansgram_testkit::test_server::TestServer;

use super::interactive::Script;
use super::{config, dc_id, sandbox};

fn scan(served: &TestServer, link: &QrLink, phone: &str) {
    served.with_dcs(|dcs| dcs.scan_login_link(link.url(), phone)).unwrap();
}

pub(crate) async fn qr_code<R: Runtime>(runtime: R) {
    let served = sandbox();
    let store = MemoryStore::new();
    let client = Client::start(runtime, config(&served), store.clone()).await.unwrap();
    let mut login = client.qr_login(&[]).unwrap();
    let QrStep::Link(link) = login.next().await.unwrap() else { panic!("no link") };
    scan(&served, &link, "9996630002");
    let end = login.next().await.unwrap();
    assert!(matches!(end, QrStep::Done(QrLoginOutcome::PasswordRequired(_))), "{end:?}");
    assert_eq!(login.next().await.unwrap(), end, "asked again, it says so again");
    let user = client.check_password("sandbox").await.unwrap();
    assert_eq!(client.home(), dc_id(3));
    assert_eq!(store.session().unwrap().user.unwrap().id, user.id);
    assert_eq!(served.take_refusals(), []);
}

pub(crate) async fn a_dropped_qr_login_is_cancelled<R: Runtime>(runtime: R) {
    let served = sandbox();
    let client = Client::start(runtime, config(&served), MemoryStore::new()).await.unwrap();
    let mut login = client.qr_login(&[9_996_620_001]).unwrap();
    let QrStep::Link(link) = login.next().await.unwrap() else { panic!("no link") };
    drop(login);
    served.with_dcs(|dcs| dcs.scan_login_link(link.url(), "9996620001")).unwrap_err();
    assert!(!client.is_authorized().await.unwrap());
    client.bot_login("1:sandbox").await.unwrap();
}

/// Scans whatever is shown.
struct Scanner<'a> {
    script: Script,
    served: &'a TestServer,
    phone: &'a str,
}

impl Prompt for Scanner<'_> {
    async fn ask(&mut self, kind: Question, question: &str) -> Result<Zeroizing<String>, PromptError> {
        self.script.ask(kind, question).await
    }

    fn show(&mut self, line: &str) -> Result<(), PromptError> {
        self.script.show(line)
    }

    fn show_link(&mut self, link: &QrLink) -> Result<(), PromptError> {
        self.script.show_link(link)?;
        scan(self.served, link, self.phone);
        Ok(())
    }
}

pub(crate) async fn interactive_qr_code<R: Runtime>(runtime: R) {
    let served = sandbox();
    let client = Client::start(runtime, config(&served), MemoryStore::new()).await.unwrap();
    let script = Script::new(["QR", "sandbox"]);
    let mut scanner = Scanner { script, served: &served, phone: "9996610002" };
    client.interactive_login(&mut scanner).await.unwrap();
    assert!(scanner.script.seen("▀"));
    assert!(scanner.script.seen("tg://login?token="));
    assert!(!scanner.script.seen.iter().any(|line| line.contains(char::is_control)));
}
