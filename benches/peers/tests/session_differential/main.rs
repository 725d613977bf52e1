//! The same messages of a server through grammers-mtproto 0.11.0 and through our session layer: what each passes up,
//! and what it sends next. Where they differ, the reason is here. "Closed" stands for an error with which the
//! connection must be closed. Sources are pages of `core.telegram.org`, and files of grammers-mtproto (`encrypted.rs`,
//! `manual_tl.rs`). `framing.rs` has the table of the framings, `properties.rs` has random messages. Only what both
//! read to its end is compared.
//!
//! | message | grammers-mtproto | ours | why |
//! |---|---|---|---|
//! | result of an unknown request, or a second one | passed up | ignored | our session has the table of requests, there its caller has it |
//! | result of the request 0 | passed up | closed | no message has this msg_id; TDLib closes, too |
//! | result without content | failure | passed up empty | with us the caller decodes a result, and fails there |
//! | `rpc_error` cut short | failure | passed up | the same |
//! | `rpc_answer_unknown` for a request | dropped | passed up | the request would not end otherwise |
//! | result with updates | passed up twice | once | with us the caller looks into results |
//! | negative odd seq_no | no ack | ack | `requires_ack` compares the remainder with 1, which is -1; the lowest bit counts |
//! | result that is not gzip data, truncated or damaged | failure | passed up packed, closed | the packet is authentic, so the server is at fault: the request fails, and another connection may do better |
//! | result compressed twice | unpacked once | passed up packed, closed | `tl/gzip.rs` refuses it, so that depth has a limit; no type of result is `gzip_packed` |
//! | result of more than 10 MiB | unpacked | passed up packed, closed | memory has a limit (`policy.rs`) |
//! | message compressed twice, or container compressed | read | closed | `mtproto/service_messages`, "Packed Object": it replaces the result of a request, or a message that is no service message |
//! | compressed message | ack named twice | once | `handle_gzip_packed` processes the message a second time |
//! | container in a container | read | closed | `mtproto/service_messages`, "Containers", excludes it |
//! | even msg_id in a container, or above the container's | read | closed | `mtproto/description`, "Message Identifier" |
//! | container with more than 1024 messages, or bytes after the last | read | closed | TDLib sends at most 1024; bytes after them have no meaning |
//! | length that is not a multiple of 4 | read | closed | `mtproto/security_guidelines`, "Checking message length" |
//! | message twice | passed up twice | once, and acknowledged | `mtproto/security_guidelines`, "Checking msg_id"; grammers-mtproto remembers none |
//! | malformed message in a container | error for the whole | passed up up to there, closed | the others are authentic |
//! | `bad_server_salt` | reported; requests wait for `get_future_salts` | repeats the request at once | there its caller repeats it, in another packet |
//! | `bad_server_salt` about an unknown message, or a second one | taken | ignored | it may be a replay (`mtproto/security_guidelines`) |
//! | code 16 | reported, clock set | clock set, repeats the request | as for the salt |
//! | code 17 | reported, clock set, msg_id still above the last | another session, repeats the requests | msg_ids rise within a session, so that the next one would be refused, too |
//! | code 16 about an unknown message | clock set | ignored; closed if outside of the time window | it may be a replay |
//! | code 20 | reported | outcome of the request is unknown | `mtproto/service_messages_about_messages`: the server cannot tell whether it received the message |
//! | codes 32 and 33 | reported, seq_no changed by 64 or -16 | another session | the right seq_no is unknown; a comment in `encrypted.rs` wants the same |
//! | codes 18, 19, 34, 35, 48, 64, unknown ones | reported | closed | numbering or container is at fault; there its caller decides by `BadMessage::fatal` |
//! | `new_session_created` | not reported | reported, requests before it are repeated | `mtproto/service_messages`, "New Session Creation Notification" |
//! | a second one with the same `unique_id` | salt taken | ignored | the same page: each session has another one |
//! | `pong` | a result | `Pong` | our session sends the pings |
//! | `future_salts` that was not requested | salts taken | ignored | it may be a replay |
//! | `msgs_state_req` | ignored | `msgs_state_info` | not implemented in `encrypted.rs` |
//! | `msg_resend_req`, `msgs_all_info` | ignored | the request is repeated, or its answer requested | the same |
//! | `msgs_state_req`, `msgs_state_info`, `msgs_all_info`, `msg_resend_req` cut short | ignored | closed | the same |
//! | `msg_detailed_info`, `msg_new_detailed_info` | ack of the answer | `msg_resend_req` if the answer did not arrive | `mtproto/service_messages_about_messages`: an ack means that it arrived |
//! | `http_wait`, `msg_resend_ans_req` | ignored | an update | only clients send them; what has no meaning is passed up |
//! | `destroy_auth_key_ok` that was not requested | an update | ignored | not in `encrypted.rs` |
//! | even msg_id, more than 300 s old, or more than 30 s ahead | read | closed | `mtproto/security_guidelines`, "Checking msg_id" |
//! | padding below 12 or above 1024 bytes | read | closed | `mtproto/security_guidelines`, "Checking message length" |
//! | 1 to 15 bytes after the last block | error | read | the padding of padded intermediate framing, which grammers-mtproto does not have |

