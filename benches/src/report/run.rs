//! Builds all programs in all builds, and runs them in turn: in each round each program in each build.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::{env, fs};

use sansgram_benches::Row;
use serde_json::Value;

use crate::criterion_data;
use crate::figures::Figures;

/// How to compile.
struct Build {
    name: &'static str,
    flags: &'static str,
    /// The programs that this build is for; all if empty.
    only: &'static [&'static str],
}

/// The last two force the fallbacks: without VAES, and without any instructions for AES and SHA. Our own code without its
/// instructions is in the other builds, too, as `portable`.
const BUILDS: [Build; 4] = [
    Build { name: "default", flags: "", only: &[] },
    Build { name: "native", flags: "-C target-cpu=native", only: &[] },
    Build { name: "no-vaes", flags: "--cfg sansgram_simd=\"aes\"", only: &["cipher"] },
    Build {
        name: "software",
        flags: "--cfg sansgram_simd=\"none\" --cfg aes_backend=\"soft\" --cfg sha2_backend=\"soft\"",
        only: &["cipher"],
    },
];

impl Build {
    /// The builds of fallbacks are about ours alone.
    fn shows(&self, row: &Row) -> bool {
        self.only.is_empty() || row.name.library == "sansgram"
    }

    fn has(&self, program: &Program) -> bool {
        let is_first = self.flags.is_empty();
        (self.only.is_empty() || self.only.contains(&program.name))
            && (is_first || program.kind != Kind::Counts)
    }
}

/// A program that measures.
struct Program {
    name: &'static str,
    kind: Kind,
    /// The folder of its crate, from the root of the repository.
    folder: &'static str,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// Criterion's, which writes its figures to a folder.
    Bench,
    /// Prints its rows with the option `--rows`.
    Rows,
    /// Counts what is the same in each run, so that it runs only once.
    Counts,
}

const OURS: &str = "benches";
const PEERS: &str = "benches/peers";

/// A program and its peers follow each other.
const PROGRAMS: [Program; 10] = [
    Program { name: "limits", kind: Kind::Bench, folder: OURS },
    Program { name: "cipher", kind: Kind::Bench, folder: OURS },
    Program { name: "session", kind: Kind::Bench, folder: OURS },
    Program { name: "mtproto", kind: Kind::Bench, folder: PEERS },
    Program { name: "throughput", kind: Kind::Rows, folder: OURS },
    Program { name: "socket", kind: Kind::Rows, folder: OURS },
    Program { name: "socket_peers", kind: Kind::Rows, folder: PEERS },
    Program { name: "handshake", kind: Kind::Bench, folder: OURS },
    Program { name: "idle_memory", kind: Kind::Counts, folder: OURS },
    Program { name: "openssl", kind: Kind::Bench, folder: PEERS },
];

/// What is measured, and for how long.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Options {
    pub(crate) rounds: u32,
    /// How long criterion measures one row.
    pub(crate) seconds: f64,
    /// The names of the builds and programs; all if empty.
    pub(crate) builds: Vec<String>,
    pub(crate) programs: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self { rounds: 3, seconds: 0.5, builds: Vec::new(), programs: Vec::new() }
    }
}

/// A compiled program.
struct Executable<'r> {
    program: &'static Program,
    build: &'static Build,
    path: PathBuf,
    root: &'r Path,
}

/// The names of all builds and programs, which the options choose from.
pub(crate) fn names() -> (Vec<&'static str>, Vec<&'static str>) {
    (BUILDS.map(|build| build.name).into(), PROGRAMS.map(|program| program.name).into())
}

/// Measures everything. What fails becomes a sentence.
pub(crate) fn measure(root: &Path, options: &Options, figures: &mut Figures) {
    let chosen = |names: &[String], name: &str| names.is_empty() || names.iter().any(|chosen| chosen == name);
    let mut executables = Vec::new();
    for program in PROGRAMS.iter().filter(|program| chosen(&options.programs, program.name)) {
        for build in BUILDS.iter().filter(|build| chosen(&options.builds, build.name)) {
            if !build.has(program) {
                continue;
            }
            figures.add_build(build.name);
            eprintln!("compiling {} ({})", program.name, build.name);
            match compile(root, program, build) {
                Ok(path) => executables.push(Executable { program, build, path, root }),
                Err(reason) => figures.failures.extend([failure(program.name, build.name, &reason)]),
            }
        }
    }
    for round in 0..options.rounds {
        for executable in executables.iter().filter(|executable| round == 0 || !executable.runs_once()) {
            let (program, build) = (executable.program.name, executable.build.name);
            eprintln!("round {} of {}: {program} ({build})", round + 1, options.rounds);
            match executable.run(options) {
                Ok(rows) => {
                    let wanted = rows.into_iter().filter(|row| executable.build.shows(row));
                    wanted.for_each(|row| figures.add(build, round, row));
                }
                Err(reason) => figures.failures.extend([failure(program, build, &reason)]),
            }
        }
    }
}

fn failure(program: &str, build: &str, reason: &str) -> String {
    format!("`{program}` has no figures in the build \"{build}\": {reason}.")
}

