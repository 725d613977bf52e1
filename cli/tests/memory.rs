//! The memory of the command: no core dumps, out of reach for other processes of the user, and out of swap if asked for.
#![cfg(target_os = "linux")]

mod support;

use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};

use rustix::process::{Pid, Signal, geteuid, kill_process};
use support::{Directory, Run, command, run};

/// A user without rights: root may read all memory, and lock any amount.
const OTHER_USER: u32 = 65534;

const LOGIN: [&str; 6] = ["login", "--sandbox", "--phone", "+9996621234", "--code", "22222"];

/// The program in a directory that a user without rights can use.
struct Unprivileged {
    directory: Directory,
}

impl Unprivileged {
    fn new() -> Self {
        let directory = Directory::new();
        // The user may have no access to the directory of the build.
        fs::copy(env!("CARGO_BIN_EXE_sansgram"), directory.path.join("program")).unwrap();
        fs::set_permissions(&directory.path, Permissions::from_mode(0o755)).unwrap();
        if geteuid().is_root() {
            chown(&directory.path, Some(OTHER_USER), Some(OTHER_USER)).unwrap();
        }
        Self { directory }
    }

    /// The user of the process.
    fn user() -> u32 {
        if geteuid().is_root() { OTHER_USER } else { geteuid().as_raw() }
    }

    /// The command after lines of a shell, which has the rights of the test: it may raise limits if that is root.
    fn command(&self, lines: &str, args: &[&str]) -> Command {
        let drop_rights = match geteuid().is_root() {
            true => format!("setpriv --reuid {OTHER_USER} --regid {OTHER_USER} --clear-groups $KEPT"),
            false => String::new(),
        };
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("{lines}\nexec {drop_rights} ./program \"$@\""), "sh"]).args(args);
        for (name, _) in command(&self.directory.path).get_envs() {
            shell.env_remove(name);
        }
        shell.current_dir(&self.directory.path).stdin(Stdio::null());
        shell.stdout(Stdio::piped()).stderr(Stdio::piped());
        shell
    }

    #[track_caller]
    fn run(&self, lines: &str, args: &[&str]) -> Run {
        run(&mut self.command(lines, args))
    }

    /// Test DCs that run.
    fn sandbox(&self, lines: &str, args: &[&str]) -> Sandbox {
        let args = [&["sandbox", "--json"], args].concat();
        let mut child = self.command(lines, &args).stderr(Stdio::inherit()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.contains("\"dcs\""), "{line}");
        Sandbox(child)
    }
}

struct Sandbox(Child);

impl Sandbox {
    fn file(&self, name: &str) -> String {
        format!("/proc/{}/{name}", self.0.id())
    }

    /// The words after the name in a file of the kernel.
    fn words(&self, file: &str, name: &str) -> Vec<String> {
        let text = fs::read_to_string(self.file(file)).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.split_whitespace().map(String::from).collect()
    }

    /// Locked memory in KiB.
    fn locked(&self) -> u64 {
        self.words("status", "VmLck:")[0].parse().unwrap()
    }

    /// Whether another process of the same user can read the environment and the memory.
    fn can_be_read(&self) -> bool {
        let mut cat = Command::new("cat");
        if geteuid().is_root() {
            cat.uid(OTHER_USER).gid(OTHER_USER);
        }
        cat.arg(self.file("environ")).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success()
    }

