//! The `sansgram` command: log in to Telegram from a terminal, call its API, and run test DCs without an account.

mod account;
mod address;
mod advice;
mod api;
mod application;
mod args;
mod call;
mod cleanup;
mod descriptors;
mod doctor;
mod environment;
mod error;
mod executor;
mod generate;
mod help;
mod interrupt;
mod listen;
mod login;
mod memory;
mod network;
mod output;
mod passcode;
mod password;
mod policy;
mod report;
mod route;
mod sandbox;
mod saved_login;
mod send;
mod server;
mod session;
mod sessions;
mod stdin_values;
mod store;
mod timeout;
mod usage;
mod values;

use std::process::ExitCode;

use args::Command;

fn main() -> ExitCode {
    let parsed = memory::forbid_dumps().and_then(|()| args::parse());
    let locked = parsed.and_then(|cli| memory::lock(cli.lock_memory).map(|()| cli.command));
    let result = locked.and_then(|command| match command {
        Command::Login(args) => login::login(args),
        Command::Whoami(args) => account::whoami(args),
        Command::Logout(args) => account::logout(args),
        Command::Call(args) => call::run(*args),
        Command::Listen(args) => listen::run(*args),
        Command::Send(args) => send::run(*args),
        Command::Password(args) => password::run(*args),
        Command::Sessions(args) => sessions::run(args),
        Command::Sandbox(args) => sandbox::run(&args),
        Command::Doctor(args) => doctor::run(*args),
        Command::Completions(args) => generate::completions(&args, args::tree()),
        Command::Man(args) => generate::man(&args, args::tree()),
    });
    // If a signal ends the process meanwhile, this does not return, and nothing more is printed.
    drop(cleanup::run());
    result.map_or_else(|failure| report::report(failure, args::wants_json()), |()| ExitCode::SUCCESS)
}
