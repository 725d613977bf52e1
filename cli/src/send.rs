//! `sansgram send`: a text message.

mod recipient;

use clap::Args;
use sansgram_runtime::core::Secret;
use serde::Serialize;
use serde_json::{Value, json};

use crate::account::SessionArgs;
use crate::api::{PatienceArgs, random_long};
use crate::error::Failure;
use crate::policy::MAX_ARGUMENTS_LEN;
use crate::values::secret;
use crate::{help, output, stdin_values};

use recipient::Recipient;

#[derive(Debug, Args)]
pub(crate) struct SendArgs {
    #[arg(value_name = "TO", help = help::TO, allow_negative_numbers = true)]
    to: Recipient,

    /// The text; - reads it from standard input
    #[arg(value_name = "TEXT", value_parser = secret())]
    text: Secret<String>,

    /// Send it without a sound
    #[arg(long)]
    silent: bool,

    /// Print one JSON object: message_id, date
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    patience: PatienceArgs,

    // Last, since its headings also apply to the options after it.
    #[command(flatten)]
    session: SessionArgs,
}

/// The message, as `--json` prints it.
#[derive(Serialize)]
struct SentJson {
    message_id: Option<i64>,
    /// When the server got it, in seconds since 1970.
    date: Option<i64>,
}

/// `sansgram send`.
pub(crate) fn run(args: SendArgs) -> Result<(), Failure> {
    let SendArgs { to, text, silent, json, patience, session } = args;
    let text = match text.expose().as_str() {
        "-" => read_text()?,
        text => text.to_owned(),
    };
    if text.trim().is_empty() {
        return Err(Failure::Usage("the text is empty".into()));
    }
    session.run(move |opened| {
        opened.must_be_logged_in()?;
        opened.time_limit.set_step("sending the message");
        opened.with_api(patience, async |api| {
            let peer = to.resolve(api).await?;
            let random_id = random_long().to_string();
            let mut message = json!({ "peer": peer, "message": text, "random_id": random_id });
            if silent {
                message["silent"] = true.into();
            }
            let updates = api.call("messages.sendMessage", &message).await?;
            let sent = sent(&updates, &random_id);
            output::result(&match (json, sent.message_id) {
                (true, _) => output::json(&sent),
                (false, Some(id)) => format!("Sent as message {id}."),
                (false, None) => "Sent.".into(),
            })
        })
    })
}

fn read_text() -> Result<String, Failure> {
    let bytes = stdin_values::all(MAX_ARGUMENTS_LEN)?;
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| Failure::new("standard input cannot be read: it is not UTF-8"))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

/// Returns what `Updates` say about the message with this `random_id`.
fn sent(updates: &Value, random_id: &str) -> SentJson {
    let of_the_message =
        |update: &&Value| update["_"] == "updateMessageID" && update["random_id"] == random_id;
    let update = updates["updates"].as_array().into_iter().flatten().find(of_the_message);
    // The short form is about the message alone.
    let id = update.unwrap_or(updates)["id"].as_i64();
    SentJson { message_id: id, date: updates["date"].as_i64() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_is_found_in_both_forms_of_updates() {
        let short = json!({ "_": "updateShortSentMessage", "id": 5, "date": 7 });
        let others = json!({ "_": "updateMessageID", "id": 4, "random_id": "2" });
        let own = json!({ "_": "updateMessageID", "id": 5, "random_id": "1" });
        let long = json!({ "_": "updates", "updates": [others, own], "date": 7 });
        for updates in [short, long] {
            let sent = sent(&updates, "1");
            assert_eq!((sent.message_id, sent.date), (Some(5), Some(7)), "{updates}");
        }
        assert_eq!(sent(&json!({ "_": "updatesTooLong" }), "1").message_id, None);
    }
}
