//! Keeps the memory of this process, which has keys and passwords, from other processes and off the disk.

use crate::environment::{self, CORE_DUMPS, LOCK_MEMORY};
use crate::error::Failure;

/// Forbids core dumps of this process and, on Linux, other processes of the user to read its memory, unless
/// `SANSGRAM_CORE_DUMPS` is 1.
pub(crate) fn forbid_dumps() -> Result<(), Failure> {
    if environment::is_on(CORE_DUMPS)? {
        return Ok(());
    }
    forbid().map_err(|error| {
        Failure::new(format!("core dumps cannot be forbidden: {error}; set {CORE_DUMPS}=1 to allow them"))
    })
}

#[cfg(unix)]
fn forbid() -> std::io::Result<()> {
    use rustix::process::{Resource, Rlimit, setrlimit};

    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    // The limit does not count for a program that takes dumps by a pipe, such as systemd-coredump.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)?;
    Ok(())
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "as on Unix")]
const fn forbid() -> std::io::Result<()> {
    Ok(())
}

/// Keeps all memory of this process out of swap if `option` is set or `SANSGRAM_LOCK_MEMORY` is 1; errors if that is not
/// possible.
pub(crate) fn lock(option: bool) -> Result<(), Failure> {
    match option || environment::is_on(LOCK_MEMORY)? {
        true => lock_all(),
        false => Ok(()),
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn lock_all() -> Result<(), Failure> {
    use rustix::mm::{MlockAllFlags, mlockall};
    use rustix::process::{Resource, getrlimit};

    use crate::policy::LOCKED_MEMORY_LEN;

    let limit = getrlimit(Resource::Memlock).current.filter(|limit| *limit < LOCKED_MEMORY_LEN as u64);
    // Secrets move through many buffers, so that all pages are locked, each once it is used: reserved address space takes
    // no memory, although it counts towards the limit.
    let locked = mlockall(MlockAllFlags::CURRENT | MlockAllFlags::FUTURE | MlockAllFlags::ONFAULT);
    // A process with CAP_IPC_LOCK has no limit. Otherwise an allocation would fail later, and end the process.
    let is_enough = || limit.is_none() || can_reserve(LOCKED_MEMORY_LEN);
    match (locked, limit) {
        (Ok(()), _) if is_enough() => Ok(()),
        (Err(error), None) => Err(Failure::new(format!(
            "memory cannot be locked: {error}; leave out --lock-memory, and encrypt the swap space"
        ))),
        (_, limit) => Err(Failure::new(format!(
            "this process may lock only {} KiB of memory; allow {} (ulimit -l, memlock in limits.conf, or LimitMEMLOCK=1G of \
             systemd), or leave out --lock-memory",
            limit.unwrap_or_default() / 1024,
            LOCKED_MEMORY_LEN / 1024,
        ))),
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn can_reserve(len: usize) -> bool {
    let mut reserved = Vec::<u8>::new();
    let is_reserved = reserved.try_reserve_exact(len).is_ok();
    // Without this, the compiler may leave out the allocation.
    std::hint::black_box(&mut reserved);
    is_reserved
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn lock_all() -> Result<(), Failure> {
    Err(Failure::Usage("--lock-memory works only on Linux; leave it out, and encrypt the swap space".into()))
}
