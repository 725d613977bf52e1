//! What a logged-in user sees and changes: sessions, password, names (`core.telegram.org/api/auth`,
//! `core.telegram.org/api/srp`).

use super::call::{AccountEvent, ApiError, Call, Reply};
use super::directory::{Password, Reset};
use super::policy::SESSION_TTL_DAYS;
use super::recovery::new_settings;
use super::state::Accounts;
use super::wire::{Reader, Writer, id};

/// The first layer whose `account.authorizations` says so.
const TTL_OF_AUTHORIZATIONS: i32 = 140;
impl Accounts {
    /// Lists the sessions of the caller, the current one first.
    pub(super) fn get_authorizations(&mut self, call: &mut Call<'_>) -> Reply {
        call.reader.end()?;
        let user = self.person(call)?;
        let mut sessions = vec![self.authorization(call, call.auth_key_id)];
        let others = self.keys.iter().filter(|(id, key)| key.user == Some(user) && **id != call.auth_key_id);
        sessions.extend(others.map(|(id, _)| self.authorization(call, *id)));
        if call.layer < TTL_OF_AUTHORIZATIONS {
            return Ok(Writer::boxed(id::AUTHORIZATIONS_133).objects(&sessions).finish());
        }
        Ok(Writer::boxed(id::AUTHORIZATIONS).i32(SESSION_TTL_DAYS).objects(&sessions).finish())
    }

    fn authorization(&self, call: &Call<'_>, key_id: u64) -> Vec<u8> {
        let is_current = key_id == call.auth_key_id;
        let key = self.keys.get(&key_id);
        let device = key.map(|key| key.device.clone()).unwrap_or_default();
        let (created, active) = key.map_or((0, 0), |key| (key.logged_in_at, key.active_at));
        let object = Writer::boxed(id::AUTHORIZATION_INFO).u32(u32::from(is_current));
        let object = object.i64(session_hash(key_id, is_current)).string(&device.model).string("");
        let object = object.string(&device.system).i32(device.api_id).string("sandbox").string(&device.app);
        object.i32(created).i32(active).string("127.0.0.1").string("").string("").finish()
    }

    pub(super) fn reset_authorizations(&mut self, call: &mut Call<'_>) -> Reply {
        call.reader.end()?;
        let user = self.person(call)?;
        let of_user = self.keys.iter().filter(|(id, key)| key.user == Some(user) && **id != call.auth_key_id);
        let others: Vec<u64> = of_user.map(|(id, _)| *id).collect();
        for key_id in others {
            self.revoke(call, key_id, user);
        }
        Ok(Writer::boxed(id::BOOL_TRUE).finish())
    }

    pub(super) fn reset_authorization(&mut self, call: &mut Call<'_>) -> Reply {
        let hash = call.reader.i64()?;
        call.reader.end()?;
        let user = self.person(call)?;
        let mut of_user = self.keys.iter().filter(|(_, key)| key.user == Some(user));
        let found = of_user.find(|(id, _)| session_hash(**id, **id == call.auth_key_id) == hash);
        let key_id = found.map(|(id, _)| *id).filter(|id| *id != call.auth_key_id);
        let key_id = key_id.ok_or_else(|| ApiError::new(400, "HASH_INVALID"))?;
        self.revoke(call, key_id, user);
        Ok(Writer::boxed(id::BOOL_TRUE).finish())
    }

    fn revoke(&mut self, call: &mut Call<'_>, key_id: u64, user: i64) {
        let Some(key) = self.keys.get_mut(&key_id) else { return };
        (key.user, key.challenge, key.is_revoked) = (None, None, true);
        call.events.push(AccountEvent::LoggedOut { user_id: user, dc: key.dc });
    }

    /// Errors unless the argument proves that the caller knows the password.
    fn must_know_password(&mut self, call: &mut Call<'_>, user: i64) -> Result<(), ApiError> {
        let guarded = self.directory.account(user).is_some_and(|account| account.password.is_some());
        let given = input_check_password(&mut call.reader)?;
        match given {
            None if guarded => Err(ApiError::new(400, "PASSWORD_HASH_INVALID")),
            Some((srp_id, a, m1)) if guarded => self.must_be_password(call, user, srp_id, a, m1),
            _ => Ok(()),
        }
    }

    /// Errors unless this answers the caller's challenge, which is valid for one answer.
    pub(super) fn must_be_password(
        &mut self,
        call: &Call<'_>,
        user: i64,
        srp_id: i64,
        a: &[u8],
        m1: &[u8],
    ) -> Result<(), ApiError> {
        let challenge = self.key(call).challenge.take().filter(|challenge| challenge.srp_id == srp_id);
        let challenge = challenge.ok_or_else(|| ApiError::new(400, "SRP_ID_INVALID"))?;
        let password = self.directory.account(user).and_then(|account| account.password.as_ref());
        let verifier = password.and_then(|password| password.verifier.as_ref());
        if verifier.is_some_and(|verifier| verifier.accepts(&challenge, a, m1)) {
            return Ok(());
        }
        Err(ApiError::new(400, "PASSWORD_HASH_INVALID"))
    }

