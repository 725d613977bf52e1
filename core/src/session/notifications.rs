//! What the server reports about the client's messages: refused, lost and received ones, and available answers.

use alloc::vec::Vec;

use super::error::MessageError;
use super::ids::MsgId;
use super::machine::Session;
use super::outgoing::RequeueOutcome;
use super::replay::Freshness;
use super::resend_reason::ResendReason;
use super::service::{MessageStatus, Service};
use crate::crypto::SecureRandom;
use crate::policy;
use crate::time::Now;
use crate::tl::types;

impl Session {
    /// Handles `bad_msg_notification` (`mtproto/service_messages_about_messages`, "Notification of Ignored Error
    /// Message").
    pub(super) fn on_bad_message(
        &mut self,
        now: Now,
        msg_id: MsgId,
        notice: &types::BadMsgNotification,
        random: &mut dyn SecureRandom,
    ) -> Result<(), MessageError> {
        let bad_id = MsgId::from_wire(notice.bad_msg_id);
        let refused = self.record_refusal(bad_id, ResendReason::from_code(notice.error_code), now)?;
        let Some(starts_resend_round) = refused else { return Ok(()) };
        if starts_resend_round {
            self.requeue_service(now);
        }
        let was_in_container = self.outgoing.is_in_container(bad_id);
        match notice.error_code {
            16 => {
                self.clock.correct(now, msg_id.time());
                self.requeue_refused(bad_id, msg_id);
            }
            // The msg_ids must fall, which only a new session allows.
            17 => {
                self.clock.correct(now, msg_id.time());
                self.outgoing.requeue_unacknowledged_from(bad_id);
                self.restart(now, random);
            }
            // Too old: the server cannot tell whether it received them.
            20 => {
                let unknown = self.outgoing.take_refused(bad_id);
                self.add_unknown_outcomes(unknown);
            }
            // The seq_nos must fall, and those of later messages are even greater.
            33 => {
                self.outgoing.requeue_unacknowledged_from(bad_id);
                self.restart(now, random);
            }
            32 => {
                self.requeue_refused(bad_id, msg_id);
                self.restart(now, random);
            }
            64 => {
                self.one_per_packet = true;
                self.requeue_refused(bad_id, msg_id);
                return Err(MessageError::BadMessage(64));
            }
            // The client's numbering is at fault: it starts over, on another connection.
            code => {
                self.requeue_refused(bad_id, msg_id);
                self.restart(now, random);
                return Err(MessageError::BadMessage(code));
            }
        }
        // The status of the container's other messages is unknown. One state request per round is enough.
        if starts_resend_round && was_in_container && matches!(notice.error_code, 16 | 20) {
            self.request_state(now.monotonic, MsgId(u64::MAX));
        }
        Ok(())
    }

    /// Queues the requests in a refused message again, except those that the server has acknowledged before.
    ///
    /// `notice`: the server's message that says so.
    pub(super) fn requeue_refused(&mut self, id: MsgId, notice: MsgId) {
        let unknown = self.outgoing.requeue_refused(id, self.repeatable_from(notice));
        self.add_unknown_outcomes(unknown);
    }

    /// Returns the msg_id from which on requests can be repeated, by the time of the server's message `notice`: the clocks
    /// here may have jumped. The server refuses the copies of older ones that still arrive, so they are sent under another
    /// msg_id; so are all if it does not accept containers.
    fn repeatable_from(&self, notice: MsgId) -> MsgId {
        let oldest = notice.time().saturating_sub(policy::REPEATABLE_FOR);
        MsgId(if self.one_per_packet { u64::MAX } else { oldest.as_secs() << 32 })
    }

    /// Records that the server refused a message. Returns whether that starts a round of resends, in which the caller
    /// [queues service messages again](Self::requeue_service). Returns `None` if this session did not send the message,
    /// or if it was refused before.
    ///
    /// # Errors
    /// Returns [`MessageError::EndlessResends`] if there were too many rounds.
    pub(super) fn record_refusal(
        &mut self,
        id: MsgId,
        reason: ResendReason,
        now: Now,
    ) -> Result<Option<bool>, MessageError> {
        let Some(has_requests) = self.outgoing.on_refused(id) else { return Ok(None) };
        self.resends.record(id, self.ids.last(), has_requests, reason, now.monotonic).map(Some)
    }

