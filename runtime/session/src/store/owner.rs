//! The process that uses a session, as the lock file names it, and the system that it runs on.

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::sync::OnceLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sansgram_core::time::HumanDuration;

use crate::policy::{MAX_HOST_LEN, MAX_LOCK_TEXT_LEN};
use crate::text::printable;

/// The process that uses a session, as it wrote itself into the lock file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LockOwner {
    /// The process id, which is valid in its own PID namespace.
    pub pid: u32,
    /// The name of its host, at most 64 characters.
    pub host: Option<String>,
    /// The time at which it started to use the session, by its own clock.
    pub since: Option<SystemTime>,
    /// The location of the process, seen from this process.
    pub location: OwnerLocation,
}

/// The location of a process, seen from this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OwnerLocation {
    /// The process is this process.
    ThisProcess,
    /// The process runs on this computer, in the same PID namespace.
    ThisSystem,
    /// The process runs on this computer, but in another PID namespace, as in another container.
    OtherContainer,
    /// The process runs on another computer, which shares the directory.
    OtherComputer,
}

impl fmt::Display for LockOwner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PID {}", self.pid)?;
        match self.location {
            OwnerLocation::ThisProcess | OwnerLocation::ThisSystem => {}
            OwnerLocation::OtherContainer => f.write_str(" in another container")?,
            OwnerLocation::OtherComputer => f.write_str(" on another computer")?,
        }
        let is_elsewhere =
            matches!(self.location, OwnerLocation::OtherContainer | OwnerLocation::OtherComputer);
        if let Some(host) = self.host.as_ref().filter(|_| is_elsewhere) {
            write!(f, " with the host name {host}")?;
        }
        match self.since.and_then(|since| since.elapsed().ok()) {
            Some(time) if time >= Duration::from_secs(1) => write!(f, " (for {})", HumanDuration(time)),
            _ => Ok(()),
        }
    }
}

/// The identity of a computer and a PID namespace; each part is `None` if this system does not report it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Environment {
    host: Option<String>,
    /// The boot id of the computer, which containers of one kernel share.
    boot: Option<String>,
    /// The PID namespace.
    namespace: Option<String>,
}

impl Environment {
    fn here() -> &'static Self {
        static HERE: OnceLock<Environment> = OnceLock::new();
        HERE.get_or_init(|| {
            let read = |path| std::fs::read_to_string(path).ok().map(|text: String| text.trim().to_owned());
            let namespace = std::fs::read_link("/proc/self/ns/pid").ok();
            Self {
                host: host_name(),
                boot: read("/proc/sys/kernel/random/boot_id"),
                namespace: namespace.map(|it| it.to_string_lossy().into_owned()),
            }
        })
    }

    /// Returns the location of a process with `pid` at `self`, seen from a process with `own_pid` at `here`.
    fn seen_from(&self, here: &Self, pid: u32, own_pid: u32) -> OwnerLocation {
        let differ = |a: &Option<String>, b: &Option<String>| matches!((a, b), (Some(a), Some(b)) if a != b);
        // The host names of two containers differ too, so they are used only if there is no boot id.
        let knows_boot = self.boot.is_some() && here.boot.is_some();
        if differ(&self.boot, &here.boot) || (!knows_boot && differ(&self.host, &here.host)) {
            OwnerLocation::OtherComputer
        } else if differ(&self.namespace, &here.namespace) {
            OwnerLocation::OtherContainer
        } else if pid == own_pid {
            OwnerLocation::ThisProcess
        } else {
            OwnerLocation::ThisSystem
        }
    }
}

#[cfg(unix)]
fn host_name() -> Option<String> {
    Some(shown_host(&rustix::system::uname().nodename().to_string_lossy()))
}

#[cfg(not(unix))]
fn host_name() -> Option<String> {
    std::env::var("COMPUTERNAME").ok().map(|name| shown_host(&name))
}

fn shown_host(name: &str) -> String {
    printable(name).chars().take(MAX_HOST_LEN).collect()
}

impl LockOwner {
    /// Returns this process as an owner that starts now.
    pub(super) fn this_process() -> Self {
        Self {
            pid: std::process::id(),
            host: Environment::here().host.clone(),
            since: Some(SystemTime::now()),
            location: OwnerLocation::ThisProcess,
        }
    }

    fn to_text(&self, location: &Environment) -> String {
        let mut text = format!("{}\n", self.pid);
        let seconds = self.since.and_then(|since| since.duration_since(UNIX_EPOCH).ok());
        let fields = [
            ("host", self.host.clone()),
            ("since", seconds.map(|it| it.as_secs().to_string())),
            ("boot", location.boot.clone()),
            ("pid-namespace", location.namespace.clone()),
        ];
        for (name, value) in fields {
            if let Some(value) = value {
                text.push_str(&format!("{name} {value}\n"));
            }
        }
        text
    }

