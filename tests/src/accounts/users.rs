//! What a client asks once it is signed in: who it is, and whether it missed anything.

use super::directory::empty_user;
use super::wire::{BadArguments, Reader, Writer, id};
use super::{Accounts, ApiError, Call, Reply};

/// The layer whose `userFull` is written here; nobody else asks for it.
const LAYER_OF_FULL_USER: i32 = 158;
const USERS_USER_FULL: u32 = 0x3b6d_152e;
const USER_FULL_158: u32 = 0x93ea_db53;
const PEER_SETTINGS_158: u32 = 0xa518_110d;
const PEER_NOTIFY_SETTINGS_158: u32 = 0xa83b_0426;

/// Whom an `InputUser` means.
enum Wanted {
    Nobody,
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
                Wanted::Nobody => empty_user(0),
                Wanted::Caller => self.user(call, caller, caller),
                Wanted::Other(user) => self.user(call, user, caller),
            })
            .collect();
        Ok(Writer::default().objects(&users).finish())
    }

    /// Only for callers of layer 158, whose clients ask for it as "who am I".
    pub(super) fn get_full_user(&mut self, call: &mut Call<'_>) -> Reply {
        let wanted = input_user(&mut call.reader)?;
        call.reader.end()?;
        let caller = self.caller(call)?;
        if call.layer != LAYER_OF_FULL_USER || !matches!(wanted, Wanted::Caller) {
            return Err(ApiError::new(400, "USER_ID_INVALID"));
        }
        let full = Writer::boxed(USER_FULL_158)
            .u32(0)
            .i64(caller)
            .u32(PEER_SETTINGS_158)
            .u32(0)
            .u32(PEER_NOTIFY_SETTINGS_158)
            .u32(0)
            .i32(0);
        let users = [self.user(call, caller, caller)];
        Ok(Writer::boxed(USERS_USER_FULL).object(&full.finish()).objects(&[]).objects(&users).finish())
    }

    pub(super) fn get_state(&mut self, call: &mut Call<'_>) -> Reply {
        call.reader.end()?;
        self.caller(call)?;
        let [pts, qts, seq, unread_count] = [1, 0, 0, 0];
        let state = Writer::boxed(id::UPDATES_STATE).i32(pts).i32(qts).i32(call.now);
        Ok(state.i32(seq).i32(unread_count).finish())
    }

    /// Nothing ever happens here: the difference is empty, whatever the arguments are.
    pub(super) fn get_difference(&mut self, call: &mut Call<'_>) -> Reply {
        self.caller(call)?;
        Ok(Writer::boxed(id::DIFFERENCE_EMPTY).i32(call.now).i32(0).finish())
    }

    fn user(&self, call: &Call<'_>, user: i64, caller: i64) -> Vec<u8> {
        let account = self.directory.account(user);
        account.map_or_else(|| empty_user(user), |account| account.to_user(call.layer, user == caller))
    }
}

fn input_user(reader: &mut Reader<'_>) -> Result<Wanted, BadArguments> {
    match reader.u32()? {
        id::INPUT_USER_EMPTY => Ok(Wanted::Nobody),
        id::INPUT_USER_SELF => Ok(Wanted::Caller),
        id::INPUT_USER => {
            let user = reader.i64()?;
            reader.i64()?;
            Ok(Wanted::Other(user))
        }
        _ => Err(BadArguments),
    }
}
