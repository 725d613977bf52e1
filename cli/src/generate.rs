//! `sansgram completions` and `sansgram man`, both generated from the tree of commands.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::{Args, ValueHint};
use clap_complete::Shell;
use clap_mangen::Man;
use roff::{Roff, bold, roman};

use crate::error::Failure;
use crate::values::path;
use crate::{environment, help, output};

#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell that runs the script
    #[arg(value_name = "SHELL", value_enum)]
    pub(crate) shell: Shell,
}

#[derive(Debug, Args)]
pub(crate) struct ManArgs {
    /// Write a page for each command into this directory, instead of only the first one to standard output
    #[arg(long, value_name = "DIRECTORY", value_hint = ValueHint::DirPath, value_parser = path())]
    pub(crate) output: Option<PathBuf>,
}

const NAME: &str = "sansgram";

/// `sansgram completions`.
pub(crate) fn completions(args: &CompletionsArgs, tree: clap::Command) -> Result<(), Failure> {
    let mut script = Vec::new();
    let tree = if args.shell == Shell::Fish { with_short_help(tree) } else { tree };
    clap_complete::generate(args.shell, &mut without_files(tree), NAME, &mut script);
    let script = String::from_utf8(script).map_err(|error| Failure::new(error.to_string()))?;
    output::text(with_sessions(args.shell, &script).as_bytes())
}

/// Shortens descriptions to their first clause: fish shows them on one line beside each name.
fn with_short_help(tree: clap::Command) -> clap::Command {
    let tree = tree.mut_args(|arg| match arg.get_help().map(ToString::to_string) {
        Some(help) => arg.help(first_clause(&help)),
        None => arg,
    });
    tree.mut_subcommands(with_short_help)
}

fn first_clause(help: &str) -> String {
    let end = help.find(['\n', ';', ':', '[', '(']).unwrap_or(help.len());
    let clause = help[..end].trim_end();
    clause.split_once(", ").map_or(clause, |(first, _)| first).into()
}

/// Disables the completion of file names for values that are not paths.
fn without_files(tree: clap::Command) -> clap::Command {
    let tree = tree.mut_args(|arg| match arg.get_value_hint() {
        ValueHint::Unknown if arg.get_action().takes_values() => arg.value_hint(ValueHint::Other),
        _ => arg,
    });
    tree.mut_subcommands(without_files)
}

/// Adds completion of session names for `--session` to the script: a shell completes a path with file names, but a
/// session is named without the extension of its file.
fn with_sessions(shell: Shell, script: &str) -> String {
    match shell {
        Shell::Bash => {
            let files = "COMPREPLY=($(compgen -f \"${cur}\"))";
            let sessions = format!("--session)\n                    {files}");
            // If there is no completion, bash completes file names itself and quotes them.
            let script =
                script.replace(&sessions, "--session)\n                    _sansgram_sessions \"${cur}\"");
            let script = script.replace(files, "COMPREPLY=()").replacen("prev=\"$3\"\n", BASH_EQUALS, 1);
            format!("{script}\n{BASH_SESSIONS}")
        }
        Shell::Zsh => {
            let lines = script.lines().map(|line| match line.starts_with("'--session=") {
                true => line.replace(":_files'", ":_sansgram_sessions'"),
                false => line.into(),
            });
            let mut lines: Vec<String> = lines.collect();
            // After the line that names the command.
            lines.insert(1, ZSH_SESSIONS.into());
            lines.join("\n") + "\n"
        }
        Shell::Fish => {
            let lines = script.lines().map(|line| match line.contains(" -l session ") {
                true => line.replace(" -r -F", " -r -f -a '(__fish_sansgram_sessions)'") + "\n",
                false => format!("{line}\n"),
            });
            lines.chain([FISH_SESSIONS.into()]).collect()
        }
        _ => script.into(),
    }
}

/// Bash splits words at `=`; the text after it is completed like the text after a space.
const BASH_EQUALS: &str = r#"prev="$3"
    if [[ "${cur}" == "=" ]]; then
        cur=""
    elif [[ "${prev}" == "=" ]]; then
        prev="${COMP_WORDS[COMP_CWORD-2]}"
    fi
"#;

