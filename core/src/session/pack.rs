//! Packing: queued messages become packets, encrypted in the output buffer.

use alloc::vec::Vec;
use core::ops::Range;
use core::time::Duration;

use super::container::{CONTAINER_HEADER_LEN, INNER_HEADER_LEN};
use super::draft::{Draft, DraftPacket, Item, ItemKind, wants_quick_ack};
use super::envelope;
use super::ids::MsgId;
use super::machine::Session;
use super::request::{RequestBody, RequestSource};
use super::service::{DestroyKeyState, Service, write_ids};
use crate::crypto::SecureRandom;
use crate::crypto::message::{self, Direction};
use crate::crypto::secret::wipe;
use crate::policy;
use crate::time::Now;
use crate::tl::{Constructor, ids as tl_ids, types};
use crate::transport::{EncodeError, FrameEncoder, MAX_FRAME_OVERHEAD};

/// `invokeAfterMsg#cb9f372d msg_id:long query:!X = X`.
const INVOKE_AFTER_MSG_ID: u32 = 0xcb9f_372d;
/// The length in bytes of `invokeAfterMsg` before its query.
const INVOKE_AFTER_MSG_LEN: usize = 12;
/// Length in bytes of the pieces in which a query is copied. C libraries copy more than about 2 KiB with `rep movsb`,
/// which takes twenty times as long on some processors (AMD Zen 4) if source and destination are aligned differently: a
/// fifth of the time for a packet of 16 KiB.
const COPIED_AT_ONCE: usize = 1024;

impl Session {
    /// Appends frames with the queued requests, up to 32 KiB of them (a longer request is sent alone), and with the
    /// service messages that are due. Returns whether there were any.
    ///
    /// Each frame has up to 100 requests or 4 KiB, or one longer request. The cost is linear in the number of bytes
    /// written. Each byte is copied once, into `out`, and encrypted there.
    ///
    /// Requests that must be executed after one that [is held](RequestSource::is_held) are left out: [take
    /// them](Self::take_held) then.
    ///
    /// # Errors
    /// Returns [`EncodeError`] if a packet is too long for a frame. Bodies of at most 1 MiB always fit.
    pub fn pack(
        &mut self,
        now: Now,
        source: &(impl RequestSource + ?Sized),
        encoder: &mut FrameEncoder,
        random: &mut dyn SecureRandom,
        out: &mut Vec<u8>,
    ) -> Result<bool, EncodeError> {
        self.clock.detect_clock_jump(now);
        self.salts.rotate(self.clock.server_time(now).as_secs());
        let mut draft = self.draft.take().unwrap_or_default();
        draft.clear();
        self.collect(now, source, random, &mut draft);
        let start = out.len();
        let written = self.write_packets(&mut draft, source, encoder, random, out);
        if written.is_err() {
            // Some packets are not encrypted yet.
            wipe(out.get_mut(start..).unwrap_or_default());
            out.truncate(start);
        }
        self.draft = Some(draft);
        written
    }

    /// Chooses the messages of the next packets, and assigns their msg_ids.
    fn collect(
        &mut self,
        now: Now,
        source: &(impl RequestSource + ?Sized),
        random: &mut dyn SecureRandom,
        draft: &mut Draft,
    ) {
        let time = self.clock.server_time(now);
        if self.keep_alive.is_ping_due(now.monotonic) {
            self.keep_alive.on_ping_sent(now.monotonic);
            let ping_id = i64::from_le_bytes(crate::crypto::random::array(random));
            self.service.push_back(Service::Ping(ping_id));
        }
        if self.one_per_packet {
            // Service messages are few, so they come first.
            if self.acks.due().is_some_and(|due| due <= now.monotonic) {
                self.collect_acks(time, draft);
            } else if !self.collect_service(time, draft) {
                self.collect_requests(time, 1, source, random, draft);
            }
        } else {
            while self.collect_repeats(source, draft) {
                self.close_repeats(time, draft);
            }
            while self.collect_requests(time, policy::MAX_PACKED_REQUESTS, source, random, draft) {
                self.close_packet(time, draft);
            }
            // The others are sent with the next transmit.
            while draft.scratch.len() < policy::MAX_TRANSMIT_BYTES && self.collect_service(time, draft) {}
            self.collect_acks(time, draft);
        }
        if draft.requests_len > 0 {
            self.keep_alive.on_requests_sent(now.monotonic);
        }
        self.close_packet(time, draft);
    }

