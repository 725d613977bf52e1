//! The state of a user's updates, and what a client has missed (`core.telegram.org/api/updates`).

use super::super::call::{Call, Reply};
use super::super::state::Accounts;
use super::super::wire::{Writer, id};
use super::ids;
use super::lists::deleted;
use super::mailbox::Event;

impl Accounts {
    pub(super) fn get_state(&mut self, call: &mut Call<'_>) -> Reply {
        call.reader.end()?;
        let user = self.caller(call)?;
        Ok(self.state(call, user))
    }

    /// A boxed `updates.state`.
    pub(super) fn state(&self, call: &Call<'_>, user: i64) -> Vec<u8> {
        let mailbox = self.mailbox(user);
        let [qts, seq] = [0, 0];
        let state = Writer::boxed(id::UPDATES_STATE).i32(mailbox.pts).i32(qts).i32(call.now);
        state.i32(seq).i32(mailbox.unread()).finish()
    }

    /// All events after the counter that the caller has, in one answer.
    pub(super) fn get_difference(&mut self, call: &mut Call<'_>) -> Reply {
        let user = self.caller(call)?;
        call.reader.u32()?;
        let pts = call.reader.i32()?;
        let state = self.state(call, user);
        let mailbox = self.mailbox(user);
        if mailbox.pts <= pts {
            return Ok(Writer::boxed(id::DIFFERENCE_EMPTY).i32(call.now).i32(0).finish());
        }
        let (mut new, mut other, mut users) = (Vec::new(), Vec::new(), Vec::new());
        for (after, event) in mailbox.events_after(pts) {
            match event {
                Event::New(id) => {
                    // It may be deleted by now.
                    let Some(message) = mailbox.messages.get(id) else { continue };
                    users.extend(message.users());
                    new.push(self.message(message, call.layer));
                }
                Event::Deleted(gone) => other.push(deleted(gone, *after)),
            }
        }
        let users = self.users(users, user, call.layer);
        let difference = Writer::boxed(ids::DIFFERENCE).objects(&new).objects(&[]).objects(&other);
        Ok(difference.objects(&[]).objects(&users).object(&state).finish())
    }
}
