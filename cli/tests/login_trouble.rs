//! Unreachable, silent, faulty and hostile servers: each ends in one sentence within the time limit.

mod support;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use sansgram_testkit::accounts::{AccountOptions, Fault};
use sansgram_testkit::server::{FaultInjection, ServerOptions};
use support::{Run, Server};

const BOT: [&str; 3] = ["login", "--bot-token", "1:sandbox"];
const PHONE: [&str; 5] = ["login", "--phone", "9996621234", "--code", "22222"];

#[track_caller]
fn within(seconds: u64, run: impl FnOnce() -> Run) -> Run {
    let started = Instant::now();
    let run = run();
    assert!(started.elapsed() < Duration::from_secs(seconds), "{run:?} took {:?}", started.elapsed());
    run
}

fn at(address: std::net::SocketAddr, args: &[&str]) -> Run {
    let dc = format!("2={address}");
    support::sansgram(&[&BOT[..], &["--dc", &dc], args].concat())
}

fn misbehaving(fault_injection: FaultInjection) -> Server {
    Server::new(ServerOptions::default().with_fault_injection(fault_injection))
}

fn answering(accounts: AccountOptions) -> Server {
    Server::new(ServerOptions::default().with_accounts(accounts))
}

/// A listener that calls `treat` with each connection.
fn listening(treat: fn(TcpStream)) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            thread::spawn(move || treat(socket));
        }
    });
    address
}

#[test]
fn a_closed_port() {
    for runtime in ["tokio", "smol"] {
        within(30, || at(support::NO_LISTENER, &["--runtime", runtime])).fails(&[
            "DC 2 cannot be reached",
            "refused",
            "check",
        ]);
    }
}

#[test]
fn silence() {
    for runtime in ["tokio", "smol"] {
        let server = misbehaving(FaultInjection::default().with_silent_after_accept(true));
        within(10, || server.run(&[&BOT[..], &["--timeout", "2", "--runtime", runtime]].concat())).fails(&[
            "timed out after 2 seconds",
            "the server did not send a usable answer",
            "--timeout",
        ]);
    }
}

/// The end of the first connection is not the reason if there is another connection.
#[test]
fn closed_first_then_silent() {
    static HUNG_UP: AtomicBool = AtomicBool::new(false);
    let address = listening(|mut socket| {
        if HUNG_UP.swap(true, Ordering::Relaxed) {
            while socket.read(&mut [0; 512]).is_ok_and(|count| count > 0) {}
        }
    });
    let run = within(20, || at(address, &["--timeout", "4"]));
    run.fails(&["timed out after 4 seconds", "the server did not send a usable answer"]);
}

#[test]
fn silence_after_the_handshake() {
    let server = misbehaving(FaultInjection::default().with_silent_after_handshake(true));
    within(10, || server.run(&[&PHONE[..], &["--timeout", "2"]].concat()))
        .fails(&["timed out after 2 seconds while requesting a login code"]);
}

#[test]
fn one_byte_at_a_time() {
    let slow_bytes = Some(Duration::from_millis(300));
    let server = misbehaving(FaultInjection::default().with_slow_bytes(slow_bytes));
    within(10, || server.run(&[&BOT[..], &["--timeout", "2"]].concat()))
        .fails(&["timed out after 2 seconds"]);
}

#[test]
fn garbage() {
    let server = misbehaving(FaultInjection::default().with_garbage_first_reply(true));
    for framing in ["abridged", "intermediate", "padded", "full"] {
        within(20, || server.run(&[&BOT[..], &["--framing", framing, "--timeout", "6"]].concat())).fails(&[]);
    }
}

#[test]
fn a_flood_of_garbage() {
    let address = listening(|mut socket| while socket.write_all(&[0xa5; 4096]).is_ok() {});
    within(30, || at(address, &["--timeout", "3"])).fails(&[]);
}

