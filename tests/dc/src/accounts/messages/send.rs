//! Sending messages, with text, a file, a keyboard.

use super::super::call::{ApiError, Call, Push, Reply};
use super::super::policy::{DEFAULT_LAYER, MAX_MESSAGE};
use super::super::skip;
use super::super::state::Accounts;
use super::super::wire::{Reader, Writer};
use super::ids;
use super::mailbox::{Content, Message};

/// A new message, as it is in the mailbox of each user.
struct Delivered {
    /// User and identifier; the sender comes first.
    copies: Vec<(i64, i32)>,
}

impl Accounts {
    /// `messages.sendMessage` and `messages.sendMedia`; in early layers, a reply is a number.
    pub(super) fn send(&mut self, call: &mut Call<'_>, has_media: bool, is_early: bool) -> Reply {
        let user = self.caller(call)?;
        let flags = call.reader.u32()?;
        let peer = self.peer(call)?;
        let mut reply_to = None;
        if flags & 1 != 0 {
            reply_to = Some(if is_early { call.reader.i32()? } else { reply(&mut call.reader)? });
        }
        if is_early && flags & 1 << 9 != 0 {
            let _topic = call.reader.i32()?;
        }
        let document = if has_media { Some(self.input_media(call, user)?) } else { None };
        let text = call.reader.string()?.to_owned();
        let random_id = call.reader.i64()?;
        let (markup, entities) = formatting(call, flags).unwrap_or_default();
        if text.is_empty() && document.is_none() {
            return Err(ApiError::new(400, "MESSAGE_EMPTY"));
        }
        if text.chars().count() > MAX_MESSAGE {
            return Err(ApiError::new(400, "MESSAGE_TOO_LONG"));
        }
        let mailbox = self.mailboxes.entry(user).or_default();
        if reply_to.is_some_and(|id| !mailbox.messages.contains_key(&id)) {
            return Err(ApiError::new(400, "REPLY_MESSAGE_ID_INVALID"));
        }
        if !mailbox.is_first(random_id) {
            return Err(ApiError::new(500, "RANDOM_ID_DUPLICATE"));
        }
        let content = Content { text, document, layer: call.layer, markup, entities };
        let delivered = self.deliver(user, peer, content, reply_to, call.now);
        call.pushes.extend(self.new_message_pushes(&delivered, Some(call.auth_key_id), call.now));
        Ok(self.sent(call, user, &delivered, random_id, has_media))
    }

    /// The answer to the sender. It counts as the update of the sender's session.
    fn sent(
        &self,
        call: &Call<'_>,
        user: i64,
        delivered: &Delivered,
        random_id: i64,
        has_media: bool,
    ) -> Vec<u8> {
        let id = delivered.copies.first().map_or(0, |(_, id)| *id);
        let is_to_self = delivered.copies.len() == 1;
        let mailbox = self.mailbox(user);
        let Some(message) = mailbox.messages.get(&id) else { return Vec::new() };
        if has_media || is_to_self {
            let update_id = Writer::boxed(ids::UPDATE_MESSAGE_ID).i32(id).i64(random_id).finish();
            let new = new_message(&self.message(message, call.layer), mailbox.pts);
            let users = self.users(message.users(), user, call.layer);
            return updates(&[update_id, new], &users, call.now);
        }
        let entities = &message.content.entities;
        let flags = 1 << 1 | u32::from(!entities.is_empty()) << 7;
        let sent = Writer::boxed(ids::UPDATE_SHORT_SENT_MESSAGE).u32(flags).i32(id);
        let sent = sent.i32(mailbox.pts).i32(1).i32(call.now);
        if entities.is_empty() { sent } else { sent.objects(entities) }.finish()
    }

    /// Puts a message into the mailboxes of both users.
    fn deliver(
        &mut self,
        from: i64,
        to: i64,
        content: Content,
        reply_to: Option<i32>,
        date: i32,
    ) -> Delivered {
        self.changed = true;
        let twin_of_reply = reply_to.and_then(|id| self.mailbox(from).messages.get(&id)?.twin);
        let message =
            Message { id: 0, peer: to, from, is_out: from != to, date, reply_to, content, twin: None };
        let id = self.mailboxes.entry(from).or_default().add(message.clone());
        let mut copies = vec![(from, id)];
        if from != to {
            let reply_to = twin_of_reply.filter(|(user, _)| *user == to).map(|(_, id)| id);
            let twin = Some((from, id));
            let copy = Message { peer: from, is_out: false, reply_to, twin, ..message };
            let other = self.mailboxes.entry(to).or_default().add(copy);
            let sent = self.mailboxes.entry(from).or_default().messages.get_mut(&id);
            if let Some(sent) = sent {
                sent.twin = Some((to, other));
            }
            copies.push((to, other));
        }
        Delivered { copies }
    }

