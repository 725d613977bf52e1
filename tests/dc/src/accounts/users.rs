//! What a client requests once it is logged in: its user, its contacts, news.

use super::call::{ApiError, Call, Reply};
use super::directory::empty_user;
use super::policy::NEWS_INTERVAL;
use super::state::Accounts;
use super::wire::{BadArguments, Reader, Writer, id};

/// The user that an `InputUser` names.
pub(super) enum Wanted {
    Empty,
    Caller,
    Other(i64),
}

impl Accounts {
    pub(super) fn get_users(&mut self, call: &mut Call<'_>) -> Reply {
        let wanted = call.reader.vector(input_user)?;
        call.reader.end()?;
        let caller = self.caller(call)?;
        let users: Vec<Vec<u8>> = wanted
            .into_iter()
            .map(|wanted| match wanted {
                Wanted::Empty => empty_user(0),
                Wanted::Caller => self.user(call, caller, caller),
                Wanted::Other(user) => self.user(call, user, caller),
            })
            .collect();
        Ok(Writer::default().objects(&users).finish())
    }

    /// The full form of any known user, with an empty profile.
    pub(super) fn get_full_user(&mut self, call: &mut Call<'_>, with_users: bool) -> Reply {
        let wanted = input_user(&mut call.reader)?;
        call.reader.end()?;
        let caller = self.caller(call)?;
        let account = match wanted {
            Wanted::Empty => None,
            Wanted::Caller => self.directory.account(caller),
            Wanted::Other(user) => self.directory.account(user),
        };
        let account = account.ok_or_else(|| ApiError::new(400, "USER_ID_INVALID"))?;
        let full = account.to_user_full(call.layer, account.id == caller);
        if !with_users {
            return Ok(full);
        }
        let users = [account.to_user(call.layer, account.id == caller)];
        Ok(Writer::boxed(id::USERS_USER_FULL).object(&full).objects(&[]).objects(&users).finish())
    }

    pub(super) fn update_status(&mut self, call: &mut Call<'_>) -> Reply {
        if !matches!(call.reader.u32()?, id::BOOL_TRUE | id::BOOL_FALSE) {
            return Err(BadArguments.into());
        }
        call.reader.end()?;
        self.person(call)?;
        Ok(Writer::boxed(id::BOOL_TRUE).finish())
    }

    /// No user has contacts.
    pub(super) fn get_contacts(&mut self, call: &mut Call<'_>) -> Reply {
        let _hash = call.reader.i64()?;
        call.reader.end()?;
        self.person(call)?;
        Ok(Writer::boxed(id::CONTACTS).objects(&[]).i32(0).objects(&[]).finish())
    }

    pub(super) fn get_terms_of_service_update(&mut self, call: &mut Call<'_>) -> Reply {
        call.reader.end()?;
        self.person(call)?;
        let expires = call.now.saturating_add(NEWS_INTERVAL);
        Ok(Writer::boxed(id::TERMS_OF_SERVICE_UPDATE_EMPTY).i32(expires).finish())
    }

    pub(super) fn get_promo_data(&mut self, call: &mut Call<'_>) -> Reply {
        call.reader.end()?;
        self.person(call)?;
        let expires = call.now.saturating_add(NEWS_INTERVAL);
        Ok(Writer::boxed(id::PROMO_DATA_EMPTY).i32(expires).finish())
    }

    /// Returns the user who is logged in. Errors for a bot.
    pub(super) fn person(&mut self, call: &Call<'_>) -> Result<i64, ApiError> {
        let caller = self.caller(call)?;
        match self.directory.account(caller) {
            Some(account) if account.is_bot => Err(ApiError::new(400, "BOT_METHOD_INVALID")),
            _ => Ok(caller),
        }
    }

    fn user(&self, call: &Call<'_>, user: i64, caller: i64) -> Vec<u8> {
        let account = self.directory.account(user);
        account.map_or_else(|| empty_user(user), |account| account.to_user(call.layer, user == caller))
    }
}

/// Reads an `InputUser`, or an `InputPeer` that is a user.
pub(super) fn input_user(reader: &mut Reader<'_>) -> Result<Wanted, BadArguments> {
    match reader.u32()? {
        // Pyrogram and its forks name users by an `InputPeer` here, which Telegram's servers accept.
        id::INPUT_USER_EMPTY | id::INPUT_PEER_EMPTY => Ok(Wanted::Empty),
        id::INPUT_USER_SELF | id::INPUT_PEER_SELF => Ok(Wanted::Caller),
        id::INPUT_USER | id::INPUT_PEER_USER => {
            let user = reader.i64()?;
            reader.i64()?;
            Ok(Wanted::Other(user))
        }
        _ => Err(BadArguments),
    }
}
