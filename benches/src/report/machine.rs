//! What a report says of the machine and the build.

use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use std::{fs, thread};

/// The flags of a processor that matter here, on x86-64 and AArch64.
const FLAGS: [&str; 12] =
    ["aes", "vaes", "sha_ni", "avx2", "avx512f", "bmi2", "adx", "pclmulqdq", "neon", "asimd", "sha1", "sha2"];

/// The facts that the report begins with.
pub(crate) fn facts() -> Vec<(String, String)> {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let (processor, flags) = processor(&text);
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let facts = [
        ("processor", format!("{processor}, {cores} virtual processors")),
        ("flags", flags),
        ("compiler", output("rustc", &["--version"])),
        ("date", date(since)),
        ("commit", commit()),
    ];
    facts.map(|(what, value)| (what.to_owned(), value)).into()
}

/// The model, and the flags that matter.
fn processor(cpuinfo: &str) -> (String, String) {
    let value = |names: &[&str]| {
        let lines = cpuinfo.lines().filter_map(|line| line.split_once(':'));
        lines.map(|(name, value)| (name.trim(), value.trim())).find(|(name, _)| names.contains(name))
    };
    let model = value(&["model name"]).map_or(std::env::consts::ARCH, |(_, model)| model);
    let all: Vec<&str> = value(&["flags", "Features"]).map_or("", |(_, flags)| flags).split(' ').collect();
    let flags: Vec<&str> = FLAGS.into_iter().filter(|flag| all.contains(flag)).collect();
    (model.to_owned(), flags.join(", "))
}

fn commit() -> String {
    let commit = output("git", &["rev-parse", "--short", "HEAD"]);
    let changed = output("git", &["status", "--porcelain", "--untracked-files=no"]);
    if changed.is_empty() { commit } else { format!("{commit}, with changes") }
}

fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    text.unwrap_or_default().trim().to_owned()
}

/// The date of a time since 1970, in UTC.
fn date(since: Duration) -> String {
    // Years that begin in March, in eras of 400 years (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
    let days = since.as_secs() / 86_400 + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, later) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    format!("{}-{month:02}-{day:02}", 400 * era + year + later)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (seconds, expected) in [
            (0, "1970-01-01"),
            (951_782_400, "2000-02-29"),
            (951_868_800, "2000-03-01"),
            (1_795_910_399, "2026-11-28"),
        ] {
            assert_eq!(date(Duration::from_secs(seconds)), expected);
        }
    }

    #[test]
    fn flags_that_matter_are_named() {
        let text = "model name\t: A Processor\nflags\t\t: fpu aes sse avx2 sha_ni\nmodel name\t: Another\n";
        assert_eq!(processor(text), ("A Processor".to_owned(), "aes, sha_ni, avx2".to_owned()));
        assert_eq!(processor("").1, "");
    }
}
