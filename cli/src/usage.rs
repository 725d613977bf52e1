//! Errors of the command line parser as one sentence with advice, like all other errors. Values are never shown, since a
//! value may be a secret in the wrong place.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::error::Failure;
use crate::policy::{MAX_SHOWN_COMMAND_LEN, MAX_SHOWN_OPTION_LEN, MAX_TYPING_ERROR_LEN};

/// The dashes that word processors put in place of two hyphens.
const DASHES: [char; 4] = ['\u{2012}', '\u{2013}', '\u{2014}', '\u{2212}'];

/// Returns the failure for clap's error. `tree` parsed `args`.
pub(crate) fn failure(error: clap::Error, args: &[OsString], tree: &clap::Command) -> Failure {
    match error.kind() {
        ErrorKind::DisplayHelp
        | ErrorKind::DisplayVersion
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => Failure::Clap(Box::new(error)),
        ErrorKind::UnknownArgument => {
            let early = before_the_command(args, tree);
            Failure::Usage(early.unwrap_or_else(|| sentence(&error, ErrorKind::UnknownArgument, tree)))
        }
        kind => Failure::Usage(sentence(&error, kind, tree)),
    }
}

fn sentence(error: &clap::Error, kind: ErrorKind, tree: &clap::Command) -> String {
    let named = texts(error, ContextKind::InvalidArg);
    let option = named.first().map_or("an option", |text| option_name(text));
    match kind {
        ErrorKind::UnknownArgument => unknown(error, option, tree),
        ErrorKind::InvalidSubcommand => unknown_command(error),
        ErrorKind::InvalidValue if texts(error, ContextKind::InvalidValue).iter().all(String::is_empty) => {
            format!("{} requires a value", named.first().map_or(option, |text| text))
        }
        ErrorKind::InvalidValue => {
            let values = texts(error, ContextKind::ValidValue);
            format!("{option} takes one of these values: {}", values.join(", "))
        }
        ErrorKind::ValueValidation => {
            let reason = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
            format!("the value of {option} cannot be used: {reason}")
        }
        ErrorKind::TooManyValues => {
            format!("{option} takes no value; remove the \"=\" and what follows")
        }
        ErrorKind::ArgumentConflict => {
            let prior = texts(error, ContextKind::PriorArg);
            match prior.iter().map(|text| option_name(text)).collect::<Vec<_>>().join(", ") {
                others if others.is_empty() || others == option => {
                    format!("{option} is given more than once; give it only once")
                }
                others => format!("{option} cannot be used with {others}; leave one of them out"),
            }
        }
        ErrorKind::MissingRequiredArgument if option == "--qr" => {
            "--qr-file and --except-id require --qr".into()
        }
        ErrorKind::MissingRequiredArgument => {
            format!("{} is missing; see --help", named.join(" "))
        }
        ErrorKind::InvalidUtf8 => "an argument is not valid UTF-8".into(),
        _ => {
            let text = error.render().to_string();
            let line = text.lines().next().unwrap_or_default();
            format!("{}; see --help for the options", line.trim_start_matches("error: "))
        }
    }
}

/// Describes an unknown option, or an unexpected value.
fn unknown(error: &clap::Error, option: &str, tree: &clap::Command) -> String {
    if option.starts_with(DASHES) {
        return "this option begins with a typographic dash instead of two hyphens (--); retype it".into();
    }
    if !option.starts_with('-') {
        return "unexpected value (not shown, as it may be a secret); quote values that contain spaces, and see --help for the \
                options"
            .into();
    }
    // As in --passwordHUNTER2, the text after the name may be a secret.
    if let Some(known) = longest_known_prefix(option, tree) {
        return format!("put a space or \"=\" between {known} and its value");
    }
    // Other text may be a secret that begins like an option.
    let shown = match is_word(option.trim_start_matches('-'), MAX_SHOWN_OPTION_LEN) {
        true => format!("unknown option {option}"),
        false => "unknown option (not shown, as it may be a secret)".into(),
    };
    match texts(error, ContextKind::SuggestedArg).first() {
        Some(suggested) => {
            format!("{shown}; did you mean {}? See --help for the options", option_name(suggested))
        }
        None => format!("{shown}; see --help for the options"),
    }
}

/// Returns the sentence for an option of a command that precedes it; `None` if the first word is something else.
fn before_the_command(args: &[OsString], tree: &clap::Command) -> Option<String> {
    let first = option_name(args.get(1)?.to_str()?);
    let name = first.strip_prefix("--")?;
    let has_option = |command: &clap::Command| {
        command.get_arguments().find(|argument| argument.get_long() == Some(name)).cloned()
    };
    if has_option(tree).is_some() {
        return None;
    }
    let words = args.iter().skip(2).filter_map(|word| word.to_str());
    let typed = words.filter_map(|word| tree.find_subcommand(word)).next();
    let (command, option) = match typed {
        Some(command) => (command.get_name(), has_option(command)?),
        // It may be an option of several.
        None => ("COMMAND", tree.get_subcommands().find_map(has_option)?),
    };
    let takes_value = option.get_action().takes_values();
    let values = option.get_value_names().unwrap_or_default().iter().filter(|_| takes_value);
    let option: String =
        [first.to_owned()].into_iter().chain(values.map(ToString::to_string)).collect::<Vec<_>>().join(" ");
    Some(format!("options come after the command: sansgram {command} {option}"))
}

fn unknown_command(error: &clap::Error) -> String {
    let typed = texts(error, ContextKind::InvalidSubcommand);
    let shown = match typed.first().filter(|typed| is_word(typed, MAX_SHOWN_COMMAND_LEN)) {
        Some(typed) => format!("unknown command \"{typed}\""),
        None => "unknown command".into(),
    };
    match texts(error, ContextKind::SuggestedSubcommand) {
        suggested if suggested.is_empty() => format!("{shown}; see --help for the commands"),
        suggested => format!("{shown}; did you mean {}? See --help for the commands", suggested.join(" or ")),
    }
}

/// Returns the longest option of any command that is a prefix of `option`.
fn longest_known_prefix(option: &str, tree: &clap::Command) -> Option<String> {
    let here = tree.get_arguments().filter_map(|argument| argument.get_long());
    let here = here.map(|long| format!("--{long}")).filter(|long| {
        // --password-foo is another option.
        option
            .strip_prefix(long.as_str())
            .is_some_and(|rest| rest.len() > MAX_TYPING_ERROR_LEN && !rest.starts_with('-'))
    });
    let below = tree.get_subcommands().filter_map(|below| longest_known_prefix(option, below));
    here.chain(below).max_by_key(String::len)
}

/// Returns whether the text looks like the name of an option or a command.
fn is_word(text: &str, max_len: usize) -> bool {
    text.len() <= max_len && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
}

/// Returns `--phone` of `--phone <NUMBER>`.
fn option_name(text: &str) -> &str {
    text.split([' ', '=']).next().unwrap_or(text)
}

fn texts(error: &clap::Error, kind: ContextKind) -> Vec<String> {
    match error.get(kind) {
        Some(ContextValue::String(text)) => vec![text.clone()],
        Some(ContextValue::Strings(texts)) => texts.clone(),
        _ => Vec::new(),
    }
}
