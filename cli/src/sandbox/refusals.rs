//! What the DCs refused, in words and in JSON: with advice, and without repeating the same line.

use std::time::Instant;

use sansgram_testkit::server::{
    BadMessage, EnvelopeRefusal, FramingError, FrontendRefusal, HandshakeRefusal, Refusal, Tolerance,
    WebSocketRefusal,
};
use sansgram_testkit::test_server::{Report, ReportKind};
use serde::Serialize;

use crate::output;
use crate::policy::{MAX_LINES_PER_WINDOW, REPEAT_WINDOW};

/// The options of this run that decide what is reported about a client.
#[derive(Clone, Copy, Debug)]
pub(super) struct Strictness {
    /// `--strict`, which includes `--strict-rsa`.
    pub(super) all: bool,
    /// `--state`.
    pub(super) keeps_keys: bool,
}

/// A line of the report about a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// `refused`, `tolerated`, `closed` or `not saved`.
    event: &'static str,
    reason: String,
    /// What to do, with the option if one changes it.
    advice: Option<&'static str>,
    option: Option<&'static str>,
    /// Where it was, as `(DC 2, 127.0.0.1:4321)`.
    place: Option<(i32, String)>,
    /// How many lines this one stands for.
    repeated: Option<u64>,
}

/// The same, as scripts read it.
#[derive(Serialize)]
struct LineJson<'a> {
    event: String,
    reason: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    option: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dc: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    repeated: Option<u64>,
}

impl Line {
    /// Returns `None` for ordinary events, such as an expired salt, which are not reported.
    pub(super) fn new(report: &Report, strictness: Strictness) -> Option<Self> {
        let (event, reason, (advice, option)) = match &report.what {
            ReportKind::Refused(Refusal::Message { reason: BadMessage::Salt, .. }) => return None,
            ReportKind::Refused(refusal) => {
                ("refused", refusal.to_string(), about_refusal(refusal, strictness))
            }
            ReportKind::Tolerated(tolerance) => {
                ("tolerated", tolerance.to_string(), about_tolerance(*tolerance))
            }
            ReportKind::TooManyConnections(limit) => (
                "closed",
                format!("{limit} connections are open, and more are not taken"),
                (Some("--connections N takes up to N"), Some("--connections")),
            ),
            ReportKind::TooMuchUnread(bytes) => {
                ("closed", format!("the client has left {} MiB unread", bytes >> 20), (None, None))
            }
            ReportKind::OutOfResources(error) => (
                "closed",
                format!("this machine lacks the resources for another connection: {error}"),
                (Some("raise its limits, such as \"ulimit -n\""), None),
            ),
            ReportKind::SaveFailed(error) => (
                "not saved",
                format!("the state cannot be saved: {error}"),
                (Some("it is tried again at the next change"), Some("--state")),
            ),
            _ => return None,
        };
        let client = report.client.map_or_else(|| "a client".into(), |client| client.to_string());
        Some(Self { event, reason, advice, option, place: report.dc.map(|dc| (dc, client)), repeated: None })
    }

    pub(super) fn words(&self) -> String {
        let mut words = match (&self.place, self.repeated) {
            (Some((dc, client)), _) => format!("{} (DC {dc}, {client}): {}", self.event, self.reason),
            (None, None) => format!("{}: {}", self.event, self.reason),
            (None, repeated) => {
                let times = match repeated.unwrap_or_default() {
                    1 => "once more".into(),
                    times => format!("{times} times more"),
                };
                format!("{} {times}: {}", self.event, self.reason)
            }
        };
        if let Some(advice) = self.advice {
            words.push_str("; ");
            words.push_str(advice);
        }
        words
    }

    pub(super) fn json(&self) -> String {
        output::json(&LineJson {
            event: self.event.replace(' ', "_"),
            reason: &self.reason,
            advice: self.advice,
            option: self.option,
            client: self.place.as_ref().map(|(_, client)| client.as_str()),
            dc: self.place.as_ref().map(|(dc, _)| *dc),
            repeated: self.repeated,
        })
    }

    /// Returns a text that is equal for lines that differ only in numbers.
    fn pattern(&self) -> String {
        let mut pattern = String::from(self.event);
        for word in self.reason.split_whitespace() {
            let is_number = word.contains(|letter: char| letter.is_ascii_digit());
            pattern.push_str(if is_number { " #" } else { " " });
            pattern.push_str(if is_number { "" } else { word });
        }
        pattern
    }
}

