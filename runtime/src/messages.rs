//! The messages of an interactive login. Texts of the server are made safe to print.

use std::time::Duration;

use sansgram_core::login::{
    CodeType, LoginError, PasswordHint, SentCode, SentCodeType, TermsOfService, UserInfo,
};
use sansgram_core::time::HumanDuration;

use crate::Error;
use crate::policy::{MAX_TERMS_CHARS, MAX_TERMS_LINES};
use crate::text::{printable, printable_unlimited};

/// Describes in one line, safe to print, how the code was delivered.
#[must_use]
pub fn describe_code_delivery(sent_code: &SentCode) -> String {
    match &sent_code.kind {
        SentCodeType::App { length } => sent("to your other Telegram applications", *length),
        SentCodeType::Sms { length } => sent("by text message", *length),
        SentCodeType::Call { length: 0 } => "Telegram will call you and read out the code.".into(),
        SentCodeType::Call { length } => {
            format!("Telegram will call you and read out a code of {length} digits.")
        }
        SentCodeType::FlashCall { pattern } => {
            format!("Telegram will call you; the code is the calling number, {}.", printable(pattern))
        }
        SentCodeType::MissedCall { prefix, length } => format!(
            "Telegram will call you and hang up; the code is the last {length} digits of the calling number, \
             {}….",
            printable(prefix)
        ),
        SentCodeType::Email { pattern, length, .. } => {
            sent(&format!("by e-mail to {}", printable(pattern)), *length)
        }
        SentCodeType::Fragment { url, length } => sent(&format!("to {}", printable(url)), *length),
        SentCodeType::Word { beginning } => beginning_with("a word", beginning.as_deref()),
        SentCodeType::Phrase { beginning } => beginning_with("a phrase", beginning.as_deref()),
        SentCodeType::Firebase { .. } => {
            "Telegram sent the code in a way that only its official applications can read.".into()
        }
        SentCodeType::Unknown { .. } if sent_code.is_usable() => {
            "The code was sent in an unknown way; check your Telegram applications, text messages and e-mail."
                .into()
        }
        SentCodeType::Unknown { .. } => {
            "The code was sent in a way that this version cannot read; another one is being requested.".into()
        }
        SentCodeType::EmailSetUpRequired => "An e-mail address is required before a code can be sent.".into(),
        _ => "The code was sent.".into(),
    }
}

/// Says how the code was delivered, and its length in digits (0 if it is not known).
pub(crate) fn sent(place: &str, length: u32) -> String {
    match length {
        0 => format!("The code was sent {place}."),
        length => format!("The code was sent {place}; it has {length} digits."),
    }
}

fn beginning_with(what: &str, beginning: Option<&str>) -> String {
    match beginning {
        Some(beginning) => {
            format!(
                "The code was sent by text message; it is {what} that begins with {}.",
                printable(beginning)
            )
        }
        None => format!("The code was sent by text message; it is {what}."),
    }
}

/// Returns the line that says what can be typed instead of the code.
pub(crate) fn other_ways(sent_code: &SentCode, wait: Option<Duration>) -> String {
    if let SentCodeType::Email { reset_available: Some(seconds), .. } = &sent_code.kind {
        let after = match seconds {
            0 => String::new(),
            seconds => format!(", which takes effect after {}", span(Duration::from_secs((*seconds).into()))),
        };
        return format!(
            "Type \"lost\" if you cannot open that mailbox{after}, or \"cancel\" to use another number."
        );
    }
    let way = match sent_code.next {
        None => return "Type \"cancel\" to use another number.".into(),
        Some(CodeType::Sms) => " by text message",
        Some(CodeType::Call) => " by phone call",
        Some(CodeType::FlashCall | CodeType::MissedCall) => " by the calling number",
        Some(CodeType::Fragment) => " on fragment.com",
        Some(_) => "",
    };
    let when = match wait {
        Some(wait) if !wait.is_zero() => format!(" (available in {})", span(wait)),
        _ => String::new(),
    };
    format!("Type \"resend\" for another code{way}{when}, or \"cancel\" to use another number.")
}

/// Formats a duration for people.
pub(crate) fn span(time: Duration) -> String {
    HumanDuration(time).to_string()
}