mod bodies;
mod clients;
mod envelopes;
mod framing;
mod properties;
mod results;
mod service_messages;

use std::cell::Cell;
use std::time::Duration;

use bodies::*;
use clients::{Client, Message, Ours, Packet, Sent, Theirs, now};

/// What the server knows of the client, and its own msg_ids.
struct Server {
    unix: Duration,
    /// The msg_id of the request.
    request: u64,
    /// The msg_id of the packet with it.
    packet: u64,
    sent: Cell<u64>,
}

impl Server {
    fn new(unix: Duration, first: &Sent) -> Self {
        Self { unix, request: first.request(), packet: first.whole.id, sent: Cell::new(0) }
    }

    /// Returns the next msg_id, of a message sent so many seconds from now. It is odd.
    fn id_at(&self, seconds: i64) -> u64 {
        self.sent.set(self.sent.get() + 1);
        self.unix.as_secs().strict_add_signed(seconds) << 32 | self.sent.get() << 2 | 1
    }

    /// Returns a message that must be acknowledged.
    fn message(&self, body: Vec<u8>) -> Message {
        Message { id: self.id_at(0), seq_no: 1, body }
    }

    /// Returns a packet with such a message.
    fn packet(&self, body: Vec<u8>) -> Packet {
        Packet::of(self.message(body))
    }

    fn packet_at(&self, seconds: i64, body: Vec<u8>) -> Packet {
        Packet::of(Message { id: self.id_at(seconds), seq_no: 1, body })
    }

    fn container(&self, messages: &[Message]) -> Packet {
        let body = container(messages);
        Packet::of(Message { id: self.id_at(0), seq_no: 0, body })
    }

    /// Returns a container with one message.
    fn container_of(&self, message: Message) -> Packet {
        self.container(&[message])
    }

    /// Returns the result of the request.
    fn result(&self) -> Vec<u8> {
        rpc_result(self.request, &answer())
    }

    /// Returns the result of the request with this content.
    fn result_of(&self, result: &[u8]) -> Packet {
        self.packet(rpc_result(self.request, result))
    }
}

/// Returns what a client passes up of the packets, and what it sends next with another request.
fn outcome<C: Client>(packets: &dyn Fn(&Server) -> Vec<Packet>) -> String {
    let unix = now();
    let mut client = C::new(unix);
    let first = client.send();
    let mut events: Vec<(String, usize)> = Vec::new();
    for packet in packets(&Server::new(unix, &first)) {
        let mut received = client.receive(packet.seal(first.session_id));
        if received.is_empty() {
            received.push("nothing".into());
        }
        for event in received {
            match events.last_mut() {
                Some((last, times)) if *last == event => *times += 1,
                _ => events.push((event, 1)),
            }
        }
    }
    let times = |(event, times): &(String, usize)| match times {
        1 => event.clone(),
        times => format!("{times} times {event}"),
    };
    let passed_up = events.iter().map(times).collect::<Vec<_>>().join(", ");
    if events.iter().any(|(event, _)| event.starts_with("error")) {
        return passed_up;
    }
    format!("{passed_up}; sends {}", sent_next(&first, &client.send(), unix))
}

fn sent_next(first: &Sent, next: &Sent, unix: Duration) -> String {
    let mut sent: Vec<String> = next.messages.iter().map(described).collect();
    sent.sort();
    if sent.len() > 1 {
        // Ours requests salts with the first answer, between others.
        sent.retain(|name| name != "get_future_salts");
    }
    if next.salt != first.salt {
        sent.push(format!("salt {}", next.salt));
    }
    if next.session_id != first.session_id {
        sent.push("another session".into());
    }
    let shift = (next.whole.id >> 32).cast_signed() - unix.as_secs().cast_signed();
    // The test takes some seconds itself.
    let hundreds = (shift + 50).div_euclid(100);
    if hundreds != 0 {
        sent.push(format!("{} s later", hundreds * 100));
    }
    sent.join(", ")
}

fn described(message: &Message) -> String {
    match (name_of(&message.body), &message.body[..]) {
        ("request", [_, _, _, _, number, ..]) => format!("request {number}"),
        (name @ ("msgs_ack" | "msg_resend_req"), [_, _, _, _, _, _, _, _, count, ..]) => {
            format!("{name} of {count}")
        }
        (name, _) => name.into(),
    }
}

/// Asserts the same outcome for both.
fn same(case: &str, packets: impl Fn(&Server) -> Vec<Packet>, outcome: &str) {
    differ(case, packets, outcome, outcome);
}

/// Asserts the outcome of grammers-mtproto, then ours.
fn differ(case: &str, packets: impl Fn(&Server) -> Vec<Packet>, theirs: &str, ours: &str) {
    let outcomes = [outcome::<Theirs>(&packets), outcome::<Ours>(&packets)];
    assert_eq!(outcomes, [theirs, ours], "{case}");
}

const RESULT: &str = "result of request 1: answer; sends msgs_ack of 1, request 2";
const UPDATE: &str = "update: update; sends msgs_ack of 1, request 2";
const NOTHING: &str = "nothing; sends msgs_ack of 1, request 2";
