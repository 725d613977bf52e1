//! The report: lines to paste into an issue, or a JSON object. It has no address of a proxy and no secret.

use std::time::Duration;

use sansgram_runtime::core::client::{Config, DcId, Servers};
use sansgram_runtime::core::time::HumanDuration;
use serde::Serialize;

use crate::error::Failure;
use crate::executor::Executor;
use crate::output;
use crate::route::Route;

use super::checks::{Check, Family, Outcome};

/// The width of the names of checks in the lines.
const WIDTH: usize = 24;

/// What was checked.
#[derive(Clone, Debug)]
pub(super) struct Report {
    servers: &'static str,
    route: &'static str,
    runtime: &'static str,
    /// The servers' addresses, as they are listed before the checks of a DC and family.
    config: Config,
    checks: Vec<Check>,
}

#[derive(Serialize)]
struct ReportJson<'a> {
    version: &'static str,
    system: &'static str,
    processor: &'static str,
    runtime: &'static str,
    servers: &'a str,
    route: &'a str,
    /// The server's clock minus ours, in seconds.
    clock_offset: Option<i64>,
    checks: Vec<CheckJson<'a>>,
}

#[derive(Serialize)]
struct CheckJson<'a> {
    dc: u16,
    family: Family,
    check: &'a str,
    /// `ok`, `failed`, or `no-network` if this machine has none of the family.
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    milliseconds: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

impl Report {
    pub(super) fn new(config: &Config, route: Route, runtime: Executor) -> Self {
        let servers = match (config.servers() == Servers::Telegram, config.test_dcs) {
            (true, false) => "telegram",
            (true, true) => "telegram-test",
            (false, false) => "custom",
            (false, true) => "custom-test",
        };
        let route = match (route.has_proxy, route.mtproxy.is_some()) {
            (false, false) => "direct",
            (true, false) => "proxy",
            (false, true) => "mtproxy",
            (true, true) => "mtproxy behind a proxy",
        };
        let runtime = match runtime {
            Executor::Tokio => "tokio",
            Executor::Smol => "smol",
        };
        Self { servers, route, runtime, config: config.clone(), checks: Vec::new() }
    }

    pub(super) fn head(&self) -> String {
        format!(
            "sansgram {} on {} {}, {}\nservers: {}, route: {}",
            env!("CARGO_PKG_VERSION"),
            std::env::consts::OS,
            std::env::consts::ARCH,
            self.runtime,
            self.servers,
            self.route
        )
    }

    /// Returns the line of the next check, below a heading if it is the first of its DC and family.
    pub(super) fn line(&self, check: &Check) -> String {
        let is_same = |last: &Check| (last.dc, last.family) == (check.dc, check.family);
        let heading = match self.checks.last().is_some_and(is_same) {
            true => String::new(),
            false => format!("\n{}\n", self.heading(check.dc, check.family)),
        };
        let outcome = match &check.outcome {
            Outcome::Succeeded(time) => format!("ok {:>6} ms", time.as_millis()),
            Outcome::Failed(reason) => format!("failed: {reason}"),
            Outcome::NoNetwork => "no network of this kind".into(),
        };
        format!("{heading}  {:WIDTH$}{outcome}", check.what)
    }

    fn heading(&self, dc: DcId, family: Family) -> String {
        let name = match family {
            Family::Proxy => return format!("{dc}, through the MTProxy"),
            Family::Ipv4 => "IPv4",
            Family::Ipv6 => "IPv6",
        };
        let addresses = self.config.dcs.endpoints(dc).iter().filter(|address| family.has(address));
        let addresses: Vec<String> = addresses.map(ToString::to_string).collect();
        format!("{dc}, {name} ({})", addresses.join(", "))
    }

    pub(super) fn add(&mut self, check: Check) {
        self.checks.push(check);
    }

    fn clock_offset(&self) -> Option<i64> {
        self.checks.iter().find_map(|check| check.clock_offset)
    }

    pub(super) fn end(&self) -> String {
        let clock = match self.clock_offset() {
            None => "unknown: no server answered".into(),
            Some(0) => "right within a second".into(),
            Some(offset) => {
                let amount = HumanDuration(Duration::from_secs(offset.unsigned_abs()));
                format!(
                    "{amount} {}",
                    if offset > 0 { "behind the servers'" } else { "ahead of the servers'" }
                )
            }
        };
        let of = |is: fn(&Outcome) -> bool| self.checks.iter().filter(|check| is(&check.outcome)).count();
        format!(
            "\nclock of this machine: {clock}\n{} checks: {} ok, {} failed, {} without a network",
            self.checks.len(),
            of(|it| matches!(it, Outcome::Succeeded(_))),
            of(|it| matches!(it, Outcome::Failed(_))),
            of(|it| matches!(it, Outcome::NoNetwork))
        )
    }

    pub(super) fn json(&self) -> String {
        let checks = self.checks.iter().map(|check| {
            let (outcome, milliseconds, reason) = match &check.outcome {
                Outcome::Succeeded(time) => ("ok", u64::try_from(time.as_millis()).ok(), None),
                Outcome::Failed(reason) => ("failed", None, Some(reason.as_str())),
                Outcome::NoNetwork => ("no-network", None, None),
            };
            let dc = check.dc.number();
            CheckJson { dc, family: check.family, check: &check.what, outcome, milliseconds, reason }
        });
        output::json(&ReportJson {
            version: env!("CARGO_PKG_VERSION"),
            system: std::env::consts::OS,
            processor: std::env::consts::ARCH,
            runtime: self.runtime,
            servers: self.servers,
            route: self.route,
            clock_offset: self.clock_offset(),
            checks: checks.collect(),
        })
    }

    /// Errors if a check failed, or if none succeeded.
    pub(super) fn result(&self) -> Result<(), Failure> {
        let failed = self.checks.iter().filter(|it| matches!(it.outcome, Outcome::Failed(_))).count();
        Err(Failure::Incomplete(match (failed, self.clock_offset()) {
            (0, Some(_)) => return Ok(()),
            (0, None) => "this machine has no network to the servers; check its connection".into(),
            (1, _) => "a check failed; the report has the reason".into(),
            (failed, _) => format!("{failed} checks failed; the report has the reasons"),
        }))
    }
}