/// Returns the advice, and the option that changes the behaviour.
type Advice = (Option<&'static str>, Option<&'static str>);

const fn about_tolerance(tolerance: Tolerance) -> Advice {
    match tolerance {
        Tolerance::LegacyRsa => {
            (Some("Telegram's servers take it, --strict-rsa refuses it"), Some("--strict-rsa"))
        }
        _ => (Some("Telegram's servers take it, --strict refuses it"), Some("--strict")),
    }
}

const fn about_refusal(refusal: &Refusal, strictness: Strictness) -> Advice {
    match refusal {
        Refusal::Handshake(HandshakeRefusal::LegacyRsa) if strictness.all => {
            (Some("it is taken without --strict"), Some("--strict"))
        }
        Refusal::Handshake(HandshakeRefusal::LegacyRsa) => {
            (Some("it is taken without --strict-rsa"), Some("--strict-rsa"))
        }
        Refusal::Handshake(HandshakeRefusal::BadMessageId(_)) => {
            (Some("it is taken without --strict"), Some("--strict"))
        }
        Refusal::Message { reason: BadMessage::SeqNoOdd, .. } if strictness.all => {
            (Some("acknowledgements like this are taken without --strict"), Some("--strict"))
        }
        Refusal::Handshake(HandshakeRefusal::WrongDc { found: 10_000.., .. }) => {
            (Some("the client means a test DC: switch its test mode off"), None)
        }
        Refusal::Handshake(HandshakeRefusal::WrongDc { .. }) | Refusal::UnknownDc(_) => {
            (Some("give the client the addresses of DC 1 to 3 as they are above"), None)
        }
        Refusal::Handshake(HandshakeRefusal::Fingerprint(_)) => {
            (Some("give the client the sandbox's public key"), None)
        }
        Refusal::Envelope(EnvelopeRefusal::UnknownKey(_)) if strictness.keeps_keys => {
            (Some("the client's session was made elsewhere: log in anew"), None)
        }
        Refusal::Envelope(EnvelopeRefusal::UnknownKey(_)) => (
            Some(
                "the client's session was made elsewhere or in an earlier run; --state FILE keeps keys from run to run",
            ),
            Some("--state"),
        ),
        Refusal::Message { reason: BadMessage::IdTooLow | BadMessage::IdTooHigh, .. } => {
            (Some("check the client's clock"), None)
        }
        Refusal::Framing(
            FramingError::UnknownFraming
            | FramingError::OtherProtocol(_)
            | FramingError::Front(FrontendRefusal::WebSocket(WebSocketRefusal::Page)),
        ) => (
            Some(
                "abridged, intermediate, padded intermediate and full are taken, obfuscated or not, over TCP, and \
                 obfuscated over ws://HOST:PORT/apiws",
            ),
            None,
        ),
        _ => (None, None),
    }
}

/// Lets each line pass once, and counts those that say the same soon afterwards.
#[derive(Debug, Default)]
pub(super) struct Repeats {
    told: Vec<Told>,
}

#[derive(Debug)]
struct Told {
    pattern: String,
    line: Line,
    at: Instant,
    hidden: u64,
}

impl Repeats {
    /// Returns the line if it is to be printed now.
    pub(super) fn pass(&mut self, line: Line, now: Instant) -> Option<Line> {
        let pattern = line.pattern();
        if let Some(told) = self.told.iter_mut().find(|told| told.pattern == pattern) {
            told.hidden += 1;
            return None;
        }
        let summary = Line { place: None, repeated: None, ..line.clone() };
        if self.told.len() < MAX_LINES_PER_WINDOW {
            self.told.push(Told { pattern, line: summary, at: now, hidden: 0 });
            return Some(line);
        }
        // Until some of these expire, all other lines are counted together.
        let others = Line { reason: "other reasons".into(), advice: None, option: None, ..summary };
        let pattern = String::new();
        match self.told.iter_mut().find(|told| told.pattern.is_empty()) {
            Some(told) => told.hidden += 1,
            None => self.told.push(Told { pattern, line: others, at: now, hidden: 1 }),
        }
        None
    }

