//! `sansgram sessions export`.

use std::io::{self, IsTerminal};
use std::path::PathBuf;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use sansgram_runtime::core::client::{Config, DcTable, Servers, StoredSession};
use sansgram_runtime::formats::{self, ExportError, ExportOptions, Format};
use serde_json::json;
use zeroize::Zeroizing;

use super::named::{SessionName, load_unlocked};
use crate::address::{DcAddress, Lookup};
use crate::error::Failure;
use crate::passcode::Passcode;
use crate::store::StoreArgs;
use crate::{output, values};

#[derive(Debug, Args)]
pub(super) struct Export {
    #[command(flatten)]
    from: SessionName,

    #[command(flatten)]
    pub(super) store: StoreArgs,

    /// Output format
    #[arg(long, value_name = "FORMAT", value_parser = format())]
    to: Format,

    /// Write to this new file or folder instead of standard output
    #[arg(long, value_name = "FILE", value_parser = values::path())]
    output: Option<PathBuf>,

    #[command(flatten)]
    passcode: Passcode,

    /// Print one JSON object: format, and session with the text, or path with the file
    #[arg(long)]
    json: bool,

    /// Address of a DC, instead of Telegram's, for formats that contain it; can be repeated
    #[arg(long, value_name = "ID=HOST:PORT")]
    dc: Vec<DcAddress>,
}

pub(super) fn export(args: &Export) -> Result<(), Failure> {
    if !args.to.is_text() && args.output.is_none() {
        return Err(Failure::Usage(format!("{} is {}; use --output", args.to, args.to.description())));
    }
    let mut options = ExportOptions::default();
    if args.to.has_passcode() {
        options.passcode = args.passcode.to_set()?;
    } else if args.passcode.has_option() {
        return Err(Failure::Usage(format!(
            "{} has no passcode; leave the option out",
            args.to.description()
        )));
    }
    let (_, session) = load_unlocked(&args.from, &args.store)?;
    let dcs = table(&args.dc, &session)?;
    note_losses(&session, args.to);
    let failure = |error: ExportError| {
        let advice = match &error {
            // Its own sentence has advice for the library's users.
            ExportError::NoUser(format) => {
                return Failure::new(format!(
                    "the session does not contain its user yet, which {} needs; run \"sansgram whoami\" first",
                    format.description()
                ));
            }
            ExportError::NoKey => "; log in with \"sansgram login\"",
            ExportError::UnknownAddress(_) => "; provide it with --dc",
            ExportError::Exists(_) => "; choose another name",
            _ => "",
        };
        Failure::new(format!("{error}{advice}"))
    };
    let warning =
        "note: do not use the session in two programs at the same time, or Telegram may revoke its key";
    if let Some(path) = &args.output {
        formats::export_path(&session, args.to, &dcs, &options, path).map_err(failure)?;
        output::note(warning);
        return output::result(&match args.json {
            true => output::json(&json!({ "format": args.to.name(), "path": path.to_string_lossy() })),
            false => format!("Wrote {} to {}.", args.to.description(), path.display()),
        });
    }
    let text = formats::export_text(&session, args.to, &dcs).map_err(failure)?;
    output::note(warning);
    if args.json {
        // Session texts have no character that JSON escapes.
        let parts = ["{\"format\":\"", args.to.name(), "\",\"session\":\"", &text, "\"}\n"];
        return output::text(Zeroizing::new(parts.concat()).as_bytes());
    }
    // A pipe may lead to another library, and most refuse a string with a newline.
    let end = if args.to == Format::Sansgram || io::stdout().is_terminal() { "\n" } else { "" };
    output::text(Zeroizing::new([&*text, end].concat()).as_bytes())
}

/// Returns the addresses of the DCs: the given ones first, then Telegram's or those of the session.
fn table(given: &[DcAddress], session: &StoredSession) -> Result<DcTable, Failure> {
    let mut dcs = DcTable::new();
    for address in given {
        for endpoint in address.resolve(&Lookup::default())? {
            dcs.insert(address.dc, endpoint);
        }
    }
    let telegram = if session.test_dcs { Config::telegram_test() } else { Config::telegram() }.dcs;
    telegram.iter().for_each(|(dc, endpoint)| dcs.insert(dc, endpoint));
    // A session of other servers names them itself.
    Ok(session.servers.export_table(&dcs))
}

/// Prints which facts about servers other than Telegram's the format does not keep.
fn note_losses(session: &StoredSession, to: Format) {
    match &session.servers {
        Servers::EndedSandbox => {
            output::note(
                "note: the session belongs to a sandbox that has ended; no server knows its key any more",
            );
        }
        Servers::Custom(_) if to.keeps_address() => output::note(
            "note: this format contains the server's address, but not its RSA key; configure that in the other program",
        ),
        Servers::Custom(_) if to != Format::Sansgram => output::note(
            "note: this format does not contain the server's address: the other program would connect to Telegram, so \
             configure the address and the RSA key there",
        ),
        _ => {}
    }
}

fn format() -> impl TypedValueParser<Value = Format> {
    PossibleValuesParser::new(Format::ALL.iter().filter(|it| it.is_writable()).map(|it| it.name()))
        .try_map(|name| name.parse::<Format>())
}
