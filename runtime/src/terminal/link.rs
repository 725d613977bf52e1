//! A link on a terminal: its picture in black on white, in place of the one before.

use std::env;
use std::io::IsTerminal;

use super::size::AsScreen;
#[cfg(feature = "qr")]
use crate::qr::{Background, QrImage};

#[cfg(feature = "qr")]
/// Black on bright white: scanners want the code dark on a light ground, and a theme may have any other colours.
const BLACK_ON_WHITE: &str = "\x1b[30;107m";
#[cfg(feature = "qr")]
const AS_BEFORE: &str = "\x1b[0m";

/// A terminal that obeys escape codes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Screen {
    /// Columns and rows, if the terminal tells.
    size: Option<(u16, u16)>,
}

impl Screen {
    /// `None` if the output takes nothing but text.
    pub(super) fn of(output: &(impl IsTerminal + AsScreen)) -> Option<Self> {
        let is_set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
        let obeys = output.is_terminal()
            && !is_set("NO_COLOR")
            && env::var_os("TERM").is_some_and(|term| !term.is_empty() && term != "dumb");
        obeys.then(|| Self { size: output.size() })
    }

    /// What to write for a link, and how many lines it takes; `before` many are those of the last one.
    pub(super) fn link(self, url: &str, validity: &str, before: Option<u16>) -> (String, u16) {
        let mut lines: Vec<String> = Vec::new();
        #[cfg(feature = "qr")]
        lines.extend(self.picture(url));
        lines.push(url.into());
        let columns = self.size.map_or(usize::MAX, |(columns, _)| columns.into());
        lines.extend(textwrap::wrap(validity, columns).into_iter().map(Into::into));
        let count = u16::try_from(lines.len()).unwrap_or(u16::MAX);
        // Lines that were wrapped, or that scrolled away, cannot be gone back to.
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

    /// The lines of the QR code; empty if the text is too long for one.
    #[cfg(feature = "qr")]
    fn picture(self, url: &str) -> Vec<String> {
        let Some(picture) = QrImage::of(url) else { return Vec::new() };
        let text = picture.half_blocks(Background::Light);
        let width = text.lines().next().map_or(0, |line| line.chars().count());
        if self.size.is_some_and(|(columns, _)| usize::from(columns) < width) {
            return vec![format!("(The picture needs a window of {width} columns.)")];
        }
        text.lines().map(|line| format!("{BLACK_ON_WHITE}{line}{AS_BEFORE}")).collect()
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
    fn a_picture_takes_the_place_of_the_last_one_where_that_is_still_there() {
        let (text, lines) = on(Some((80, 50)));
        assert!(text.starts_with("\x1b[7A\x1b[J\x1b[30;107m"));
        assert_eq!(text.lines().count(), usize::from(lines));
        assert!(text.ends_with(&format!("\x1b[0m\n{URL}\nvalid\n")));
        for size in [None, Some((80, lines)), Some((60, 50))] {
            assert!(on(size).0.starts_with("\x1b[30;107m"), "{size:?}");
        }
    }

    #[test]
    fn e_the_line_behind_a_link_is_broken_between_words() {
        let (text, _) = Screen { size: Some((12, 50)) }.link(URL, "valid for some time", None);
        assert!(text.ends_with("\nvalid for\nsome time\n"), "{text}");
    }

    #[test]
    fn a_picture_that_does_not_fit_is_left_out() {
        let (text, lines) = on(Some((30, 50)));
        assert!(text.starts_with("(The picture needs a window of ") && !text.contains('█'), "{text}");
        assert_eq!(lines, 3);
    }
}
