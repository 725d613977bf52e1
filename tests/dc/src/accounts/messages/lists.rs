//! History and dialogs.

use super::super::call::{ApiError, Call, Push, Reply};
use super::super::policy::MAX_LISTED;
use super::super::state::Accounts;
use super::super::users::{Wanted, input_user};
use super::super::wire::{BadArguments, Reader, Writer};
use super::ids;
use super::mailbox::{EMPTY, Mailbox, Message};
use super::objects::{all_messages, dialog, part_of_messages};
use super::send::updates;

/// Which part of a list is wanted (`core.telegram.org/api/offsets`).
#[derive(Default)]
struct Window {
    offset_id: i32,
    offset_date: i32,
    add_offset: i32,
    limit: i32,
    max_id: i32,
    min_id: i32,
}

impl Window {
    /// Returns this part of a list that begins with the newest message.
    fn of<'a>(&self, all: &[&'a Message]) -> Vec<&'a Message> {
        // Clients give both in one call, and several messages have the same date: the identifier decides.
        let is_before = |message: &&&Message| match (self.offset_id, self.offset_date) {
            (0, 0) => true,
            (0, date) => message.date < date,
            (id, _) => message.id < id,
        };
        let newer = all.iter().position(|message| is_before(&message)).unwrap_or(all.len());
        let start = i64::try_from(newer).unwrap_or(i64::MAX).saturating_add(self.add_offset.into());
        let end = start.saturating_add(self.limit.clamp(0, MAX_LISTED).into());
        let index = |at: i64| usize::try_from(at.max(0)).unwrap_or(usize::MAX).min(all.len());
        let part = all.get(index(start)..index(end)).unwrap_or_default().iter().copied();
        part.filter(|message| self.max_id == 0 || message.id < self.max_id)
            .filter(|message| message.id > self.min_id)
            .collect()
    }
}

impl Accounts {
    /// Reads an `InputPeer`. Errors if it is no user.
    pub(super) fn peer(&mut self, call: &mut Call<'_>) -> Result<i64, ApiError> {
        let invalid = || ApiError::new(400, "PEER_ID_INVALID");
        let user = match input_user(&mut call.reader).map_err(|_| invalid())? {
            Wanted::Empty => return Err(invalid()),
            Wanted::Caller => self.caller(call)?,
            Wanted::Other(user) => user,
        };
        self.directory.account(user).map(|account| account.id).ok_or_else(invalid)
    }

    /// Returns the mailbox of a user; an empty one if there was nothing for it yet.
    pub(super) fn mailbox(&self, user: i64) -> &Mailbox {
        self.mailboxes.get(&user).unwrap_or(&EMPTY)
    }

    pub(super) fn get_history(&mut self, call: &mut Call<'_>) -> Reply {
        let user = self.person(call)?;
        let peer = self.peer(call)?;
        let reader = &mut call.reader;
        let (offset_id, offset_date, add_offset) = (reader.i32()?, reader.i32()?, reader.i32()?);
        let (limit, max_id, min_id, _hash) = (reader.i32()?, reader.i32()?, reader.i32()?, reader.i64()?);
        reader.end()?;
        let window = Window { offset_id, offset_date, add_offset, limit, max_id, min_id };
        Ok(self.listed(call, user, &window, |message| message.peer == peer))
    }

    /// Messages with a text in them, or with a file; without a peer, of all dialogs.
    pub(super) fn search(&mut self, call: &mut Call<'_>, has_saved: bool) -> Reply {
        let user = self.person(call)?;
        let flags = call.reader.u32()?;
        let mut without_peer = call.reader.clone();
        let peer = match input_user(&mut without_peer) {
            Ok(Wanted::Empty) => {
                call.reader = without_peer;
                None
            }
            _ => Some(self.peer(call)?),
        };
        let text = call.reader.string()?.to_lowercase();
        let from = if flags & 1 != 0 { Some(self.peer(call)?) } else { None };
        if has_saved && flags & 0b1100 != 0 {
            return Err(ApiError::new(400, "SAVED_PEER_INVALID"));
        }
        if flags & 1 << 1 != 0 {
            call.reader.i32()?;
        }
        let reader = &mut call.reader;
        let filter = reader.u32()?;
        let (min_date, max_date, offset_id) = (reader.i32()?, reader.i32()?, reader.i32()?);
        let (add_offset, limit, max_id) = (reader.i32()?, reader.i32()?, reader.i32()?);
        let (min_id, _hash) = (reader.i32()?, reader.i64()?);
        reader.end()?;
        let window = Window { offset_id, add_offset, limit, max_id, min_id, ..Window::default() };
        Ok(self.listed(call, user, &window, |message| {
            let is_of_kind = match filter {
                ids::INPUT_MESSAGES_FILTER_EMPTY => true,
                ids::INPUT_MESSAGES_FILTER_DOCUMENT => message.content.document.is_some(),
                _ => false,
            };
            is_of_kind
                && peer.is_none_or(|peer| message.peer == peer)
                && from.is_none_or(|from| message.from == from)
                && message.date >= min_date
                && (max_date <= 0 || message.date <= max_date)
                && message.content.text.to_lowercase().contains(&text)
        }))
    }

