//! Methods of Telegram's API by their names, for the commands that call them.

use std::time::Duration;

use clap::Args;
use sansgram_runtime::core::SecureRandom;
use sansgram_runtime::core::client::{InvokeError, RequestOptions};
use sansgram_runtime::core::time::HumanDuration;
use sansgram_runtime::{Client, Error, OsRandom};
use sansgram_tl_json::{Request, Schema};
use serde_json::Value;

use crate::error::Failure;
use crate::executor::Executor;
use crate::output;
use crate::timeout::TimeLimit;

/// How long to wait if the server demands it.
#[derive(Debug, Args)]
pub(crate) struct PatienceArgs {
    /// If the server demands a wait (FLOOD_WAIT), wait up to this long in total and send the request again; 0 for never
    #[arg(long, value_name = "SECONDS", default_value = "60")]
    pub(crate) flood_wait: u32,
}

/// Calls methods with a client.
pub(crate) struct Api<'a> {
    pub(crate) client: &'a Client,
    /// Paused during a flood wait.
    pub(crate) time_limit: &'a TimeLimit,
    pub(crate) executor: Executor,
    /// The longest flood wait in total.
    pub(crate) patience: Duration,
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
        let mut waited = Duration::ZERO;
        loop {
            // Files and statistics of other DCs are fetched from there. Waits are waited out here, to say so and to pause
            // the time limit.
            let options =
                RequestOptions::new().with_follow_redirects(true).with_flood_sleep_threshold(Duration::ZERO);
            let error = match self.client.invoke_raw(request.bytes.clone(), options).await {
                Ok(answer) => {
                    let answer = Schema::telegram().decode(request.reply, &answer);
                    return answer.map_err(|error| Error::Invoke(InvokeError::Decode(error)).into());
                }
                Err(error) => error,
            };
            let wait = error.flood_wait().filter(|wait| !wait.is_zero() && waited + *wait <= self.patience);
            let Some(wait) = wait else { return Err(error.into()) };
            waited += wait;
            output::note(&format!("note: the server demands a wait of {}; waiting", HumanDuration(wait)));
            let _pause = self.time_limit.pause();
            self.executor.sleep(wait).await;
        }
    }
}

/// Returns a random `long`.
pub(crate) fn random_long() -> i64 {
    let mut bytes = [0; 8];
    OsRandom::default().fill(&mut bytes);
    i64::from_le_bytes(bytes)
}