    /// Returns the summary lines for the lines that did not pass.
    pub(super) fn due(&mut self, now: Instant) -> Vec<Line> {
        let mut due = Vec::new();
        self.told.retain_mut(|told| {
            if now.saturating_duration_since(told.at) < REPEAT_WINDOW {
                return true;
            }
            let hidden = std::mem::take(&mut told.hidden);
            if hidden > 0 {
                due.push(Line { repeated: Some(hidden), ..told.line.clone() });
            }
            told.at = now;
            hidden > 0
        });
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LENIENT: Strictness = Strictness { all: false, keeps_keys: false };

    fn report(what: ReportKind) -> Line {
        Line::new(&Report::new(Some(2), Some("127.0.0.1:4321".parse().unwrap()), what), LENIENT).unwrap()
    }

    fn unknown_key(id: u64) -> Line {
        report(ReportKind::Refused(Refusal::Envelope(EnvelopeRefusal::UnknownKey(id))))
    }

    #[test]
    fn a2d_a_refusal_names_its_reason_and_the_option() {
        let line = report(ReportKind::Refused(Refusal::Handshake(HandshakeRefusal::LegacyRsa)));
        assert_eq!(
            line.words(),
            "refused (DC 2, 127.0.0.1:4321): old RSA padding or p_q_inner_data without a DC number; it is taken \
             without --strict-rsa"
        );
        let json: serde_json::Value = serde_json::from_str(&line.json()).unwrap();
        assert_eq!((&json["event"], &json["option"]), (&"refused".into(), &"--strict-rsa".into()));
        assert_eq!((&json["client"], &json["dc"]), (&"127.0.0.1:4321".into(), &2.into()));
        assert!(unknown_key(7).words().contains("--state FILE"));
        let kept = Strictness { keeps_keys: true, ..LENIENT };
        let refusal = Refusal::Envelope(EnvelopeRefusal::UnknownKey(7));
        assert_eq!(about_refusal(&refusal, kept).1, None);
        let full = report(ReportKind::TooManyConnections(1000));
        assert!(
            full.words().contains("1000 connections are open") && full.words().contains("--connections N")
        );
    }

    #[test]
    fn a2d_lines_that_say_the_same_are_counted() {
        let (mut repeats, start) = (Repeats::default(), Instant::now());
        assert!(repeats.pass(unknown_key(7), start).is_some());
        for id in 0..1000 {
            assert_eq!(repeats.pass(unknown_key(id), start), None);
        }
        let other = report(ReportKind::Refused(Refusal::Framing(FramingError::BadChecksum)));
        assert!(repeats.pass(other, start).is_some());
        assert_eq!(repeats.due(start + REPEAT_WINDOW / 2), []);
        let due = repeats.due(start + REPEAT_WINDOW);
        assert_eq!(due.len(), 1);
        assert!(due[0].words().starts_with("refused 1000 times more: no key has the identifier"), "{due:?}");
        assert!(due[0].json().ends_with(r#","repeated":1000}"#), "{due:?}");
        // A flood that continues is still counted; one that is over is forgotten.
        assert_eq!(repeats.pass(unknown_key(1), start + REPEAT_WINDOW), None);
        assert_eq!(repeats.due(start + REPEAT_WINDOW * 2).len(), 1);
        assert_eq!(repeats.due(start + REPEAT_WINDOW * 3), []);
        assert!(repeats.pass(unknown_key(1), start + REPEAT_WINDOW * 3).is_some());
    }

    #[test]
    fn a2d_lines_that_all_differ_are_bounded() {
        let (mut repeats, start) = (Repeats::default(), Instant::now());
        let line = |n: u32| {
            let word: String = n.to_string().bytes().map(|digit| char::from(digit + 49)).collect();
            report(ReportKind::OutOfResources(word))
        };
        let passed = (0..500).filter_map(|n| repeats.pass(line(n), start)).count();
        assert_eq!((passed, repeats.told.len()), (MAX_LINES_PER_WINDOW, MAX_LINES_PER_WINDOW + 1));
        let due = repeats.due(start + REPEAT_WINDOW);
        assert_eq!(due.len(), 1);
        assert!(due[0].words().contains("484 times more: other reasons"), "{due:?}");
    }
}
