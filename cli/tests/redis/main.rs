//! `--store` with a real Redis, which the tests start as those of `sansgram-stores` do: what differs from PostgreSQL,
//! and one way through the rest. They are ignored unless asked for, since it must be installed.
#![cfg(all(target_os = "linux", feature = "redis"))]

#[path = "../../../runtime/stores/tests/redis/cluster.rs"]
#[allow(dead_code, reason = "the tests of the stores use more of it")]
mod cluster;
mod refusals;
mod sessions;
#[path = "../support/mod.rs"]
mod support;

use std::future::Future;
use std::process::Command;

use cluster::Cluster;
use sansgram_testkit::server::ServerOptions;
use support::{Run, Server, run};

/// The sealing key of all tests.
const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

/// An empty database, and test DCs for what needs a server.
struct Shared {
    url: String,
    server: Server,
}

impl Shared {
    fn new(cluster: &Cluster) -> Self {
        Self { url: wait(cluster.database()), server: Server::new(ServerOptions::default()) }
    }

    /// The host, the port and the number of the database, as messages have them.
    fn place(&self) -> &str {
        self.url.split_once('@').unwrap().1
    }

    /// A command with the database in its environment.
    fn command(&self, args: &[&str]) -> Command {
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
    fn run(&self, args: &[&str]) -> Run {
        checked(run(&mut self.command(args)))
    }

    /// Logs the bot of the sandbox in.
    #[track_caller]
    fn log_in(&self, session: &str) {
        self.run(&["login", "--bot-token", "1:sandbox", "--session", session]).ok();
    }
}

/// Checks that a run says nothing about the password and the key.
#[track_caller]
fn checked(run: Run) -> Run {
    let said = format!("{}{}", run.stdout, run.stderr);
    assert!(!said.contains(cluster::PASSWORD) && !said.contains(KEY), "{said}");
    run
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}
