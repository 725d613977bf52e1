//! Codes by e-mail, and the addresses that they go to (`core.telegram.org/api/auth`, "Email verification").

use super::call::{AccountEvent, ApiError, Call, Reply};
use super::codes::pattern;
use super::directory::Number;
use super::options::LoginEmail;
use super::state::Accounts;
use super::wire::{BadArguments, Reader, Writer, id};

impl Accounts {
    pub(super) fn send_verify_email_code(&mut self, call: &mut Call<'_>) -> Reply {
        let (phone, hash) = login_setup(&mut call.reader)?;
        let address = call.reader.string()?;
        call.reader.end()?;
        let number = self.number_here(call, phone)?;
        let is_address = address.split_once('@').is_some_and(|(name, domain)| {
            !name.is_empty() && domain.contains('.') && !address.contains(char::is_whitespace)
        });
        if !is_address {
            return Err(ApiError::new(400, "EMAIL_INVALID"));
        }
        let code = self.email_code(&number);
        self.codes.set_up_email(&number, hash, address, &code, call.now)?;
        let length = i32::try_from(code.len()).unwrap_or(i32::MAX);
        call.events.push(AccountEvent::EmailSent { address: address.into(), code, dc: call.dc });
        Ok(Writer::boxed(id::SENT_EMAIL_CODE).string(&pattern(address)).i32(length).finish())
    }

    pub(super) fn verify_email(&mut self, call: &mut Call<'_>) -> Reply {
        let (phone, hash) = login_setup(&mut call.reader)?;
        let typed = email_verification(&mut call.reader)?;
        call.reader.end()?;
        let number = self.number_here(call, phone)?;
        let address = self.codes.verified_email(&number, hash, typed, call.now)?;
        let user = self.directory.by_number(&number);
        if let Some(account) = user.and_then(|user| self.directory.account_mut(user)) {
            account.login_email = LoginEmail::At(address.clone());
        }
        let sent = self.send_first_code(call, number);
        Ok(Writer::boxed(id::EMAIL_VERIFIED_LOGIN).string(&pattern(&address)).object(&sent).finish())
    }

    pub(super) fn reset_login_email(&mut self, call: &mut Call<'_>) -> Reply {
        let phone = call.reader.string()?;
        let hash = call.reader.string()?;
        call.reader.end()?;
        let number = self.number_here(call, phone)?;
        self.codes.must_be_by_email(&number, hash, call.now)?;
        let wait = self.options.email_reset_wait;
        let user = self.directory.by_number(&number);
        if let Some(account) = user.and_then(|user| self.directory.account_mut(user)) {
            if account.email_reset_at.is_some_and(|at| at > call.now) {
                return Err(ApiError::new(400, "TASK_ALREADY_EXISTS"));
            }
            account.email_reset_at = Some(call.now.saturating_add(wait));
        }
        Ok(self.send_first_code(call, number))
    }

    /// Sends a code to an address, as an event.
    pub(super) fn send_email(&mut self, call: &mut Call<'_>, number: &Number, address: &str) -> String {
        let code = self.email_code(number);
        let event = AccountEvent::EmailSent { address: address.into(), code: code.clone(), dc: call.dc };
        call.events.push(event);
        code
    }

    /// Six times the DC of a sandbox number; else six random digits.
    pub(super) fn email_code(&mut self, number: &Number) -> String {
        let code = match &number.code {
            Some(_) => number.dc.to_string().repeat(6),
            None => self.random_digits::<6>(),
        };
        self.secrets.add("e-mail code", &code);
        code
    }
}

/// Reads an `emailVerifyPurposeLoginSetup`, the only purpose that is supported.
fn login_setup<'a>(reader: &mut Reader<'a>) -> Result<(&'a str, &'a str), BadArguments> {
    reader.expect(id::EMAIL_VERIFY_PURPOSE_LOGIN_SETUP)?;
    Ok((reader.string()?, reader.string()?))
}

/// Reads an `emailVerificationCode`.
pub(super) fn email_verification<'a>(reader: &mut Reader<'a>) -> Result<&'a str, BadArguments> {
    reader.expect(id::EMAIL_VERIFICATION_CODE)?;
    reader.string()
}
