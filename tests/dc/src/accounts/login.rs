//! Logging in and out: by phone, by password, as a bot (`core.telegram.org/api/auth`).

use super::call::{AccountEvent, ApiError, Call, Reply};
use super::codes::{Purpose, Typed};
use super::directory::Number;
use super::email::email_verification;
use super::forms;
use super::options::{CodeDelivery, LoginEmail};
use super::password::{Verifier, password_object};
use super::policy::MAX_NAME;
use super::sessions::input_check_password;
use super::state::Accounts;
use super::wire::{BadArguments, Reader, Writer, id};

impl Accounts {
    pub(super) fn send_code(&mut self, call: &mut Call<'_>) -> Reply {
        let phone = call.reader.string()?;
        let api_id = call.reader.i32()?;
        let api_hash = call.reader.string()?;
        let logout_tokens = code_settings(&mut call.reader)?;
        call.reader.end()?;
        self.check_api(api_id, api_hash)?;
        let number = self.number_here(call, phone)?;
        let known = logout_tokens.iter().find(|token| {
            let owner = self.logout_tokens.get(**token).and_then(|user| self.directory.account(*user));
            owner.is_some_and(|account| account.phone == number.digits)
        });
        if let Some(user) = known.and_then(|token| self.logout_tokens.remove(*token)) {
            let authorization = self.password_or_authorization(call, user)?;
            return Ok(Writer::boxed(id::SENT_CODE_SUCCESS).object(&authorization).finish());
        }
        Ok(self.send_first_code(call, number))
    }

    /// Sends a code by the first delivery of the account. Returns a boxed `auth.sentCode`.
    pub(super) fn send_first_code(&mut self, call: &mut Call<'_>, number: Number) -> Vec<u8> {
        let user = self.directory.by_number(&number);
        let account = user.and_then(|user| self.directory.account_mut(user));
        let email = account.map(|account| {
            if account.email_reset_at.is_some_and(|at| at <= call.now) {
                (account.login_email, account.email_reset_at) = (LoginEmail::None, None);
            }
            account.login_email.clone()
        });
        let (deliveries, (code, hash)) = match email.unwrap_or_default() {
            LoginEmail::None => (self.options.deliveries.clone(), self.fresh_code(call, &number)),
            LoginEmail::Required => (vec![CodeDelivery::EmailSetUp], (String::new(), self.fresh_hash())),
            LoginEmail::At(address) => {
                let code = self.send_email(call, &number, &address);
                (vec![CodeDelivery::Email(address)], (code, self.fresh_hash()))
            }
        };
        self.codes.send(number, code, hash, deliveries, call.when())
    }

    pub(super) fn resend_code(&mut self, call: &mut Call<'_>, with_flags: bool) -> Reply {
        let flags = if with_flags { call.reader.u32()? } else { 0 };
        let phone = call.reader.string()?;
        let hash = call.reader.string()?;
        if flags & 1 != 0 {
            call.reader.string()?;
        }
        call.reader.end()?;
        let number = self.number_here(call, phone)?;
        let events = call.events.len();
        let (code, new_hash) = self.fresh_code(call, &number);
        let sent = self.codes.resend(&number, hash, code, new_hash, call.when());
        if sent.is_err() {
            call.events.truncate(events);
        }
        sent
    }

    pub(super) fn cancel_code(&mut self, call: &mut Call<'_>) -> Reply {
        let phone = call.reader.string()?;
        let hash = call.reader.string()?;
        call.reader.end()?;
        let number = self.number_here(call, phone)?;
        self.codes.cancel(&number, hash, call.now)?;
        Ok(Writer::boxed(id::BOOL_TRUE).finish())
    }

    pub(super) fn sign_in(&mut self, call: &mut Call<'_>, with_flags: bool) -> Reply {
        let flags = if with_flags { call.reader.u32()? } else { 1 };
        let phone = call.reader.string()?;
        let hash = call.reader.string()?;
        let code = if flags & 1 != 0 { Typed::ByPhone(call.reader.string()?) } else { Typed::ByPhone("") };
        let code = if flags & 2 != 0 { Typed::ByEmail(email_verification(&mut call.reader)?) } else { code };
        call.reader.end()?;
        let number = self.number_here(call, phone)?;
        if matches!(code, Typed::ByPhone("") | Typed::ByEmail("")) {
            return Err(ApiError::new(400, "PHONE_CODE_EMPTY"));
        }
        self.codes.verify(&number, hash, code, call.now)?;
        let Some(user) = self.directory.by_number(&number) else {
            return Ok(sign_up_required());
        };
        self.codes.spend(&number, hash, Purpose::SignIn, call.now)?;
        self.password_or_authorization(call, user)
    }

