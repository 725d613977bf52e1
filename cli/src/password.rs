//! `sansgram password`: removes a forgotten password, with a session that is still logged in.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::{Args, Subcommand};
use sansgram_runtime::core::login::PasswordReset;
use sansgram_runtime::core::time::HumanDuration;
use sansgram_runtime::{Client, Error};
use serde::Serialize;

use crate::account::SessionArgs;
use crate::error::Failure;
use crate::{help, output};

#[derive(Debug, Args)]
pub(crate) struct PasswordArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    #[command(about = "Ask Telegram to remove the forgotten password, or show how long to wait", long_about = help::RESET,
        after_help = help::EXIT_CODES)]
    Reset(ResetArgs),
    /// Decline the reset and keep the password
    #[command(after_help = help::EXIT_CODES)]
    DeclineReset(ResetArgs),
}

#[derive(Debug, Args)]
struct ResetArgs {
    /// Print one JSON object: reset (done, waiting, refused or declined), at (when to ask again, in seconds since 1970)
    #[arg(long)]
    json: bool,

    // Last, since its headings also apply to the options after it.
    #[command(flatten)]
    session: SessionArgs,
}

/// The state of a reset, as `--json` prints it.
#[derive(Serialize)]
struct ResetJson {
    reset: &'static str,
    /// When to ask again, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<i32>,
}

impl ResetJson {
    fn line(reset: &'static str, at: Option<i32>) -> String {
        output::json(&Self { reset, at })
    }
}

/// `sansgram password`.
pub(crate) fn run(args: PasswordArgs) -> Result<(), Failure> {
    let (args, declines) = match args.action {
        Action::Reset(args) => (args, false),
        Action::DeclineReset(args) => (args, true),
    };
    args.session.run(move |opened| {
        opened.must_be_logged_in()?;
        opened.time_limit.set_step(if declines {
            "declining the password reset"
        } else {
            "requesting the password reset"
        });
        opened.with_client(async |client| match declines {
            false => reset(client, args.json).await,
            true => decline(client, args.json).await,
        })
    })
}

async fn reset(client: &Client, json: bool) -> Result<(), Failure> {
    let reset = client.reset_password().await?;
    let wait = |at: i32| wait(i64::from(at).saturating_sub(now(client)));
    match reset {
        PasswordReset::Done if json => output::result(&ResetJson::line("done", None)),
        PasswordReset::Done => {
            output::result("The password was removed; the code alone is now enough to log in.")
        }
        PasswordReset::Waiting { until } if json => output::result(&ResetJson::line("waiting", Some(until))),
        PasswordReset::Waiting { until } => output::result(&format!(
            "The reset was requested. Run this again in {} to remove the password; until then, every device of the account \
             can decline it, for example with \"sansgram password decline-reset\".",
            wait(until)
        )),
        PasswordReset::Refused { retry_at } => {
            if json {
                output::result(&ResetJson::line("refused", Some(retry_at)))?;
            }
            Err(Failure::Incomplete(format!(
                "a reset was declined recently; another can be requested in {}",
                wait(retry_at)
            )))
        }
    }
}

async fn decline(client: &Client, json: bool) -> Result<(), Failure> {
    match client.decline_password_reset().await {
        Err(error) if is_missing(&error) => Err(Failure::new("no password reset is pending")),
        result => {
            result?;
            output::result(&match json {
                true => ResetJson::line("declined", None),
                false => "The reset was declined; the password is unchanged.".into(),
            })
        }
    }
}

fn is_missing(error: &Error) -> bool {
    error.rpc().is_some_and(|error| error.is("RESET_REQUEST_MISSING"))
}

/// Returns the server's time, in seconds since 1970.
fn now(client: &Client) -> i64 {
    let local = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
    i64::try_from(local).unwrap_or(i64::MAX).saturating_add(client.stored_session().clock_offset)
}

/// Rounds a wait up to whole minutes or hours, since the clocks of the server and this machine may differ a little.
fn wait(seconds: i64) -> HumanDuration {
    let unit = if seconds > 3600 { 3600 } else { 60 };
    HumanDuration(Duration::from_secs(seconds.max(1).unsigned_abs().next_multiple_of(unit)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_rounded_up() {
        for (seconds, words) in [
            (-5, "1 minute"),
            (61, "2 minutes"),
            (3601, "2 hours"),
            (86_399, "1 day"),
            (86_401, "25 hours"),
            (7 * 86_400 - 5, "7 days"),
        ] {
            assert_eq!(wait(seconds).to_string(), words);
        }
    }
}