#[test]
fn another_protocol() {
    let address = listening(|mut socket| {
        let _ = socket.read(&mut [0; 512]);
        let _ = socket.write_all(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n\x1b[2Jgo away");
    });
    let run = within(40, || at(address, &["--timeout", "30"]));
    run.fails(&["DC 2", "a web server answers", "login page"]);
    assert!(!run.stderr.contains('\u{1b}'), "{run:?}");
}

/// Servers of other protocols are named with every framing.
#[test]
fn f14_servers_of_other_protocols_are_named() {
    const ALERT: &[u8] = &[21, 3, 3, 0, 2, 2, 40];
    let tls = listening(|mut socket| {
        let _ = socket.read(&mut [0; 512]);
        let _ = socket.write_all(ALERT);
    });
    let web = listening(|mut socket| {
        let _ = socket.read(&mut [0; 512]);
        let _ = socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    });
    let ssh = listening(|mut socket| {
        let _ = socket.write_all(b"SSH-2.0-OpenSSH_9.2\r\n");
        let _ = socket.read(&mut [0; 512]);
    });
    let page = listening(|mut socket| {
        let _ = socket.read(&mut [0; 512]);
        let _ = socket.write_all(b"<!DOCTYPE html><html></html>");
    });
    for framing in ["abridged", "intermediate", "padded", "full"] {
        let at = |address| within(40, || at(address, &["--timeout", "30", "--framing", framing]));
        at(tls).fails(&["a TLS server answers at this address", "a TLS server listens there"]);
        at(web).fails(&["a web server answers at this address", "login page"]);
        at(page).fails(&["a web server answers at this address", "login page"]);
        at(ssh).fails(&["an SSH server answers at this address", "an SSH server listens there"]);
    }
}

/// A frame that is too short for a packet is not read as a transport error.
#[test]
fn f14_a_frame_of_11_bytes_is_no_transport_error() {
    let address = listening(|mut socket| {
        let _ = socket.read(&mut [0; 512]);
        let _ = socket.write_all(b"\x0b\0\0\0p7@_ a frame");
    });
    let run = within(40, || at(address, &["--timeout", "30", "--framing", "intermediate"]));
    run.fails(&["a frame of 11 bytes cannot hold a packet"]);
    assert!(!run.stderr.contains("transport error"), "{run:?}");
}

/// Each is reported with its number, even if the time limit ends before the attempts do.
#[test]
fn transport_errors() {
    fn answer(mut socket: TcpStream, code: i32) {
        let _ = socket.read(&mut [0; 512]);
        let _ = socket.write_all(&[4_i32.to_le_bytes(), code.to_le_bytes()].concat());
    }
    for (treat, words) in [
        (
            (|socket| answer(socket, -429)) as fn(_),
            &["timed out after 2 seconds", "-429", "wait a few minutes"][..],
        ),
        (|socket| answer(socket, -404), &["-404", "or refused the key exchange"]),
        (|socket| answer(socket, -17), &["-17"]),
    ] {
        let run = within(20, || at(listening(treat), &["--timeout", "2"]));
        run.fails(words);
        assert!(!run.stderr.contains("silent"), "{run:?}");
    }
}

#[test]
fn closed_at_once() {
    let address = listening(drop);
    within(40, || at(address, &["--timeout", "30"])).fails(&["DC 2 cannot be reached"]);
}

#[test]
fn a_server_with_another_key() {
    let server = Server::new(ServerOptions::default());
    let dc = format!("2={}", server.served.address(2).unwrap());
    within(20, || support::sansgram(&[&BOT[..], &["--dc", &dc]].concat()))
        .fails(&["RSA keys", "--public-key"]);
}

/// `--test` uses other DC numbers.
#[test]
fn a_production_server_that_is_called_a_test_dc() {
    let server = Server::new(ServerOptions::default());
    let words = ["-444", "check the numbers given to --dc, and whether --test is needed"];
    within(20, || server.run(&[&BOT[..], &["--test"]].concat())).fails(&words);
}

/// `--dc` names one DC, and the server announces the others.
#[test]
fn c2_a_dc_that_the_server_announces_is_found() {
    let server = Server::new(ServerOptions::default());
    let dc = format!("2={}", server.served.address(2).unwrap());
    let mut command = support::command(&server.directory.path);
    command.args(["login", "--public-key", "key.pem", "--dc", &dc, "--bot-token", "2:elsewhere"]);
    within(20, || support::run(&mut command)).ok();
}

#[test]
fn endless_migrations() {
    let server = answering(AccountOptions::default().with_always_migrate(true));
    for login in [&BOT[..], &PHONE] {
        within(20, || server.run(login)).fails(&["redirected this login to another DC"]);
    }
}

#[test]
fn refusals_of_the_server() {
    for (fault, sentence) in [
        (Fault::flood_wait("auth.sendCode", 86_400), "wait 1 day and"),
        (Fault::error("auth.sendCode", 400, "PHONE_NUMBER_BANNED"), "banned"),
        (Fault::error("auth.signIn", 400, "PHONE_CODE_EXPIRED"), "expired"),
        (Fault::error("auth.sendCode", 400, "API_ID_INVALID"), "my.telegram.org"),
        (Fault::error("auth.sendCode", 500, "EVIL\u{1b}[2J\r\nerror: lie"), "the server answered 500"),
        (Fault::wrong_type("auth.sendCode"), "answer"),
        (Fault::truncated("auth.signIn"), "answer"),
    ] {
        let server = answering(AccountOptions::default().with_faults(vec![fault]));
        let run = within(20, || server.run(&PHONE));
        run.fails(&[sentence]);
        assert!(!run.stderr.contains('\u{1b}'), "{run:?}");
    }
}

#[test]
fn a_failing_key_exchange() {
    let server = misbehaving(FaultInjection::default().with_dh_fail(true));
    within(40, || server.run(&[&BOT[..], &["--timeout", "30"]].concat())).fails(&["key exchange"]);
}

#[test]
fn a_session_survives_an_unreachable_server() {
    let server = Server::new(ServerOptions::default());
    server.run(&BOT).ok();
    let session = std::fs::read(server.directory.path.join("sansgram.session")).unwrap();
    for command in ["whoami", "logout"] {
        let mut away = support::command(&server.directory.path);
        away.args([command, "--public-key", "key.pem", "--dc", &format!("2={}", support::NO_LISTENER)]);
        within(30, || support::run(&mut away)).fails(&["DC 2 cannot be reached"]);
    }
    assert_eq!(std::fs::read(server.directory.path.join("sansgram.session")).unwrap(), session);
    server.run(&["whoami"]).ok();
}
