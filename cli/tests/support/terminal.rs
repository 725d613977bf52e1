//! A terminal on which the command runs.

use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::process::{Child, Command};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Termios, Winsize, tcgetattr, tcsetwinsize};

use super::{Directory, command};

/// The longest wait for a question.
const LIMIT: Duration = Duration::from_secs(30);

/// Marks the end of the output of a command.
const END: &str = "<the end of the terminal>";

/// A terminal on which the command runs.
pub struct Terminal {
    master: File,
    output: Receiver<Vec<u8>>,
    /// All output so far.
    shown: String,
    /// The length of the output that was already checked, in bytes.
    seen: usize,
    /// Kept open, so that the terminal outlives the command.
    pub slave: File,
    /// Its modes before the command started.
    pub before: Termios,
    pub child: Child,
}

impl Terminal {
    /// Starts `sansgram ARGS` in this directory.
    pub fn start(directory: &Directory, args: &[&str]) -> Self {
        Self::on(command(&directory.path).args(args))
    }

    /// Like [`start`](Self::start), on a terminal with this number of columns.
    pub fn start_with(directory: &Directory, args: &[&str], columns: u16) -> Self {
        Self::sized(&["setsid", "--ctty", "--wait"], command(&directory.path).args(args), columns)
    }

    /// Starts a command with its arguments.
    pub fn on(wanted: &Command) -> Self {
        // The password prompt uses the controlling terminal, which only a new session can get.
        Self::behind(&["setsid", "--ctty", "--wait"], wanted)
    }

    /// Starts a command in a shell with job control. Once the command is stopped, the shell prints "It is stopped." and
    /// resumes it after a line of input.
    pub fn of_a_shell(wanted: &Command) -> Self {
        let script = r#"set -m; "$@"; echo "It is stopped."; read -r go; fg > /dev/null"#;
        Self::behind(&["setsid", "--ctty", "--wait", "sh", "-c", script, "sh"], wanted)
    }

    /// Starts a command with another command that runs it.
    pub fn behind(others: &[&str], wanted: &Command) -> Self {
        Self::sized(others, wanted, 100)
    }

    fn sized(others: &[&str], wanted: &Command, columns: u16) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let slave = || {
            let mut options = OpenOptions::new();
            let path = OsStr::from_bytes(name.to_bytes());
            std::os::unix::fs::OpenOptionsExt::custom_flags(options.read(true).write(true), 0o400);
            options.open(path).unwrap()
        };
        let size = Winsize { ws_col: columns, ws_row: 50, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(slave(), size).unwrap();
        let mut command = Command::new(others[0]);
        command.args(&others[1..]).arg(wanted.get_program()).args(wanted.get_args());
        for (name, value) in wanted.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command.env("TERM", "xterm").env_remove("NO_COLOR").current_dir(wanted.get_current_dir().unwrap());
        command.stdin(slave()).stdout(slave()).stderr(slave());
        // The command may turn echo off as soon as it runs.
        let before = tcgetattr(slave()).unwrap();
        let child = command.spawn().unwrap();
        drop(command);
        let master = File::from(master);
        let (sender, output) = mpsc::channel();
        let mut reader = master.try_clone().unwrap();
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            // Fails once the other end is closed.
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                if sender.send(buffer[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self { master, output, shown: String::new(), seen: 0, slave: slave(), before, child }
    }

    /// Waits until `text` is shown after the output that was already checked.
    #[track_caller]
    pub fn sees(&mut self, text: &str) {
        let until = Instant::now() + LIMIT;
        loop {
            if let Some(at) = self.shown[self.seen..].find(text) {
                self.seen += at + text.len();
                return;
            }
            match self.output.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(bytes) => self.shown.push_str(&String::from_utf8_lossy(&bytes)),
                Err(_) => panic!("{text:?} is not shown: {}", self.shown),
            }
        }
    }

    /// Returns the rest of the line after the output that was already checked.
    #[track_caller]
    pub fn rest_of_line(&mut self) -> String {
        let begin = self.seen;
        self.sees("\r\n");
        self.shown[begin..self.seen].trim_end().into()
    }

    /// Returns whether echo is on.
    pub fn echoes(&self) -> bool {
        tcgetattr(&self.slave).unwrap().local_modes.contains(LocalModes::ECHO)
    }

    /// Waits until echo is on or off.
    #[track_caller]
    pub fn waits_for_echo(&self, wanted: bool) {
        let until = Instant::now() + LIMIT;
        while self.echoes() != wanted {
            assert!(Instant::now() < until, "the echo stays as it was: {}", self.shown);
            thread::sleep(Duration::from_millis(5));
        }
    }

    pub fn types(&mut self, text: impl AsRef<[u8]>) {
        self.master.write_all(text.as_ref()).unwrap();
    }

    /// Returns the exit code and all output.
    pub fn ends(mut self) -> (Option<i32>, String) {
        let until = Instant::now() + LIMIT;
        let status = loop {
            match self.child.try_wait().unwrap() {
                Some(status) => break status,
                None if Instant::now() > until => {
                    self.child.kill().unwrap();
                    panic!("it hangs: {}", self.shown);
                }
                None => thread::sleep(Duration::from_millis(5)),
            }
        };
        // This text follows all output of the command.
        self.slave.write_all(END.as_bytes()).unwrap();
        self.sees(END);
        self.shown.truncate(self.seen - END.len());
        (status.code(), self.shown)
    }
}
