//! Service messages, and their answers.
//!
//! Sources: `core.telegram.org/mtproto/service_messages`, `.../service_messages_about_messages`.

use std::time::Duration;

use super::constructors::*;
use super::dcs::TestDcs;
use super::message_context::MessageContext;
use super::policy::{FLOOD, FUTURE_SALTS, MAX_IDS};
use super::refusal::Refusal;
use super::session::Parity;
use crate::wire::{Malformed, Reader, Writer};

impl TestDcs {
    /// Processes a service message that names other messages, with a reader after its constructor.
    pub(super) fn about_messages(
        &mut self,
        cx: &mut MessageContext<'_>,
        msg_id: u64,
        constructor: u32,
        mut reader: Reader<'_>,
    ) -> Result<(), Malformed> {
        let ids = reader.longs(usize::MAX)?;
        reader.end()?;
        if ids.len() > MAX_IDS {
            cx.follow_up.transport_error = Some(FLOOD);
            self.refuse(cx.conn, Refusal::TooManyIds(constructor));
            return Ok(());
        }
        match constructor {
            MSGS_ACK => cx.session.acknowledged(&ids),
            MSGS_STATE_REQ => state_info(cx, msg_id, &ids),
            // The identifiers are those of requests; their answers are resent.
            MSG_RESEND_ANS_REQ if self.options.fault_injection.withhold_results => {}
            MSG_RESEND_ANS_REQ => {
                let answers = ids.iter().filter_map(|&id| cx.session.received(id)?.answer);
                for answer in answers.collect::<Vec<_>>() {
                    cx.session.resend(answer);
                }
            }
            _ => {
                let unknown = ids.iter().filter(|&&id| !cx.session.resend(id)).count();
                if unknown > 0 {
                    state_info(cx, msg_id, &ids);
                }
            }
        }
        Ok(())
    }

    /// Processes any other service message, with a reader after its constructor.
    pub(super) fn service(
        &mut self,
        cx: &mut MessageContext<'_>,
        msg_id: u64,
        constructor: u32,
        mut reader: Reader<'_>,
    ) -> Result<(), Malformed> {
        match constructor {
            PING | PING_DELAY_DISCONNECT => {
                let ping_id = reader.i64()?;
                if constructor == PING_DELAY_DISCONNECT {
                    let delay = u64::try_from(reader.i32()?).map_err(|_| Malformed)?;
                    if let Some(conn) = self.conns.get_mut(&cx.conn) {
                        conn.disconnect_at = Some(self.now.monotonic + Duration::from_secs(delay));
                    }
                }
                let pong = Writer::object(PONG).u64(msg_id).i64(ping_id).finish();
                cx.session.send(cx.unix, pong, false, true);
            }
            GET_FUTURE_SALTS => {
                let asked = usize::try_from(reader.i32()?).map_err(|_| Malformed)?;
                self.future_salts(cx, msg_id, asked);
            }
            RPC_DROP_ANSWER => {
                let request = reader.u64()?;
                let outcome = match cx.session.drop_answer(request) {
                    Some(dropped) => {
                        let length = i32::try_from(dropped.body.len()).unwrap_or(i32::MAX);
                        Writer::object(RPC_ANSWER_DROPPED)
                            .u64(dropped.msg_id)
                            .raw(&dropped.seq_no.to_le_bytes())
                            .i32(length)
                    }
                    None => Writer::object(RPC_ANSWER_UNKNOWN),
                };
                cx.answer(msg_id, &outcome.finish());
            }
            DESTROY_SESSION => {
                let id = reader.i64()?;
                // The session that sends this is in use, so it is not among them.
                let known = cx.key.sessions.remove(&id).is_some();
                let outcome = if known { DESTROY_SESSION_OK } else { DESTROY_SESSION_NONE };
                let body = Writer::object(outcome).i64(id).finish();
                if self.options.wrap_destroy_session {
                    cx.answer(msg_id, &body);
                } else {
                    cx.session.send(cx.unix, body, false, true);
                }
            }
            _ => {
                cx.answer(msg_id, &Writer::object(DESTROY_AUTH_KEY_OK).finish());
                cx.follow_up.destroy_key = true;
            }
        }
        reader.end()
    }

    fn future_salts(&self, cx: &mut MessageContext<'_>, msg_id: u64, asked: usize) {
        let now = self.unix_seconds();
        let count = asked.clamp(*FUTURE_SALTS.start(), *FUTURE_SALTS.end());
        let seconds = |unix: i64| i32::try_from(unix).unwrap_or(i32::MAX);
        let head = Writer::object(FUTURE_SALTS_ID).u64(msg_id).i32(seconds(now));
        let head = head.i32(i32::try_from(count).unwrap_or(i32::MAX));
        let salts = cx.key.salts.future(now).take(count);
        let body = salts
            .fold(head, |out, salt| {
                out.i32(seconds(salt.valid_since)).i32(seconds(salt.valid_until)).i64(salt.salt)
            })
            .finish();
        cx.session.send(cx.unix, body, false, true);
    }
}

fn state_info(cx: &mut MessageContext<'_>, msg_id: u64, ids: &[u64]) {
    let states: Vec<u8> = ids.iter().map(|&id| cx.session.state_of(id, cx.unix)).collect();
    let body = Writer::object(MSGS_STATE_INFO).u64(msg_id).bytes(&states).finish();
    cx.session.send(cx.unix, body, false, true);
}

/// Clients differ on whether service requests with an answer are content-related; servers accept both.
pub(super) const fn parity(constructor: u32) -> Parity {
    match constructor {
        MSGS_ACK | MSGS_STATE_INFO | MSGS_ALL_INFO => Parity::Even,
        PING
        | PING_DELAY_DISCONNECT
        | GET_FUTURE_SALTS
        | RPC_DROP_ANSWER
        | DESTROY_SESSION
        | DESTROY_AUTH_KEY
        | MSGS_STATE_REQ
        | MSG_RESEND_REQ
        | MSG_RESEND_ANS_REQ
        | HTTP_WAIT => Parity::Either,
        _ => Parity::Odd,
    }
}
