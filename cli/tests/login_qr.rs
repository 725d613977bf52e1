//! `sansgram login --qr`: the picture and the link, renewal before expiry, migration and password afterwards.

mod support;

use std::fs;
use std::io::{BufRead, BufReader};

use sansgram_testkit::accounts::AccountOptions;
use sansgram_testkit::server::ServerOptions;
use serde_json::json;
use support::{Directory, Server, command, run};

/// A server whose links expire after `lifetime` seconds. They are renewed after three quarters of that.
fn server(lifetime: i32) -> Server {
    let accounts = AccountOptions::default().with_login_token_lifetime(lifetime);
    Server::new(ServerOptions::default().with_accounts(accounts))
}

fn scan(server: &Server, link: &str, phone: &str) -> Result<(), String> {
    server.served.with_dcs(|dcs| dcs.scan_login_link(link, phone))
}

#[cfg(target_os = "linux")]
#[test]
fn a_renewed_code_is_scanned_by_an_account_on_another_dc() {
    use std::collections::BTreeSet;

    use sansgram_runtime::qr::{Background, QrImage};
    use support::terminal::Terminal;

    for runtime in ["tokio", "smol"] {
        let server = server(3);
        // The links are shown for longer than the time limit of the server.
        let args = ["login", "--qr", "--except-id", "9996620001", "--timeout", "6", "--runtime", runtime];
        let mut terminal = Terminal::on(&server.command(&args));
        let mut link = || {
            terminal.sees("\r\ntg://");
            format!("tg://{}", terminal.rest_of_line())
        };
        let mut links: Vec<String> = (0..4).map(|_| link()).collect();
        scan(&server, &links[3], "9996620001").unwrap_err();
        // On a slow machine the link may have expired.
        while let Err(reason) = scan(&server, links.last().unwrap(), "9996610002") {
            assert_eq!(reason, "AUTH_TOKEN_EXPIRED");
            links.push(link());
        }
        assert_eq!(BTreeSet::from_iter(&links).len(), links.len());
        terminal.sees("Password (hint: the name of this place):");
        terminal.types("wrong\n");
        terminal.sees("The password is wrong");
        terminal.sees("Password");
        terminal.types("sandbox\n");
        terminal.sees("Logged in as Sandbox DC 1, user 9996610002 on DC 1.");
        let (code, shown) = terminal.ends();
        assert_eq!(code, Some(0), "{shown}");
        // Each picture replaces the previous one; a slow test may miss one.
        assert!(shown.matches("A\u{1b}[J").count() >= links.len() - 1, "{shown}");
        for link in &links {
            for line in QrImage::encode(link).unwrap().half_blocks(Background::Light).lines() {
                assert!(shown.contains(&format!("\u{1b}[30;107m{line}\u{1b}[0m")), "{shown}");
            }
        }
        assert!(server.run(&["whoami"]).ok().contains("on DC 1"));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn ctrl_c_then_another_call() {
    use support::terminal::Terminal;

    let server = server(30);
    let mut terminal = Terminal::on(&server.command(&["login", "--qr", "--qr-file", "code.png"]));
    terminal.sees("The QR code is in code.png.");
    let picture = server.directory.path.join("code.png");
    assert!(fs::read(&picture).unwrap().starts_with(b"\x89PNG"));
    terminal.sees("tg://login?token=");
    terminal.types("\u{3}");
    terminal.sees("Interrupted; run \"sansgram login\"");
    assert_eq!(terminal.ends().0, Some(130));
    assert!(!picture.exists());
    let mut terminal = Terminal::on(&server.command(&["login"]));
    terminal.sees("A login by QR code was started (just now). Continue this login? (y/n)");
    terminal.types("y\n");
    terminal.sees("tg://");
    let link = format!("tg://{}", terminal.rest_of_line());
    scan(&server, &link, "9996620002").unwrap();
    terminal.sees("Password");
    terminal.types("\u{3}");
    terminal.sees("Interrupted; run \"sansgram login\"");
    assert_eq!(terminal.ends().0, Some(130));
    // The link was scanned, so no other is shown, with or without --qr.
    let run = server.run(&["login", "--qr", "--password", "sandbox"]);
    assert!(run.ok().contains("9996620002") && !run.stderr.contains("tg://"), "{run:?}");
}

/// Nothing is saved, since a new link can be shown at any time.
#[test]
fn an_unreachable_server() {
    let directory = Directory::new();
    let login = |args: &[&str]| {
        run(command(&directory.path)
            .args(["login", "--dc", &format!("2={}", support::NO_LISTENER)])
            .args(args))
    };
    login(&["--qr"]).fails(&["DC 2 cannot be reached"]);
    assert!(!directory.path.join("sansgram.login").exists());
    login(&[]).fails(&["no terminal", "--qr"]);
}

/// A script reads the link and the picture.
#[test]
fn without_a_terminal() {
    let server = server(30);
    let file = server.directory.path.join("code.svg");
    let args = ["login", "--qr", "--qr-file", "code.svg", "--json"];
    fs::write(&file, "mine").unwrap();
    server.run(&args).fails_as_json(&["the file code.svg already exists", "--qr-file"]);
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
    fs::remove_file(&file).unwrap();
    let mut login = server.command(&args);
    let mut child = login.spawn().unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let (mut said, mut line) = (String::new(), String::new());
    while !line.starts_with("tg://") {
        line.clear();
        assert_ne!(stderr.read_line(&mut line).unwrap(), 0, "{said}");
        said += &line;
    }
    assert!(said.contains("The QR code is in code.svg.") && said.contains('█'), "{said}");
    assert!(said.chars().all(|char| char == '\n' || !char.is_control()), "{said}");
    let picture = fs::read_to_string(&file).unwrap();
    assert_eq!(picture, sansgram_runtime::qr::QrImage::encode(line.trim()).unwrap().svg());
    scan(&server, line.trim(), "9996631234").unwrap();
    let output = child.wait_with_output().unwrap();
    let result: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        result,
        json!({"user_id": 9_996_631_234_i64, "first_name": "Sandbox", "is_bot": false, "dc": 3})
    );
    assert!(output.status.success());
    assert!(!file.exists(), "a link that is over is of no use");
}

#[test]
fn a_password_without_a_terminal() {
    let directory = Directory::new();
    let sandbox =
        |args: &[&str]| run(command(&directory.path).args(["login", "--sandbox", "--qr"]).args(args));
    assert!(sandbox(&[]).ok().contains("user 9996621234 on DC 2"));
    let guarded = ["--phone", "9996610002"];
    sandbox(&guarded).fails(&["--password", "SANSGRAM_PASSWORD"]);
    let logged_in = sandbox(&[&guarded[..], &["--password", "sandbox", "--qr-file", "code.png"]].concat());
    assert!(logged_in.ok().contains("user 9996610002 on DC 1"));
    assert!(logged_in.stderr.contains("Sandbox: +9996610002 scans the code."), "{logged_in:?}");
    assert!(logged_in.stderr.contains("The QR code is in code.png."), "{logged_in:?}");
    assert!(!directory.path.join("code.png").exists());
    sandbox(&[&guarded[..], &["--password", "hunter2"]].concat()).fails(&["the password is wrong"]);
    sandbox(&["--except-id", "9996621234"]).fails(&["+9996621234", "the link excludes this account"]);
    sandbox(&["--phone", "9996620009"]).fails(&["+9996620009", "no user has this phone number"]);
    let nowhere = sandbox(&["--qr-file", "no/such/directory/code.png"]);
    nowhere.fails(&["code.png cannot be written: the directory no/such/directory does not exist; create it"]);
    assert!(!nowhere.stderr.contains("tg://") && !nowhere.stderr.contains("scans"), "{nowhere:?}");
}

#[test]
fn saved_without_a_terminal() {
    let server = server(30);
    let mut child = server.command(&["login", "--qr"]).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let link = lines.find(|line| line.starts_with("tg://")).unwrap();
    scan(&server, &link, "9996620002").unwrap();
    let rest: Vec<String> = lines.collect();
    assert!(rest.iter().any(|line| line.contains("sansgram login --password PASSWORD")), "{rest:?}");
    assert_eq!(child.wait().unwrap().code(), Some(1));
    server.run(&["login", "--password", "sandbox"]).ok();
}
