//! Searches what a client prints for the secrets of its run.
//!
//! The test DCs know the secrets ([`TestDcs::secrets`](sansgram_testkit::server::TestDcs::secrets)). A text is searched
//! as it is and in each form in which bytes are printed: hex, base64, lists of numbers, escapes.
//! [`Pair`](crate::pair::Pair) does so when it is dropped; over sockets, [`start_recording`] records what is traced.

use std::collections::HashMap;
use std::fmt::{Debug, Write as _};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

use sansgram_testkit::secrets::Secrets;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// This many consecutive bytes of a binary secret count as a leak.
const LEAK_BYTES: usize = 8;
/// This many consecutive characters of a text count as a leak; a shorter text is searched for as a whole.
const LEAK_CHARS: usize = 16;
/// Encoded runs that stand for fewer bytes are not decoded.
const MIN_ENCODED_BYTES: usize = 4;

/// A secret that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the secret {kind:?} leaked ({form})")]
pub struct Leak {
    /// The kind of the secret, as given to [`Secrets::add`].
    pub kind: &'static str,
    /// The form in which it was printed.
    pub form: &'static str,
}

/// Searches a text for the secrets, in every form.
///
/// # Errors
/// [`Leak`] names the first secret that is in the text.
pub fn check(secrets: &Secrets, said: &str) -> Result<(), Leak> {
    Needles::new(secrets).check(said)
}

/// The needles of a search.
struct Needles {
    /// All texts, those longer than [`LEAK_CHARS`] in pieces of that length.
    texts: Vec<(Vec<u8>, &'static str)>,
    /// All pieces of binary secrets.
    binary: HashMap<[u8; LEAK_BYTES], &'static str>,
    /// Whether a binary piece begins with these two bytes (a little-endian `u16`): compared first, since it is cheap.
    first_two: Vec<bool>,
}

impl Needles {
    fn new(secrets: &Secrets) -> Self {
        let mut this = Self { texts: Vec::new(), binary: HashMap::new(), first_two: vec![false; 1 << 16] };
        secrets.for_each(|secret, kind| {
            if is_text(secret) {
                let pieces = secret.windows(secret.len().min(LEAK_CHARS));
                this.texts.extend(pieces.map(|piece| (piece.to_vec(), kind)));
                return;
            }
            for piece in pieces(secret) {
                this.first_two[first_two(piece)] = true;
                this.binary.insert(*piece, kind);
            }
        });
        this
    }