    /// A boxed `messages.messages`, or a `messages.messagesSlice` if it is a part.
    fn listed(
        &self,
        call: &Call<'_>,
        user: i64,
        window: &Window,
        is_wanted: impl Fn(&Message) -> bool,
    ) -> Vec<u8> {
        let mailbox = self.mailbox(user);
        let all: Vec<&Message> =
            mailbox.messages.values().rev().filter(|message| is_wanted(message)).collect();
        let part = window.of(&all);
        let objects: Vec<Vec<u8>> = part.iter().map(|message| self.message(message, call.layer)).collect();
        let users = self.users(part.iter().flat_map(|message| message.users()), user, call.layer);
        if part.len() == all.len() {
            all_messages(&objects, &users, call.layer)
        } else {
            part_of_messages(all.len(), &objects, &users, call.layer)
        }
    }

    /// Messages by their identifiers; missing ones are `messageEmpty`.
    pub(super) fn get_messages(&mut self, call: &mut Call<'_>) -> Reply {
        let wanted = call.reader.vector(input_message)?;
        call.reader.end()?;
        let user = self.caller(call)?;
        let mailbox = self.mailbox(user);
        let mut users = Vec::new();
        let objects: Vec<Vec<u8>> = wanted
            .into_iter()
            .map(|(is_reply, id)| {
                let named = mailbox.messages.get(&id);
                let replied = || mailbox.messages.get(&named?.reply_to?);
                let Some(message) = (if is_reply { replied() } else { named }) else {
                    return Writer::boxed(ids::MESSAGE_EMPTY).u32(0).i32(id).finish();
                };
                users.extend(message.users());
                self.message(message, call.layer)
            })
            .collect();
        Ok(all_messages(&objects, &self.users(users, user, call.layer), call.layer))
    }

    pub(in crate::accounts) fn get_dialogs(&mut self, call: &mut Call<'_>) -> Reply {
        let user = self.person(call)?;
        let flags = call.reader.u32()?;
        let has_folder = flags & 1 << 1 != 0;
        let folder = if has_folder { call.reader.i32()? } else { 0 };
        let (offset_date, offset_id) = (call.reader.i32()?, call.reader.i32()?);
        let _offset_peer = input_user(&mut call.reader)?;
        let (limit, _hash) = (call.reader.i32()?, call.reader.i64()?);
        call.reader.end()?;
        let mailbox = self.mailbox(user);
        // Nothing is archived.
        let all = if folder == 0 { mailbox.newest_by_peer() } else { Vec::new() };
        let part = Window { offset_id, offset_date, limit, ..Window::default() }.of(&all);
        let object = if part.len() == all.len() {
            Writer::boxed(ids::DIALOGS)
        } else {
            Writer::boxed(ids::DIALOGS_SLICE).i32(i32::try_from(all.len()).unwrap_or(i32::MAX))
        };
        Ok(self.dialogs(object, mailbox, &part, user, call.layer).finish())
    }

    fn dialogs(&self, object: Writer, mailbox: &Mailbox, top: &[&Message], user: i64, layer: i32) -> Writer {
        let dialogs: Vec<Vec<u8>> = top.iter().map(|message| dialog(mailbox, message.peer, layer)).collect();
        let messages: Vec<Vec<u8>> = top.iter().map(|message| self.message(message, layer)).collect();
        let users = self.users(top.iter().flat_map(|message| message.users()), user, layer);
        object.objects(&dialogs).objects(&messages).objects(&[]).objects(&users)
    }

    pub(super) fn get_peer_dialogs(&mut self, call: &mut Call<'_>) -> Reply {
        let user = self.person(call)?;
        let wanted = call.reader.vector(|reader| {
            reader.expect(ids::INPUT_DIALOG_PEER)?;
            input_user(reader)
        })?;
        call.reader.end()?;
        let peers = wanted.into_iter().filter_map(|wanted| match wanted {
            Wanted::Empty => None,
            Wanted::Caller => Some(user),
            Wanted::Other(peer) => Some(peer),
        });
        let peers: Vec<i64> = peers.collect();
        self.peer_dialogs(call, user, &peers)
    }