/// The advice after a wrong password that begins or ends with a space, which may have been copied with it.
pub(crate) const SPACES: &str =
    "The password starts or ends with a space; remove it unless it is part of the password.";

/// The line after a code that expired, if a new one is requested without a question (Telethon#97: why it expired).
pub(crate) const NEW_CODE: &str = "A new code is being sent. Do not forward it within Telegram: a code that is forwarded \
                                   or shared there expires immediately.";

/// The line after another code that expired; the user decides whether a new one is requested.
pub(crate) const NO_NEW_CODE: &str = "Codes that are forwarded or shared within Telegram expire immediately. Type \
                                      \"resend\" for a new code, or \"cancel\" to use another number.";

/// How to reset a forgotten password. The server accepts a reset only from a user who is logged in.
pub(crate) const RESET: &str = "A forgotten password can be reset in the settings of a device that is still logged in; \
                                it is removed a week later.";

/// Returns the question for the password. If the last password was wrong (`was_wrong`), the question also says what to
/// do about a forgotten one.
pub(crate) fn password_question(hint: &PasswordHint, was_wrong: bool) -> String {
    let mut notes = Vec::new();
    match hint.hint.as_deref().map(printable) {
        Some(hint) if !hint.is_empty() => notes.push(format!("hint: {hint}")),
        _ => {}
    }
    if hint.has_recovery {
        notes.push("leave empty to recover it by e-mail".into());
    } else if was_wrong {
        notes.push("leave empty if you forgot it".into());
    }
    if notes.is_empty() { "Password:".into() } else { format!("Password ({}):", notes.join("; ")) }
}

/// Returns the lines of the terms of service.
pub(crate) fn terms(terms: &TermsOfService) -> Vec<String> {
    let mut lines = whole_lines(&terms.text);
    if let Some(age) = terms.min_age {
        lines.push(format!("You must be at least {age} years old."));
    }
    lines
}

/// Returns the lines of a text that the user is asked to accept. No line is cut, but their number is limited.
fn whole_lines(text: &str) -> Vec<String> {
    let mut left = MAX_TERMS_CHARS;
    let mut lines = Vec::new();
    for line in text.lines() {
        let line = printable_unlimited(line);
        let length = line.chars().count();
        if lines.len() == MAX_TERMS_LINES || length > left {
            lines.push("… (The rest is too long to be shown.)".into());
            break;
        }
        left -= length;
        lines.push(line);
    }
    lines
}

/// Returns the name of a user, safe to print.
pub(crate) fn name(user: &UserInfo) -> String {
    let mut name = printable(&user.first_name);
    if let Some(last_name) = &user.last_name {
        name = format!("{name} {}", printable(last_name));
    }
    let name = name.trim();
    match &user.username {
        Some(username) if name.is_empty() => format!("@{}", printable(username)),
        Some(username) => format!("{name} (@{})", printable(username)),
        None if name.is_empty() => format!("user {}", user.id),
        None => name.into(),
    }
}

/// Returns an error as a sentence for a user who is asked again, without advice that the conversation follows by
/// itself.
pub(crate) fn sentence(error: &Error) -> String {
    match error {
        Error::Login(LoginError::CodeExpired) => return "The code has expired.".into(),
        Error::Login(LoginError::EmailCodeExpired) => return "The code from the e-mail has expired.".into(),
        Error::Login(LoginError::Restart) => {
            return "The server has discarded this login; starting over.".into();
        }
        _ => {}
    }
    format!("{}.", capital(&printable(&error.to_string())))
}

/// Returns the text with its first letter in upper case.
fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let begin: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{begin}{}", letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_shown_completely_up_to_a_limit() {
        let long = "word ".repeat(1000);
        assert_eq!(whole_lines(&format!("{long}\u{1b}\nlast")), [long.as_str(), "last"]);
        for endless in ["x".repeat(1 << 20), "x\n".repeat(1 << 20)] {
            let lines = whole_lines(&endless);
            assert!(lines.len() <= MAX_TERMS_LINES + 1 && lines.last().unwrap().contains("too long"));
        }
    }
}
