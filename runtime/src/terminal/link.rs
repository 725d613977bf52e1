//! A login link on a terminal: its QR code in black on white, which replaces the previous one.

use std::env;
use std::io::IsTerminal;

use super::size::AsScreen;
#[cfg(feature = "qr")]
use crate::qr::{Background, QrImage};

/// Black on bright white: scanners need a dark code on a light background, and the terminal may have other colours.
#[cfg(feature = "qr")]
const BLACK_ON_WHITE: &str = "\x1b[30;107m";
#[cfg(feature = "qr")]
const RESET_COLOURS: &str = "\x1b[0m";

/// A terminal that supports escape codes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Screen {
    /// Columns and rows, or `None` if the terminal does not report them.
    size: Option<(u16, u16)>,
}

impl Screen {
    /// Returns the screen of an output, or `None` if the output only accepts plain text.
    pub(super) fn of(output: &(impl IsTerminal + AsScreen)) -> Option<Self> {
        let is_set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
        let supports_codes = output.is_terminal()
            && !is_set("NO_COLOR")
            && env::var_os("TERM").is_some_and(|term| !term.is_empty() && term != "dumb");
        supports_codes.then(|| Self { size: output.size() })
    }

    /// Returns the text to write for a link and the number of its lines. `before` is the number of lines of the
    /// previous link, which the text replaces.
    pub(super) fn link(self, url: &str, validity: &str, before: Option<u16>) -> (String, u16) {
        let mut lines: Vec<String> = Vec::new();
        #[cfg(feature = "qr")]
        lines.extend(self.image(url));
        lines.push(url.into());
        let columns = self.size.map_or(usize::MAX, |(columns, _)| columns.into());
        lines.extend(textwrap::wrap(validity, columns).into_iter().map(Into::into));
        let count = u16::try_from(lines.len()).unwrap_or(u16::MAX);
        // The cursor cannot return to lines that were wrapped or that scrolled away.
        let widest = url.len().max(validity.len());
        let fits = self.size.is_some_and(|(columns, rows)| usize::from(columns) > widest && rows > count);
        let mut out = match before.filter(|_| fits) {
            Some(lines) => format!("\x1b[{lines}A\x1b[J"),
            None => String::new(),
        };
        for line in &lines {
            out.push_str(line);
            out.push('\n');
        }
        (out, count)
    }

    /// Returns the lines of the QR code. Returns no lines if the text is too long for a QR code.
    #[cfg(feature = "qr")]
    fn image(self, url: &str) -> Vec<String> {
        let Some(image) = QrImage::encode(url) else { return Vec::new() };
        let text = image.half_blocks(Background::Light);
        let width = text.lines().next().map_or(0, |line| line.chars().count());
        if self.size.is_some_and(|(columns, _)| usize::from(columns) < width) {
            return vec![format!("(The QR code needs a window of {width} columns.)")];
        }
        text.lines().map(|line| format!("{BLACK_ON_WHITE}{line}{RESET_COLOURS}")).collect()
    }
}

#[cfg(all(test, feature = "qr"))]
mod tests {
    use super::*;

    const URL: &str = "tg://login?token=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

    fn on(size: Option<(u16, u16)>) -> (String, u16) {
        Screen { size }.link(URL, "valid", Some(7))
    }

    #[test]
    fn a_code_replaces_the_last_one_if_that_is_still_on_the_screen() {
        let (text, lines) = on(Some((80, 50)));
        assert!(text.starts_with("\x1b[7A\x1b[J\x1b[30;107m"));
        assert_eq!(text.lines().count(), usize::from(lines));
        assert!(text.ends_with(&format!("\x1b[0m\n{URL}\nvalid\n")));
        for size in [None, Some((80, lines)), Some((60, 50))] {
            assert!(on(size).0.starts_with("\x1b[30;107m"), "{size:?}");
        }
    }

    #[test]
    fn the_line_after_a_link_is_wrapped_between_words() {
        let (text, _) = Screen { size: Some((12, 50)) }.link(URL, "valid for some time", None);
        assert!(text.ends_with("\nvalid for\nsome time\n"), "{text}");
    }

    #[test]
    fn a_code_that_does_not_fit_is_left_out() {
        let (text, lines) = on(Some((30, 50)));
        assert!(text.starts_with("(The QR code needs a window of ") && !text.contains('█'), "{text}");
        assert_eq!(lines, 3);
    }
}
