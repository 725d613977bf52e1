//! Forgotten passwords: recovery by e-mail, and the password reset (`core.telegram.org/api/srp`).

use super::call::{AccountEvent, ApiError, Call, Reply};
use super::codes::pattern;
use super::directory::{Password, Reset};
use super::options::TestPassword;
use super::password::Verifier;
use super::policy::{DECLINED_RESET_WAIT, PASSWORD_RESET_WAIT, RECOVERY_LIFETIME};
use super::state::{Accounts, Recovery};
use super::wire::{Writer, id};

impl Accounts {
    pub(super) fn request_password_recovery(&mut self, call: &mut Call<'_>) -> Reply {
        call.reader.end()?;
        let user = self.password_owner(call)?;
        let account = self.directory.account(user).ok_or_else(ApiError::unregistered)?;
        let phone = account.phone.clone();
        match &account.password {
            None => return Err(ApiError::new(400, "PASSWORD_EMPTY")),
            Some(password) if !password.settings.has_recovery => {
                return Err(ApiError::new(400, "PASSWORD_RECOVERY_NA"));
            }
            Some(_) => {}
        }
        let number = self.directory.number(&phone).ok_or_else(ApiError::unregistered)?;
        let code = self.email_code(&number);
        let address = "recovery@sandbox.example";
        let recovery = Recovery { code: code.clone(), sent_at: call.now };
        self.key(call).recovery = Some(recovery);
        call.events.push(AccountEvent::EmailSent { address: address.into(), code, dc: call.dc });
        Ok(Writer::boxed(id::PASSWORD_RECOVERY).string(&pattern(address)).finish())
    }

    pub(super) fn check_recovery_password(&mut self, call: &mut Call<'_>) -> Reply {
        let code = call.reader.string()?;
        call.reader.end()?;
        self.password_owner(call)?;
        self.must_be_recovery_code(call, code)?;
        Ok(Writer::boxed(id::BOOL_TRUE).finish())
    }

    pub(super) fn recover_password(&mut self, call: &mut Call<'_>) -> Reply {
        let flags = call.reader.u32()?;
        let code = call.reader.string()?;
        let new = if flags & 1 != 0 { new_settings(call)? } else { None };
        call.reader.end()?;
        let user = self.password_owner(call)?;
        self.must_be_recovery_code(call, code)?;
        self.key(call).recovery = None;
        if let Some(account) = self.directory.account_mut(user) {
            account.password = new;
        }
        self.authorize(call, user)
    }

    pub(super) fn reset_password(&mut self, call: &mut Call<'_>) -> Reply {
        call.reader.end()?;
        let user = self.caller(call)?;
        let account = self.directory.account_mut(user).ok_or_else(ApiError::unregistered)?;
        let password = account.password.as_mut().ok_or_else(|| ApiError::new(400, "PASSWORD_EMPTY"))?;
        let wait = |constructor, date| Ok(Writer::boxed(constructor).i32(date).finish());
        match password.reset {
            Reset::Until(due) if due <= call.now => {
                account.password = None;
                Ok(Writer::boxed(id::RESET_PASSWORD_OK).finish())
            }
            Reset::Until(due) => wait(id::RESET_PASSWORD_REQUESTED_WAIT, due),
            Reset::DeclinedAt(at) if call.now < at.saturating_add(DECLINED_RESET_WAIT) => {
                wait(id::RESET_PASSWORD_FAILED_WAIT, at.saturating_add(DECLINED_RESET_WAIT))
            }
            Reset::None | Reset::DeclinedAt(_) => {
                let due = call.now.saturating_add(PASSWORD_RESET_WAIT);
                password.reset = Reset::Until(due);
                wait(id::RESET_PASSWORD_REQUESTED_WAIT, due)
            }
        }
    }

    pub(super) fn decline_password_reset(&mut self, call: &mut Call<'_>) -> Reply {
        call.reader.end()?;
        let user = self.caller(call)?;
        let account = self.directory.account_mut(user);
        match account.and_then(|account| account.password.as_mut()) {
            Some(password) if matches!(password.reset, Reset::Until(_)) => {
                password.reset = Reset::DeclinedAt(call.now);
                Ok(Writer::boxed(id::BOOL_TRUE).finish())
            }
            _ => Err(ApiError::new(400, "RESET_REQUEST_MISSING")),
        }
    }

    /// Returns the user who is logged in or must still submit the password.
    fn password_owner(&mut self, call: &Call<'_>) -> Result<i64, ApiError> {
        let key = self.key(call);
        key.password_pending.or(key.user).ok_or_else(ApiError::unregistered)
    }

    fn must_be_recovery_code(&mut self, call: &Call<'_>, code: &str) -> Result<(), ApiError> {
        if code.is_empty() {
            return Err(ApiError::new(400, "CODE_EMPTY"));
        }
        let sent = self.key(call).recovery.as_ref();
        let living = sent.filter(|sent| call.now <= sent.sent_at.saturating_add(RECOVERY_LIFETIME));
        match living {
            None => Err(ApiError::new(400, "PASSWORD_RECOVERY_EXPIRED")),
            Some(sent) if sent.code != code => Err(ApiError::new(400, "CODE_INVALID")),
            Some(_) => Ok(()),
        }
    }
}

/// Reads an `account.passwordInputSettings` that sets a new password, or none at all.
pub(super) fn new_settings(call: &mut Call<'_>) -> Result<Option<Password>, ApiError> {
    let invalid = || ApiError::new(400, "NEW_SETTINGS_INVALID");
    let reader = &mut call.reader;
    reader.expect(id::PASSWORD_INPUT_SETTINGS)?;
    if reader.u32()? != 1 {
        return Err(invalid());
    }
    let algo = match reader.u32()? {
        id::PASSWORD_KDF_ALGO_UNKNOWN => None,
        id::PASSWORD_KDF_ALGO => Some((reader.bytes()?, reader.bytes()?, reader.i32()?, reader.bytes()?)),
        _ => return Err(invalid()),
    };
    let hash = reader.bytes()?;
    let hint = Some(reader.string()?).filter(|hint| !hint.is_empty()).map(String::from);
    if hash.is_empty() {
        // A removal, for which Telethon names the algorithm too.
        return Ok(None);
    }
    let (salt1, salt2, g, p) = algo.ok_or_else(invalid)?;
    let verifier = Verifier::from_client(salt1, salt2, g, p, hash).ok_or_else(invalid)?;
    // The server never learns the password itself.
    let settings = TestPassword { text: String::new(), hint, has_recovery: true };
    Ok(Some(Password { settings, verifier: Some(verifier), reset: Reset::None }))
}
