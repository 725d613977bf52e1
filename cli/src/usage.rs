//! Reports errors of the command line's parser like all others: as one sentence with advice and without any value,
//! since a value may be a secret in the wrong place.

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::error::Failure;
use crate::policy::{MAX_SHOWN_COMMAND_LEN, MAX_SHOWN_OPTION_LEN, MAX_TYPING_ERROR_LEN};

/// The dashes that word processors make of two hyphens.
const DASHES: [char; 4] = ['\u{2012}', '\u{2013}', '\u{2014}', '\u{2212}'];

/// Returns the failure for clap's error. `tree` parsed the arguments.
pub(crate) fn failure(error: clap::Error, tree: &clap::Command) -> Failure {
    match error.kind() {
        ErrorKind::DisplayHelp
        | ErrorKind::DisplayVersion
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => Failure::Clap(Box::new(error)),
        kind => Failure::Usage(sentence(&error, kind, tree)),
    }
}

fn sentence(error: &clap::Error, kind: ErrorKind, tree: &clap::Command) -> String {
    let named = texts(error, ContextKind::InvalidArg);
    let option = named.first().map_or("an option", |text| name(text));
    match kind {
        ErrorKind::UnknownArgument => unknown(error, option, tree),
        ErrorKind::InvalidSubcommand => unknown_command(error),
        ErrorKind::InvalidValue if texts(error, ContextKind::InvalidValue).iter().all(String::is_empty) => {
            format!("{} has no value; put one behind it", named.first().map_or(option, |text| text))
        }
        ErrorKind::InvalidValue => {
            let values = texts(error, ContextKind::ValidValue);
            format!("{option} takes one of these: {}", values.join(", "))
        }
        ErrorKind::ValueValidation => {
            let reason = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
            format!("the value of {option} cannot be used: {reason}")
        }
        ErrorKind::TooManyValues => {
            format!("{option} takes no value; leave out what stands behind its \"=\"")
        }
        ErrorKind::ArgumentConflict => {
            let prior = texts(error, ContextKind::PriorArg);
            match prior.iter().map(|text| name(text)).collect::<Vec<_>>().join(", ") {
                others if others.is_empty() || others == option => {
                    format!("{option} is given more than once; give it once")
                }
                others => format!("{option} cannot be used with {others}; leave one of them out"),
            }
        }
        ErrorKind::MissingRequiredArgument if option == "--qr" => {
            "--qr-file and --except-id belong to a login by --qr; add that".into()
        }
        ErrorKind::MissingRequiredArgument => {
            format!("{} is missing; --help says what it is for", named.join(" "))
        }
        ErrorKind::InvalidUtf8 => {
            "an argument is not valid UTF-8; write it with the characters of UTF-8".into()
        }
        _ => {
            let text = error.render().to_string();
            let line = text.lines().next().unwrap_or_default();
            format!("{}; --help lists the options", line.trim_start_matches("error: "))
        }
    }
}

/// Describes an unknown option, or an unexpected value.
fn unknown(error: &clap::Error, option: &str, tree: &clap::Command) -> String {
    if option.starts_with(DASHES) {
        return "an option begins with two hyphens (--), and here is a dash, as word processors make of them; type it \
                again"
            .into();
    }
    if !option.starts_with('-') {
        return "there is a value that belongs to no option (not shown, as it may be a secret); a value with spaces needs \
                quotes, and --help lists the options"
            .into();
    }
    // Such as --passwordHUNTER2: the text after the name may be a secret.
    if let Some(known) = longest_known(option, tree) {
        return format!(
            "there is no option that goes on behind {known}; put a space or \"=\" before its value"
        );
    }
    // Text that is not a word may be a secret that begins like an option.
    let shown = match is_word(option.trim_start_matches('-'), MAX_SHOWN_OPTION_LEN) {
        true => format!("there is no option {option} here"),
        false => "there is no option like one that is given (not shown, as it may be a secret)".into(),
    };
    match texts(error, ContextKind::SuggestedArg).first() {
        Some(suggested) => format!("{shown}; did you mean {}? --help lists all", name(suggested)),
        None => format!("{shown}; --help lists the options"),
    }
}

fn unknown_command(error: &clap::Error) -> String {
    let typed = texts(error, ContextKind::InvalidSubcommand);
    let shown = match typed.first().filter(|typed| is_word(typed, MAX_SHOWN_COMMAND_LEN)) {
        Some(typed) => format!("there is no command \"{typed}\""),
        None => "there is no command of the name that is given".into(),
    };
    match texts(error, ContextKind::SuggestedSubcommand) {
        suggested if suggested.is_empty() => format!("{shown}; --help lists the commands"),
        suggested => format!("{shown}; did you mean {}? --help lists all", suggested.join(" or ")),
    }
}

/// Returns the longest option of any command that `option` begins with.
fn longest_known(option: &str, tree: &clap::Command) -> Option<String> {
    let here = tree.get_arguments().filter_map(|argument| argument.get_long());
    let here = here.map(|long| format!("--{long}")).filter(|long| {
        // --password-foo is another option.
        option
            .strip_prefix(long.as_str())
            .is_some_and(|rest| rest.len() > MAX_TYPING_ERROR_LEN && !rest.starts_with('-'))
    });
    let below = tree.get_subcommands().filter_map(|below| longest_known(option, below));
    here.chain(below).max_by_key(String::len)
}

/// Returns whether the text looks like the name of an option or a command.
fn is_word(text: &str, longest: usize) -> bool {
    text.len() <= longest && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
}

/// Returns `--phone` of `--phone <NUMBER>`.
fn name(text: &str) -> &str {
    text.split([' ', '=']).next().unwrap_or(text)
}

fn texts(error: &clap::Error, kind: ContextKind) -> Vec<String> {
    match error.get(kind) {
        Some(ContextValue::String(text)) => vec![text.clone()],
        Some(ContextValue::Strings(texts)) => texts.clone(),
        _ => Vec::new(),
    }
}
