//! Runs the built command for at most a minute.
#![allow(dead_code, unreachable_pub, reason = "each test file is a crate and uses its own part of it")]

#[cfg(target_os = "linux")]
pub mod terminal;

use std::io::Read;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use sansgram_testkit::server::ServerOptions;
use sansgram_testkit::test_server::{TestServer, TestServerOptions};

/// The time after which a run counts as hanging.
const LIMIT: Duration = Duration::from_secs(60);

/// A valid `api_hash`, which no server here checks.
pub const API_HASH: &str = "0123456789abcdef0123456789abcdef";

/// All commands.
pub const COMMANDS: [&str; 12] = [
    "login",
    "whoami",
    "logout",
    "call",
    "listen",
    "send",
    "password",
    "sessions",
    "sandbox",
    "doctor",
    "completions",
    "man",
];

/// An address without a listener. The port is fixed, since another test may use a free one.
pub const NO_LISTENER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 1);

/// The result of a run.
#[derive(Debug)]
pub struct Run {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    /// Asserts exit code 0, and returns standard output.
    #[track_caller]
    pub fn ok(&self) -> &str {
        assert_eq!(self.code, Some(0), "{self:?}");
        &self.stdout
    }

    /// Asserts exit code 0 and exactly one line of JSON, and returns it.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        let line = self.ok();
        assert_eq!(line.lines().count(), 1, "{self:?}");
        serde_json::from_str(line).unwrap()
    }

    /// Asserts exit code 1, an empty standard output, and an error on the last line of standard error that contains all
    /// `words`.
    #[track_caller]
    pub fn fails(&self, words: &[&str]) {
        self.ends(1, words);
    }

    /// Like [`fails`](Self::fails) with `--json`: standard output has the sentence in one object, which is returned.
    #[track_caller]
    pub fn fails_as_json(&self, words: &[&str]) -> serde_json::Value {
        let object: serde_json::Value = serde_json::from_str(&self.stdout).unwrap();
        let message = object["error"]["message"].as_str().unwrap();
        assert!(self.stderr.contains(&format!("error: {message}\n")), "{self:?}");
        Self { code: self.code, stdout: String::new(), stderr: self.stderr.clone() }.fails(words);
        object
    }

    /// Like [`fails`](Self::fails), with exit code 2.
    #[track_caller]
    pub fn misused(&self, words: &[&str]) {
        self.ends(2, words);
    }

    #[track_caller]
    fn ends(&self, code: i32, words: &[&str]) {
        assert_eq!((self.code, self.stdout.as_str()), (Some(code), ""), "{self:?}");
        let sentences: Vec<&str> = self.stderr.lines().filter(|line| line.starts_with("error: ")).collect();
        assert_eq!(sentences.len(), 1, "{self:?}");
        assert!(!self.stderr.contains("panicked"), "{self:?}");
        for word in words {
            assert!(self.stderr.contains(word), "{word:?} is missing: {self:?}");
        }
    }
}

/// The command in `directory`, without a terminal and without variables of our environment that it reads.
pub fn command(directory: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sansgram"));
    for name in [
        "API_ID",
        "API_HASH",
        "PHONE",
        "CODE",
        "PASSWORD",
        "BOT_TOKEN",
        "PASSPHRASE",
        "PASSCODE",
        "STORE",
        "STORE_KEY",
        "PROXY",
        "MTPROXY",
        "LOCK_MEMORY",
        "CORE_DUMPS",
    ] {
        command.env_remove(format!("SANSGRAM_{name}"));
    }
    command.current_dir(directory).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs a command to its end.
#[track_caller]
pub fn run(command: &mut Command) -> Run {
    let mut child = command.spawn().unwrap();
    let [stdout, stderr] = [
        child.stdout.take().map(|mut pipe| thread::spawn(move || read_all(&mut pipe))),
        child.stderr.take().map(|mut pipe| thread::spawn(move || read_all(&mut pipe))),
    ]
    .map(|reader| move || reader.map_or_else(String::new, |reader| reader.join().unwrap()));
    let started = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if started.elapsed() > LIMIT {
            child.kill().unwrap();
            panic!("{command:?} hangs; it said: {} {}", stdout(), stderr());
        }
        thread::sleep(Duration::from_millis(5));
    };
    Run { code: status.code(), stdout: stdout(), stderr: stderr() }
}

fn read_all(pipe: &mut impl Read) -> String {
    let mut text = String::new();
    pipe.read_to_string(&mut text).unwrap();
    text
}

/// Runs the command with these arguments in its own directory, which is removed afterwards.
#[track_caller]
pub fn sansgram(args: &[&str]) -> Run {
    run(command(&Directory::new().path).args(args))
}

/// The directory of a test, removed with its content on drop.
pub struct Directory {
    pub path: PathBuf,
}

impl Directory {
    pub fn new() -> Self {
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        let name = format!("sansgram-cli-{}-{}", std::process::id(), COUNTER.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        // A killed process with the same number may have left a directory.
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self { path }
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

/// Test DCs in this process, and a directory with their key in which the command runs.
pub struct Server {
    pub served: TestServer,
    pub directory: Directory,
}

impl Server {
    pub fn new(server: ServerOptions) -> Self {
        let served = TestServer::start(TestServerOptions::default().with_server(server)).unwrap();
        let directory = Directory::new();
        std::fs::write(directory.path.join("key.pem"), served.public_key_pem()).unwrap();
        Self { served, directory }
    }

    /// `command SUBCOMMAND --dc … --public-key key.pem ARGS`, with DC 2 as the home DC.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = command(&self.directory.path);
        let (subcommand, args) = args.split_at(if args[0] == "password" { 2 } else { 1 });
        command.args(subcommand);
        for dc in [2, 1, 3] {
            command.arg("--dc").arg(format!("{dc}={}", self.served.address(dc).unwrap()));
        }
        command.args(["--public-key", "key.pem"]).args(args);
        command
    }

    #[track_caller]
    pub fn run(&self, args: &[&str]) -> Run {
        run(&mut self.command(args))
    }
}
