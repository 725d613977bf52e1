//! `sansgram doctor`: whether the servers can be reached, by each transport and address family.

mod checks;
mod report;

use std::time::Duration;

use clap::Args;
use sansgram_runtime::core::Secret;
use sansgram_runtime::core::client::{Framing, StoredSession};

use crate::error::Failure;
use crate::network::NetworkArgs;
use crate::policy::DOCTOR_LIMIT;
use crate::server::{ServerArgs, TargetArgs};
use crate::values::{from_one, secret};
use crate::{interrupt, output, timeout};

use checks::Doctor;
use report::Report;

// The options of a login for the server and the proxies, without those that are tried one after the other here.
#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    target: TargetArgs,

    /// Connect through this proxy, as for login [env: SANSGRAM_PROXY]
    #[arg(long, value_name = "URL|LINK", value_parser = secret())]
    proxy: Option<Secret<String>>,

    /// Connect through this MTProxy, as for login [env: SANSGRAM_MTPROXY]
    #[arg(long, value_name = "LINK|SECRET@HOST:PORT", value_parser = secret())]
    mtproxy: Option<Secret<String>>,

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
        let executor = server.target.runtime;
        time_limit.set_step("checking the servers");
        let config = server.config(&StoredSession::default(), time_limit.lookup())?;
        let (route, options) = (server.route(&config)?, server.network.options()?);
        let mut report = Report::new(&config, route, executor);
        if !json {
            output::result(&report.head())?;
        }
        let doctor = Doctor { config, options, route, executor, limit };
        executor.block_on(doctor.examine(|check| {
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
        let Self { target, proxy, mtproxy, timeout, json: _ } = self;
        let network = NetworkArgs { proxy, mtproxy, obfuscated: false, pfs: false };
        ServerArgs { target, framing: Framing::Intermediate, timeout, network }
    }
}