    /// No dialog is pinned.
    pub(super) fn get_pinned_dialogs(&mut self, call: &mut Call<'_>) -> Reply {
        let user = self.person(call)?;
        self.peer_dialogs(call, user, &[])
    }

    fn peer_dialogs(&self, call: &Call<'_>, user: i64, peers: &[i64]) -> Reply {
        let state = self.state(call, user);
        let mailbox = self.mailbox(user);
        let top: Vec<&Message> = peers.iter().filter_map(|peer| mailbox.with_peer(*peer).next()).collect();
        let object = Writer::boxed(ids::PEER_DIALOGS);
        Ok(self.dialogs(object, mailbox, &top, user, call.layer).object(&state).finish())
    }

    pub(super) fn read_history(&mut self, call: &mut Call<'_>) -> Reply {
        let user = self.person(call)?;
        let peer = self.peer(call)?;
        let max_id = call.reader.i32()?;
        call.reader.end()?;
        let mailbox = self.mailboxes.entry(user).or_default();
        let last = match max_id {
            0 => mailbox.last_id,
            max_id => max_id.min(mailbox.last_id),
        };
        let read = mailbox.read_inbox.entry(peer).or_default();
        *read = last.max(*read);
        let of_peer = mailbox.messages.range(..=last).rev().map(|(_, message)| message);
        let twin = of_peer.filter(|message| message.from == peer).find_map(|message| message.twin);
        let pts = mailbox.pts;
        if let Some((other, id)) = twin.filter(|(other, _)| *other != user) {
            let read = self.mailboxes.entry(other).or_default().read_outbox.entry(user).or_default();
            *read = id.max(*read);
        }
        // That is no event.
        Ok(Writer::boxed(ids::AFFECTED_MESSAGES).i32(pts).i32(0).finish())
    }

    pub(super) fn delete_messages(&mut self, call: &mut Call<'_>) -> Reply {
        let flags = call.reader.u32()?;
        let wanted = call.reader.vector(Reader::i32)?;
        call.reader.end()?;
        let user = self.caller(call)?;
        let mailbox = self.mailboxes.entry(user).or_default();
        let gone = mailbox.delete(&wanted);
        let count = i32::try_from(gone.len()).unwrap_or(i32::MAX);
        let answer = Writer::boxed(ids::AFFECTED_MESSAGES).i32(mailbox.pts).i32(count).finish();
        let of_user: Vec<i32> = gone.iter().map(|message| message.id).collect();
        call.pushes.extend(self.deleted_pushes(user, &of_user, call));
        let is_for_all = flags & 1 != 0;
        for (other, id) in gone.iter().filter_map(|message| message.twin).filter(|_| is_for_all) {
            self.mailboxes.entry(other).or_default().delete(&[id]);
            call.pushes.extend(self.deleted_pushes(other, &[id], call));
        }
        Ok(answer)
    }

    fn deleted_pushes(&self, user: i64, gone: &[i32], call: &Call<'_>) -> Vec<Push> {
        let pts = self.mailbox(user).pts;
        let keys = self.keys_of(user).into_iter().filter(|key| *key != call.auth_key_id && !gone.is_empty());
        let body = updates(&[deleted(gone, pts)], &[], call.now);
        keys.map(|auth_key_id| Push { auth_key_id, body: body.clone() }).collect()
    }
}

/// A boxed `updateDeleteMessages`.
pub(super) fn deleted(gone: &[i32], pts: i32) -> Vec<u8> {
    let ids: Vec<Vec<u8>> = gone.iter().map(|id| id.to_le_bytes().to_vec()).collect();
    let count = i32::try_from(gone.len()).unwrap_or(i32::MAX);
    Writer::boxed(ids::UPDATE_DELETE_MESSAGES).objects(&ids).i32(pts).i32(count).finish()
}

/// Reads an `InputMessage`: whether the message that this one replies to is wanted, and the identifier.
fn input_message(reader: &mut Reader<'_>) -> Result<(bool, i32), BadArguments> {
    match reader.u32()? {
        ids::INPUT_MESSAGE_ID => Ok((false, reader.i32()?)),
        ids::INPUT_MESSAGE_REPLY_TO => Ok((true, reader.i32()?)),
        _ => Err(BadArguments),
    }
}