    fn aborts(&mut self) -> ExitStatus {
        kill_process(Pid::from_child(&self.0), Signal::ABORT).unwrap();
        self.0.wait().unwrap()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn no_dump_and_no_other_process_has_the_memory() {
    let user = Unprivileged::new();
    // The hard limit may be lower.
    let most = "ulimit -c $(ulimit -H -c)";
    let mut sandbox = user.sandbox(most, &[]);
    assert_eq!(sandbox.words("limits", "Max core file size")[..2], ["0", "0"]);
    assert_eq!(fs::metadata(sandbox.file("mem")).unwrap().uid(), 0, "it is not the user's");
    assert!(!sandbox.can_be_read());
    let status = sandbox.aborts();
    assert_eq!(status.signal(), Some(Signal::ABORT.as_raw()));
    assert!(!status.core_dumped());
}

#[test]
fn a_variable_allows_dumps_and_debuggers() {
    let user = Unprivileged::new();
    let allowed = "export SANSGRAM_CORE_DUMPS=1; ulimit -c $(ulimit -H -c)";
    let sandbox = user.sandbox(allowed, &[]);
    let [now, most] = &sandbox.words("limits", "Max core file size")[..2] else { unreachable!() };
    assert_eq!(now, most);
    assert_eq!(fs::metadata(sandbox.file("mem")).unwrap().uid(), Unprivileged::user());
    assert!(sandbox.can_be_read());
}

/// `/dev/stdin` and `<(…)` of a shell are links in the directory of the process, which is then root's.
#[test]
fn a_process_without_dumps_can_read_its_own_descriptors() {
    let user = Unprivileged::new();
    user.run("", &[&LOGIN[..], &["--session", "me"]].concat()).ok();
    user.run("", &["sessions", "export", "--session", "me", "--to", "sansgram", "--output", "text"]).ok();
    let import = ["sessions", "import", "--from", "/dev/stdin", "--session"];
    user.run("exec < text", &[&import[..], &["file"]].concat()).ok();
    let mut pipe = user.command("", &[&import[..], &["pipe"]].concat());
    let mut cat =
        Command::new("cat").arg(user.directory.path.join("text")).stdout(Stdio::piped()).spawn().unwrap();
    run(pipe.stdin(cat.stdout.take().unwrap())).ok();
    cat.wait().unwrap();
}

/// Lines of a shell that allow the command to lock 1 GiB, if that is possible.
fn enough() -> Option<&'static str> {
    let limit = "ulimit -l 1048576";
    let is_allowed = Command::new("sh").args(["-c", limit]).stderr(Stdio::null()).status().unwrap().success();
    if is_allowed {
        return Some(limit);
    }
    // Root of a container may lack the right to raise limits.
    println!("by CAP_IPC_LOCK, not by a limit");
    geteuid().is_root().then_some("KEPT='--inh-caps +ipc_lock --ambient-caps +ipc_lock'")
}

#[test]
fn memory_is_locked_only_if_asked_for() {
    let user = Unprivileged::new();
    assert_eq!(user.sandbox("", &[]).locked(), 0);
    assert_eq!(user.sandbox("export SANSGRAM_LOCK_MEMORY=0", &[]).locked(), 0);
    let Some(enough) = enough() else {
        println!("the rest is skipped: this user may not lock 1 GiB");
        return;
    };
    let variable = format!("{enough}; export SANSGRAM_LOCK_MEMORY=1");
    for (lines, option) in [(enough, &["--lock-memory"][..]), (&variable, &[])] {
        let sandbox = user.sandbox(lines, option);
        let kib = |name| sandbox.words("status", name)[0].parse::<u64>().unwrap();
        let (locked, resident) = (sandbox.locked(), kib("VmRSS:"));
        println!(
            "{locked} KiB count as locked, {resident} KiB are in memory, {} KiB were mapped",
            kib("VmPeak:")
        );
        assert!(locked > resident * 9 / 10, "{locked} of {resident} KiB");
        assert!(resident < 200 << 10, "reserved address space takes no memory: {resident} KiB");
    }
    // With the threads of both runtimes and of the test DCs, and with the key derivation of an encrypted session.
    for runtime in ["tokio", "smol"] {
        let session = ["--runtime", runtime, "--session", runtime, "--lock-memory"];
        assert!(user.run(enough, &[&LOGIN[..], &session].concat()).ok().contains("Logged in as"));
    }
    let encrypt = ["sessions", "encrypt", "--session", "smol", "--lock-memory"];
    user.run(&format!("{enough}; export SANSGRAM_PASSPHRASE=horse"), &encrypt).ok();
}

/// Without the right to lock memory, nothing runs unprotected.
#[test]
fn a_low_limit_of_locked_memory_is_one_sentence() {
    let user = Unprivileged::new();
    for (limit, words) in [("0", "only 0 KiB"), ("64", "only 64 KiB"), ("4096", "only 4096 KiB")] {
        let limit = format!("ulimit -l {limit}");
        let sentence =
            [words, "allow 1048576 (ulimit -l,", "LimitMEMLOCK=1G of systemd", "leave out --lock-memory"];
        user.run(&limit, &[&LOGIN[..], &["--session", "me", "--lock-memory"]].concat()).fails(&sentence);
        user.run(&format!("{limit}; export SANSGRAM_LOCK_MEMORY=1"), &["whoami"]).fails(&sentence);
        let as_json = user.run(&limit, &["--lock-memory", "sessions", "list", "--json"]);
        as_json.fails_as_json(&sentence);
    }
    assert!(!user.directory.path.join("me.session").exists());
    user.run("ulimit -l 0", &LOGIN).ok();
}

#[test]
fn a_variable_that_is_neither_1_nor_0_is_refused() {
    let directory = Directory::new();
    for name in ["SANSGRAM_LOCK_MEMORY", "SANSGRAM_CORE_DUMPS"] {
        let list = |value: &str| run(command(&directory.path).args(["sessions", "list"]).env(name, value));
        for value in ["yes", "true", "73519"] {
            let run = list(value);
            run.misused(&[name, "must be 1 or 0"]);
            assert!(!run.stderr.contains(value), "{run:?}");
        }
        list("").ok();
        list("0").ok();
    }
}
