//! Bodies of messages, and their names.

use sansgram_core::tl::{Constructor, Serialize, functions, gzip, ids, types, write};

/// The constructor of the client's requests.
pub const REQUEST: u32 = 0x1111_1111;
const ANSWER: u32 = 0x2222_2222;
const UPDATE: u32 = 0x3333_3333;
const HTTP_WAIT: u32 = 0x9299_359f;

pub fn request(number: usize) -> Vec<u8> {
    [REQUEST, u32::try_from(number).unwrap()].map(u32::to_le_bytes).concat()
}

pub fn answer() -> Vec<u8> {
    [ANSWER, 7].map(u32::to_le_bytes).concat()
}

pub fn update() -> Vec<u8> {
    [UPDATE, 7].map(u32::to_le_bytes).concat()
}

pub fn http_wait() -> Vec<u8> {
    [HTTP_WAIT, 0, 0, 0].map(u32::to_le_bytes).concat()
}

/// Returns the name of what a body contains.
pub fn name_of(body: &[u8]) -> &'static str {
    let Some((id, _)) = body.split_first_chunk() else { return "nothing" };
    match u32::from_le_bytes(*id) {
        REQUEST => "request",
        ANSWER => "answer",
        UPDATE => "update",
        HTTP_WAIT => "http_wait",
        ids::MSG_CONTAINER => "msg_container",
        ids::GZIP_PACKED => "gzip_packed",
        types::RpcError::ID => "rpc_error",
        types::RpcAnswerUnknown::ID => "rpc_answer_unknown",
        types::Pong::ID => "pong",
        types::FutureSalts::ID => "future_salts",
        types::MsgsAck::ID => "msgs_ack",
        types::MsgsStateInfo::ID => "msgs_state_info",
        types::MsgResendReq::ID => "msg_resend_req",
        types::MsgResendAnsReq::ID => "msg_resend_ans_req",
        types::DestroyAuthKeyOk::ID => "destroy_auth_key_ok",
        functions::PingDelayDisconnect::ID => "ping",
        functions::GetFutureSalts::ID => "get_future_salts",
        functions::DestroySession::ID => "destroy_session",
        _ => "another object",
    }
}

pub fn boxed(id: u32, fields: &impl Serialize) -> Vec<u8> {
    let mut out = id.to_le_bytes().to_vec();
    fields.serialize(&mut out);
    out
}

pub fn rpc_result(request: u64, result: &[u8]) -> Vec<u8> {
    [&ids::RPC_RESULT.to_le_bytes()[..], &request.to_le_bytes(), result].concat()
}

pub fn rpc_error() -> Vec<u8> {
    let error = types::RpcError { error_code: 400, error_message: "TEST".into() };
    boxed(types::RpcError::ID, &error)
}

/// `gzip_packed` with these bytes, which are or are not gzip data.
pub fn packed(gzipped: &[u8]) -> Vec<u8> {
    let mut out = ids::GZIP_PACKED.to_le_bytes().to_vec();
    write::bytes(&mut out, gzipped);
    out
}

pub fn gzipped(body: &[u8]) -> Vec<u8> {
    packed(&gzip::compress(body))
}

pub fn pong(id: u64) -> Vec<u8> {
    boxed(types::Pong::ID, &types::Pong { msg_id: id.cast_signed(), ping_id: 5 })
}

pub fn bad_message(id: u64, error_code: i32) -> Vec<u8> {
    let notice = types::BadMsgNotification { bad_msg_id: id.cast_signed(), bad_msg_seqno: 1, error_code };
    boxed(types::BadMsgNotification::ID, &notice)
}

pub fn bad_salt(id: u64, new_server_salt: i64) -> Vec<u8> {
    let bad_msg_id = id.cast_signed();
    let notice = types::BadServerSalt { bad_msg_id, bad_msg_seqno: 1, error_code: 48, new_server_salt };
    boxed(types::BadServerSalt::ID, &notice)
}

pub fn new_session(first: u64, server_salt: i64) -> Vec<u8> {
    let notice = types::NewSessionCreated { first_msg_id: first.cast_signed(), unique_id: 3, server_salt };
    boxed(types::NewSessionCreated::ID, &notice)
}

pub fn future_salts(request: u64, salt: i64) -> Vec<u8> {
    let salts = vec![types::FutureSalt { valid_since: 0, valid_until: i32::MAX, salt }];
    let salts = types::FutureSalts { req_msg_id: request.cast_signed(), now: 1, salts };
    boxed(types::FutureSalts::ID, &salts)
}

/// An object with a vector of msg_ids: `msgs_ack`, `msgs_state_req`, `msg_resend_req`, `msg_resend_ans_req`.
pub fn with_ids(constructor: u32, msg_ids: &[u64]) -> Vec<u8> {
    let mut out = constructor.to_le_bytes().to_vec();
    write::vector(&mut out, msg_ids, |out, id| write::u64(out, *id));
    out
}

pub fn all_info(id: u64, info: &[u8]) -> Vec<u8> {
    let mut out = with_ids(types::MsgsAllInfo::ID, &[id]);
    write::bytes(&mut out, info);
    out
}

pub fn state_info(request: u64, info: &[u8]) -> Vec<u8> {
    let mut out = types::MsgsStateInfo::ID.to_le_bytes().to_vec();
    write::u64(&mut out, request);
    write::bytes(&mut out, info);
    out
}

pub fn detailed_info(id: u64, answer: u64) -> Vec<u8> {
    let info = types::MsgDetailedInfo {
        msg_id: id.cast_signed(),
        answer_msg_id: answer.cast_signed(),
        bytes: 8,
        status: 0,
    };
    boxed(types::MsgDetailedInfo::ID, &info)
}

pub fn new_detailed_info(answer: u64) -> Vec<u8> {
    let info = types::MsgNewDetailedInfo { answer_msg_id: answer.cast_signed(), bytes: 8, status: 0 };
    boxed(types::MsgNewDetailedInfo::ID, &info)
}

pub fn destroy_session_ok(session: u64) -> Vec<u8> {
    boxed(types::DestroySessionOk::ID, &types::DestroySessionOk { session_id: session.cast_signed() })
}

/// A container, with its count if that is not the number of messages.
pub fn container(messages: &[super::clients::Message]) -> Vec<u8> {
    let mut out = ids::MSG_CONTAINER.to_le_bytes().to_vec();
    write::u32(&mut out, u32::try_from(messages.len()).unwrap());
    messages.iter().for_each(|message| message.write(&mut out));
    out
}
