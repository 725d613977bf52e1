//! `sansgram sessions export`.

use std::io::{self, IsTerminal};
use std::path::PathBuf;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use sansgram_runtime::core::client::{Config, DcTable, Servers, StoredSession};
use sansgram_runtime::formats::{self, ExportError, ExportOptions, Format};

use super::named::{Named, peek};
use crate::address::{DcAddress, Lookup};
use crate::error::Failure;
use crate::passcode::Passcode;
use crate::{output, values};

#[derive(Debug, Args)]
pub(super) struct Export {
    #[command(flatten)]
    from: Named,

    /// What to write
    #[arg(long, value_name = "FORMAT", value_parser = format())]
    to: Format,

    /// Write to this new file, instead of standard output
    #[arg(long, value_name = "FILE", value_parser = values::path())]
    output: Option<PathBuf>,

    #[command(flatten)]
    passcode: Passcode,

    /// Where a DC is, for the formats that say so: may be repeated; instead of Telegram's own
    #[arg(long, value_name = "ID=HOST:PORT")]
    dc: Vec<DcAddress>,
}

pub(super) fn export(args: &Export) -> Result<(), Failure> {
    if !args.to.is_text() && args.output.is_none() {
        return Err(Failure::Usage(format!(
            "{} is written as {}; name it with --output",
            args.to,
            args.to.description()
        )));
    }
    let mut options = ExportOptions::default();
    if args.to.has_passcode() {
        options.passcode = args.passcode.to_set()?;
    } else if args.passcode.is_named() {
        return Err(Failure::Usage(format!("{} has no passcode", args.to.description())));
    }
    let (_, session) = peek(&args.from)?;
    let dcs = table(&args.dc, &session)?;
    tell_what_is_lost(&session, args.to);
    let failure = |error: ExportError| {
        let advice = match &error {
            ExportError::NoKey => "; \"sansgram login\" does that",
            ExportError::NoUser(_) => "; \"sansgram whoami\" finds out",
            ExportError::UnknownAddress(_) => "; give it with --dc",
            ExportError::Exists(_) => "; give another name",
            _ => "",
        };
        Failure::new(format!("{error}{advice}"))
    };
    let warning = "note: do not use the session in two programs at once, or Telegram may revoke its key";
    if let Some(path) = &args.output {
        formats::export_path(&session, args.to, &dcs, &options, path).map_err(failure)?;
        output::note(warning);
        return output::result(&format!("Wrote {} to {}.", args.to.description(), path.display()));
    }
    let text = formats::export_text(&session, args.to, &dcs).map_err(failure)?;
    output::note(warning);
    // Other libraries refuse a string with an end of line, and a program that reads it may be one of them.
    match args.to == Format::Sansgram || io::stdout().is_terminal() {
        true => output::result(&text),
        false => output::text(text.as_bytes()),
    }
}

/// Returns the addresses of the DCs: the given ones, then Telegram's own.
fn table(given: &[DcAddress], session: &StoredSession) -> Result<DcTable, Failure> {
    let mut dcs = DcTable::new();
    for address in given {
        for endpoint in address.resolve(&Lookup::default())? {
            dcs.insert(address.dc, endpoint);
        }
    }
    let telegram = if session.test_dcs { Config::telegram_test() } else { Config::telegram() }.dcs;
    telegram.iter().for_each(|(dc, endpoint)| dcs.insert(dc, endpoint));
    // Of a session of other servers, what it says itself.
    Ok(session.servers.table(&dcs))
}

/// Prints what the other program does not learn about a session of servers that are not Telegram's.
fn tell_what_is_lost(session: &StoredSession, to: Format) {
    match &session.servers {
        Servers::EndedSandbox => {
            output::note(
                "note: the session is of a sandbox that has ended; no server knows its key any more",
            );
        }
        Servers::Custom(_) if to.keeps_address() => output::note(
            "note: this format keeps the server's address, but not its RSA key; give that to the other program",
        ),
        Servers::Custom(_) if to != Format::Sansgram => output::note(
            "note: this format does not say where the server is: the other program would take it for Telegram, so \
             give it the address and the RSA key",
        ),
        _ => {}
    }
}

fn format() -> impl TypedValueParser<Value = Format> {
    PossibleValuesParser::new(Format::ALL.iter().filter(|it| it.is_writable()).map(|it| it.name()))
        .try_map(|name| name.parse::<Format>())
}