const BASH_SESSIONS: &str = r#"_sansgram_sessions() {
    local file home="" typed="${1//\\/}" IFS=$'\n'
    typed="${typed#[\"\']}"
    if [[ "${typed}" == "~/"* ]]; then
        home="${HOME}/"
        typed="${home}${typed:2}"
    fi
    COMPREPLY=($(compgen -d -- "${typed}"))
    for file in "${typed}"*.session; do
        [[ -f "${file}" ]] && COMPREPLY+=("${file%.session}")
    done
    if [[ -n "${home}" ]]; then
        COMPREPLY=("${COMPREPLY[@]/#"${home}"/"~/"}")
    fi
    # compopt fails outside of a completion, as in a test.
    compopt -o filenames 2> /dev/null
}
"#;

const ZSH_SESSIONS: &str = r#"
_sansgram_sessions() {
    local -a names
    local home ret=1
    _path_files -/ && ret=0
    compset -P '\~/' && home=$HOME/
    names=($home${(Q)PREFIX}*.session(N.:r))
    compadd -f -- ${names#$home} && ret=0
    return ret
}
"#;

const FISH_SESSIONS: &str = r#"function __fish_sansgram_sessions
    set -l word (commandline -ct | string replace -r -- '^--session=' '')
    set -l typed (string unescape -- $word)
    set -l skipped 0
    if string match -q -- '~/*' "$typed"
        set typed $HOME(string sub -s 2 -- $typed)
        set skipped (string length -- $HOME)
    end
    for file in "$typed"*.session
        set -l name (string replace -r '\.session$' '' -- $file)
        test $skipped -gt 0; and set name '~'(string sub -s (math $skipped + 1) -- $name)
        printf '%s\tsession\n' $name
    end
    __fish_complete_directories "$word"
end
"#;

/// `sansgram man`.
pub(crate) fn man(args: &ManArgs, tree: clap::Command) -> Result<(), Failure> {
    // "help" needs no page.
    let mut tree = tree.disable_help_subcommand(true);
    tree.build();
    match &args.output {
        None => output::text(&page(&tree, NAME).map_err(|error| Failure::new(error.to_string()))?),
        Some(directory) => pages(&tree, NAME, directory).map_err(|error| {
            Failure::new(format!("the man pages cannot be written to {}: {error}", directory.display()))
        }),
    }
}

/// Writes `NAME.1`, and `NAME-COMMAND.1` for its subcommands.
fn pages(command: &clap::Command, name: &str, directory: &Path) -> io::Result<()> {
    fs::write(directory.join(format!("{name}.1")), page(command, name)?)?;
    for below in command.get_subcommands() {
        pages(below, &format!("{name}-{}", below.get_name()), directory)?;
    }
    Ok(())
}

fn page(command: &clap::Command, name: &str) -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    let source = concat!("sansgram ", env!("CARGO_PKG_VERSION"));
    let man = Man::new(command.clone()).title(name.to_owned()).section("1").source(source);
    let man = man.manual("Sansgram manual");
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    if command.get_arguments().any(|argument| !argument.is_hide_set()) {
        man.render_options_section(&mut page)?;
    }
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page)?;
    }
    let has_accounts = matches!(command.get_name(), "login" | "sandbox");
    let accounts = has_accounts.then_some(("SANDBOX ACCOUNTS", help::ACCOUNTS));
    let examples = help::examples(name).map(|examples| ("EXAMPLES", examples));
    let files = [("ACCOUNTS FILE", help::ACCOUNTS_FILE), ("SCRIPT FILE", help::SCRIPT_FILE)];
    let files = files.into_iter().filter(|_| command.get_name() == "sandbox");
    for (heading, text) in accounts.into_iter().chain(files).chain(examples) {
        let mut section = Roff::new();
        section.control("SH", [heading]).control("nf", []).text([roman(text)]).control("fi", []);
        section.to_writer(&mut page)?;
    }
    let mut end = Roff::new();
    for (heading, entries) in [
        ("EXIT STATUS", &help::EXIT_STATUS[..]),
        ("ENVIRONMENT", &environment::ALL[..]),
        ("FILES", &help::FILES[..]),
    ] {
        end.control("SH", [heading]);
        for (what, meaning) in entries {
            end.control("TP", []).text([bold(*what)]).text([roman(*meaning)]);
        }
    }
    end.to_writer(&mut page)?;
    if command.get_version().is_some() {
        man.render_version_section(&mut page)?;
    }
    Ok(page)
}
