//! A server on a free port of loopback, which a script runs in a temporary directory, as an unprivileged user.

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};

/// The server. It ends with this value, and if the tests are killed.
pub(crate) struct Server {
    pub(crate) port: u16,
    pub(crate) directory: PathBuf,
    #[allow(dead_code, reason = "only those of PostgreSQL look at its files from outside")]
    pub(crate) script: Child,
    /// The script runs until it ends.
    _input: ChildStdin,
}

impl Server {
    /// Starts it by `command`, which runs a shell, with this script. Its arguments are the port, and then `arguments`; its
    /// first line of output is the directory, whose file `log` is what the server says.
    pub(crate) fn start<'a>(
        mut command: Command,
        script: &str,
        arguments: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let port = free_port();
        command.args(["-c", script, "sh"]).arg(port.to_string()).args(arguments).current_dir("/");
        let mut script = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut directory = String::new();
        BufReader::new(script.stdout.take().unwrap()).read_line(&mut directory).unwrap();
        let directory = PathBuf::from(directory.trim());
        assert!(directory.is_absolute(), "the server cannot be started: is it installed?");
        let input = script.stdin.take().unwrap();
        Self { port, directory, script, _input: input }
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.directory.join("log")).unwrap_or_default()
    }
}

/// Returns a free port for a server that takes a while to bind it: not one of those that systems choose for port 0, which
/// would give it to another test meanwhile.
fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = (std::process::id() % 100) as u16 * 100;
    loop {
        let port = 20_000 + (first + NEXT.fetch_add(1, Ordering::Relaxed)) % 10_000;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}

/// Returns a command that runs a shell, as this user if it would be run by root, as which some servers refuse to run.
pub(crate) fn shell_of(user: &str) -> Command {
    if rustix::process::getuid().is_root() {
        let mut command = Command::new("runuser");
        command.args(["-u", user, "--", "sh"]);
        command
    } else {
        Command::new("sh")
    }
}
