//! The reports about connections, in words and in JSON: refusals with advice, and repeated lines only counted.

use std::time::Instant;

use sansgram_testkit::server::{
    BadMessage, EnvelopeRefusal, FramingError, FrontendRefusal, HandshakeRefusal, Refusal, Tolerance,
    WebSocketRefusal,
};
use sansgram_testkit::test_server::{Report, ReportKind};
use serde::Serialize;

use crate::output;
use crate::policy::{MAX_LINES_PER_WINDOW, REPEAT_WINDOW};

/// The options that decide the advice about a client.
#[derive(Clone, Copy, Debug)]
pub(super) struct Strictness {
    /// `--strict`, which includes `--strict-rsa`.
    pub(super) all: bool,
    /// `--state`.
    pub(super) keeps_keys: bool,
}

/// A report about a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ReportLine {
    /// `refused`, `tolerated`, `closed` or `not saved`.
    event: &'static str,
    reason: String,
    /// What to do.
    advice: Option<&'static str>,
    /// The option that changes it.
    option: Option<&'static str>,
    /// The DC and the client, such as `127.0.0.1:4321`.
    place: Option<(i32, String)>,
    /// How many lines this one replaces.
    repeated: Option<u64>,
}

/// A report, as `--json` prints it.
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

impl ReportLine {
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
                format!("{limit} connections are open, which is the limit"),
                (Some("raise it with --connections N"), Some("--connections")),
            ),
            ReportKind::TooMuchUnread(bytes) => {
                ("closed", format!("the client left {} MiB unread", bytes >> 20), (None, None))
            }
            ReportKind::OutOfResources(error) => (
                "closed",
                format!("this machine lacks the resources for another connection: {error}"),
                (Some("raise its limits, for example with \"ulimit -n\""), None),
            ),
            ReportKind::SaveFailed(error) => (
                "not saved",
                format!("the state cannot be saved: {error}"),
                (Some("the next change tries again"), Some("--state")),
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
                    times => format!("{times} more times"),
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

    /// Returns a text that is equal for reports that differ only in numbers.
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
            (Some("Telegram's servers accept it; --strict-rsa refuses it"), Some("--strict-rsa"))
        }
        _ => (Some("Telegram's servers accept it; --strict refuses it"), Some("--strict")),
    }
}

const fn about_refusal(refusal: &Refusal, strictness: Strictness) -> Advice {
    match refusal {
        Refusal::Handshake(HandshakeRefusal::LegacyRsa) if strictness.all => {
            (Some("accepted without --strict"), Some("--strict"))
        }
        Refusal::Handshake(HandshakeRefusal::LegacyRsa) => {
            (Some("accepted without --strict-rsa"), Some("--strict-rsa"))
        }
        Refusal::Handshake(HandshakeRefusal::BadMessageId(_)) => {
            (Some("accepted without --strict"), Some("--strict"))
        }
        Refusal::Message { reason: BadMessage::SeqNoOdd, .. } if strictness.all => {
            (Some("an ack like this is accepted without --strict"), Some("--strict"))
        }
        Refusal::Handshake(HandshakeRefusal::WrongDc { found: 10_000.., .. }) => {
            (Some("the client expects a test DC: disable its test mode"), None)
        }
        Refusal::Handshake(HandshakeRefusal::WrongDc { .. }) | Refusal::UnknownDc(_) => {
            (Some("configure the client with the addresses of DC 1 to 3 shown above"), None)
        }
        Refusal::Handshake(HandshakeRefusal::Fingerprint(_)) => {
            (Some("configure the client with the sandbox's public key"), None)
        }
        Refusal::Envelope(EnvelopeRefusal::UnknownKey(_)) if strictness.keeps_keys => {
            (Some("the client's session belongs to another server; log in again"), None)
        }
        Refusal::Envelope(EnvelopeRefusal::UnknownKey(_)) => (
            Some(
                "the client's session belongs to another server or an earlier run; --state FILE keeps keys between runs",
            ),
            Some("--state"),
        ),
        Refusal::SharedKey(_) => {
            (Some("the session is ended, as by Telegram; give each process a session of its own"), None)
        }
        Refusal::Message { reason: BadMessage::IdTooLow | BadMessage::IdTooHigh, .. } => {
            (Some("check the client's clock"), None)
        }
        Refusal::Framing(
            FramingError::UnknownFraming
            | FramingError::OtherProtocol(_)
            | FramingError::Front(FrontendRefusal::WebSocket(WebSocketRefusal::Page)),
        ) => (
            Some(
                "the sandbox accepts abridged, intermediate, padded intermediate and full over TCP, obfuscated or not, \
                 and obfuscated over ws://HOST:PORT/apiws",
            ),
            None,
        ),
        _ => (None, None),
    }
}

