//! Session strings as users paste them: wrapped, quoted, from a configuration file or a chat. Text around a string is
//! removed only if the rest is a complete session, so that nothing is guessed.

use zeroize::Zeroizing;

use super::encoding::{self, Text};
use super::error::ImportError;
use super::format::Format;
use super::imported::Imported;
use super::not_a_session;
use crate::policy::{MAX_NAME_LEN, MAX_SEARCHED_LEN, MAX_WORDS, MIN_STRING_LEN};

/// The possible lengths of a session string, in bytes.
const CANDIDATE: std::ops::RangeInclusive<usize> = 64..=1 << 16;
const BYTE_ORDER_MARK: &str = "a byte order mark";
const INVISIBLE: &str = "invisible characters";
const PERCENT: &str = "percent-encoding";
const ESCAPES: &str = "escapes with a backslash";
const QUOTES: &str = "quotes";
const AROUND: &str = "other text around it";
const NAME: &str = "the name before it";
const DASHES: &str = "dashes of a word processor";
const SPACES: &str = "spaces instead of plus signs";
const UTF_16: &str = "its encoding, UTF-16";
const UTF_32: &str = "its encoding, UTF-32";
const ZEROS: &str = "zero bytes at its end";
const PADDING: &str = "the missing = at its end";
const SURPLUS: &str = "an extra = at its end";
const ALPHABET: &str = "the letters of the other base64 alphabet";
const WRAPPED: &str = "spaces or line breaks in it";
const UNUSUAL: &str = "unusual spaces";
const ENTITIES: &str = "HTML entities";
const WIDE: &str = "full-width letters";
const COLOURS: &str = "colours of a terminal";
const SOFT_BREAKS: &str = "the line breaks of a mail (quoted-printable)";
const DOUBLED_ONE: &str = "an extra 1 at its beginning";

/// Decodes the text of a file: UTF-8, UTF-16 (as editors on Windows write it), UTF-32, or ASCII with quotes of an older
/// code page. Also returns the name of the encoding if it is not UTF-8.
pub(super) fn decode(bytes: &[u8]) -> Option<(Text, Option<&'static str>)> {
    let end = bytes.iter().rposition(|byte| !matches!(byte, 0 | b'\r' | b'\n')).map_or(0, |last| last + 1);
    if let Ok(text) = std::str::from_utf8(&bytes[..end])
        && !text.contains('\0')
    {
        return Some((Zeroizing::new(text.to_owned()), bytes[end..].contains(&0).then_some(ZEROS)));
    }
    if let [0xff, 0xfe, 0, 0, rest @ ..] | [0, 0, 0xfe, 0xff, rest @ ..] = bytes {
        let mut text = Zeroizing::new(String::with_capacity(bytes.len()));
        for unit in rest.as_chunks::<4>().0 {
            let is_little = bytes[0] == 0xff;
            text.push(char::from_u32(if is_little {
                u32::from_le_bytes(*unit)
            } else {
                u32::from_be_bytes(*unit)
            })?);
        }
        return Some((text, Some(UTF_32)));
    }
    let (is_big_endian, units) = match bytes {
        [0xff, 0xfe, units @ ..] => (false, units),
        [0xfe, 0xff, units @ ..] => (true, units),
        [first, 0, _, 0, ..] if *first != 0 => (false, bytes),
        [0, first, 0, _, ..] if *first != 0 => (true, bytes),
        _ => return code_page(bytes),
    };
    let mut text = Zeroizing::new(String::with_capacity(3 * bytes.len() / 2));
    let units = units.chunks_exact(2).map(|unit| match is_big_endian {
        true => u16::from_be_bytes([unit[0], unit[1]]),
        false => u16::from_le_bytes([unit[0], unit[1]]),
    });
    for unit in char::decode_utf16(units) {
        text.push(unit.ok()?);
    }
    Some((text, Some(UTF_16)))
}

