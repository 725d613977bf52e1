//! Results of requests, and compressed messages.

use sansgram_core::tl::gzip::compress;
use sansgram_core::tl::{Constructor, types};

use crate::bodies::*;
use crate::clients::{Message, Packet};
use crate::{NOTHING, RESULT, Server, UPDATE, differ, same};

/// `updates#74ae4240`, without its content.
const UPDATES: u32 = 0x74ae_4240;

#[test]
fn results() {
    same("a result", |s| vec![s.packet(s.result())], RESULT);
    let error = "result of request 1: rpc_error; sends msgs_ack of 1, request 2";
    same("an error", |s| vec![s.result_of(&rpc_error())], error);
    same("an update", |s| vec![s.packet(update())], UPDATE);
    differ(
        "of an unknown request",
        |s| vec![s.packet(rpc_result(4, &answer()))],
        "result of another message: answer; sends msgs_ack of 1, request 2",
        NOTHING,
    );
    differ(
        "a second one",
        |s| vec![s.packet(s.result()), s.packet(s.result())],
        "2 times result of request 1: answer; sends msgs_ack of 2, request 2",
        "result of request 1: answer, nothing; sends msgs_ack of 2, request 2",
    );
    differ(
        "of the request 0",
        |s| vec![s.packet(rpc_result(0, &answer()))],
        "result of another message: answer; sends msgs_ack of 1, request 2",
        "error result_without_request",
    );
    let failure = "failure of request 1: MessageBufferTooSmall; sends msgs_ack of 1, request 2";
    differ(
        "without content",
        |s| vec![s.result_of(&[])],
        failure,
        "result of request 1: nothing; sends msgs_ack of 1, request 2",
    );
    differ("an error cut short", |s| vec![s.result_of(&rpc_error()[..8])], failure, error);
    differ(
        "cut short before its content",
        |s| vec![s.packet(s.result()[..8].to_vec())],
        "error MessageBufferTooSmall",
        "error malformed",
    );
    differ(
        "rpc_answer_unknown",
        |s| vec![s.result_of(&types::RpcAnswerUnknown::ID.to_le_bytes())],
        NOTHING,
        "result of request 1: rpc_answer_unknown; sends msgs_ack of 1, request 2",
    );
    differ(
        "with updates",
        |s| vec![s.result_of(&UPDATES.to_le_bytes())],
        "own update: another object, result of request 1: another object; sends msgs_ack of 1, request 2",
        "result of request 1: another object; sends msgs_ack of 1, request 2",
    );
    let with_seq_no = |s: &Server, seq_no| vec![Packet::of(Message { seq_no, ..s.message(s.result()) })];
    let no_ack = "result of request 1: answer; sends request 2";
    same("with an even seq_no", |s| with_seq_no(s, 2), no_ack);
    differ("with a negative odd seq_no", |s| with_seq_no(s, -1), no_ack, RESULT);
}

#[test]
fn compressed() {
    same("a result", |s| vec![s.result_of(&gzipped(&answer()))], RESULT);
    same(
        "an error",
        |s| vec![s.result_of(&gzipped(&rpc_error()))],
        "result of request 1: rpc_error; sends msgs_ack of 1, request 2",
    );
    let whole = compress(&answer());
    let mut wrong_checksum = whole.clone();
    wrong_checksum[whole.len() - 8] ^= 1;
    let longer = [&whole[..], &[0]].concat();
    for bytes in [&whole[..whole.len() - 4], &whole[..12], &answer(), &wrong_checksum, &longer] {
        differ(
            "a result that is damaged",
            |s| vec![s.result_of(&packed(bytes))],
            "failure of request 1: DecompressionFailed; sends msgs_ack of 1, request 2",
            "result of request 1: gzip_packed, error gzip",
        );
        differ(
            "an update that is damaged",
            |s| vec![s.packet(packed(bytes))],
            "error DecompressionFailed",
            "error gzip",
        );
    }
    differ(
        "a result, twice",
        |s| vec![s.result_of(&gzipped(&gzipped(&answer())))],
        "result of request 1: gzip_packed; sends msgs_ack of 1, request 2",
        "result of request 1: gzip_packed, error gzip",
    );
    let long = gzipped(&answer().repeat(11 << 17));
    differ(
        "a result of 11 MiB",
        |s| vec![s.result_of(&long)],
        RESULT,
        "result of request 1: gzip_packed, error gzip",
    );
    let twice = |outcome: &str| outcome.replace("msgs_ack of 1", "msgs_ack of 2");
    differ("the message of an update", |s| vec![s.packet(gzipped(&update()))], &twice(UPDATE), UPDATE);
    differ("the message of a result", |s| vec![s.packet(gzipped(&s.result()))], &twice(RESULT), RESULT);
    differ(
        "both, message and result",
        |s| vec![s.packet(gzipped(&rpc_result(s.request, &gzipped(&answer()))))],
        &twice(RESULT),
        RESULT,
    );
    differ(
        "a message, twice",
        |s| vec![s.packet(gzipped(&gzipped(&update())))],
        "update: update; sends msgs_ack of 3, request 2",
        "error gzip",
    );
    differ(
        "a container",
        |s| vec![Packet::of(Message { seq_no: 0, ..s.message(gzipped(&container(&[s.message(update())]))) })],
        UPDATE,
        "error container",
    );
}