    /// Parses the text that another process wrote. Only its form is trusted.
    fn parse(text: &str, here: &Environment, own_pid: u32) -> Option<Self> {
        let mut lines = text.strip_suffix('\n')?.lines();
        let pid = lines.next()?.parse().ok()?;
        let (mut location, mut since) = (Environment::default(), None);
        for (name, value) in lines.filter_map(|line| line.split_once(' ')) {
            match name {
                "host" => location.host = Some(shown_host(value)),
                "since" => since = value.parse().ok().map(Duration::from_secs),
                "boot" => location.boot = Some(value.to_owned()),
                "pid-namespace" => location.namespace = Some(value.to_owned()),
                _ => {}
            }
        }
        let since = since.and_then(|since| UNIX_EPOCH.checked_add(since));
        let seen = location.seen_from(here, pid, own_pid);
        Some(Self { pid, host: location.host, since, location: seen })
    }
}

/// Reads the owner from the lock file. Returns `None` if no owner is written in it yet.
pub(super) fn read(file: &mut File) -> Option<LockOwner> {
    let bytes = content(file).ok()??;
    LockOwner::parse(std::str::from_utf8(&bytes).ok()?, Environment::here(), std::process::id())
}

/// Returns whether the file is empty or holds a text that an owner may have written.
pub(super) fn is_lock_file(file: &mut File) -> io::Result<bool> {
    let Some(bytes) = content(file)? else { return Ok(false) };
    let begins_with_number = bytes.first().is_none_or(u8::is_ascii_digit);
    Ok(begins_with_number && std::str::from_utf8(&bytes).is_ok_and(|text| !text.contains('\0')))
}

/// Reads the whole file. Returns `None` if it is longer than a lock file.
fn content(file: &mut File) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    file.rewind()?;
    file.take(MAX_LOCK_TEXT_LEN as u64 + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() <= MAX_LOCK_TEXT_LEN).then_some(bytes))
}

/// Writes that this process has the lock.
pub(super) fn write(file: &mut File) -> io::Result<()> {
    let text = LockOwner::this_process().to_text(Environment::here());
    file.rewind()?;
    file.set_len(0)?;
    // A single write, so that a reader finds either the complete text or nothing.
    file.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn location(host: &str, boot: &str, namespace: &str) -> Environment {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Environment { host: some(host), boot: some(boot), namespace: some(namespace) }
    }

    #[test]
    fn an_owner_is_described_with_its_location() {
        let here = location("here", "boot-1", "pid:[1]");
        let since = Some(SystemTime::now() - Duration::from_secs(700));
        for (there, pid, seen, words) in [
            (location("here", "boot-1", "pid:[1]"), 1, OwnerLocation::ThisProcess, "PID 1 (for 12 minutes)"),
            (location("here", "boot-1", "pid:[1]"), 2, OwnerLocation::ThisSystem, "PID 2 (for 12 minutes)"),
            (
                location("web-1", "boot-1", "pid:[2]"),
                1,
                OwnerLocation::OtherContainer,
                "PID 1 in another container with the host name web-1 (for 12 minutes)",
            ),
            (
                location("web-1", "boot-2", "pid:[1]"),
                1,
                OwnerLocation::OtherComputer,
                "PID 1 on another computer with the host name web-1 (for 12 minutes)",
            ),
            (location("web-1", "", ""), 1, OwnerLocation::OtherComputer, "on another computer"),
            (location("", "", ""), 2, OwnerLocation::ThisSystem, "PID 2"),
        ] {
            let owner =
                LockOwner { pid, host: there.host.clone(), since, location: OwnerLocation::ThisProcess };
            let read = LockOwner::parse(&owner.to_text(&there), &here, 1).unwrap();
            assert_eq!((read.pid, read.location), (pid, seen), "{there:?}");
            assert!(read.to_string().contains(words), "{read}");
        }
    }

    #[test]
    fn the_text_of_another_process_is_not_trusted() {
        let here = location("here", "boot-1", "pid:[1]");
        let parse = |text: &str| LockOwner::parse(text, &here, 1);
        // An older version wrote the number alone.
        assert_eq!(parse("77\n").unwrap().location, OwnerLocation::ThisSystem);
        for text in ["", "77", "\n", "-1\n", "4294967296\n", "x\n"] {
            assert_eq!(parse(text), None, "{text:?}");
        }
        let text = format!("77\nhost a\u{1b}[2J{}\nsince 18446744073709551615\nboot x\n", "b".repeat(999));
        let owner = parse(&text).unwrap();
        assert_eq!(owner.host.as_ref().unwrap().chars().count(), MAX_HOST_LEN);
        assert!(!owner.to_string().contains('\u{1b}'), "{owner}");
    }
}