    /// Adds queued requests to a packet, at most `most`, until it is long enough. Returns whether the next packet of the
    /// same transmit takes more.
    fn collect_requests(
        &mut self,
        time: Duration,
        most: usize,
        source: &(impl RequestSource + ?Sized),
        random: &mut dyn SecureRandom,
        draft: &mut Draft,
    ) -> bool {
        let has_ping = self.has_ping();
        let (most, mut packet_len) = (draft.items.len() + most, 0);
        while draft.items.len() < most {
            let Some(tag) = self.outgoing.first_queued() else { return false };
            if let Some(binding) = self.binding.as_ref().filter(|binding| binding.tag == tag) {
                let (msg_id, seq_no, start) =
                    (self.ids.next(time), self.seq_no.content(), draft.scratch.len());
                binding.write(msg_id, self.id, self.key.id(), random, &mut draft.scratch);
                self.outgoing.pop_queued(tag);
                self.outgoing.on_packed(msg_id, seq_no, tag);
                draft.add_prebuilt(msg_id, seq_no, start);
                continue;
            }
            let Some(body) = source.body(tag) else {
                self.outgoing.pop_queued(tag);
                continue;
            };
            let after = body.after.and_then(|earlier| self.outgoing.current_id(earlier));
            if after.is_none()
                && let Some(earlier) = body.after
                && (source.is_held(earlier) || draft.is_held(earlier))
            {
                self.outgoing.pop_queued(tag);
                draft.held.push((tag, earlier));
                continue;
            }
            if self.holds_unrepeatable && !body.is_repeatable {
                return false;
            }
            let len = len_of_request(&body, after);
            let framed_len = INNER_HEADER_LEN + len;
            match room_for(framed_len, draft, packet_len, has_ping) {
                Room::NextTransmit => return false,
                Room::NextPacket => return true,
                Room::Enough => {}
            }
            packet_len += framed_len;
            draft.requests_len += framed_len;
            let (msg_id, seq_no) = (self.ids.next(time), self.seq_no.content());
            self.outgoing.pop_queued(tag);
            self.outgoing.on_packed(msg_id, seq_no, tag);
            let kind = ItemKind::Request { tag, after, quick_ack: body.quick_ack };
            draft.items.push(Item { msg_id, seq_no, len, kind });
        }
        self.outgoing.has_queued()
    }

    fn has_ping(&self) -> bool {
        self.service.iter().any(|service| matches!(service, Service::Ping(_)))
    }

    /// Adds requests that are repeated to a packet, until it is long enough. Returns whether there are any.
    fn collect_repeats(&mut self, source: &(impl RequestSource + ?Sized), draft: &mut Draft) -> bool {
        let has_ping = self.has_ping();
        let (first, mut packet_len) = (draft.items.len(), 0);
        while draft.items.len() < first + policy::MAX_PACKED_REQUESTS
            && let Some((msg_id, seq_no, tag)) = self.outgoing.first_repeat()
        {
            if self.binding.as_ref().is_some_and(|binding| binding.tag == tag) {
                // It contains its own msg_id, and does no harm if it is executed twice.
                self.outgoing.requeue_by_msg_id(msg_id);
                continue;
            }
            let Some(body) = source.body(tag) else {
                self.outgoing.pop_repeat();
                continue;
            };
            if self.holds_unrepeatable && !body.is_repeatable {
                break;
            }
            let after = body.after.and_then(|earlier| self.outgoing.current_id(earlier));
            if after.is_none()
                && let Some(earlier) = body.after
                && (source.is_held(earlier) || self.outgoing.is_queued(earlier))
            {
                // It waits for that one, and leaves under another msg_id. A late copy of it must be executed after a
                // message that the server has refused or not received.
                self.outgoing.requeue_by_msg_id(msg_id);
                continue;
            }
            let len = len_of_request(&body, after);
            let framed_len = INNER_HEADER_LEN + len;
            if room_for(framed_len, draft, packet_len, has_ping) != Room::Enough {
                break;
            }
            packet_len += framed_len;
            draft.requests_len += framed_len;
            self.outgoing.pop_repeat();
            let kind = ItemKind::Request { tag, after, quick_ack: body.quick_ack };
            draft.items.push(Item { msg_id, seq_no, len, kind });
        }
        draft.items.len() > first
    }