    fn check(&self, said: &str) -> Result<(), Leak> {
        let mut outcome = Ok(());
        each_reading(said, &mut |form, bytes| {
            let mut likely = pieces(bytes).filter(|piece| self.first_two[first_two(piece)]);
            let binary = likely.find_map(|piece| self.binary.get(piece));
            let has = |text: &[u8]| has_text(bytes, text, form == PLAIN || form == UNESCAPED);
            let found =
                binary.or_else(|| self.texts.iter().find(|(text, _)| has(text)).map(|(_, kind)| kind));
            if let Some(kind) = found {
                outcome = Err(Leak { kind, form });
            }
        });
        outcome
    }
}

fn pieces(bytes: &[u8]) -> impl Iterator<Item = &[u8; LEAK_BYTES]> {
    bytes.windows(LEAK_BYTES).filter_map(<[u8]>::first_chunk)
}

fn first_two(piece: &[u8; LEAK_BYTES]) -> usize {
    usize::from(piece[0]) | usize::from(piece[1]) << 8
}

const PLAIN: &str = "as it is";
const UNESCAPED: &str = "escaped";

fn is_text(secret: &[u8]) -> bool {
    std::str::from_utf8(secret).is_ok_and(|text| !text.contains(char::is_control))
}

/// Whether a text occurs; a short one must be a whole word if `said` is a text too, and not decoded bytes.
fn has_text(said: &[u8], text: &[u8], is_text: bool) -> bool {
    let mut from = 0;
    while let Some(at) = text.first().and_then(|first| said[from..].iter().position(|c| c == first)) {
        let at = from + at;
        let before = at.checked_sub(1).and_then(|at| said.get(at));
        let behind = said.get(at + text.len());
        // `@` too, since the sandbox's password is part of its e-mail addresses.
        let is_word = !before.is_some_and(|c| c.is_ascii_alphanumeric() || *c == b'@')
            && !behind.is_some_and(u8::is_ascii_alphanumeric);
        if said[at..].starts_with(text) && (is_word || !is_text || text.len() == LEAK_CHARS) {
            return true;
        }
        from = at + 1;
    }
    false
}

/// Decodes a text by each form in which bytes are printed, and calls `show` with the bytes.
fn each_reading(said: &str, show: &mut dyn FnMut(&'static str, &[u8])) {
    show(PLAIN, said.as_bytes());
    if said.contains('\\') {
        show(UNESCAPED, &unescaped(said));
    }
    let hex = |c: &u8| c.is_ascii_hexdigit();
    for run in runs(said.as_bytes(), hex) {
        for start in 0..2 {
            let bytes: Vec<u8> = run[start..].chunks_exact(2).filter_map(|pair| number(pair, 16)).collect();
            show("in hex", &bytes);
        }
    }
    let digit = |c: &u8| c.is_ascii_alphanumeric() || b"+/-_".contains(c);
    for run in runs(said.as_bytes(), digit) {
        for start in 0..4 {
            show("in base64", &base64(&run[start..]));
        }
    }
    for radix in [10, 16] {
        for list in lists(said, radix).filter(|list| list.len() >= MIN_ENCODED_BYTES) {
            show("as a list of numbers", &list);
        }
    }
}

fn runs(said: &[u8], belongs: impl Fn(&u8) -> bool) -> impl Iterator<Item = &[u8]> {
    said.split(move |c| !belongs(c)).filter(|run| run.len() >= 2 * MIN_ENCODED_BYTES)
}

fn number(digits: &[u8], radix: u32) -> Option<u8> {
    u8::from_str_radix(std::str::from_utf8(digits).ok()?, radix).ok()
}

/// Decodes base64 of either alphabet, in whole groups of four.
fn base64(run: &[u8]) -> Vec<u8> {
    let value = |c: u8| match c {
        b'A'..=b'Z' => c - b'A',
        b'a'..=b'z' => c - b'a' + 26,
        b'0'..=b'9' => c - b'0' + 52,
        b'+' | b'-' => 62,
        _ => 63,
    };
    let mut out = Vec::with_capacity(run.len() / 4 * 3);
    for group in run.chunks_exact(4) {
        let bits = group.iter().fold(0_u32, |bits, &c| bits << 6 | u32::from(value(c)));
        out.extend_from_slice(&bits.to_be_bytes()[1..]);
    }
    out
}

/// Returns the lists of numbers below 256 in a text, as `Debug` prints them.
fn lists(said: &str, radix: u32) -> impl Iterator<Item = Vec<u8>> {
    let mut lists = vec![Vec::new()];
    for item in said.split(',') {
        // Text before the first number and after the last is not part of the list.
        let digits = item.trim().rsplit(['[', '(', ' ']).next().unwrap_or_default();
        let (digits, ends) = match digits.split_once([']', ')']) {
            Some((digits, _)) => (digits, true),
            None => (digits, false),
        };
        let last = item.trim().split([']', ')', ' ']).next().unwrap_or_default();
        let digits = digits.trim_start_matches("0x");
        let begins = item.contains(['[', '(']);
        match (number(digits.as_bytes(), radix), number(last.trim_start_matches("0x").as_bytes(), radix)) {
            (Some(byte), _) if begins => lists.push(vec![byte]),
            (Some(byte), _) => lists.last_mut().into_iter().for_each(|list| list.push(byte)),
            (None, Some(byte)) => {
                lists.last_mut().into_iter().for_each(|list| list.push(byte));
                lists.push(Vec::new());
            }
            (None, None) => lists.push(Vec::new()),
        }
        if ends {
            lists.push(Vec::new());
        }
    }
    lists.into_iter()
}

/// A text without the escapes of `Debug` and of byte strings.
fn unescaped(said: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(said.len());
    let mut rest = said;
    while let Some((before, behind)) = rest.split_once('\\') {
        out.extend_from_slice(before.as_bytes());
        let mut characters = behind.chars();
        let code = |digits: Option<&str>| u32::from_str_radix(digits?, 16).ok();
        match characters.next() {
            Some('x') if code(behind.get(1..3)).is_some() => {
                out.extend(code(behind.get(1..3)).map(|byte| byte as u8));
                characters = behind[3..].chars();
            }
            Some('u') => {
                let (digits, behind) = behind.split_once('}').unwrap_or((behind, ""));
                let character = code(digits.strip_prefix("u{")).and_then(char::from_u32);
                out.extend_from_slice(character.map(String::from).unwrap_or_default().as_bytes());
                characters = behind.chars();
            }
            Some('n') => out.push(b'\n'),
            Some('r') => out.push(b'\r'),
            Some('t') => out.push(b'\t'),
            Some('0') => out.push(0),
            Some(other) => out.extend_from_slice(other.encode_utf8(&mut [0; 4]).as_bytes()),
            None => {}
        }
        rest = characters.as_str();
    }
    out.extend_from_slice(rest.as_bytes());
    out
}

/// Everything that this process has traced since [`start_recording`], and the texts of its panics.
static RECORDED: Mutex<String> = Mutex::new(String::new());

fn recorded() -> MutexGuard<'static, String> {
    RECORDED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A position in the recording.
#[derive(Clone, Copy, Debug)]
pub struct Position(usize);

/// Records, from the first call on, everything that this process traces at any level, and its panics. Returns the
/// current position for [`recorded_since`].
///
/// # Panics
/// Panics if the process has a subscriber already.
pub fn start_recording() -> Position {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        tracing::subscriber::set_global_default(Recorder).expect("no other subscriber is set");
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            record(&panic.to_string());
            before(panic);
        }));
    });
    Position(recorded().len())
}