    /// `updateNewMessage` for all keys of both users, except one.
    fn new_message_pushes(&self, delivered: &Delivered, except: Option<u64>, now: i32) -> Vec<Push> {
        let mut pushes = Vec::new();
        for (user, id) in &delivered.copies {
            let mailbox = self.mailbox(*user);
            let Some(message) = mailbox.messages.get(id) else { continue };
            for auth_key_id in self.keys_of(*user).into_iter().filter(|key| Some(*key) != except) {
                let layer = self.keys.get(&auth_key_id).and_then(|key| key.layer).unwrap_or(DEFAULT_LAYER);
                let new = new_message(&self.message(message, layer), mailbox.pts);
                let body = updates(&[new], &self.users(message.users(), *user, layer), now);
                pushes.push(Push { auth_key_id, body });
            }
        }
        pushes
    }

    /// Sends a text from one account to another, as if one of its clients had. Returns the message's identifier for the
    /// receiver, and the updates; `None` if one of the accounts does not exist.
    pub(crate) fn send_text(&mut self, from: i64, to: i64, text: &str, now: i32) -> Option<(i32, Vec<Push>)> {
        for id in [from, to] {
            // The account of a sandbox number is created at its first use.
            if self.directory.account(id).is_none() {
                let number = self.directory.number(&id.to_string())?;
                self.directory.by_number(&number).filter(|created| *created == id)?;
            }
        }
        let content = Content { text: text.into(), layer: DEFAULT_LAYER, ..Content::default() };
        let delivered = self.deliver(from, to, content, None, now);
        let pushes = self.new_message_pushes(&delivered, None, now);
        delivered.copies.last().map(|(_, id)| (*id, pushes))
    }
}

/// Reads an `InputReplyTo`.
fn reply(reader: &mut Reader<'_>) -> Result<i32, ApiError> {
    let mut inside = reader.clone();
    let constructor = inside.u32()?;
    if !ids::INPUT_REPLY_TO_MESSAGE.contains(&constructor) {
        return Err(ApiError::new(400, "REPLY_TO_INVALID"));
    }
    let flags = inside.u32()?;
    let id = inside.i32()?;
    let there = |bit: u32| flags & 1 << bit != 0;
    if there(0) {
        inside.i32()?;
    }
    if there(1) {
        skip::object(&mut inside)?;
    }
    if there(2) {
        inside.string()?;
    }
    if there(3) {
        skip::objects(&mut inside)?;
    }
    if there(4) {
        inside.i32()?;
    }
    if there(5) {
        skip::object(&mut inside)?;
    }
    if there(6) {
        inside.i32()?;
    }
    if there(7) {
        inside.bytes()?;
    }
    *reader = inside;
    Ok(id)
}

/// The keyboard and the entities of a message.
type Formatting = (Option<Vec<u8>>, Vec<Vec<u8>>);

/// Reads the keyboard and the entities; `None` if layer 230 does not have them.
fn formatting(call: &mut Call<'_>, flags: u32) -> Option<Formatting> {
    let mut markup = None;
    if flags & 1 << 2 != 0 {
        markup = Some(skip::object(&mut call.reader).ok()?.to_vec());
    }
    let mut entities = Vec::new();
    if flags & 1 << 3 != 0 {
        entities = skip::objects(&mut call.reader).ok()?.into_iter().map(<[u8]>::to_vec).collect();
    }
    Some((markup, entities))
}

/// A boxed `updateNewMessage`.
fn new_message(message: &[u8], pts: i32) -> Vec<u8> {
    Writer::boxed(ids::UPDATE_NEW_MESSAGE).object(message).i32(pts).i32(1).finish()
}

/// A boxed `updates` that is not ordered among others.
pub(super) fn updates(updates: &[Vec<u8>], users: &[Vec<u8>], date: i32) -> Vec<u8> {
    let seq = 0;
    Writer::boxed(ids::UPDATES).objects(updates).objects(users).objects(&[]).i32(date).i32(seq).finish()
}
