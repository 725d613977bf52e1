//! `sansgram doctor`: whether the servers can be reached, by each transport and address family.

mod checks;
mod report;

use std::time::Duration;

use clap::Args;
use sansgram_runtime::core::Secret;
use sansgram_runtime::core::client::{Framing, StoredSession};

use crate::error::Failure;
use crate::network::NetworkArgs;
use crate::policy::MAX_DOCTOR_CHECKS;
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
    let (json, limit) = (args.json, Duration::from_secs(args.timeout.into()));
    timeout::within(total(limit), move |time_limit| {
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

/// Returns the time limit of all checks, in case the work hangs outside of them.
fn total(limit: Duration) -> Duration {
    limit * MAX_DOCTOR_CHECKS
}

impl DoctorArgs {
    /// Returns the options as those of a login.
    fn server(self) -> ServerArgs {
        let Self { target, proxy, mtproxy, timeout, json: _ } = self;
        let network = NetworkArgs { proxy, mtproxy, obfuscated: false, pfs: false };
        ServerArgs { target, framing: Framing::Intermediate, timeout, network }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Key, obfuscated key, PFS and 7 transports with the home DC, a key with 4 others; in 2 families.
    #[test]
    fn every_check_of_telegrams_dcs_may_take_its_time() {
        for seconds in [1, 10, 3600, u32::MAX] {
            let limit = Duration::from_secs(seconds.into());
            assert!(total(limit) >= limit * 28, "{seconds}");
        }
    }
}