    pub(super) fn sign_up(&mut self, call: &mut Call<'_>, with_flags: bool) -> Reply {
        if with_flags {
            call.reader.u32()?;
        }
        let phone = call.reader.string()?;
        let hash = call.reader.string()?;
        let first_name = call.reader.string()?.trim();
        let last_name = call.reader.string()?.trim();
        call.reader.end()?;
        let number = self.number_here(call, phone)?;
        if first_name.is_empty() || first_name.chars().count() > MAX_NAME {
            return Err(ApiError::new(400, "FIRSTNAME_INVALID"));
        }
        if last_name.chars().count() > MAX_NAME {
            return Err(ApiError::new(400, "LASTNAME_INVALID"));
        }
        if self.directory.by_number(&number).is_some() {
            return Err(ApiError::new(400, "PHONE_NUMBER_OCCUPIED"));
        }
        self.codes.spend(&number, hash, Purpose::SignUp, call.now)?;
        let user = self.directory.sign_up(&number, first_name, last_name);
        self.authorize(call, user)
    }

    pub(super) fn accept_terms_of_service(&mut self, call: &mut Call<'_>) -> Reply {
        call.reader.expect(id::DATA_JSON)?;
        call.reader.string()?;
        call.reader.end()?;
        self.caller(call)?;
        Ok(Writer::boxed(id::BOOL_TRUE).finish())
    }

    pub(super) fn get_password(&mut self, call: &mut Call<'_>) -> Reply {
        call.reader.end()?;
        let key = self.key(call);
        let user = key.user.or(key.password_pending).ok_or_else(ApiError::unregistered)?;
        let password = self.directory.account_mut(user).and_then(|account| account.password.as_mut());
        let Some(password) = password else {
            return Ok(password_object(call.layer, None, &mut *self.random));
        };
        let verifier = password
            .verifier
            .get_or_insert_with(|| Verifier::new(&password.settings.text, &mut *self.random));
        self.secrets.add("password", &password.settings.text);
        verifier.add_secrets_to(&self.secrets);
        let challenge = verifier.challenge(&mut *self.random);
        let object =
            password_object(call.layer, Some((&password.settings, verifier, &challenge)), &mut *self.random);
        self.key(call).challenge = Some(challenge);
        Ok(object)
    }

    pub(super) fn check_password(&mut self, call: &mut Call<'_>) -> Reply {
        let given = input_check_password(&mut call.reader)?;
        call.reader.end()?;
        let (srp_id, a, m1) = given.ok_or_else(|| ApiError::new(400, "PASSWORD_HASH_INVALID"))?;
        let key = self.key(call);
        let user = key.password_pending.or(key.user).ok_or_else(ApiError::unregistered)?;
        self.must_be_password(call, user, srp_id, a, m1)?;
        self.authorize(call, user)
    }

    pub(super) fn import_bot_authorization(&mut self, call: &mut Call<'_>) -> Reply {
        let _flags = call.reader.u32()?;
        let api_id = call.reader.i32()?;
        let api_hash = call.reader.string()?;
        let token = call.reader.string()?;
        call.reader.end()?;
        self.secrets.add("bot token", token);
        self.check_api(api_id, api_hash)?;
        let Some((bot, is_revoked)) = self.directory.by_token(token) else {
            return Err(ApiError::new(400, "ACCESS_TOKEN_INVALID"));
        };
        if is_revoked {
            return Err(ApiError::new(400, "ACCESS_TOKEN_EXPIRED"));
        }
        let (bot, dc) = (bot.id, bot.dc);
        self.migrate(call, "USER", dc)?;
        self.authorize(call, bot)
    }

    pub(super) fn log_out(&mut self, call: &mut Call<'_>, with_token: bool) -> Reply {
        call.reader.end()?;
        let user = self.caller(call)?;
        let key = self.key(call);
        (key.user, key.password_pending, key.challenge) = (None, None, None);
        call.events.push(AccountEvent::LoggedOut { user_id: user, dc: call.dc });
        if !with_token {
            return Ok(Writer::boxed(id::BOOL_TRUE).finish());
        }
        if self.directory.account(user).is_none_or(|account| account.is_bot) {
            return Ok(Writer::boxed(id::LOGGED_OUT).u32(0).finish());
        }
        let token = self.random_bytes::<32>();
        self.secrets.add("future_auth_token", token);
        self.logout_tokens.insert(token.to_vec(), user);
        Ok(Writer::boxed(id::LOGGED_OUT).u32(1).bytes(&token).finish())
    }