/// Adds text that was printed in another way, such as on a terminal.
pub fn record(said: &str) {
    let mut recorded = recorded();
    recorded.push_str(said);
    recorded.push('\n');
}

/// Returns what was recorded since then.
#[must_use]
pub fn recorded_since(mark: Position) -> String {
    recorded().get(mark.0..).unwrap_or_default().to_owned()
}

/// A subscriber that records everything as text.
struct Recorder;

impl Subscriber for Recorder {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::TRACE)
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let mut line = Line::of(attributes.metadata());
        attributes.record(&mut line);
        record(&line.0);
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        let mut line = Line(String::new());
        values.record(&mut line);
        record(&line.0);
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line::of(event.metadata());
        event.record(&mut line);
        record(&line.0);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

struct Line(String);

impl Line {
    fn of(metadata: &Metadata<'_>) -> Self {
        Self(format!("{} {}", metadata.level(), metadata.target()))
    }
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        // Writing to a string cannot fail.
        let _ = write!(self.0, " {}={value:?}", field.name());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 41] = *b"\x00\x01\xfe\xffA key\\\"\n some more bytes, mostly text";

    fn secrets() -> Secrets {
        let secrets = Secrets::default();
        secrets.add("key", KEY);
        secrets.add("code", "22222");
        secrets.add("hash", "0123456789abcdef0123456789abcdef");
        secrets
    }

    fn leak(said: &str) -> Option<&'static str> {
        check(&secrets(), said).err().map(|leak| leak.kind)
    }

    #[test]
    fn a_secret_is_found_in_every_form() {
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        for said in [
            format!("{KEY:?}"),
            format!("{KEY:#?}"),
            format!("Key({KEY:x?})"),
            format!("{KEY:#04x?}"),
            format!("key={:?}, more", &KEY[20..]),
            format!("\"{}\"", KEY.escape_ascii()),
            format!("{:?}", String::from_utf8_lossy(&KEY[4..])),
            hex(&KEY),
            hex(&KEY).to_uppercase(),
            format!("f{}", hex(&KEY[7..16])),
            "AAH+/0Ega2V5XCIKIHNv".into(),
            "tg://x?y=xxAAH-_0Ega2V5XCIKIHNv".into(),
        ] {
            assert_eq!(leak(&said), Some("key"), "{said}");
        }
        for said in [
            "code: \"22222\"",
            "22222",
            "[50, 50, 50, 50, 50]",
            "3232323232",
            "the code 22222.",
            r#"\"\n22222\""#,
        ] {
            assert_eq!(leak(said), Some("code"), "{said}");
        }
        assert_eq!(leak("ApiCredentials { hash: \"0123456789abcdef01234567"), Some("hash"));
    }

    #[test]
    fn other_text_is_no_leak() {
        for said in [
            "",
            "\\",
            "[1, 2, 3]",
            "9996622222",
            "222223",
            "user 9996620001 of DC 2, 300 s",
            "0123456789abcde",
            "in [10, 20], out [30], (Duration(1s), 22.222s)",
            r#"in [10, 20], \"escaped\", 1.222222222s"#,
        ] {
            assert_eq!(leak(said), None, "{said}");
        }
    }

    #[test]
    fn traces_of_every_level_are_recorded() {
        let mark = start_recording();
        let code = "22222";
        tracing::trace!(code, "typed");
        let _span = tracing::trace_span!("log_in", key = ?&KEY[..]).entered();
        let said = recorded_since(mark);
        assert!(said.contains("typed") && said.contains("TRACE"), "{said}");
        assert!(check(&secrets(), &said).is_err());
        let _ = std::panic::catch_unwind(|| panic!("a text of a panic"));
        assert!(recorded_since(mark).contains("a text of a panic"));
    }
}