    /// Handles `new_session_created`: the server's session begins with the message `first`. `is_another`: it takes the place
    /// of a session of the server that is known to have been there.
    ///
    /// Requests sent before it only over this connection were ignored, and are sent again, as the documentation
    /// requires. Requests sent over an earlier connection may have been executed in a session with the same key and
    /// session_id that the server has forgotten, and so may acknowledged ones: their outcome is unknown.
    pub(super) fn on_new_session(
        &mut self,
        first: MsgId,
        is_another: bool,
        now: Now,
    ) -> Result<(), MessageError> {
        let (newest, unknown) = self.outgoing.on_new_session(first, is_another);
        self.add_unknown_outcomes(unknown);
        match newest {
            Some(newest) => self
                .resends
                .record(newest, self.ids.last(), true, ResendReason::NewSession, now.monotonic)
                .map(drop),
            None => self.resends.start_round(ResendReason::NewSession, now.monotonic),
        }
    }

    /// Handles `msgs_state_info`, the server's message `notice`: the answer to a state request. Ignores it if there was no
    /// such state request.
    pub(super) fn on_state_info(
        &mut self,
        now: Now,
        notice: MsgId,
        request_id: MsgId,
        info: &[u8],
    ) -> Result<(), MessageError> {
        // The answer to `msg_resend_ans_req` if the server has forgotten an answer.
        let resend = self.answer_resend.take_if(|timer| timer.request_id == Some(request_id));
        if let Some(timer) = resend {
            let result = self.apply_statuses(&timer.msg_ids, info, true, false, now, notice);
            self.answer_resend = Some(timer);
            return result;
        }
        let pending = self.state_request.take_if(|pending| pending.request_id == Some(request_id));
        let Some(pending) = pending else { return Ok(()) };
        let result = self.apply_statuses(&pending.msg_ids, info, true, true, now, notice);
        if result.is_err() {
            self.state_request = Some(pending);
            return result;
        }
        // There may be more requests than one message can name.
        if !self.is_draining {
            self.request_state(now.monotonic, pending.boundary);
        }
        Ok(())
    }

    /// Applies the statuses of the messages `ids`, one byte of `info` each, from the server's message `notice`.
    ///
    /// `is_conclusive`: they answer a state request. `request_answers`: the answers that the server has are requested
    /// (`msg_resend_ans_req`).
    pub(super) fn apply_statuses(
        &mut self,
        ids: &[MsgId],
        info: &[u8],
        is_conclusive: bool,
        request_answers: bool,
        now: Now,
        notice: MsgId,
    ) -> Result<(), MessageError> {
        if ids.len() != info.len() {
            return Err(MessageError::StateInfo);
        }
        let mut answered = Vec::new();
        for (id, byte) in ids.iter().zip(info).rev() {
            match MessageStatus::from_byte(*byte) {
                MessageStatus::Lost => {
                    // The server could repeat unrequested reports without end.
                    if self.requeue_unexecuted(*id, is_conclusive, notice) && !is_conclusive {
                        self.record_resend(*id, now)?;
                    }
                }
                MessageStatus::Forgotten => {
                    let forgotten = self.outgoing.retire_msg_id(*id);
                    self.add_unknown_outcomes(forgotten);
                }
                MessageStatus::Received { answered: has_answer } => {
                    self.outgoing.on_acknowledged(*id);
                    if request_answers
                        && has_answer
                        && self.outgoing.is_known(*id)
                        && answered.len() < policy::MAX_IDS_PER_MESSAGE
                    {
                        answered.push(*id);
                    }
                }
            }
        }
        if !answered.is_empty() {
            answered.sort_unstable();
            answered.dedup();
            self.queue_service(Service::AnswerResendRequest(answered));
        }
        Ok(())
    }

    /// Records that the server made the client send a request again without having been asked for its status.
    ///
    /// # Errors
    /// Returns [`MessageError::EndlessResends`] if there were too many rounds.
    pub(super) fn record_resend(&mut self, id: MsgId, now: Now) -> Result<(), MessageError> {
        self.resends.record(id, self.ids.last(), true, ResendReason::Resend, now.monotonic).map(drop)
    }

    /// Handles the report of the server's message `notice` that it did not receive a message. Returns whether that is an
    /// unanswered request.
    pub(super) fn requeue_unexecuted(&mut self, id: MsgId, is_conclusive: bool, notice: MsgId) -> bool {
        match self.outgoing.requeue_unexecuted(id, is_conclusive, self.repeatable_from(notice)) {
            RequeueOutcome::NoRequest => return false,
            RequeueOutcome::Requeued => {}
            RequeueOutcome::OutcomeUnknown(tag) => self.add_unknown_outcomes([tag]),
        }
        true
    }

    /// Requests an answer that the server has announced, or acknowledges it if it was received before.
    pub(super) fn request_answer(&mut self, answer: MsgId, now: Now) {
        if self.replay.check(answer) != Freshness::New {
            self.acks.push(answer, now.monotonic);
        } else {
            self.queue_service(Service::ResendRequest(answer));
        }
    }
}
