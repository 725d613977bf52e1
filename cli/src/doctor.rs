//! `sansgram doctor`: whether the servers can be reached, by each transport and address family.

mod checks;
mod report;

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use sansgram_runtime::core::Secret;
use sansgram_runtime::core::client::{Framing, StoredSession};

use crate::address::DcAddress;
use crate::error::Failure;
use crate::executor::Executor;
use crate::network::NetworkArgs;
use crate::policy::DOCTOR_LIMIT;
use crate::server::ServerArgs;
use crate::values::{from_one, path, secret};
use crate::{interrupt, output, timeout};

use checks::Doctor;
use report::Report;

// The options of a login for the server and the proxies, without those that are tried one after the other here.
#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// Check Telegram's test DCs, or treat the DCs of --dc as test DCs
    #[arg(long)]
    test: bool,

    /// Address of a DC, instead of Telegram's; can be repeated, the first is the home DC
    #[arg(long, value_name = "ID=HOST:PORT")]
    dc: Vec<DcAddress>,

    /// RSA key of the server in PEM (PKCS#1 or SPKI), instead of Telegram's; can be repeated
    #[arg(long, value_name = "FILE", value_parser = path())]
    public_key: Vec<PathBuf>,

    /// Connect through this proxy, as for login [env: SANSGRAM_PROXY]
    #[arg(long, value_name = "URL|LINK", value_parser = secret())]
    proxy: Option<Secret<String>>,

    /// Connect through this MTProxy, as for login [env: SANSGRAM_MTPROXY]
    #[arg(long, value_name = "LINK|SECRET@HOST:PORT", value_parser = secret())]
    mtproxy: Option<Secret<String>>,

    #[arg(
        long,
        value_name = "NAME",
        value_enum,
        default_value = "tokio",
        hide_possible_values = true,
        help = "The async runtime: tokio or smol"
    )]
    runtime: Executor,

    /// Time limit of each check
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = from_one())]
    timeout: u32,

    /// Print the report as one JSON object
    #[arg(long)]
    json: bool,
}

/// `sansgram doctor`.
pub(crate) fn run(args: DoctorArgs) -> Result<(), Failure> {
    interrupt::end_on_signal()?;
    timeout::within(DOCTOR_LIMIT, move |time_limit| {
        let (json, limit) = (args.json, Duration::from_secs(args.timeout.into()));
        let server = args.server();
        time_limit.set_step("checking the servers");
        let config = server.config(&StoredSession::default(), time_limit.lookup())?;
        let (route, options) = (server.route(&config)?, server.network.options()?);
        let mut report = Report::new(&config, route, server.runtime);
        if !json {
            output::result(&report.head())?;
        }
        let doctor = Doctor { config, options, route, executor: server.runtime, limit };
        server.runtime.block_on(doctor.examine(|check| {
            if !json {
                output::result(&report.line(&check))?;
            }
            report.add(check);
            Ok(())
        }))?;
        output::result(&if json { report.json() } else { report.end() })?;
        report.result()
    })
}

impl DoctorArgs {
    /// Returns the options as those of a login.
    fn server(self) -> ServerArgs {
        let Self { test, dc, public_key, proxy, mtproxy, runtime, timeout, json: _ } = self;
        let network = NetworkArgs { proxy, mtproxy, obfuscated: false, pfs: false };
        ServerArgs { test, dc, public_key, framing: Framing::Intermediate, runtime, timeout, network }
    }
}