    /// Sets, changes or removes the password. A recovery address is ignored.
    pub(super) fn update_password_settings(&mut self, call: &mut Call<'_>) -> Reply {
        let user = self.person(call)?;
        self.must_know_password(call, user)?;
        let new = new_settings(call)?;
        call.reader.end()?;
        if let Some(verifier) = new.as_ref().and_then(|new| new.verifier.as_ref()) {
            verifier.add_secrets_to(&self.secrets);
        }
        if let Some(account) = self.directory.account_mut(user) {
            account.password = new.map(|mut new| {
                new.settings.has_recovery = false;
                Password { reset: Reset::None, ..new }
            });
        }
        Ok(Writer::boxed(id::BOOL_TRUE).finish())
    }

    pub(super) fn get_password_settings(&mut self, call: &mut Call<'_>) -> Reply {
        let user = self.person(call)?;
        self.must_know_password(call, user)?;
        call.reader.end()?;
        Ok(Writer::boxed(id::PASSWORD_SETTINGS).u32(0).finish())
    }

    pub(super) fn update_profile(&mut self, call: &mut Call<'_>) -> Reply {
        let flags = call.reader.u32()?;
        let mut field = |bit: u32| (flags & 1 << bit != 0).then(|| call.reader.string()).transpose();
        let (first, last, _about) = (field(0)?, field(1)?, field(2)?);
        call.reader.end()?;
        let user = self.person(call)?;
        if first == Some("") {
            return Err(ApiError::new(400, "FIRSTNAME_INVALID"));
        }
        let account = self.directory.account_mut(user).ok_or_else(ApiError::unregistered)?;
        if let Some(first) = first {
            account.first_name = first.into();
        }
        if let Some(last) = last {
            account.last_name = last.into();
        }
        Ok(account.to_user(call.layer, true))
    }
}

impl Accounts {
    pub(super) fn check_username(&mut self, call: &mut Call<'_>) -> Reply {
        let name = call.reader.string()?;
        call.reader.end()?;
        let user = self.person(call)?;
        must_be_username(name)?;
        let is_free = !self.is_taken(name, user);
        Ok(Writer::boxed(if is_free { id::BOOL_TRUE } else { id::BOOL_FALSE }).finish())
    }

    /// Sets the username; an empty one removes it.
    pub(super) fn update_username(&mut self, call: &mut Call<'_>) -> Reply {
        let name = call.reader.string()?;
        call.reader.end()?;
        let user = self.person(call)?;
        if !name.is_empty() {
            must_be_username(name)?;
            if self.is_taken(name, user) {
                return Err(ApiError::new(400, "USERNAME_OCCUPIED"));
            }
        }
        let account = self.directory.account_mut(user).ok_or_else(ApiError::unregistered)?;
        if account.username == name {
            return Err(ApiError::new(400, "USERNAME_NOT_MODIFIED"));
        }
        account.username = name.into();
        Ok(account.to_user(call.layer, true))
    }

    fn is_taken(&self, name: &str, by_others_than: i64) -> bool {
        let mut others = self.directory.accounts().filter(|account| account.id != by_others_than);
        others.any(|account| account.username.eq_ignore_ascii_case(name))
    }
}

/// The form of usernames (`core.telegram.org/method/account.checkUsername`).
fn must_be_username(name: &str) -> Result<(), ApiError> {
    let is_letter = |letter: u8| letter.is_ascii_alphanumeric() || letter == b'_';
    let begins_well = name.bytes().next().is_some_and(|first| first.is_ascii_alphabetic());
    if begins_well && (5..=32).contains(&name.len()) && name.bytes().all(is_letter) {
        return Ok(());
    }
    Err(ApiError::new(400, "USERNAME_INVALID"))
}

/// The hash that names a session in the list; 0 for the current one.
fn session_hash(key_id: u64, is_current: bool) -> i64 {
    if is_current { 0 } else { (key_id ^ 0x5a5a_5a5a_5a5a_5a5a).cast_signed() | 1 }
}

/// `srp_id`, `A` and `M1`.
type Proof<'a> = (i64, &'a [u8], &'a [u8]);

/// Reads an `InputCheckPasswordSRP`; `None` for `inputCheckPasswordEmpty`.
pub(super) fn input_check_password<'a>(reader: &mut Reader<'a>) -> Result<Option<Proof<'a>>, ApiError> {
    match reader.u32()? {
        id::INPUT_CHECK_PASSWORD_EMPTY => Ok(None),
        id::INPUT_CHECK_PASSWORD_SRP => Ok(Some((reader.i64()?, reader.bytes()?, reader.bytes()?))),
        _ => Err(ApiError::new(400, "INPUT_FETCH_ERROR")),
    }
}
