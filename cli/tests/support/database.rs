//! A database with sessions for the command, whatever its kind.

use std::future::Future;
use std::process::Command;

use sansgram_testkit::server::ServerOptions;

use super::cluster::{Cluster, PASSWORD};
use super::support::{self, Run, Server, run};

/// The sealing key of all tests.
pub(crate) const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

/// An empty database, and test DCs for what needs a server.
pub(crate) struct Shared {
    pub(crate) url: String,
    pub(crate) server: Server,
}

impl Shared {
    pub(crate) fn new(cluster: &Cluster) -> Self {
        Self { url: wait(cluster.database()), server: Server::new(ServerOptions::default()) }
    }

    /// The host, the port and the name or number of the database, as messages have them.
    pub(crate) fn place(&self) -> &str {
        self.url.split_once('@').unwrap().1
    }

    /// A command with the database in its environment.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = match args[0] {
            "sessions" => {
                let mut command = support::command(&self.server.directory.path);
                command.args(args);
                command
            }
            _ => self.server.command(args),
        };
        command.env("SANSGRAM_STORE", &self.url).env("SANSGRAM_STORE_KEY", KEY);
        command
    }

    /// Runs a command with the database in its environment.
    #[track_caller]
    pub(crate) fn run(&self, args: &[&str]) -> Run {
        checked(run(&mut self.command(args)))
    }

    /// Logs the bot of the sandbox in.
    #[track_caller]
    pub(crate) fn log_in(&self, session: &str) {
        self.run(&["login", "--bot-token", "1:sandbox", "--session", session]).ok();
    }
}

/// Checks that a run says nothing about the password and the key.
#[track_caller]
pub(crate) fn checked(run: Run) -> Run {
    let said = format!("{}{}", run.stdout, run.stderr);
    assert!(!said.contains(PASSWORD) && !said.contains(KEY), "{said}");
    run
}

pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}
