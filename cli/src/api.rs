//! Methods of Telegram's API by their names, for the commands that call them.

use std::time::Duration;

use clap::Args;
use sansgram_runtime::core::SecureRandom;
use sansgram_runtime::core::client::{InvokeError, RequestOptions, RpcError};
use sansgram_runtime::core::time::HumanDuration;
use sansgram_runtime::{Client, ClientEvent, Error, OsRandom};
use sansgram_tl_json::{Request, Schema};
use serde_json::Value;

use crate::account::Opened;
use crate::error::Failure;
use crate::output;
use crate::values::from_zero;

/// How long to wait if the server demands it.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct PatienceArgs {
    /// If the server demands a wait (FLOOD_WAIT, which --timeout does not count) or has an internal error, wait up to this
    /// long in total for each request and send it again; 0 for never
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = from_zero())]
    flood_wait: u32,
}

/// Calls methods with a client.
pub(crate) struct Api<'a> {
    pub(crate) client: &'a Client,
    /// The longest wait of a request in total.
    pub(crate) patience: Duration,
}

impl Opened<'_> {
    /// Runs `action` with the API. Flood waits are shown, and the time limit does not count them.
    pub(crate) fn with_api(
        self,
        patience: PatienceArgs,
        action: impl AsyncFnOnce(&Api<'_>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let (time_limit, executor) = (self.time_limit, self.executor());
        self.with_client(async |client| {
            let api = Api { client, patience: Duration::from_secs(patience.flood_wait.into()) };
            let flood_waits = async {
                loop {
                    if let ClientEvent::FloodWait { wait } = client.next_event().await? {
                        let wait_text = HumanDuration(wait);
                        output::note(&format!("note: the server demands a wait of {wait_text}; waiting"));
                        let _pause = time_limit.pause();
                        executor.sleep(wait).await;
                    }
                }
            };
            smol::future::or(action(&api), flood_waits).await.map_err(with_option)
        })
    }
}

impl Api<'_> {
    /// Calls a method with `arguments`, and returns its answer.
    pub(crate) async fn call(&self, method: &str, arguments: &Value) -> Result<Value, Failure> {
        let answer = self.invoke(&Schema::telegram().encode_call(method, arguments)?).await?;
        serde_json::from_str(&answer)
            .map_err(|error| Failure::new(format!("the answer to {method}: {error}")))
    }

    /// Sends a request, and returns its answer as one line of JSON.
    pub(crate) async fn invoke(&self, request: &Request<'_>) -> Result<String, Failure> {
        // Files and statistics of other DCs are fetched from there.
        let options =
            RequestOptions::new().with_follow_redirects(true).with_flood_sleep_threshold(self.patience);
        let answer = self.client.invoke_raw_with(request.bytes.clone(), options).await?;
        let answer = Schema::telegram().decode(request.reply, &answer);
        answer.map_err(|error| Error::Invoke(InvokeError::Decode(error)).into())
    }
}

/// Adds the option that waits longer, if the server demands a wait.
fn with_option(failure: Failure) -> Failure {
    let Failure::Library(error) = &failure else { return failure };
    let demanded = |refusal: &RpcError| Some((refusal.clone(), refusal.wait()?));
    let Some((refusal, wait)) = error.rpc().and_then(demanded) else { return failure };
    let advice =
        format!("try again in {}, or wait with --flood-wait {}", HumanDuration(wait), wait.as_secs());
    Failure::Refused(Box::new(refusal), format!("{error}; {advice}"))
}

/// Returns a random `long`.
pub(crate) fn random_long() -> i64 {
    let mut bytes = [0; 8];
    OsRandom::default().fill(&mut bytes);
    i64::from_le_bytes(bytes)
}