    /// Logs a key in. Returns a boxed `auth.authorization`.
    pub(super) fn authorize(&mut self, call: &mut Call<'_>, user: i64) -> Reply {
        let account = self.directory.account(user).ok_or_else(ApiError::unregistered)?;
        let object = account.to_user(call.layer, true);
        let key = self.key(call);
        (key.user, key.password_pending, key.challenge) = (Some(user), None, None);
        (key.logged_in_at, key.is_revoked) = (call.now, false);
        call.events.push(AccountEvent::LoggedIn { user_id: user, dc: call.dc });
        Ok(Writer::boxed(forms::of(forms::AUTHORIZATION, call.layer)).u32(0).object(&object).finish())
    }

    /// Continues after a right code: asks for the password if there is one, else logs in.
    pub(super) fn password_or_authorization(&mut self, call: &mut Call<'_>, user: i64) -> Reply {
        if self.directory.account(user).is_some_and(|account| account.password.is_some()) {
            let key = self.key(call);
            (key.user, key.password_pending, key.challenge) = (None, Some(user), None);
            return Err(ApiError::new(401, "SESSION_PASSWORD_NEEDED"));
        }
        self.authorize(call, user)
    }

    /// Parses a phone number. Errors if it belongs to another DC.
    pub(super) fn number_here(&self, call: &Call<'_>, typed: &str) -> Result<Number, ApiError> {
        let number =
            self.directory.number(typed).ok_or_else(|| ApiError::new(400, "PHONE_NUMBER_INVALID"))?;
        self.migrate(call, "PHONE", number.dc)?;
        Ok(number)
    }

    /// Errors on any DC other than `home`, and on every DC if the options say so.
    fn migrate(&self, call: &Call<'_>, what: &str, home: i32) -> Result<(), ApiError> {
        match self.elsewhere(call, home) {
            None => Ok(()),
            Some(target) => Err(ApiError::new(303, &format!("{what}_MIGRATE_{target}"))),
        }
    }

    /// The DC that the caller must move to for an account of `home`; `None` if it is there.
    pub(super) fn elsewhere(&self, call: &Call<'_>, home: i32) -> Option<i32> {
        if !self.options.always_migrate {
            return (home != call.dc).then_some(home);
        }
        let mut dcs: Vec<i32> = self.options.dcs.iter().map(|(dc, _)| *dc).collect();
        if dcs.is_empty() {
            dcs = vec![1, 2, 3];
        }
        let next = dcs.iter().position(|dc| *dc == call.dc).map_or(0, |at| (at + 1) % dcs.len());
        Some(dcs.get(next).copied().unwrap_or(home))
    }

    pub(super) fn check_api(&self, api_id: i32, api_hash: &str) -> Result<(), ApiError> {
        self.secrets.add("api_hash", api_hash);
        if api_id < 1 || api_hash.is_empty() {
            return Err(ApiError::new(400, "API_ID_INVALID"));
        }
        Ok(())
    }

    /// Makes a code and its `phone_code_hash`; the code is sent as an event.
    fn fresh_code(&mut self, call: &mut Call<'_>, number: &Number) -> (String, String) {
        let code = number.code.clone().unwrap_or_else(|| self.random_digits::<5>());
        let event = AccountEvent::CodeSent { phone: number.digits.clone(), code: code.clone(), dc: call.dc };
        call.events.push(event);
        self.secrets.add("login code", &code);
        (code, self.fresh_hash())
    }

    pub(super) fn fresh_hash(&mut self) -> String {
        let hash: String = self.random_bytes::<9>().iter().map(|byte| format!("{byte:02x}")).collect();
        self.secrets.add("phone_code_hash", &hash);
        hash
    }

    pub(super) fn random_digits<const N: usize>(&mut self) -> String {
        self.random_bytes::<N>().iter().map(|byte| char::from(b'0' + byte % 10)).collect()
    }
}

/// Reads a `codeSettings`; only its tokens are used.
fn code_settings<'a>(reader: &mut Reader<'a>) -> Result<Vec<&'a [u8]>, BadArguments> {
    let known = reader.u32()?;
    if !matches!(known, id::CODE_SETTINGS | id::CODE_SETTINGS_140 | id::CODE_SETTINGS_133) {
        return Err(BadArguments);
    }
    let flags = reader.u32()?;
    let tokens = if flags & 1 << 6 != 0 { reader.vector(Reader::bytes)? } else { Vec::new() };
    if flags & 1 << 8 != 0 {
        reader.string()?;
        reader.u32()?;
    }
    Ok(tokens)
}

fn sign_up_required() -> Vec<u8> {
    let terms = Writer::boxed(id::TERMS_OF_SERVICE)
        .u32(0)
        .u32(id::DATA_JSON)
        .string("{\"version\":1}")
        .string("By signing up you accept that nothing here is real.")
        .objects(&[]);
    Writer::boxed(id::AUTHORIZATION_SIGN_UP_REQUIRED).u32(1).object(&terms.finish()).finish()
}
