//! `sansgram sandbox`: test DCs for any client.

mod support;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStdout, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::{Directory, sansgram};

/// A sandbox in its own process, which is killed on drop.
struct Running {
    child: Child,
    stdout: BufReader<ChildStdout>,
}

impl Running {
    fn start(directory: &Path, args: &[&str]) -> Self {
        let mut sandbox = support::command(directory);
        let mut child = sandbox.arg("sandbox").args(args).stdin(Stdio::piped()).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        Self { child, stdout }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        line.trim_end().into()
    }

    /// Writes a line to standard input.
    fn paste(&mut self, line: &str) {
        writeln!(self.child.stdin.as_mut().unwrap(), "{line}").unwrap();
    }

    /// Waits for its end with exit code 0 and nothing on standard error.
    fn ends_quietly(mut self) {
        let since = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(since.elapsed() < Duration::from_secs(20), "still running");
            std::thread::sleep(Duration::from_millis(5));
        };
        let mut said = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert_eq!((status.code(), said.as_str()), (Some(0), ""));
    }

    fn json(&mut self) -> Value {
        serde_json::from_str(&self.line()).unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns the options of a client for the DCs of the first line, the home DC first.
fn options(first_line: &Value) -> Vec<String> {
    let mut dcs: Vec<&Value> = first_line["dcs"].as_array().unwrap().iter().collect();
    dcs.sort_by_key(|dc| dc["id"] != 2);
    let dcs = dcs
        .iter()
        .flat_map(|dc| ["--dc".to_owned(), format!("{}={}", dc["id"], dc["address"].as_str().unwrap())]);
    dcs.chain(["--public-key".into(), first_line["public_key"].as_str().unwrap().into()]).collect()
}

#[test]
fn another_process_logs_in() {
    let directory = Directory::new();
    let mut sandbox = Running::start(&directory.path, &["--json", "--public-key", "the key.pem"]);
    let first = sandbox.json();
    // A client in another directory can read the key too.
    assert_eq!(first["public_key"], json!(directory.path.join("the key.pem")));
    assert_eq!(first["dcs"].as_array().unwrap().iter().map(|dc| &dc["id"]).collect::<Vec<_>>(), [1, 2, 3]);
    assert!(first["dcs"][0]["address"].as_str().unwrap().starts_with("127.0.0.1:"));
    let pem = fs::read_to_string(directory.path.join("the key.pem")).unwrap();
    assert!(pem.starts_with("-----BEGIN RSA PUBLIC KEY-----\n"));

    let server = options(&first);
    let mut login = support::command(&directory.path);
    login.arg("login").args(&server).args(["--phone", "9996610001", "--code", "11111", "--json"]);
    assert_eq!(support::run(&mut login).json()["dc"], 1);
    assert_eq!(
        sandbox.json(),
        json!({"event": "code_sent", "phone": "9996610001", "code": "11111", "dc": 1})
    );
    assert_eq!(sandbox.json(), json!({"event": "logged_in", "user_id": 9_996_610_001_i64, "dc": 1}));
    let mut logout = support::command(&directory.path);
    support::run(logout.arg("logout").args(&server)).ok();
    assert_eq!(sandbox.json(), json!({"event": "logged_out", "user_id": 9_996_610_001_i64, "dc": 1}));
}

#[test]
fn a_pasted_link_is_scanned() {
    let directory = Directory::new();
    let mut sandbox = Running::start(&directory.path, &["--json"]);
    let server = options(&sandbox.json());
    for (phone, scanned, user) in
        [("", "+9996621234", 9_996_621_234_i64), (" 9996610001", "9996610001", 9_996_610_001)]
    {
        let session = format!("s{user}");
        let mut login = support::command(&directory.path);
        login
            .args(["login", "--qr", "--json", "--session", &session, "--except-id", "9996631111"])
            .args(&server);
        let mut child = login.spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
        let link = lines.find(|line| line.starts_with("tg://")).unwrap();
        sandbox.paste("tg://login?token=AAAA 9996631111");
        let failed = sandbox.json();
        assert_eq!((&failed["event"], &failed["phone"]), (&json!("scan_failed"), &json!("9996631111")));
        assert!(failed["reason"].as_str().unwrap().contains("no longer valid"), "{failed}");
        sandbox.paste(&format!("{link} 9996631111"));
        assert_eq!(sandbox.json()["reason"], "the link excludes this account");
        sandbox.paste(&format!("{link}{phone}"));
        // The scan is reported when it is done, perhaps after the login.
        let mut told = [sandbox.json(), sandbox.json()];
        told.sort_by_key(|event| event["event"] == "logged_in");
        assert_eq!(told[0], json!({"event": "scanned", "phone": scanned}));
        assert_eq!(told[1]["user_id"], user);
        assert!(child.wait().unwrap().success());
    }
}

#[test]
fn codes_by_email_are_printed() {
    let directory = Directory::new();
    let mut sandbox = Running::start(&directory.path, &["--json"]);
    let server = options(&sandbox.json());
    let mut login = support::command(&directory.path);
    login.arg("login").args(&server).args(["--phone", "9996630007", "--code", "333333"]);
    support::run(&mut login).ok();
    assert_eq!(
        sandbox.json(),
        json!({"event": "email_sent", "address": "someone@sandbox.example", "code": "333333", "dc": 3})
    );
}

#[cfg(unix)]
#[test]
fn the_announcement_says_how_to_log_in() {
    let directory = Directory::new();
    let mut sandbox = Running::start(&directory.path, &["--public-key", "the key.pem"]);
    let lines: Vec<String> = (0..8).map(|_| sandbox.line()).collect();
    let command = lines.iter().find_map(|line| line.trim().strip_prefix("sansgram ")).unwrap();
    // The command can be copied to a shell in any directory.
    let elsewhere = Directory::new();
    let mut shell = std::process::Command::new("sh");
    shell.arg("-c").arg(format!("exec \"$0\" {command} --phone 9996631234 --code 33333"));
    shell.arg(env!("CARGO_BIN_EXE_sansgram")).current_dir(&elsewhere.path);
    support::run(shell.stdout(Stdio::piped()).stderr(Stdio::piped())).ok();
    assert_eq!(sandbox.line(), "the code 33333 arrived for +9996631234 (DC 3)");
    assert_eq!(sandbox.line(), "user 9996631234 logged in (DC 3)");
}

#[cfg(unix)]
#[test]
fn a_signal_ends_it() {
    for signal in ["-INT", "-TERM"] {
        let directory = Directory::new();
        let mut sandbox = Running::start(&directory.path, &["--json"]);
        sandbox.line();
        let id = sandbox.child.id().to_string();
        assert!(std::process::Command::new("kill").args([signal, &id]).status().unwrap().success());
        sandbox.ends_quietly();
    }
}

#[test]
fn the_end_of_standard_input_ends_it_if_that_is_wanted() {
    let directory = Directory::new();
    let mut sandbox = Running::start(&directory.path, &["--json", "--until-eof", "--state", "state"]);
    let server = options(&sandbox.json());
    client(&directory, &["login", "--json", "--bot-token", "1:sandbox"], &server);
    assert!(sandbox.child.try_wait().unwrap().is_none());
    drop(sandbox.child.stdin.take());
    sandbox.ends_quietly();
    // The state is there for the next one, whose input has ended from the start.
    let mut next = support::command(&directory.path);
    support::run(next.args(["sandbox", "--until-eof", "--state", "state"])).ok();
}

#[test]
fn what_happened_before_the_end_is_printed() {
    let directory = Directory::new();
    let mut sandbox = Running::start(&directory.path, &["--json", "--until-eof"]);
    let server = options(&sandbox.json());
    // More than a pipe takes, so that the sandbox waits for the reader.
    (0..3000).for_each(|_| sandbox.paste("no link"));
    client(&directory, &["login", "--json", "--bot-token", "1:sandbox"], &server);
    drop(sandbox.child.stdin.take());
    let mut printed = String::new();
    sandbox.stdout.read_to_string(&mut printed).unwrap();
    assert!(printed.contains(r#""event":"logged_in""#), "{}", printed.len());
    sandbox.ends_quietly();
}

#[cfg(target_os = "linux")]
#[test]
fn ctrl_c_on_a_terminal_ends_the_line() {
    let directory = Directory::new();
    let mut terminal = support::terminal::Terminal::start(&directory, &["sandbox"]);
    terminal.sees("Press Ctrl-C to stop.");
    terminal.types("\u{3}");
    let (code, shown) = terminal.ends();
    assert_eq!(code, Some(0));
    assert!(shown.ends_with("^C\r\n"), "{shown:?}");
}

#[test]
fn a_line_without_a_link_is_reported() {
    let directory = Directory::new();
    let mut sandbox = Running::start(&directory.path, &["--json"]);
    sandbox.line();
    for line in ["", "9996610001", "https://t.me/login"] {
        sandbox.paste(line);
    }
    for _ in 0..2 {
        let told = sandbox.json();
        assert_eq!(told["event"], "scan_failed");
        assert!(told["reason"].as_str().unwrap().contains("tg://login"), "{told}");
    }
}

#[test]
fn a_closed_standard_output_does_not_end_it() {
    let directory = Directory::new();
    let mut child = support::command(&directory.path).args(["sandbox", "--json"]).spawn().unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    let server = options(&serde_json::from_str(&first).unwrap());
    for session in ["one", "two"] {
        let mut login = support::command(&directory.path);
        login.arg("login").args(&server).args([
            "--phone",
            "9996620001",
            "--code",
            "22222",
            "--session",
            session,
        ]);
        support::run(&mut login).ok();
    }
    assert!(child.try_wait().unwrap().is_none());
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn impossible_options_are_reported() {
    let directory = Directory::new();
    let file = directory.path.join("precious");
    fs::write(&file, "precious").unwrap();
    let fails = |args: &[&str], words: &[&str]| {
        support::run(support::command(&directory.path).arg("sandbox").args(args)).fails(words);
    };
    // Another key: one digit of the modulus differs.
    let server = support::Server::new(sansgram_testkit::server::ServerOptions::default());
    let pem = server.served.public_key_pem();
    let (begin, end) = pem.split_at(pem.len() / 2);
    let foreign = format!("{begin}{}{}", if end.starts_with('A') { 'B' } else { 'A' }, &end[1..]);
    fs::write(directory.path.join("foreign.pem"), &foreign).unwrap();
    fails(&["--public-key", "foreign.pem"], &["foreign.pem", "was not changed"]);
    assert_eq!(fs::read_to_string(directory.path.join("foreign.pem")).unwrap(), foreign);
    fails(&["--public-key", "precious"], &["precious", "was not changed"]);
    assert_eq!(fs::read_to_string(&file).unwrap(), "precious");
    fails(&["--public-key", "no/such/directory/key"], &["no/such/directory/key", "cannot be written"]);
    fails(&["--listen", "192.0.2.1"], &["192.0.2.1", "cannot listen"]);
    fails(&["--listen", "no-such-host.invalid"], &["no-such-host.invalid"]);
    fails(&["--advertise", "no-such-host.invalid"], &["no-such-host.invalid", "--advertise"]);
    fails(&["--advertise", "0.0.0.0"], &["0.0.0.0", "no client can connect"]);
}

/// `req_pq_multi` with `msg_id` 0, as Telethon 2 and grammers send it, in an abridged frame.
fn plain_request_with_id_0() -> Vec<u8> {
    let mut bytes = vec![0xef, 10];
    bytes.extend([0; 16]);
    bytes.extend(20_u32.to_le_bytes());
    bytes.extend(0xbe7e_8ef1_u32.to_le_bytes());
    bytes.extend([7; 16]);
    bytes
}

#[test]
fn a2b_any_plain_msg_id_is_accepted_unless_strict() {
    let directory = Directory::new();
    for (args, constructor) in [(&["--json"][..], Some(0x0516_2463_u32)), (&["--json", "--strict"], None)] {
        let mut sandbox = Running::start(&directory.path, args);
        let first = sandbox.json();
        let mut socket = TcpStream::connect(first["dcs"][1]["address"].as_str().unwrap()).unwrap();
        socket.write_all(&plain_request_with_id_0()).unwrap();
        let mut length = [0];
        socket.read_exact(&mut length).unwrap();
        let mut answer = vec![0; usize::from(length[0]) * 4];
        socket.read_exact(&mut answer).unwrap();
        match constructor {
            Some(constructor) => {
                assert_eq!(answer[20..24], constructor.to_le_bytes());
                let told = sandbox.json();
                assert_eq!((&told["event"], &told["option"]), (&json!("tolerated"), &json!("--strict")));
                assert!(told["reason"].as_str().unwrap().contains("msg_id"), "{told}");
            }
            None => {
                assert_eq!(answer, (-404_i32).to_le_bytes());
                let told = sandbox.json();
                assert_eq!((&told["event"], &told["option"]), (&json!("refused"), &json!("--strict")));
                assert!(told["reason"].as_str().unwrap().contains("identifier 0x0"), "{told}");
            }
        }
    }
}

/// A packet under an unknown key, in an abridged frame.
const UNDER_AN_UNKNOWN_KEY: [u8; 74] = {
    let mut bytes = [7; 74];
    bytes[0] = 0xef;
    bytes[1] = 18;
    bytes
};

#[test]
fn a2d_refusals_are_printed_in_words() {
    let directory = Directory::new();
    let mut sandbox = Running::start(&directory.path, &["--port", &free_ports().to_string()]);
    let lines: Vec<String> = (0..8).map(|_| sandbox.line()).collect();
    let address = lines.iter().find_map(|line| line.strip_prefix("  DC 2  ")).unwrap();
    let mut socket = TcpStream::connect(address).unwrap();
    let client = socket.local_addr().unwrap();
    socket.write_all(&UNDER_AN_UNKNOWN_KEY).unwrap();
    assert_eq!(
        sandbox.line(),
        format!(
            "refused (DC 2, {client}): no key has the identifier 0x0707070707070707; the client's session belongs \
             to another server or an earlier run; --state FILE keeps keys between runs"
        )
    );
    // The same refusal is not printed again, but a new one is.
    let mut again = TcpStream::connect(address).unwrap();
    again.write_all(&UNDER_AN_UNKNOWN_KEY).unwrap();
    again.read_to_end(&mut Vec::new()).unwrap();
    TcpStream::connect(address)
        .unwrap()
        .write_all(b"GET / HTTP/1.1\r\nHost: sandbox.example\r\n\r\n")
        .unwrap();
    let line = sandbox.line();
    assert!(line.contains("speaks HTTP") && line.contains("abridged"), "{line}");
}

#[test]
fn f12_connections_above_the_limit_are_reported() {
    let directory = Directory::new();
    let mut sandbox = Running::start(&directory.path, &["--json", "--connections", "2"]);
    let first = sandbox.json();
    let address = first["dcs"][0]["address"].as_str().unwrap();
    let mut served: Vec<_> = (0..2).map(|_| TcpStream::connect(address).unwrap()).collect();
    for socket in &mut served {
        socket.write_all(&plain_request_with_id_0()).unwrap();
        socket.read_exact(&mut [0; 1]).unwrap();
    }
    assert_eq!(sandbox.json()["event"], "tolerated");
    let mut third = TcpStream::connect(address).unwrap();
    let client = third.local_addr().unwrap().to_string();
    assert_eq!(third.read(&mut [0; 1]).unwrap_or(0), 0);
    let told = sandbox.json();
    assert_eq!((&told["event"], &told["option"]), (&json!("closed"), &json!("--connections")));
    assert_eq!((&told["client"], &told["dc"]), (&json!(client), &json!(1)));
    assert!(told["reason"].as_str().unwrap().starts_with("2 connections are open"), "{told}");
}

/// Returns the first of three adjacent free ports. Another process may take them, which is unlikely.
fn free_ports() -> u16 {
    (0..1000)
        .find_map(|_| {
            let first = TcpListener::bind("127.0.0.1:0").unwrap();
            let port = first.local_addr().unwrap().port();
            let free = |more: u16| TcpListener::bind(("127.0.0.1", port.checked_add(more)?)).ok();
            let others = (free(1), free(2));
            matches!(others, (Some(_), Some(_))).then_some(port)
        })
        .unwrap()
}

#[test]
fn a4_the_requested_ports_are_used() {
    let directory = Directory::new();
    let port = free_ports();
    let args = ["--json", "--listen", "0.0.0.0", "--port", &port.to_string(), "--advertise", "localhost"];
    let mut sandbox = Running::start(&directory.path, &args);
    let first = sandbox.json();
    for n in 0..3_u16 {
        let dc = &first["dcs"][usize::from(n)];
        assert_eq!((&dc["id"], &dc["address"]), (&json!(n + 1), &json!(format!("127.0.0.1:{}", port + n))));
    }
    // A second sandbox at the same ports fails with one sentence.
    let mut second = support::command(&directory.path);
    support::run(second.arg("sandbox").args(["--port", &(port - 1).to_string()])).fails(&[
        "DC 2",
        &format!("127.0.0.1:{port}"),
        "in use",
        "choose another --port",
    ]);
}

#[test]
fn a4_a_wildcard_listener_announces_reachable_addresses() {
    let directory = Directory::new();
    let mut sandbox = Running::start(&directory.path, &["--json", "--listen", "0.0.0.0"]);
    let server = options(&sandbox.json());
    assert!(server[1].starts_with("2=127.0.0.1:"), "{server:?}");
    // The home DC of the account is another one, whose address is in the first line.
    let mut login = support::command(&directory.path);
    login.arg("login").args(&server).args(["--phone", "9996630001", "--code", "33333"]);
    support::run(&mut login).ok();
}

/// Runs `sansgram` with these arguments and those of the server, and returns the JSON that it prints.
fn client(directory: &Directory, args: &[&str], server: &[String]) -> Value {
    support::run(support::command(&directory.path).args(args).args(server)).json()
}

#[test]
fn a4_a_client_stays_logged_in_when_the_sandbox_is_killed() {
    let directory = Directory::new();
    let port = free_ports().to_string();
    let args = ["--json", "--port", &port, "--state", "the state"];
    let mut sandbox = Running::start(&directory.path, &args);
    let server = options(&sandbox.json());
    // On the client's first DC and on another one.
    for (session, phone, code) in [("here", "9996620002", "22222"), ("there", "9996630001", "33333")] {
        let mut login = support::command(&directory.path);
        login.arg("login").args(&server).args(["--session", session, "--phone", phone, "--code", code]);
        support::run(login.args(["--password", "sandbox"])).ok();
    }
    // A code has been sent, too.
    let mut half = support::command(&directory.path);
    half.arg("login").args(&server).args(["--session", "half", "--phone", "9996610001", "--json"]);
    support::run(&mut half);
    drop(sandbox);
    let mut sandbox = Running::start(&directory.path, &args);
    assert_eq!(options(&sandbox.json()), server);
    for (session, user) in [("here", 9_996_620_002_i64), ("there", 9_996_630_001)] {
        assert_eq!(client(&directory, &["whoami", "--json", "--session", session], &server)["user_id"], user);
    }
    assert_eq!(
        client(&directory, &["login", "--json", "--session", "half", "--code", "11111"], &server)["dc"],
        1
    );
    // A logout is also kept.
    let mut logout = support::command(&directory.path);
    support::run(logout.args(["logout", "--session", "here"]).args(&server)).ok();
    drop(sandbox);
    let mut sandbox = Running::start(&directory.path, &args);
    sandbox.json();
    let there = ["whoami", "--json", "--session", "there"];
    assert_eq!(client(&directory, &there, &server)["user_id"], 9_996_630_001_i64);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(directory.path.join("the state")).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0);
    }
}

#[test]
fn a4_an_unusable_state_file_is_not_changed() {
    let directory = Directory::new();
    let mut sandbox = Running::start(&directory.path, &["--json", "--state", "state"]);
    sandbox.json();
    let fails = |file: &str, words: &[&str]| {
        let mut command = support::command(&directory.path);
        support::run(command.args(["sandbox", "--state", file])).fails(words);
    };
    fails("state", &["state", "in use by another process", "--state"]);
    let saved = fs::read(directory.path.join("state")).unwrap();
    drop(sandbox);
    let mut damaged = saved.clone();
    damaged[40] ^= 1;
    for (bytes, words) in [
        (&saved[..saved.len() - 1], &["damaged", "remove it"][..]),
        (&saved[..10], &["damaged", "remove it"]),
        (&damaged, &["damaged"]),
        (b"precious", &["not a state of test DCs", "the file is not changed"]),
        (b"sansgram test DCs, state 9\n", &["another layout"]),
    ] {
        fs::write(directory.path.join("other"), bytes).unwrap();
        fails("other", words);
        assert_eq!(fs::read(directory.path.join("other")).unwrap(), bytes);
    }
    fs::create_dir(directory.path.join("folder")).unwrap();
    fails("folder", &["not a regular file"]);
    fails("no/such/folder/state", &["no/such/folder/state", "cannot be used"]);
    // An empty file is a new state.
    fs::write(directory.path.join("empty"), "").unwrap();
    Running::start(&directory.path, &["--json", "--state", "empty"]).json();
    assert!(fs::metadata(directory.path.join("empty")).unwrap().len() > 100);
}

#[test]
fn a4_accounts_come_from_a_file() {
    let directory = Directory::new();
    let file = directory.path.join("accounts.json");
    let accounts = |password: &str| {
        let user = json!({"phone": "12025550123", "first_name": "Ada", "dc": 3, "code": "54321", "password": password});
        fs::write(&file, json!({"users": [user], "bots": [{"token": "42:secret"}]}).to_string()).unwrap();
    };
    accounts("engine");
    let args = ["--json", "--accounts", "accounts.json", "--state", "state"];
    let mut sandbox = Running::start(&directory.path, &args);
    let server = options(&sandbox.json());
    let login = ["login", "--json", "--phone", "12025550123", "--code", "54321", "--password", "engine"];
    let user = client(&directory, &login, &server);
    assert_eq!(
        (&user["first_name"], &user["dc"], &user["user_id"]),
        (&json!("Ada"), &json!(3), &json!(12_025_550_123_i64))
    );
    let bot =
        client(&directory, &["login", "--json", "--session", "bot", "--bot-token", "42:secret"], &server);
    assert_eq!((&bot["user_id"], &bot["is_bot"]), (&json!(42), &json!(true)));
    drop(sandbox);
    // A changed password in the file is used from now on.
    accounts("engine no. 2");
    let mut sandbox = Running::start(&directory.path, &args);
    let server = options(&sandbox.json());
    let login = ["login", "--session", "new", "--phone", "12025550123", "--code", "54321", "--password"];
    support::run(support::command(&directory.path).args(login).arg("engine").args(&server))
        .fails(&["the password is wrong"]);
    fs::write(&file, r#"{"users": [{"phone": "12025550123", "dc": "two"}]}"#).unwrap();
    let mut command = support::command(&directory.path);
    support::run(command.args(["sandbox", "--accounts", "accounts.json"]))
        .fails(&["accounts.json", "users[0].dc must be the number 1, 2 or 3"]);
}

#[test]
fn a4_a_state_that_cannot_be_saved_is_reported() {
    let directory = Directory::new();
    let folder = directory.path.join("folder");
    fs::create_dir(&folder).unwrap();
    let mut sandbox = Running::start(&directory.path, &["--json", "--state", "folder/state"]);
    let server = options(&sandbox.json());
    fs::remove_dir_all(&folder).unwrap();
    let mut login = support::command(&directory.path);
    login.arg("login").args(&server).args(["--phone", "9996620001", "--code", "22222"]);
    support::run(&mut login).ok();
    let mut events = Vec::new();
    while !events.iter().any(|event: &Value| event["event"] == "logged_in")
        || !events.iter().any(|event| event["event"] == "not_saved")
    {
        events.push(sandbox.json());
    }
    let told: Vec<_> = events.iter().filter(|event| event["event"] == "not_saved").collect();
    assert_eq!((told.len(), &told[0]["option"]), (1, &json!("--state")), "{told:?}");
}

#[test]
fn a4_an_unknown_host_is_reported_with_advice() {
    for (option, advice) in [
        ("--advertise", "check its spelling, or give the IP address"),
        ("--listen", "give an address of this machine, or 0.0.0.0 for all of them"),
    ] {
        let run = sansgram(&["sandbox", option, "no-such-host.invalid"]);
        run.fails(&[&format!("no-such-host.invalid of {option} cannot be found: "), advice]);
        assert!(!run.stderr.contains("failed to lookup"), "{run:?}");
    }
}

#[test]
fn a_script_answers_in_place_of_the_sandbox() {
    let directory = Directory::new();
    let script = r#"
        [[answer]]
        method = "users.getUsers"
        result = [{ _ = "userEmpty", id = 7 }]
        times = 1

        [[fault]]
        method = "help.getTimezonesList"
        error = "420 FLOOD_WAIT_77"

        [[message]]
        from = 9996621234
        text = "/start"
        after = "messages.setTyping"

        # This account has to sign up first.
        [[message]]
        from = 9996621239
        text = "/start"
        after = "messages.setTyping"
    "#;
    fs::write(directory.path.join("script.toml"), script).unwrap();
    let mut sandbox = Running::start(&directory.path, &["--json", "--script", "script.toml"]);
    let server = options(&sandbox.json());
    client(&directory, &["login", "--json", "--phone", "9996621235", "--code", "22222"], &server);
    let call = |method: &str, arguments: &str| {
        let mut command = support::command(&directory.path);
        support::run(command.args(["call", "--json", method, arguments]).args(&server))
    };
    let oneself = r#"{"id": [{"_": "inputUserSelf"}]}"#;
    assert_eq!(call("users.getUsers", oneself).json(), json!([{"_": "userEmpty", "id": "7"}]));
    assert_eq!(call("users.getUsers", oneself).json()[0]["id"], "9996621235");
    let refused = call("help.getTimezonesList", r#"{"hash": 0}"#);
    assert!(refused.stderr.contains("420 FLOOD_WAIT_77"), "{refused:?}");
    let typing = r#"{"peer": {"_": "inputPeerSelf"}, "action": {"_": "sendMessageTypingAction"}}"#;
    assert_eq!(call("messages.setTyping", typing).json(), json!(true));
    let dropped = std::iter::repeat_with(|| sandbox.json()).find(|line| line["event"] == "message_not_sent");
    let dropped = dropped.unwrap();
    assert_eq!((&dropped["from"], &dropped["to"]), (&json!(9996621239_i64), &json!(9996621235_i64)));
    assert!(dropped["reason"].as_str().unwrap().contains("signed up"), "{dropped}");
    let history = r#"{"peer": {"_": "inputPeerUser", "user_id": 9996621234, "access_hash": 0}, "offset_id": 0,
        "offset_date": 0, "add_offset": 0, "limit": 5, "max_id": 0, "min_id": 0, "hash": 0}"#;
    let history = call("messages.getHistory", history).json();
    assert_eq!(history["messages"][0]["message"], "/start", "{history}");
}

#[test]
fn a_bad_script_is_refused_with_its_line() {
    let directory = Directory::new();
    for (script, words) in [
        (
            "[[answer]]\nmethod = \"users.getUser\"\nerror = \"400 X\"",
            "line 2: no method of layer 230 is called",
        ),
        ("[[fault]]\nkind = \"truncated\"\ntime = 1", "line 3: unknown field `time`"),
        ("[[answer", "line 1: "),
        (
            "[[message]]\nfrom = 5\nto = 1\ntext = \"x\"",
            "line 2: no account can have the identifier 5; users are named by",
        ),
        ("[[message]]\nfrom = 1\nto = 9996641234\ntext = \"x\"", "line 3: no account can have"),
        ("[[update]]\nupdate = { _ = \"updateConfig\" }\nby = 5", "line 3: no account can have"),
        ("[[answer]]\nmethod = \"help.getConfig\"\nuser = 5\nerror = \"400 X\"", "line 3: no account"),
    ] {
        fs::write(directory.path.join("script.toml"), script).unwrap();
        let mut command = support::command(&directory.path);
        support::run(command.args(["sandbox", "--script", "script.toml"]))
            .fails(&["the script script.toml", words]);
    }
    let mut command = support::command(&directory.path);
    support::run(command.args(["sandbox", "--script", "none.toml"]))
        .fails(&["none.toml of --script cannot be read"]);
    assert!(!directory.path.join("sandbox.pem").exists());
}
