//! `sansgram call`: any method of Telegram's API, with JSON in and out.

mod arguments;
mod describe;
#[cfg(test)]
mod tests;

use clap::Args;
use sansgram_runtime::core::Secret;
use sansgram_tl_json::{Request, Schema};

use crate::account::SessionArgs;
use crate::api::{Api, PatienceArgs};
use crate::error::Failure;
use crate::values::secret;
use crate::{help, output};

#[derive(Debug, Args)]
pub(crate) struct CallArgs {
    /// The method by its name in Telegram's schema, such as messages.getHistory
    #[arg(value_name = "METHOD")]
    method: String,

    // It may have a token or a proof of a password.
    #[arg(value_name = "JSON", help = help::ARGUMENTS, value_parser = secret())]
    arguments: Option<Secret<String>>,

    /// Show the method (or a constructor), the constructors of its fields' types, and JSON to fill in, or the methods of
    /// a namespace; needs no session
    #[arg(long, conflicts_with = "arguments")]
    describe: bool,

    /// Print the answer on one line
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    patience: PatienceArgs,

    // Last, since its headings also apply to the options after it.
    #[command(flatten)]
    session: SessionArgs,
}

/// `sansgram call`.
pub(crate) fn run(args: CallArgs) -> Result<(), Failure> {
    if args.describe { describe::run(&args.method, args.json) } else { call(args) }
}

fn call(args: CallArgs) -> Result<(), Failure> {
    let request = args.request()?;
    let (json, patience) = (args.json, args.patience);
    args.session.run(move |opened| {
        opened.time_limit.set_step("waiting for the answer");
        opened.with_api(patience, async |api| output::result(&answer(api, &request, json).await?))
    })
}

impl CallArgs {
    /// Encodes the call. It fails if the arguments do not fit the schema.
    fn request(&self) -> Result<Request<'static>, Failure> {
        let schema = Schema::telegram();
        let given = arguments::read(self.arguments.as_ref().map(|json| json.expose().as_str()))?;
        schema.find_function(&self.method).map_err(arguments::unknown_method)?;
        Ok(schema.encode_call(&self.method, &arguments::complete(schema, &self.method, given))?)
    }
}

/// Sends the call, and returns its answer as it is printed.
async fn answer(api: &Api<'_>, request: &Request<'_>, json: bool) -> Result<String, Failure> {
    let answer = api.invoke(request).await?;
    Ok(if json { output::escaped(&answer) } else { output::indented(&answer) })
}
