//! Runs all benches, in all builds and with their peers, and writes `BENCHMARKS.md` and its plots.
//!
//! `cargo run -p sansgram-benches --bin bench-report`; `benches/README.md` has the options.

mod amount;
mod criterion_data;
mod figures;
mod limits;
mod machine;
mod markdown;
mod plots;
mod run;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs, io};

use figures::Figures;
use run::Options;

const USAGE: &str =
    "usage: bench-report [--rounds N] [--seconds S] [--builds NAME,...] [--programs NAME,...] [--from FILE]";

/// What the command is told.
#[derive(Debug, Default, PartialEq)]
struct Arguments {
    options: Options,
    /// The figures of an earlier run, which are not measured again.
    from: Option<PathBuf>,
}

fn main() -> ExitCode {
    let arguments = match arguments(env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(reason) => {
            eprintln!("{reason}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match work(&arguments) {
        Ok(figures) => {
            figures.failures.iter().for_each(|sentence| eprintln!("{sentence}"));
            if figures.failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn work(arguments: &Arguments) -> io::Result<Figures> {
    let benches = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = benches.parent().unwrap_or(benches);
    let figures = if let Some(file) = &arguments.from {
        let text = fs::read_to_string(file)?;
        let wrong = |_| io::Error::other(format!("{} has a line that is no figure", file.display()));
        text.parse().map_err(wrong)?
    } else {
        let mut figures = Figures::default();
        figures.facts = machine::facts();
        run::measure(root, &arguments.options, &mut figures);
        // It has no machine around its session layer.
        for sum in ["session", "machine"] {
            figures.add_sum("grammers-mtproto", ["requests_packed", "replies_read"], sum);
        }
        let file = root.join("target/bench-report/figures.tsv");
        fs::create_dir_all(root.join("target/bench-report"))?;
        fs::write(&file, figures.to_text())?;
        eprintln!("the figures are in {}", file.display());
        figures
    };
    fs::write(benches.join("BENCHMARKS.md"), markdown::report(&figures))?;
    fs::create_dir_all(benches.join("plots"))?;
    for plot in &plots::PLOTS {
        if let Some(svg) = plot.svg(&figures) {
            fs::write(benches.join("plots").join(plot.file).with_extension("svg"), svg)?;
        }
    }
    Ok(figures)
}

fn arguments(mut words: impl Iterator<Item = String>) -> Result<Arguments, String> {
    let (builds, programs) = run::names();
    let mut arguments = Arguments::default();
    while let Some(option) = words.next() {
        let value = words.next().ok_or_else(|| format!("{option} has no value"))?;
        let wrong = || format!("{option} cannot be {value:?}");
        let chosen = |known: &[&str]| {
            let names: Vec<String> = value.split(',').map(str::to_owned).collect();
            let unknown = names.iter().find(|name| !known.contains(&name.as_str()));
            unknown.map_or(Ok(names.clone()), |name| Err(format!("{name:?} is none of {}", known.join(", "))))
        };
        let options = &mut arguments.options;
        match option.as_str() {
            "--rounds" => {
                options.rounds = value.parse().ok().filter(|rounds| *rounds > 0).ok_or_else(wrong)?;
            }
            "--seconds" => {
                let seconds =
                    value.parse().ok().filter(|seconds: &f64| *seconds > 0.0 && seconds.is_finite());
                options.seconds = seconds.ok_or_else(wrong)?;
            }
            "--builds" => options.builds = chosen(&builds)?,
            "--programs" => options.programs = chosen(&programs)?,
            "--from" => arguments.from = Some(PathBuf::from(value)),
            _ => return Err(format!("{option} is no option")),
        }
    }
    Ok(arguments)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Arguments, String> {
        arguments(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn options_are_read() {
        assert_eq!(parse(""), Ok(Arguments::default()));
        let chosen = parse("--rounds 2 --seconds 0.1 --builds native --programs cipher,session");
        let options = Options {
            rounds: 2,
            seconds: 0.1,
            builds: vec!["native".to_owned()],
            programs: vec!["cipher".to_owned(), "session".to_owned()],
        };
        assert_eq!(chosen, Ok(Arguments { options, from: None }));
    }

    #[test]
    fn a_wrong_option_is_named() {
        for (line, expected) in [
            ("--rounds", "--rounds has no value"),
            ("--rounds 0", "--rounds cannot be \"0\""),
            ("--seconds -1", "--seconds cannot be \"-1\""),
            ("--fast yes", "--fast is no option"),
            ("--builds slow", "\"slow\" is none of default, native, no-vaes, software"),
        ] {
            assert_eq!(parse(line), Err(expected.to_owned()));
        }
    }
}
