//! `sansgram doctor`: connections in every way, and a report.

mod support;

use std::net::{Ipv6Addr, TcpListener};

use sansgram_testkit::server::ServerOptions;
use serde_json::{Value, json};
use support::{Directory, NO_LISTENER, Run, Server, command, run};

/// The checks of the home DC in one family.
const CHECKS: [&str; 9] = [
    "key",
    "key-pfs",
    "abridged",
    "intermediate",
    "padded",
    "full",
    "abridged-obfuscated",
    "intermediate-obfuscated",
    "padded-obfuscated",
];

/// Returns DC, family, check and outcome of each check.
fn checks(report: &Value) -> Vec<(u64, &str, &str, &str)> {
    let rows = report["checks"].as_array().unwrap().iter();
    rows.map(|check| {
        (
            check["dc"].as_u64().unwrap(),
            check["family"].as_str().unwrap(),
            check["check"].as_str().unwrap(),
            check["outcome"].as_str().unwrap(),
        )
    })
    .collect()
}

#[test]
fn all_is_well() {
    for runtime in ["tokio", "smol"] {
        let server = Server::new(ServerOptions::default());
        let report = server.run(&["doctor", "--json", "--runtime", runtime]).json();
        let mut expected: Vec<_> = CHECKS.iter().map(|check| (2, "ipv4", *check, "ok")).collect();
        expected.extend([(1, "ipv4", "key", "ok"), (3, "ipv4", "key", "ok")]);
        assert_eq!(checks(&report), expected);
        assert_eq!((&report["servers"], &report["route"]), (&json!("custom"), &json!("direct")));
        assert_eq!(report["clock_offset"], 0);
        assert!(report["checks"].as_array().unwrap().iter().all(|check| check["milliseconds"].is_u64()));
        assert!(server.served.take_refusals().is_empty());
    }
}

#[test]
fn a_public_key_that_is_no_pem_is_reported_with_advice() {
    let directory = Directory::new();
    std::fs::write(directory.path.join("key.txt"), "12:34:56").unwrap();
    let options = ["doctor", "--dc", "2=127.0.0.1:1", "--public-key", "key.txt"];
    run(command(&directory.path).args(options))
        .fails(&["key.txt cannot be used: no PEM block in the text; give the .pem file that \"sansgram sandbox\" wrote"]);
}

#[test]
fn the_report_is_for_people_too() {
    let server = Server::new(ServerOptions::default());
    let address = server.served.address(2).unwrap();
    let run = server.run(&["doctor", "--runtime", "smol"]);
    for text in [
        &format!("sansgram {} on ", env!("CARGO_PKG_VERSION")),
        ", smol\nservers: custom, route: direct\n",
        &format!("\n\nDC 2, IPv4 ({address})\n  key                     ok "),
        "\n  padded-obfuscated       ok ",
        "\nclock of this machine: right within a second\n11 checks: 11 ok, 0 failed, 0 without a network\n",
    ] {
        assert!(run.ok().contains(text), "{text:?} is missing: {}", run.stdout);
    }
}

#[test]
fn what_cannot_be_reached_is_in_the_report() {
    let server = Server::new(ServerOptions::default());
    let mut command = server.command(&["doctor", "--json", "--timeout", "5"]);
    let run = run(command.arg("--dc").arg(format!("4={NO_LISTENER}")));
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    let last = &report["checks"].as_array().unwrap()[11];
    assert_eq!((run.code, &last["dc"], &last["outcome"]), (Some(1), &json!(4), &json!("failed")));
    assert_eq!(last["reason"], "the connection was refused; check the network and the address");
    assert!(run.stderr.ends_with("error: a check failed; the report has the reason\n"), "{run:?}");

    let run = alone(&["--dc", &format!("2={NO_LISTENER}")]);
    for text in [
        "  key                     failed: ",
        "  key-obfuscated          failed: ",
        "unknown: no server answered",
    ] {
        assert!(run.stdout.contains(text), "{run:?}");
    }
    assert!(run.code == Some(1) && run.stderr.contains("2 checks failed"), "{run:?}");
}

fn alone(args: &[&str]) -> Run {
    let directory = Directory::new();
    run(command(&directory.path).arg("doctor").args(args))
}

#[test]
fn both_families_are_checked() {
    if TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_err() {
        eprintln!("this machine has no IPv6, so nothing was tried");
        return;
    }
    let options = sansgram_testkit::TestServerOptions::default().with_listen(Ipv6Addr::LOCALHOST.into());
    let served = sansgram_testkit::TestServer::start(options).unwrap();
    let directory = Directory::new();
    std::fs::write(directory.path.join("key.pem"), served.public_key_pem()).unwrap();
    let mut command = command(&directory.path);
    command.args(["doctor", "--json", "--public-key", "key.pem"]);
    command.arg("--dc").arg(format!("2={}", served.address(2).unwrap()));
    command.arg("--dc").arg(format!("2={NO_LISTENER}"));
    let run = run(&mut command);
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    let mut expected = vec![(2, "ipv4", "key", "failed"), (2, "ipv4", "key-obfuscated", "failed")];
    expected.extend(CHECKS.iter().map(|check| (2, "ipv6", *check, "ok")));
    assert_eq!(checks(&report), expected);
}

#[test]
fn a_wrong_key_is_a_failure_with_its_reason() {
    let server = Server::new(ServerOptions::default());
    let run = alone(&["--dc", &format!("2={}", server.served.address(2).unwrap())]);
    assert!(run.code == Some(1) && run.stdout.contains("--public-key FILE"), "{run:?}");
}

#[test]
fn no_secret_of_a_proxy_is_printed() {
    let secret = "dd00112233445566778899aabbccddeeff";
    let run = alone(&["--test", "--mtproxy", &format!("{secret}@{NO_LISTENER}"), "--timeout", "5"]);
    assert!(
        run.stdout.contains("route: mtproxy\n") && run.stdout.contains("DC 2, through the MTProxy"),
        "{run:?}"
    );
    assert!(!format!("{run:?}").contains("0011223344") && !run.stdout.contains("127.0.0.1"), "{run:?}");
    alone(&["--timeout", "0"]).misused(&["--timeout"]);
    alone(&["--framing", "full"]).misused(&["--framing"]);
}

/// Test DCs have other numbers on the wire.
#[test]
fn test_dcs_are_told_from_others() {
    let server = Server::new(ServerOptions::default());
    let run = server.run(&["doctor", "--test"]);
    assert!(run.stdout.contains("servers: custom-test, route: direct\n"), "{run:?}");
    assert!(run.stdout.contains("the address belongs to another DC (transport error -444)"), "{run:?}");
}
