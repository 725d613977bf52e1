//! The answers of proxies: the dialogues of SOCKS5 and of HTTP `CONNECT`.
//!
//! Input: one byte chooses the protocol, and whether we have credentials; six bytes are lengths of pieces, less one;
//! the rest is the proxy's bytes, then the server's.

use sansgram_runtime::proxy::{Credentials, Host, HttpConnect, ProxyError, ProxyKind, Socks5, Step, Target};

use crate::Input;
use crate::input::pieces;
use crate::memory::peak_of;

/// Memory in bytes per byte of the proxy: the head of an answer is buffered.
const RATIO: usize = 3;
/// The same for the smallest answers: the request and the wiped password.
const SLACK: usize = 1024;
/// The longest answer, in bytes.
const LONGEST: usize = 8 << 10;

/// Runs the target. Returns 1 if the proxy connected.
///
/// # Panics
/// Panics if the result depends on the chunking, a byte of the server is consumed, or memory is not bounded by the
/// answer.
pub fn run(bytes: &[u8]) -> usize {
    let mut input = Input::new(bytes);
    let choice = input.byte();
    let sizes = input.take(6);
    let says = input.rest();
    let begin: &dyn Fn() -> Box<dyn Dialogue> = if choice & 1 == 0 {
        &|| {
            let credentials = credentials(ProxyKind::Socks5, choice);
            Box::new(Socks5::new(&target(choice), credentials.as_ref()))
        }
    } else {
        &|| {
            let credentials = credentials(ProxyKind::Http, choice);
            Box::new(HttpConnect::new(&target(choice), credentials.as_ref()))
        }
    };
    let whole = seen(begin(), vec![says.to_vec()]);
    assert_eq!(whole, seen(begin(), pieces(says, sizes)), "the pieces of the answer matter");
    let exact = as_wanted(begin(), says);
    assert_eq!(whole, exact, "it matters whether a reader takes what is asked for only");
    usize::from(whole.outcome == Ok(true))
}

fn target(choice: u8) -> Target {
    let host = ["10.0.0.2", "::1", "dc.example"][usize::from(choice >> 4 & 3) % 3];
    Target::new(Host::parse(host).expect("a host"), 443)
}

fn credentials(kind: ProxyKind, choice: u8) -> Option<Credentials> {
    (choice & 2 != 0).then(|| Credentials::new(kind, "me", "secret").expect("short ones"))
}

/// The steps of both dialogues.
trait Dialogue {
    fn step(&mut self) -> Step;
    fn receive(&mut self, input: &mut &[u8]) -> Result<(), ProxyError>;
}

impl Dialogue for Socks5 {
    fn step(&mut self) -> Step {
        self.step()
    }

    fn receive(&mut self, input: &mut &[u8]) -> Result<(), ProxyError> {
        self.receive(input)
    }
}

impl Dialogue for HttpConnect {
    fn step(&mut self) -> Step {
        self.step()
    }

    fn receive(&mut self, input: &mut &[u8]) -> Result<(), ProxyError> {
        self.receive(input)
    }
}

/// The result of a dialogue.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    /// Whether it was over.
    outcome: Result<bool, ProxyError>,
    written: Vec<u8>,
    /// How many bytes it consumed, unless it failed.
    taken: Option<usize>,
}

fn seen(mut dialogue: Box<dyn Dialogue>, pieces: Vec<Vec<u8>>) -> Seen {
    let mut written = Vec::new();
    let mut fed = 0;
    let mut taken = 0;
    for piece in pieces {
        fed += piece.len();
        let mut input = &piece[..];
        loop {
            match dialogue.step() {
                Step::Write(bytes) => written.extend_from_slice(&bytes),
                Step::Done => return Seen { outcome: Ok(true), written, taken: Some(taken) },
                Step::Read(wanted) => {
                    assert!((1..=262).contains(&wanted), "{wanted} bytes are wanted");
                    if input.is_empty() {
                        break;
                    }
                    let before = input.len();
                    let (result, peak) = peak_of(|| dialogue.receive(&mut input));
                    assert!(peak <= RATIO * fed.min(LONGEST) + SLACK, "{peak} bytes held for {fed}");
                    taken += before - input.len();
                    if let Err(error) = result {
                        return failed(&mut *dialogue, error, written);
                    }
                }
            }
        }
    }
    while let Step::Write(bytes) = dialogue.step() {
        written.extend_from_slice(&bytes);
    }
    Seen { outcome: Ok(dialogue.step() == Step::Done), written, taken: Some(taken) }
}

/// Feeds bytes as a reader that must leave the server's bytes in the stream.
fn as_wanted(mut dialogue: Box<dyn Dialogue>, says: &[u8]) -> Seen {
    let mut written = Vec::new();
    let mut taken = 0;
    loop {
        match dialogue.step() {
            Step::Write(bytes) => written.extend_from_slice(&bytes),
            Step::Done => return Seen { outcome: Ok(true), written, taken: Some(taken) },
            Step::Read(_) if taken == says.len() => {
                return Seen { outcome: Ok(false), written, taken: Some(taken) };
            }
            Step::Read(wanted) => {
                let mut input = &says[taken..says.len().min(taken + wanted)];
                taken += input.len();
                if let Err(error) = dialogue.receive(&mut input) {
                    return failed(&mut *dialogue, error, written);
                }
                assert!(input.is_empty(), "what was asked for is not taken");
            }
        }
    }
}

fn failed(dialogue: &mut dyn Dialogue, error: ProxyError, written: Vec<u8>) -> Seen {
    assert_eq!(dialogue.receive(&mut &[5; 9][..]), Err(error), "an error is final");
    assert_eq!(dialogue.step(), Step::Read(0), "nothing is left to do");
    Seen { outcome: Err(error), written, taken: None }
}