/// Passes each report once, and counts those that say the same soon afterwards.
#[derive(Debug, Default)]
pub(super) struct Repeats {
    printed: Vec<Printed>,
}

#[derive(Debug)]
struct Printed {
    pattern: String,
    line: ReportLine,
    at: Instant,
    hidden: u64,
}

impl Repeats {
    /// Returns the report if it is to be printed now.
    pub(super) fn pass(&mut self, line: ReportLine, now: Instant) -> Option<ReportLine> {
        let pattern = line.pattern();
        if let Some(printed) = self.printed.iter_mut().find(|printed| printed.pattern == pattern) {
            printed.hidden += 1;
            return None;
        }
        let summary = ReportLine { place: None, repeated: None, ..line.clone() };
        if self.printed.len() < MAX_LINES_PER_WINDOW {
            self.printed.push(Printed { pattern, line: summary, at: now, hidden: 0 });
            return Some(line);
        }
        // Until some of these expire, all other reports are counted together.
        let others = ReportLine { reason: "other reasons".into(), advice: None, option: None, ..summary };
        let pattern = String::new();
        match self.printed.iter_mut().find(|printed| printed.pattern.is_empty()) {
            Some(printed) => printed.hidden += 1,
            None => self.printed.push(Printed { pattern, line: others, at: now, hidden: 1 }),
        }
        None
    }

    /// Returns a summary of the reports that did not pass.
    pub(super) fn due(&mut self, now: Instant) -> Vec<ReportLine> {
        let mut due = Vec::new();
        self.printed.retain_mut(|printed| {
            if now.saturating_duration_since(printed.at) < REPEAT_WINDOW {
                return true;
            }
            let hidden = std::mem::take(&mut printed.hidden);
            if hidden > 0 {
                due.push(ReportLine { repeated: Some(hidden), ..printed.line.clone() });
            }
            printed.at = now;
            hidden > 0
        });
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LENIENT: Strictness = Strictness { all: false, keeps_keys: false };

    fn report(what: ReportKind) -> ReportLine {
        ReportLine::new(&Report::new(Some(2), Some("127.0.0.1:4321".parse().unwrap()), what), LENIENT)
            .unwrap()
    }

    fn unknown_key(id: u64) -> ReportLine {
        report(ReportKind::Refused(Refusal::Envelope(EnvelopeRefusal::UnknownKey(id))))
    }

    #[test]
    fn a2d_refusals_name_their_reason_and_the_option() {
        let line = report(ReportKind::Refused(Refusal::Handshake(HandshakeRefusal::LegacyRsa)));
        assert_eq!(
            line.words(),
            "refused (DC 2, 127.0.0.1:4321): old RSA padding or p_q_inner_data without a DC number; accepted without \
             --strict-rsa"
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
    fn a2d_equal_reports_are_counted() {
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
        assert!(due[0].words().starts_with("refused 1000 more times: no key has the identifier"), "{due:?}");
        assert!(due[0].json().ends_with(r#","repeated":1000}"#), "{due:?}");
        // A flood is counted while it continues, and forgotten afterwards.
        assert_eq!(repeats.pass(unknown_key(1), start + REPEAT_WINDOW), None);
        assert_eq!(repeats.due(start + REPEAT_WINDOW * 2).len(), 1);
        assert_eq!(repeats.due(start + REPEAT_WINDOW * 3), []);
        assert!(repeats.pass(unknown_key(1), start + REPEAT_WINDOW * 3).is_some());
    }

    #[test]
    fn a2d_different_reports_are_bounded() {
        let (mut repeats, start) = (Repeats::default(), Instant::now());
        let line = |n: u32| {
            let word: String = n.to_string().bytes().map(|digit| char::from(digit + 49)).collect();
            report(ReportKind::OutOfResources(word))
        };
        let passed = (0..500).filter_map(|n| repeats.pass(line(n), start)).count();
        assert_eq!((passed, repeats.printed.len()), (MAX_LINES_PER_WINDOW, MAX_LINES_PER_WINDOW + 1));
        let due = repeats.due(start + REPEAT_WINDOW);
        assert_eq!(due.len(), 1);
        assert!(due[0].words().contains("484 more times: other reasons"), "{due:?}");
    }
}
