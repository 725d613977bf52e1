//! What the server says about our messages: refusals, lost and received ones, answers that it has.

use alloc::vec::Vec;

use super::error::MessageError;
use super::ids::MsgId;
use super::machine::Session;
use super::outgoing::Lost;
use super::replay::Freshness;
use super::resend_reason::ResendReason;
use super::service::{MessageStatus, Service};
use crate::crypto::SecureRandom;
use crate::policy;
use crate::time::Now;
use crate::tl::types;

impl Session {
    /// `bad_msg_notification`: protocol documentation, "Notification of Ignored Error Message".
    pub(super) fn bad_message(
        &mut self,
        now: Now,
        msg_id: MsgId,
        notice: &types::BadMsgNotification,
        random: &mut dyn SecureRandom,
    ) -> Result<(), MessageError> {
        let bad_id = MsgId::from_wire(notice.bad_msg_id);
        let refused = self.count_refusal(bad_id, ResendReason::from_code(notice.error_code), now)?;
        let Some(begins_round) = refused else { return Ok(()) };
        let was_contained = self.outgoing.is_contained(bad_id);
        match notice.error_code {
            16 => {
                self.clock.correct(now, msg_id.time());
                self.send_again(bad_id);
            }
            // Identifiers must go down: only a new session may do that.
            17 => {
                self.clock.correct(now, msg_id.time());
                self.outgoing.requeue_unconfirmed_from(bad_id);
                self.restart(now, random);
            }
            // Too old: the server cannot tell whether it was received.
            20 => {
                let refused = self.outgoing.take_refused(bad_id);
                self.note_unknown_outcomes(refused);
            }
            // Sequence numbers must begin again. Later ones were higher still.
            33 => {
                self.outgoing.requeue_unconfirmed_from(bad_id);
                self.restart(now, random);
            }
            32 => {
                self.send_again(bad_id);
                self.restart(now, random);
            }
            64 => {
                self.one_per_packet = true;
                self.send_again(bad_id);
                return Err(MessageError::BadMessage(64));
            }
            // Our numbering is at fault, so it begins again, over another connection.
            code => {
                self.send_again(bad_id);
                self.restart(now, random);
                return Err(MessageError::BadMessage(code));
            }
        }
        // The fate of the container's other messages is unknown. One question a round is enough.
        if begins_round && was_contained && matches!(notice.error_code, 16 | 20) {
            self.inquire(now.monotonic, MsgId(u64::MAX));
        }
        Ok(())
    }

    /// What the server refused leaves again, unless the server said before that it has it.
    pub(super) fn send_again(&mut self, id: MsgId) {
        let unknown = self.outgoing.requeue_refused(id);
        self.note_unknown_outcomes(unknown);
    }

    /// Counts a message that the server refused. Returns whether that begins a round of corrections; `None`: this session
    /// did not send the message, or it was refused before.
    pub(super) fn count_refusal(
        &mut self,
        id: MsgId,
        reason: ResendReason,
        now: Now,
    ) -> Result<Option<bool>, MessageError> {
        let Some(carries_requests) = self.outgoing.note_refused(id) else { return Ok(None) };
        let begins = self.resends.record(id, self.ids.last(), carries_requests, reason, now.monotonic)?;
        if begins {
            self.queue_service_again(now);
        }
        Ok(Some(begins))
    }

    /// The server's session begins with `first` (`new_session_created`).
    ///
    /// What left before it over this connection alone was ignored, and is sent again, as the documentation has it. What
    /// left over an earlier one may have been executed in a session that the server has forgotten, key and identifier
    /// being the same; so may what the server said it has.
    pub(super) fn new_session(&mut self, first: MsgId, now: Now) -> Result<(), MessageError> {
        let (newest, unknown) = self.outgoing.forgotten_before(first);
        self.note_unknown_outcomes(unknown);
        match newest {
            Some(newest) => self
                .resends
                .record(newest, self.ids.last(), true, ResendReason::NewSession, now.monotonic)
                .map(drop),
            None => self.resends.start_round(ResendReason::NewSession, now.monotonic),
        }
    }

    /// The answer to our inquiry: what was lost travels again.
    pub(super) fn state_info(&mut self, now: Now, request: MsgId, info: &[u8]) -> Result<(), MessageError> {
        let reminded = self.reminder.take_if(|reminder| reminder.request == Some(request));
        if let Some(reminder) = reminded {
            let result = self.note_statuses(&reminder.asked, info, true, false, now);
            self.reminder = Some(reminder);
            return result;
        }
        // An answer to a question that we did not ask means nothing.
        let asked = self.inquiry.take_if(|inquiry| inquiry.request == Some(request));
        let Some(inquiry) = asked else { return Ok(()) };
        let result = self.note_statuses(&inquiry.asked, info, true, true, now);
        if result.is_err() {
            self.inquiry = Some(inquiry);
            return result;
        }
        // More may have left than one question can name.
        if !self.is_draining {
            self.inquire(now.monotonic, inquiry.boundary);
        }
        Ok(())
    }

    /// Takes the status of each message, one byte of `info` for each of `ids`. `was_asked`: it answers our `msgs_state_req`.
    /// `asks`: answers that the server has are requested at once (`msg_resend_ans_req`).
    pub(super) fn note_statuses(
        &mut self,
        ids: &[MsgId],
        info: &[u8],
        was_asked: bool,
        asks: bool,
        now: Now,
    ) -> Result<(), MessageError> {
        if ids.len() != info.len() {
            return Err(MessageError::StateInfo);
        }
        let mut answered = Vec::new();
        for (id, byte) in ids.iter().zip(info).rev() {
            match MessageStatus::of(*byte) {
                MessageStatus::Lost => {
                    // What the server says by itself it may say for ever.
                    if self.lost(*id, was_asked) && !was_asked {
                        self.count_resend(*id, now)?;
                    }
                }
                MessageStatus::Forgotten => {
                    let forgotten = self.outgoing.detach(*id);
                    self.note_unknown_outcomes(forgotten);
                }
                MessageStatus::Received { answered: has_answer } => {
                    self.outgoing.note_acknowledged(*id);
                    if asks
                        && has_answer
                        && self.outgoing.knows(*id)
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
            self.queue_service(Service::ResendAnswers(answered));
        }
        Ok(())
    }

    /// The server wants a request once more, without having been asked.
    pub(super) fn count_resend(&mut self, id: MsgId, now: Now) -> Result<(), MessageError> {
        self.resends.record(id, self.ids.last(), true, ResendReason::Resend, now.monotonic).map(drop)
    }

    /// The server says that it does not have a request. Returns whether it names one.
    pub(super) fn lost(&mut self, id: MsgId, was_asked: bool) -> bool {
        match self.outgoing.lost(id, was_asked) {
            Lost::Unknown => return false,
            Lost::Queued => {}
            Lost::OutcomeUnknown(tag) => self.note_unknown_outcomes([tag]),
        }
        true
    }

    /// The server has an answer ready: asks for it, or acknowledges it if it was received before.
    pub(super) fn ask_for(&mut self, answer: MsgId, now: Now) {
        if self.replay.check(answer) != Freshness::New {
            self.acks.push(answer, now.monotonic);
        } else {
            self.queue_service(Service::Resend(answer));
        }
    }
}