    /// Makes a container of the repeated requests that are in none yet. Also of a single one: only in a container with a
    /// newer msg_id may a message have one that is older than others (`mtproto/description`, "Message Identifier").
    fn close_repeats(&mut self, time: Duration, draft: &mut Draft) {
        let start = draft.packets.last().map_or(0, |packet| packet.end);
        let items = draft.items.get(start..).unwrap_or_default();
        let msg_id = self.ids.next(time);
        items.iter().for_each(|item| self.outgoing.set_container_of_repeat(item.msg_id, msg_id));
        self.outgoing.on_non_request_packed(msg_id);
        let packet = DraftPacket {
            start,
            end: draft.items.len(),
            msg_id,
            seq_no: self.seq_no.service(),
            body_len: body_len_of_container(items),
            is_container: true,
        };
        draft.packets.push(packet);
    }

    /// Makes a packet of the items that are in none yet, in a container if there are several.
    fn close_packet(&mut self, time: Duration, draft: &mut Draft) {
        let (start, end) = (draft.packets.last().map_or(0, |packet| packet.end), draft.items.len());
        let packet = match draft.items.get(start..).unwrap_or_default() {
            [] => return,
            [only] => DraftPacket {
                start,
                end,
                msg_id: only.msg_id,
                seq_no: only.seq_no,
                body_len: only.len,
                is_container: false,
            },
            items @ [first, ..] => {
                // Above those of its messages.
                let msg_id = self.ids.next(time);
                self.outgoing.set_container(first.msg_id, msg_id);
                self.outgoing.on_non_request_packed(msg_id);
                DraftPacket {
                    start,
                    end,
                    msg_id,
                    seq_no: self.seq_no.service(),
                    body_len: body_len_of_container(items),
                    is_container: true,
                }
            }
        };
        draft.packets.push(packet);
    }

    /// Adds the next service message. Returns `false` if there is none.
    fn collect_service(&mut self, time: Duration, draft: &mut Draft) -> bool {
        let Some(service) = self.service.pop_front() else { return false };
        let (msg_id, start) = (self.ids.next(time), draft.scratch.len());
        let mut seq_no = self.seq_no.service();
        service.write(&mut draft.scratch);
        match service {
            Service::StateRequest(_) => {
                if let Some(pending) = &mut self.state_request {
                    pending.request_id = Some(msg_id);
                }
            }
            Service::AnswerResendRequest(msg_ids) => {
                if let Some(timer) = self.answer_resend.as_mut().filter(|timer| timer.msg_ids == msg_ids) {
                    timer.request_id = Some(msg_id);
                }
            }
            Service::FutureSaltsRequest => self.future_salts_request = Some(msg_id),
            Service::DestroyAuthKey => {
                seq_no = self.seq_no.content();
                self.destroy_key = DestroyKeyState::Packed(msg_id);
            }
            _ => {}
        }
        self.outgoing.on_non_request_packed(msg_id);
        draft.add_prebuilt(msg_id, seq_no, start);
        true
    }

    /// Adds one `msgs_ack`, if acks are to be sent.
    fn collect_acks(&mut self, time: Duration, draft: &mut Draft) {
        if !self.acks.is_empty() {
            let (msg_id, start) = (self.ids.next(time), draft.scratch.len());
            write_ids(types::MsgsAck::ID, self.acks.take(), &mut draft.scratch);
            self.outgoing.on_non_request_packed(msg_id);
            draft.add_prebuilt(msg_id, self.seq_no.service(), start);
        }
    }

