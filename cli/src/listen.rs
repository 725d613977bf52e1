//! `sansgram listen`: the updates of the session, as lines of JSON.

mod known_state;

use std::time::{Duration, Instant};

use base64ct::{Base64, Encoding};
use clap::Args;
use sansgram_runtime::core::client::UpdatesState;
use sansgram_runtime::core::time::HumanDuration;
use sansgram_runtime::{ClientEvent, Update};
use sansgram_tl_json::{Schema, Type};
use serde_json::{Value, json};

use crate::account::SessionArgs;
use crate::api::Api;
use crate::error::Failure;
use crate::executor::Executor;
use crate::policy::{DIFFERENCE_RETRY, SILENCE_OF_UPDATES};
use crate::route::Route;
use crate::{interrupt, output};

use known_state::KnownState;

#[derive(Debug, Args)]
pub(crate) struct ListenArgs {
    /// Print an error as JSON too; the updates are lines of JSON in any case
    #[arg(long)]
    json: bool,

    // Last, since its headings also apply to the options after it.
    #[command(flatten)]
    session: SessionArgs,
}

/// `sansgram listen`.
pub(crate) fn run(args: ListenArgs) -> Result<(), Failure> {
    let stop = interrupt::stop_on_signal()?;
    args.session.run_with_signals_handled(move |opened| {
        opened.must_be_logged_in()?;
        let (time_limit, executor) = (opened.time_limit, opened.executor());
        opened.with_client(async |client| {
            let stopped = async {
                stop.wait().await;
                Ok(())
            };
            let listening = async {
                client.connect().await?;
                // From now on, lost connections are opened again without an end.
                let _pause = time_limit.pause();
                output::note("Listening for updates; Ctrl-C ends.");
                // The listener itself waits out flood waits, and sees the events of the client.
                let api = Api { client, patience: Duration::ZERO };
                Listener { api, executor, known: None, retry_at: None }.print_all().await
            };
            smol::future::or(stopped, listening).await
        })
    })
}

struct Listener<'a> {
    api: Api<'a>,
    executor: Executor,
    /// `None` until the server has told the first state.
    known: Option<KnownState>,
    /// When the difference that could not be had is requested again. Until then, updates do not request it.
    retry_at: Option<Instant>,
}

/// What happens next.
enum Next {
    Update(Update),
    Event(ClientEvent),
    Silence,
}

/// Whether to continue: the reader may have closed standard output.
type IsRead = bool;

impl Listener<'_> {
    /// Prints updates until standard output is closed or the login ends.
    async fn print_all(mut self) -> Result<(), Failure> {
        let client = self.api.client;
        // The first connection is no news.
        let mut was_lost = false;
        loop {
            let update = async { client.next_update().await.map(Next::Update) };
            let event = async { client.next_event().await.map(Next::Event) };
            let silence = async {
                let left = |at: Instant| at.saturating_duration_since(Instant::now());
                self.executor.sleep(self.retry_at.map_or(SILENCE_OF_UPDATES, left)).await;
                Ok(Next::Silence)
            };
            let next = smol::future::or(smol::future::or(update, event), silence).await?;
            let is_read = match next {
                Next::Update(update) => self.print(&update).await?,
                Next::Event(ClientEvent::Disconnected { dc, reason, retry_in }) => {
                    was_lost = true;
                    let again = retry_in.map_or_else(String::new, |wait| {
                        format!("; trying again in {}", HumanDuration(wait))
                    });
                    output::note(&format!("note: the connection to {dc} was lost: {reason}{again}"));
                    true
                }
                Next::Event(ClientEvent::Connected { dc }) if was_lost => {
                    was_lost = false;
                    output::note(&format!("note: connected to {dc} again"));
                    self.print_missed().await?
                }
                Next::Event(ClientEvent::SaveFailed { reason, .. }) => {
                    output::note(&format!("warning: the session cannot be saved: {reason}"));
                    true
                }
                Next::Event(_) => true,
                Next::Silence => self.print_missed().await?,
            };
            if !is_read {
                return Ok(());
            }
        }
    }

    /// Prints an update, and what is missing before it. Errors if the login has ended.
    async fn print(&mut self, update: &Update) -> Result<IsRead, Failure> {
        let is_missing = match update {
            Update::Object(bytes) => match Schema::telegram().decode(&Type::Boxed("Updates"), bytes) {
                Ok(line) => {
                    let updates: Value = serde_json::from_str(&line).unwrap_or_default();
                    if !output::is_read(&output::escaped(&line))? {
                        return Ok(false);
                    }
                    self.known.as_mut().is_some_and(|known| known.follow(&updates))
                }
                Err(error) => {
                    let line =
                        json!({ "undecodable": Base64::encode_string(bytes), "message": error.to_string() });
                    return output::is_read(&line.to_string());
                }
            },
            Update::State(state) => {
                if !output::is_read(&state_line(*state))? {
                    return Ok(false);
                }
                match self.known {
                    Some(_) => true,
                    None => {
                        self.known = Some((*state).into());
                        false
                    }
                }
            }
            Update::Lost => true,
            Update::LoggedOut(cause) => return Err((*cause).into()),
            // A kind that this version does not know yet.
            _ => false,
        };
        if is_missing && self.retry_at.is_none() { self.print_missed().await } else { Ok(true) }
    }

    /// Requests what was missed since the known state, and prints it.
    async fn print_missed(&mut self) -> Result<IsRead, Failure> {
        self.retry_at = None;
        let Some(mut known) = self.known else { return Ok(true) };
        loop {
            let difference = match self.api.call("updates.getDifference", &known.arguments()).await {
                Ok(difference) => difference,
                Err(failure) => {
                    let demanded = match &failure {
                        Failure::Library(error) => error.flood_wait().unwrap_or_default(),
                        _ => Duration::ZERO,
                    };
                    self.retry_at = Some(Instant::now() + DIFFERENCE_RETRY.max(demanded));
                    // If the login has ended, the next update says so.
                    let failure = failure.with_advice(Route::default(), None);
                    output::note(&format!("note: updates may be missing: {failure}"));
                    return Ok(true);
                }
            };
            let has_more = known.follow_difference(&difference);
            // A server that says "more" and does not move would be asked without an end.
            let has_moved = self.known.replace(known) != Some(known);
            let is_empty = difference["_"] == "updates.differenceEmpty";
            if !is_empty && !output::is_read(&output::json(&difference))? {
                return Ok(false);
            }
            if !has_more || !has_moved {
                return Ok(true);
            }
        }
    }
}

/// Returns the line of a state, an object of the schema like all lines.
fn state_line(state: UpdatesState) -> String {
    let UpdatesState { pts, qts, date, seq, unread_count } = state;
    format!(
        "{{\"_\":\"updates.state\",\"pts\":{pts},\"qts\":{qts},\"date\":{date},\"seq\":{seq},\
         \"unread_count\":{unread_count}}}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_an_object_of_the_schema() {
        let (schema, ty) = (Schema::telegram(), Type::Boxed("updates.State"));
        let line = state_line(UpdatesState { pts: 1, qts: 2, date: 3, seq: 4, unread_count: 5 });
        let bytes = schema.encode(&ty, &serde_json::from_str(&line).unwrap()).unwrap();
        assert_eq!(schema.decode(&ty, &bytes).unwrap(), line);
    }
}
