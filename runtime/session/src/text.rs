//! Functions that make text from other sources safe to print.

use std::path::Path;

/// The longest text from a server that is shown, in characters; the rest is cut off.
pub const SHOWN_MAX: usize = 300;

/// Returns `text` in a form that is safe on a terminal: without control characters, line breaks and marks that change
/// the direction of writing, and at most [`SHOWN_MAX`] characters long.
///
/// A server (or an attacker in the middle) chooses names, hints and error texts, and a terminal obeys control
/// characters in them.
#[must_use]
pub fn printable(text: &str) -> String {
    let mut safe = text.chars().filter(|char| !is_dangerous(*char));
    let mut shown: String = safe.by_ref().take(SHOWN_MAX).collect();
    if safe.next().is_some() {
        shown.push('…');
    }
    shown
}

/// Like [`printable`], but without a limit on the length: for texts whose length is not chosen by a server.
#[must_use]
pub fn printable_unlimited(text: &str) -> String {
    text.chars().filter(|char| !is_dangerous(*char)).collect()
}

/// Returns a path for a message. Line breaks and characters that a terminal would obey are written as escapes, as in a
/// Rust string.
#[must_use]
pub fn shown_path(path: &Path) -> String {
    let mut shown = String::new();
    for char in path.to_string_lossy().chars() {
        match is_dangerous(char) {
            true => shown.extend(char.escape_default()),
            false => shown.push(char),
        }
    }
    shown
}

/// Returns a path as a word of a command line that can be copied, in quotes if the shell would not read it as one word.
#[must_use]
pub fn shell_word(path: &Path) -> String {
    let word = path.display().to_string();
    let is_plain =
        |char: char| char.is_alphanumeric() || matches!(char, '/' | '.' | '-' | '_' | '+' | ',' | ':' | '@');
    if !word.is_empty() && word.chars().all(|char| is_plain(char) || (cfg!(windows) && char == '\\')) {
        word
    } else if cfg!(windows) {
        format!("\"{word}\"")
    } else if word.chars().any(is_dangerous) {
        // POSIX.1-2024, 2.2.4: characters that would not be shown must be written as their bytes.
        let mut quoted = String::from("$'");
        for char in word.chars() {
            match char {
                '\'' | '\\' => quoted.extend(['\\', char]),
                char if is_dangerous(char) => {
                    for byte in char.encode_utf8(&mut [0; 4]).bytes() {
                        quoted.push_str(&format!("\\{byte:03o}"));
                    }
                }
                char => quoted.push(char),
            }
        }
        quoted + "'"
    } else {
        // Not `shlex::try_quote`: it keeps control characters as they are and quotes for POSIX shells only, so that the
        // branches above would still be needed.
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

fn is_dangerous(char: char) -> bool {
    char.is_control()
        || matches!(char,
            '\u{061c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_not_printed() {
        assert_eq!(printable("a\u{1b}[2Jb\r\n\u{7f}\u{9b}31mc\u{202e}d\u{2028}"), "a[2Jb31mcd");
        assert_eq!(printable("Ünï 漢字 🦀"), "Ünï 漢字 🦀");
    }

    #[test]
    fn a_path_is_shown_in_one_line_without_control_characters() {
        assert_eq!(shown_path(Path::new("a\n\u{1b}[2J\u{202e}é/b c")), r"a\n\u{1b}[2J\u{202e}é/b c");
    }

    #[cfg(unix)]
    #[test]
    fn a_shell_reads_a_path_as_one_word() {
        for (path, word) in [
            ("dir/me.session", "dir/me.session"),
            ("spa ce", "'spa ce'"),
            ("it's $HOME", r"'it'\''s $HOME'"),
            ("~", "'~'"),
            ("", "''"),
            ("a\n\u{202e}'b\\", r"$'a\012\342\200\256\'b\\'"),
        ] {
            assert_eq!(shell_word(Path::new(path)), word);
        }
    }

    #[test]
    fn long_texts_are_cut_and_say_so() {
        assert_eq!(printable(&"x".repeat(SHOWN_MAX)), "x".repeat(SHOWN_MAX));
        assert_eq!(printable(&"x".repeat(SHOWN_MAX + 1)), "x".repeat(SHOWN_MAX) + "…");
    }

    #[test]
    fn texts_of_our_own_are_not_cut() {
        let long = "x".repeat(2 * SHOWN_MAX);
        assert_eq!(printable_unlimited(&format!("{long}\u{1b}{long}")), long.repeat(2));
    }

    #[test]
    fn any_text_becomes_printable() {
        #[expect(clippy::needless_pass_by_value, reason = "quickcheck passes its values owned")]
        fn check(text: String) -> bool {
            let shown = printable(&text);
            !shown.chars().any(char::is_control) && shown.chars().count() <= SHOWN_MAX + 1
        }
        quickcheck::quickcheck(check as fn(String) -> bool);
    }
}