    /// Appends the frames of all packets. Packets are sealed together at the end, unless the framing needs each before.
    /// Returns whether there are any.
    fn write_packets(
        &mut self,
        draft: &mut Draft,
        source: &(impl RequestSource + ?Sized),
        encoder: &mut FrameEncoder,
        random: &mut dyn SecureRandom,
        out: &mut Vec<u8>,
    ) -> Result<bool, EncodeError> {
        let Draft { items, packets, places, scratch, .. } = draft;
        let length = |packet: &DraftPacket| MAX_FRAME_OVERHEAD + envelope::packet_len(packet.body_len);
        // A buffer that grows later would leave a copy of the plaintext in freed memory.
        out.reserve(packets.iter().map(length).sum());
        for packet in &*packets {
            let DraftPacket { msg_id, seq_no, body_len, is_container, .. } = *packet;
            let messages = packet.items(items);
            let frame = encoder.begin(envelope::packet_len(body_len), out, wants_quick_ack(messages))?;
            let start = out.len();
            envelope::begin(out, self.salt(), self.id, msg_id, seq_no, body_len);
            if is_container {
                out.extend_from_slice(&tl_ids::MSG_CONTAINER.to_le_bytes());
                out.extend_from_slice(&(messages.len() as u32).to_le_bytes());
            }
            for item in messages {
                if is_container {
                    out.extend_from_slice(&inner_header(item));
                }
                write_item(*item, source, scratch, out);
            }
            envelope::pad(out, start, body_len, random);
            places.push(start..out.len());
            if encoder.framing().has_checksum() {
                self.seal(&[*packet], items, places, out);
                places.clear();
            }
            encoder.finish(frame, out, random)?;
        }
        self.seal(packets, items, places, out);
        Ok(!packets.is_empty())
    }

    /// Encrypts the packets at these places, in place.
    fn seal(&mut self, packets: &[DraftPacket], items: &[Item], places: &[Range<usize>], out: &mut [u8]) {
        message::seal_within(&self.key, Direction::ToServer, out, places, |index, token| {
            let items = packets.get(index).map(|packet| packet.items(items)).unwrap_or_default();
            if wants_quick_ack(items) {
                let tags = items.iter().filter_map(Item::quick_ack_request).collect();
                self.quick_acks.on_requested(token, tags);
            }
        });
    }
}

/// Where there is room for a request.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Room {
    Enough,
    NextPacket,
    NextTransmit,
}

/// Returns where there is room for a request of this length with its header, beside `packet_len` bytes of requests in its
/// packet.
fn room_for(framed_len: usize, draft: &Draft, packet_len: usize, has_ping: bool) -> Room {
    // A ping must not be delayed by a long write: its answer is due soon.
    let is_first = draft.items.is_empty() && !has_ping;
    if !is_first && draft.requests_len + framed_len > policy::MAX_TRANSMIT_BYTES {
        Room::NextTransmit
    } else if packet_len > 0 && packet_len + framed_len > policy::MAX_PACKED_BYTES {
        Room::NextPacket
    } else {
        Room::Enough
    }
}

/// Returns the length in bytes of a request's message body.
fn len_of_request(body: &RequestBody<'_>, after: Option<MsgId>) -> usize {
    body.prefix.len() + body.query.len() + after.map_or(0, |_| INVOKE_AFTER_MSG_LEN)
}

/// Returns the length in bytes of a container with these messages.
fn body_len_of_container(items: &[Item]) -> usize {
    CONTAINER_HEADER_LEN + items.iter().map(|item| INNER_HEADER_LEN + item.len).sum::<usize>()
}

/// Returns the header of a message in a container.
fn inner_header(item: &Item) -> [u8; INNER_HEADER_LEN] {
    let mut header = [0; INNER_HEADER_LEN];
    let (msg_id, rest) = header.split_at_mut(8);
    let (seq_no, length) = rest.split_at_mut(4);
    msg_id.copy_from_slice(&item.msg_id.0.to_le_bytes());
    seq_no.copy_from_slice(&item.seq_no.to_le_bytes());
    length.copy_from_slice(&(item.len as u32).to_le_bytes());
    header
}

/// Appends the body of a message.
fn write_item(item: Item, source: &(impl RequestSource + ?Sized), scratch: &[u8], out: &mut Vec<u8>) {
    match item.kind {
        ItemKind::Request { tag, after, .. } => {
            let Some(body) = source.body(tag) else { return };
            if let Some(after) = after {
                out.extend_from_slice(&INVOKE_AFTER_MSG_ID.to_le_bytes());
                out.extend_from_slice(&after.0.to_le_bytes());
            }
            out.extend_from_slice(body.prefix);
            body.query.chunks(COPIED_AT_ONCE).for_each(|piece| out.extend_from_slice(piece));
        }
        ItemKind::Prebuilt { start } => {
            out.extend(scratch.get(start..start + item.len).into_iter().flatten());
        }
    }
}