/// Decodes ASCII; every other byte counts as a quote.
fn code_page(bytes: &[u8]) -> Option<(Text, Option<&'static str>)> {
    let is_text = |byte: &u8| !byte.is_ascii_control() || byte.is_ascii_whitespace();
    let others = bytes.iter().filter(|byte| !byte.is_ascii()).count();
    if others > MAX_NAME_LEN || !bytes.iter().all(is_text) {
        return None;
    }
    let char = |byte: &u8| if byte.is_ascii() { char::from(*byte) } else { '"' };
    let mut text = Zeroizing::new(String::with_capacity(bytes.len()));
    text.extend(bytes.iter().map(char));
    Some((text, None))
}

/// Searches `text` for its only session string. `recognize` reads a string without white space.
pub(super) fn import(
    text: &str,
    recognize: fn(&str) -> Result<Imported, ImportError>,
) -> Result<Imported, ImportError> {
    let gapless = gapless(text);
    let whole = recognize(&gapless);
    if matches!(whole, Ok(_) | Err(ImportError::Encrypted)) || text.len() > MAX_SEARCHED_LEN {
        return whole.map(|imported| with_fixes(imported, text, &gapless));
    }
    let mut search = Search { recognize, found: Vec::new(), error: ImportError::Unrecognized };
    search.note_error(whole.err());
    let (clean, fixes) = cleaned(text);
    search.search(&clean, &fixes);
    search.result().map_err(|error| match error {
        ImportError::Unrecognized => {
            not_a_session::recognize(&clean).map_or(ImportError::Unrecognized, ImportError::NotASession)
        }
        error => error,
    })
}

/// Adds the fixes that the reader of the format made: `text` is the original, `gapless` the same without white space.
fn with_fixes(mut imported: Imported, text: &str, gapless: &str) -> Imported {
    let mut add = |what: &'static str| {
        if !imported.fixes.contains(&what) {
            imported.fixes.push(what);
        }
    };
    let text = text.trim_matches(|char: char| char.is_ascii_whitespace());
    if text.chars().any(|char| char.is_whitespace() && !char.is_ascii() && char != '\u{85}') {
        add(UNUSUAL);
    }
    if text.contains(|char: char| char.is_ascii_whitespace()) {
        add(WRAPPED);
    }
    let is_padded = matches!(imported.format, Format::Telethon | Format::GramJs);
    if is_padded
        || matches!(imported.format, Format::Pyrogram | Format::Mtcute | Format::Ferogram | Format::Mtkruto)
    {
        let letters = gapless.trim_end_matches('=').len();
        let expected = if is_padded { (letters - 1).next_multiple_of(4) - (letters - 1) } else { 0 };
        match (gapless.len() - letters).cmp(&expected) {
            std::cmp::Ordering::Less => add(PADDING),
            std::cmp::Ordering::Equal => {}
            std::cmp::Ordering::Greater => add(SURPLUS),
        }
        let others = if imported.format == Format::GramJs { ['-', '_'] } else { ['+', '/'] };
        if gapless.contains(others) {
            add(ALPHABET);
        }
    }
    imported
}

fn gapless(text: &str) -> Text {
    let mut gapless = Zeroizing::new(String::with_capacity(text.len()));
    gapless.extend(text.split_whitespace());
    gapless
}

struct Search {
    recognize: fn(&str) -> Result<Imported, ImportError>,
    found: Vec<Imported>,
    error: ImportError,
}