/// Returns the path of the executable.
fn compile(root: &Path, program: &Program, build: &Build) -> Result<PathBuf, String> {
    let cargo = env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let mut command = Command::new(cargo);
    match program.kind {
        Kind::Bench => command.args(["bench", "--no-run", "--bench", program.name]),
        Kind::Rows | Kind::Counts => command.args(["build", "--release", "--bin", program.name]),
    };
    let manifest = root.join(program.folder).join("Cargo.toml");
    let command = command
        .args(["--message-format=json-render-diagnostics", "--manifest-path"])
        .arg(manifest)
        .env("CARGO_TARGET_DIR", target(root, build))
        .env("RUSTFLAGS", build.flags)
        .stderr(Stdio::inherit());
    let output = command.output().map_err(|error| format!("cargo cannot be run: {error}"))?;
    if !output.status.success() {
        return Err("it does not compile".to_owned());
    }
    let messages = String::from_utf8_lossy(&output.stdout).into_owned();
    executable(&messages, program.name).ok_or_else(|| "cargo names no executable".to_owned())
}

/// The folder of what is compiled; that of the default build is the usual one.
fn target(root: &Path, build: &Build) -> PathBuf {
    let usual = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    if build.flags.is_empty() { usual } else { usual.join(build.name) }
}

/// Finds the executable of a target among cargo's messages.
fn executable(messages: &str, name: &str) -> Option<PathBuf> {
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut ours = messages.filter(|message| message["target"]["name"] == name);
    ours.find_map(|message| message["executable"].as_str().map(PathBuf::from))
}

impl Executable<'_> {
    fn runs_once(&self) -> bool {
        self.program.kind == Kind::Counts
    }

    fn run(&self, options: &Options) -> Result<Vec<Row>, String> {
        let mut command = Command::new(&self.path);
        command.current_dir(self.root.join(self.program.folder));
        match self.program.kind {
            Kind::Rows | Kind::Counts => {
                let output = finished(command.arg("--rows"))?;
                rows(&String::from_utf8_lossy(&output.stdout))
            }
            Kind::Bench => {
                let home = target(self.root, self.build).join("bench-report").join(self.program.name);
                // What an earlier run has left.
                let _ = fs::remove_dir_all(&home);
                let seconds = options.seconds.to_string();
                let warm_up = (options.seconds / 3.0).max(0.01).to_string();
                finished(
                    command
                        .args(["--bench", "--noplot", "--quiet", "--sample-size", "50"])
                        .args(["--measurement-time", &seconds, "--warm-up-time", &warm_up])
                        .env("CRITERION_HOME", &home),
                )?;
                match criterion_data::read(&home) {
                    rows if rows.is_empty() => Err("it measured nothing".to_owned()),
                    rows => Ok(rows),
                }
            }
        }
    }
}

fn finished(command: &mut Command) -> Result<Output, String> {
    let output = command.output().map_err(|error| format!("it cannot be run: {error}"))?;
    if output.status.success() {
        return Ok(output);
    }
    eprint!("{}", String::from_utf8_lossy(&output.stderr));
    Err(format!("it ended with {}", output.status))
}

/// The rows among the lines of a program.
fn rows(output: &str) -> Result<Vec<Row>, String> {
    let rows: Vec<Row> = output.lines().filter_map(|line| line.parse().ok()).collect();
    if rows.is_empty() { Err("it printed no row".to_owned()) } else { Ok(rows) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_among_other_lines() {
        let printed = "a title\nmachine/sansgram/1\t500\tns\n| 1 |\nmachine/sansgram/10\t400\tns\n";
        let expected =
            [1, 10].map(|n| Row::nanoseconds("machine", "sansgram", n, if n == 1 { 500.0 } else { 400.0 }));
        assert_eq!(rows(printed), Ok(expected.into()));
    }

    #[test]
    fn a_program_without_rows_says_so_in_one_sentence() {
        let reason = rows("no\nrow").expect_err("there is none");
        assert_eq!(
            failure("socket", "native", &reason),
            "`socket` has no figures in the build \"native\": it printed no row."
        );
    }

    #[test]
    fn a_program_that_fails_is_told_from_one_that_does_not_exist() {
        assert_eq!(
            finished(&mut Command::new("false")).err(),
            Some("it ended with exit status: 1".to_owned())
        );
        let missing = finished(&mut Command::new("/nonexistent/program")).expect_err("there is none");
        assert!(missing.starts_with("it cannot be run: "), "{missing}");
    }

    #[test]
    fn the_executable_is_that_of_the_target() {
        let messages = "{\"reason\":\"compiler-artifact\",\"target\":{\"name\":\"core\"},\"executable\":null}\n\
            {\"target\":{\"name\":\"cipher\"},\"executable\":\"/a/cipher\"}\n{\"reason\":\"build-finished\"}\n";
        assert_eq!(executable(messages, "cipher"), Some(PathBuf::from("/a/cipher")));
        assert_eq!(executable(messages, "session"), None);
    }

    #[test]
    fn builds_name_programs_that_exist() {
        let (_, programs) = names();
        let named = BUILDS.iter().flat_map(|build| build.only);
        assert_eq!(named.filter(|name| !programs.contains(name)).count(), 0);
    }
}
