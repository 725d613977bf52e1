//! Prints what criterion measured as a table in Markdown: one row for each bench, one column for each run, and beside
//! the others' times their ratio to ours.
//!
//! `cargo run -p sansgram-benches --bin bench-report -- default=target/criterion native=target/native/criterion`
//!
//! A time is that of the fastest sample, since other work on the machine only adds time.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

use serde_json::Value;

/// A bench: its group, its parameter, and the library.
type Name = (String, String, String);
/// The time of each bench in nanoseconds, per element if the bench counts elements.
type Run = BTreeMap<Name, f64>;

/// Our libraries, which the others are compared with.
const OURS: [&str; 2] = ["sansgram", "crypto-bigint"];

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let runs: Vec<(&str, Run)> = arguments
        .iter()
        .filter_map(|argument| argument.split_once('='))
        .map(|(title, folder)| (title, read(Path::new(folder))))
        .collect();
    if runs.is_empty() || runs.iter().any(|(_, run)| run.is_empty()) {
        eprintln!("usage: bench-report TITLE=FOLDER..., each the folder `criterion` of a target directory");
        return ExitCode::from(2);
    }
    let titles: Vec<&str> = runs.iter().map(|(title, _)| *title).collect();
    println!("| bench | {} |", titles.join(" | "));
    println!("|---|{}", "--:|".repeat(titles.len()));
    let names: BTreeSet<&Name> = runs.iter().flat_map(|(_, run)| run.keys()).collect();
    for name in names {
        let (group, parameter, library) = name;
        let label = format!("{group} {parameter}");
        let cells: Vec<String> = runs.iter().map(|(_, run)| cell(run, name)).collect();
        println!("| {}: {library} | {} |", label.trim_end(), cells.join(" | "));
    }
    ExitCode::SUCCESS
}

/// Reads the last run in a folder of criterion's.
fn read(root: &Path) -> Run {
    let mut run = Run::new();
    let mut folders: Vec<PathBuf> = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
        folders.extend(entries.map(|entry| entry.path()).filter(|path| path.is_dir()));
        if folder.ends_with("new") {
            run.extend(measurement(&folder));
        }
    }
    run
}

fn measurement(folder: &Path) -> Option<(Name, f64)> {
    let bench = json(&folder.join("benchmark.json"))?;
    let samples = json(&folder.join("sample.json"))?;
    let numbers = |key: &str| Some(samples[key].as_array()?.iter().filter_map(Value::as_f64).collect());
    let (times, rounds): (Vec<f64>, Vec<f64>) = (numbers("times")?, numbers("iters")?);
    let time = times.iter().zip(&rounds).map(|(time, rounds)| time / rounds).min_by(f64::total_cmp)?;

    let text = |key: &str| bench[key].as_str().unwrap_or_default();
    let (library, part) = text("function_id").split_once('/').unwrap_or((text("function_id"), ""));
    let name = (text("group_id").to_owned(), format!("{part}{}", text("value_str")), library.to_owned());
    Some((name, time / bench["throughput"]["Elements"].as_f64().unwrap_or(1.0)))
}

fn json(path: &Path) -> Option<Value> {
    serde_json::from_str(&fs::read_to_string(path).ok()?).ok()
}

fn cell(run: &Run, name: &Name) -> String {
    let Some(nanoseconds) = run.get(name) else { return "–".to_owned() };
    let (group, parameter, library) = name;
    let ours = OURS.iter().filter(|ours| *ours != library);
    let ratio = ours
        .filter_map(|ours| run.get(&(group.clone(), parameter.clone(), (*ours).to_owned())))
        .map(|ours| format!(" ({:.2}x)", nanoseconds / ours))
        .next();
    format!("{}{}", time(*nanoseconds), ratio.unwrap_or_default())
}

fn time(nanoseconds: f64) -> String {
    match nanoseconds {
        small if small < 1e3 => format!("{small:.0} ns"),
        middle if middle < 1e6 => format!("{:.2} µs", middle / 1e3),
        large => format!("{:.2} ms", large / 1e6),
    }
}