impl Search {
    /// Tries every piece that may be the string, the largest first.
    fn search(&mut self, text: &str, fixes: &[&'static str]) {
        let all = |mark: &'static str| [fixes, &[mark]].concat();
        if self.candidate(text, fixes) || self.candidate(text.trim_matches(is_mark), &all(QUOTES)) {
            return;
        }
        // Every line may have a mark, as in a quoted mail or in code.
        let mut unmarked = Zeroizing::new(String::with_capacity(text.len()));
        unmarked.extend(text.chars().filter(|char| !is_mark(*char)));
        if self.candidate(&unmarked, &all(QUOTES)) {
            return;
        }
        // The string may be followed by the punctuation of a sentence.
        let is_punctuation =
            |char: char| is_mark(char) || matches!(char, '.' | '…' | '!' | '?' | ':' | '·' | '•');
        if self.candidate(text.trim().trim_matches(is_punctuation), &all(AROUND)) {
            return;
        }
        for piece in text.split(is_mark) {
            let left_out = text.trim().len() - piece.trim().len();
            let fixes = match left_out {
                0 => fixes.to_vec(),
                1 | 2 => all(QUOTES),
                _ => all(AROUND),
            };
            if self.piece(piece, &fixes) {
                continue;
            }
            for line in piece.split(['\n', '\r']) {
                self.piece(line, &all(AROUND));
            }
        }
        if self.found.is_empty() {
            // The words of a sentence, and the parameters of a URL.
            let is_letter = |char: char| char.is_ascii() && encoding::is_letter(char as u8);
            for run in text.split(|char| !is_letter(char)) {
                self.piece(run, &all(AROUND));
            }
            for (at, mark) in text.match_indices("sansgram1:") {
                let letters = text[at + mark.len()..].find(|char| !is_letter(char));
                let end = letters.map_or(text.len(), |letters| at + mark.len() + letters);
                self.candidate(&text[at..end], &all(AROUND));
            }
        }
        if self.found.is_empty() {
            let long = text.split_whitespace().filter(|word| word.len() >= MIN_STRING_LEN);
            let long: Vec<_> = long.take(MAX_WORDS).collect();
            let gapless = gapless(text);
            for part in if long.len() > 1 { long } else { halves(&gapless) } {
                self.piece(part, &all(AROUND));
            }
        }
    }

    /// Tries a piece, also without a name or words at its beginning. Returns whether it contains a session.
    fn piece(&mut self, piece: &str, fixes: &[&'static str]) -> bool {
        if piece.len() < *CANDIDATE.start() {
            return false;
        }
        if self.candidate(piece, fixes) {
            return true;
        }
        if let Some((name, value)) = piece.split_once(['=', ':'])
            && name.len() <= MAX_NAME_LEN
            && self.candidate(value, &[fixes, &[NAME]].concat())
        {
            return true;
        }
        let mut rest = piece.trim_start();
        for _ in 0..MAX_WORDS {
            let Some((word, after)) = rest.split_once(char::is_whitespace) else { break };
            if word.len() > MAX_NAME_LEN {
                break;
            }
            rest = after.trim_start();
            if self.candidate(rest, &[fixes, &[AROUND]].concat()) {
                return true;
            }
        }
        false
    }

    /// Tries a text, ignoring white space and undoing common changes. Returns whether it is a session, which is kept.
    fn candidate(&mut self, text: &str, fixes: &[&'static str]) -> bool {
        if text.len() > 2 * CANDIDATE.end() {
            return false;
        }
        let gapless = gapless(text);
        if !CANDIDATE.contains(&gapless.len()) {
            return false;
        }
        if self.exact_in(&gapless, text, fixes) {
            return true;
        }
        let (spaces, dashes) = (text.trim().contains(' '), text.contains(is_dash));
        let with = |change: &'static str| [fixes, &[change]].concat();
        spaces && self.exact(&Zeroizing::new(text.trim().replace(' ', "+")), &with(SPACES))
            || dashes
                && ["-", "--"].into_iter().any(|dash| {
                    let text = gapless.replace('—', dash).replace(is_dash, "-");
                    self.exact(&Zeroizing::new(text), &with(DASHES))
                })
            || text.contains("=\n") && {
                let joined = Zeroizing::new(text.replace("=\n", ""));
                let joined = replaced(&joined, quoted_printable);
                self.exact(&self::gapless(&joined), &with(SOFT_BREAKS))
            }
            || gapless
                .strip_prefix('1')
                .filter(|rest| rest.starts_with('1'))
                .is_some_and(|rest| self.exact(rest, &with(DOUBLED_ONE)))
    }

    /// Tries a string exactly. Returns whether it is a session, which is kept.
    fn exact(&mut self, text: &str, fixes: &[&'static str]) -> bool {
        self.exact_in(text, text, fixes)
    }

    /// Like [`exact`](Self::exact), for a string whose original text is `whole`.
    fn exact_in(&mut self, text: &str, whole: &str, fixes: &[&'static str]) -> bool {
        match (self.recognize)(text) {
            Ok(imported) => {
                let mut imported = with_fixes(imported, whole, text);
                for what in fixes {
                    if !imported.fixes.contains(what) {
                        imported.fixes.push(what);
                    }
                }
                if !self.found.iter().any(|other| other.session == imported.session) {
                    self.found.push(imported);
                }
                true
            }
            Err(error) => {
                self.note_error(Some(error));
                false
            }
        }
    }

    /// Keeps the most informative error.
    fn note_error(&mut self, error: Option<ImportError>) {
        let rank = |error: &ImportError| match error {
            ImportError::Unrecognized => 0,
            ImportError::Length { .. } => 1,
            _ => 2,
        };
        if let Some(error) = error.filter(|error| rank(error) > rank(&self.error)) {
            self.error = error;
        }
    }

    fn result(mut self) -> Result<Imported, ImportError> {
        match self.found.len() {
            0 => Err(self.error),
            1 => self.found.pop().ok_or(ImportError::Unrecognized),
            count => Err(ImportError::Several(count)),
        }
    }
}

/// Characters that may surround a session string but do not occur in one.
const fn is_mark(char: char) -> bool {
    matches!(
        char,
        '"' | '\''
            | '`'
            | '´'
            | '“'
            | '”'
            | '„'
            | '‟'
            | '‘'
            | '’'
            | '‚'
            | '‛'
            | '«'
            | '»'
            | '‹'
            | '›'
    ) || matches!(
        char,
        ',' | ';' | '(' | ')' | '[' | ']' | '{' | '}' | '<' | '>' | '|' | '*' | '~' | '#' | '\\'
    )
}

/// Splits two strings that follow each other directly: after the padding of the first, or in the middle.
fn halves(text: &str) -> Vec<&str> {
    if let Some((at, _)) =
        text.match_indices('=').find(|(at, _)| text[at + 1..].starts_with(char::is_alphanumeric))
        && at >= MIN_STRING_LEN
        && text.len() - at > MIN_STRING_LEN
    {
        return vec![&text[..=at], &text[at + 1..]];
    }
    match text.split_at_checked(text.len() / 2) {
        Some((first, second)) if first.len() >= MIN_STRING_LEN && first.len() == second.len() => {
            vec![first, second]
        }
        _ => Vec::new(),
    }
}

/// Removes what other programs add to a text. Returns the text and the names of what was removed.
fn cleaned(text: &str) -> (Text, Vec<&'static str>) {
    let mut fixes = Vec::new();
    let mut clean = Zeroizing::new(String::with_capacity(text.len()));
    clean.extend(text.chars().filter(|char| !is_invisible(*char)));
    if text.starts_with('\u{feff}') {
        fixes.push(BYTE_ORDER_MARK);
    }
    if text.chars().filter(|char| is_invisible(*char)).count() > fixes.len() {
        fixes.push(INVISIBLE);
    }
    if clean.contains("\r\n") {
        clean = Zeroizing::new(clean.replace("\r\n", "\n"));
    }
    let changes: [(Decode, &'static str); 5] =
        [(colour, COLOURS), (wide, WIDE), (entity, ENTITIES), (percent, PERCENT), (escape, ESCAPES)];
    for (decode, name) in changes {
        let decoded = replaced(&clean, decode);
        if *decoded != *clean {
            fixes.push(name);
        }
        clean = decoded;
    }
    (clean, fixes)
}

/// Returns whether this is a byte order mark, a space without width, a mark of direction or a soft hyphen.
const fn is_invisible(char: char) -> bool {
    matches!(char, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}')
        || matches!(char, '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}

/// A decoder: returns the character that the beginning of the text stands for, and the length of its escape in bytes.
type Decode = fn(&str) -> Option<(char, usize)>;

/// Replaces every escape that `decode` recognizes.
fn replaced(text: &str, decode: Decode) -> Text {
    let mut out = Zeroizing::new(String::with_capacity(text.len()));
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (char, len) = decode(rest).unwrap_or((first, first.len_utf8()));
        out.push(char);
        rest = &rest[len..];
    }
    out
}

/// Returns whether this is a dash or a minus sign that looks like a hyphen.
const fn is_dash(char: char) -> bool {
    matches!(char, '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe58}' | '\u{fe63}')
}

/// Decodes a colour of a terminal, `ESC [ 32 m`, as a space.
fn colour(text: &str) -> Option<(char, usize)> {
    let rest = text.strip_prefix("\u{1b}[").or_else(|| text.strip_prefix('\u{9b}'))?;
    let digits = rest.bytes().take(16).take_while(|byte| byte.is_ascii_digit() || *byte == b';').count();
    rest.as_bytes().get(digits).filter(|byte| byte.is_ascii_alphabetic())?;
    Some((' ', text.len() - rest.len() + digits + 1))
}

/// Decodes a full-width form of ASCII, which input methods of East Asia write.
fn wide(text: &str) -> Option<(char, usize)> {
    let char = text.chars().next().filter(|char| ('\u{ff01}'..='\u{ff5e}').contains(char))?;
    Some((char::from_u32(char as u32 - 0xfee0)?, char.len_utf8()))
}

/// Decodes an HTML entity: `&#61;`, `&#x3D;`, and the names of characters in a string or around it.
fn entity(text: &str) -> Option<(char, usize)> {
    const NAMES: [(&str, char); 11] = [
        ("amp", '&'),
        ("equals", '='),
        ("plus", '+'),
        ("sol", '/'),
        ("lowbar", '_'),
        ("hyphen", '-'),
        ("quot", '"'),
        ("apos", '\''),
        ("lt", '<'),
        ("gt", '>'),
        ("nbsp", ' '),
    ];
    let rest = text.strip_prefix('&')?;
    let name = &rest[..rest.bytes().take(8).position(|byte| byte == b';')?];
    let char = match name.strip_prefix('#') {
        Some(number) => {
            let (digits, radix) = number.strip_prefix(['x', 'X']).map_or((number, 10), |hex| (hex, 16));
            let is_number = digits.chars().all(|digit| digit.is_digit(radix));
            let code = u32::from_str_radix(digits, radix).ok().filter(|_| is_number)?;
            char::from_u32(code).filter(|char| char.is_ascii_graphic() || *char == ' ')?
        }
        None => NAMES.iter().find(|(known, _)| *known == name)?.1,
    };
    Some((char, name.len() + 2))
}

/// Decodes quoted-printable: `=3D`.
fn quoted_printable(text: &str) -> Option<(char, usize)> {
    let [byte] = *encoding::hex(text.strip_prefix('=')?.get(..2)?)?;
    byte.is_ascii_graphic().then_some((byte.into(), 3))
}

/// Decodes percent-encoding: `%3D`.
fn percent(text: &str) -> Option<(char, usize)> {
    let [byte] = *encoding::hex(text.strip_prefix('%')?.get(..2)?)?;
    (byte.is_ascii_graphic() || byte.is_ascii_whitespace()).then_some((byte.into(), 3))
}

/// Decodes an escape with a backslash: `\n`, `\/`, `\"`, `\u003d`, and a backslash at the end of a line.
fn escape(text: &str) -> Option<(char, usize)> {
    let rest = text.strip_prefix('\\')?;
    Some(match rest.chars().next()? {
        'n' | 'r' | 't' | '\n' => ('\n', 2),
        '\r' => ('\n', 2),
        char @ ('/' | '"' | '\'' | '\\' | '=' | '+' | '-' | '_') => (char, 2),
        'u' => {
            let code = u16::from_be_bytes(*encoding::hex(rest.get(1..5)?)?);
            (char::from_u32(code.into()).filter(char::is_ascii)?, 6)
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
