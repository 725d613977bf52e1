//! The `sansgram` command: log in to Telegram from a terminal, or to embedded test DCs without an account.

mod account;
mod address;
mod args;
mod cleanup;
mod descriptors;
mod environment;
mod executor;
mod failure;
mod generate;
mod help;
mod identity;
mod interrupt;
mod login;
mod network;
mod output;
mod passcode;
mod password;
mod sandbox;
mod server;
mod session;
mod sessions;
mod stdin_values;
mod timeout;
mod usage;

use std::process::ExitCode;

use args::Command;
use failure::Failure;

fn main() -> ExitCode {
    let result = args::parse().and_then(|command| match command {
        Command::Login(args) => login::login(args),
        Command::Whoami(args) => account::whoami(args),
        Command::Logout(args) => account::logout(args),
        Command::Password(args) => password::run(*args),
        Command::Sessions(args) => sessions::run(args),
        Command::Sandbox(args) => sandbox::run(&args),
        Command::Completions(args) => generate::completions(&args),
        Command::Man(args) => generate::man(&args),
    });
    cleanup::tidy();
    result.map_or_else(Failure::report, |()| ExitCode::SUCCESS)
}
