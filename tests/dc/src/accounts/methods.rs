//! The API methods that the accounts have, and the dispatch of a call.

use std::borrow::Cow;
use std::time::Duration;

use super::call::{AccountEvent, Answer, ApiError, Call, CallContext, CallOutcome, Delivery, Push};
use super::incoming_call::IncomingCall;
use super::method_names::method_name;
use super::options::FaultKind;
use super::policy::{DEFAULT_LAYER, MAX_UNSERVED};
use super::recorded::RecordedCall;
use super::state::{Accounts, Method};
use super::wire::{Reader, Writer, id};
use super::{default_answers, messages, wrappers};

/// Returns the method with this constructor, if the accounts have it.
fn method(constructor: u32) -> Option<Method> {
    Some(match constructor {
        id::SEND_CODE => ("auth.sendCode", Accounts::send_code),
        id::RESEND_CODE => ("auth.resendCode", |accounts, call| accounts.resend_code(call, true)),
        id::RESEND_CODE_158 => ("auth.resendCode", |accounts, call| accounts.resend_code(call, false)),
        id::CANCEL_CODE => ("auth.cancelCode", Accounts::cancel_code),
        id::SIGN_IN => ("auth.signIn", |accounts, call| accounts.sign_in(call, true)),
        id::SIGN_IN_140 => ("auth.signIn", |accounts, call| accounts.sign_in(call, false)),
        id::SIGN_UP => ("auth.signUp", |accounts, call| accounts.sign_up(call, true)),
        id::SIGN_UP_158 => ("auth.signUp", |accounts, call| accounts.sign_up(call, false)),
        id::ACCEPT_TERMS_OF_SERVICE => ("help.acceptTermsOfService", Accounts::accept_terms_of_service),
        id::GET_PASSWORD => ("account.getPassword", Accounts::get_password),
        id::CHECK_PASSWORD => ("auth.checkPassword", Accounts::check_password),
        id::SEND_VERIFY_EMAIL_CODE => ("account.sendVerifyEmailCode", Accounts::send_verify_email_code),
        id::VERIFY_EMAIL => ("account.verifyEmail", Accounts::verify_email),
        id::RESET_LOGIN_EMAIL => ("auth.resetLoginEmail", Accounts::reset_login_email),
        id::REQUEST_PASSWORD_RECOVERY => {
            ("auth.requestPasswordRecovery", Accounts::request_password_recovery)
        }
        id::CHECK_RECOVERY_PASSWORD => ("auth.checkRecoveryPassword", Accounts::check_recovery_password),
        id::RECOVER_PASSWORD => ("auth.recoverPassword", Accounts::recover_password),
        id::RESET_PASSWORD => ("account.resetPassword", Accounts::reset_password),
        id::DECLINE_PASSWORD_RESET => ("account.declinePasswordReset", Accounts::decline_password_reset),
        id::EXPORT_LOGIN_TOKEN => ("auth.exportLoginToken", Accounts::export_login_token),
        id::IMPORT_LOGIN_TOKEN => ("auth.importLoginToken", Accounts::import_login_token),
        id::ACCEPT_LOGIN_TOKEN => ("auth.acceptLoginToken", Accounts::accept_login_token),
        id::IMPORT_BOT_AUTHORIZATION => ("auth.importBotAuthorization", Accounts::import_bot_authorization),
        id::LOG_OUT => ("auth.logOut", |accounts, call| accounts.log_out(call, true)),
        id::LOG_OUT_133 => ("auth.logOut", |accounts, call| accounts.log_out(call, false)),
        id::GET_AUTHORIZATIONS => ("account.getAuthorizations", Accounts::get_authorizations),
        id::RESET_AUTHORIZATIONS => ("auth.resetAuthorizations", Accounts::reset_authorizations),
        id::RESET_AUTHORIZATION => ("account.resetAuthorization", Accounts::reset_authorization),
        id::UPDATE_PASSWORD_SETTINGS => {
            ("account.updatePasswordSettings", Accounts::update_password_settings)
        }
        id::GET_PASSWORD_SETTINGS => ("account.getPasswordSettings", Accounts::get_password_settings),
        id::CHECK_USERNAME => ("account.checkUsername", Accounts::check_username),
        id::UPDATE_USERNAME => ("account.updateUsername", Accounts::update_username),
        id::UPDATE_PROFILE => ("account.updateProfile", Accounts::update_profile),
        id::EXPORT_AUTHORIZATION => ("auth.exportAuthorization", Accounts::export_authorization),
        id::IMPORT_AUTHORIZATION => ("auth.importAuthorization", Accounts::import_authorization),
        id::SAVE_APP_LOG => ("help.saveAppLog", Accounts::save_app_log),
        id::GET_CONFIG => ("help.getConfig", Accounts::get_config),
        id::GET_NEAREST_DC => ("help.getNearestDc", Accounts::get_nearest_dc),
        id::GET_APP_CONFIG => ("help.getAppConfig", |accounts, call| accounts.get_app_config(call, true)),
        id::GET_APP_CONFIG_140 => {
            ("help.getAppConfig", |accounts, call| accounts.get_app_config(call, false))
        }
        id::GET_USERS => ("users.getUsers", Accounts::get_users),
        id::GET_FULL_USER => ("users.getFullUser", |accounts, call| accounts.get_full_user(call, true)),
        id::GET_FULL_USER_133 => ("users.getFullUser", |accounts, call| accounts.get_full_user(call, false)),
        id::UPDATE_STATUS => ("account.updateStatus", Accounts::update_status),
        id::GET_CONTACTS => ("contacts.getContacts", Accounts::get_contacts),
        id::GET_TERMS_OF_SERVICE_UPDATE => {
            ("help.getTermsOfServiceUpdate", Accounts::get_terms_of_service_update)
        }
        id::GET_PROMO_DATA => ("help.getPromoData", Accounts::get_promo_data),
        _ => return messages::method(constructor).or_else(|| default_answers::method(constructor)),
    })
}

impl From<ApiError> for Answer {
    fn from(ApiError { code, message }: ApiError) -> Self {
        Self::Error { code, message }
    }
}

/// Whether a method may change the saved state. A needless save does no harm.
fn changes_something(name: &str) -> bool {
    let (_, function) = name.split_once('.').unwrap_or_default();
    let saves_nothing =
        ["saveAppLog", "updateStatus", "saveFilePart", "saveBigFilePart", "search", "setTyping"];
    !function.starts_with("get") && !saves_nothing.contains(&function)
}

/// Returns the msg_ids of the calls that must have succeeded before this one (`invokeAfterMsg`, `invokeAfterMsgs`).
pub(crate) fn calls_before(body: &[u8]) -> Vec<u64> {
    // The error of wrappers that cannot be read is the answer of the call itself.
    let wrapping = wrappers::unwrap(&mut Reader::new(body)).unwrap_or_default();
    wrapping.after.into_iter().map(i64::cast_unsigned).collect()
}

impl Accounts {
    /// Executes one API method. `body` is the serialized call, optionally inside `invokeWithLayer`, `initConnection`,
    /// `invokeWithoutUpdates`, `invokeAfterMsg` and `invokeAfterMsgs`, which the server has checked; layer and `initConnection` are remembered per
    /// key. The first call of a key must contain `initConnection`; until then, calls fail with
    /// `CONNECTION_NOT_INITED`.
    pub fn call(&mut self, context: &CallContext, body: &[u8]) -> CallOutcome {
        let mut call = Call {
            dc: context.dc,
            auth_key_id: context.auth_key_id,
            layer: DEFAULT_LAYER,
            now: context.now_unix,
            local_ip: context.local_ip,
            reader: Reader::new(body),
            events: Vec::new(),
            pushes: Vec::new(),
            later: Vec::new(),
        };
        let answer = self.answer(&mut call, context.layer).unwrap_or_else(Into::into);
        CallOutcome { answer, events: call.events, pushes: call.pushes, later: call.later }
    }

    fn answer(&mut self, call: &mut Call<'_>, layer: Option<i32>) -> Result<Answer, ApiError> {
        let wrapping = wrappers::unwrap(&mut call.reader)?;
        self.without_updates += u64::from(wrapping.without_updates);
        let key = self.key(call);
        let before = (key.layer, key.connection_inited);
        key.layer = wrapping.layer.or(layer).or(key.layer);
        key.connection_inited |= wrapping.device.is_some();
        let mut changed = before != (key.layer, key.connection_inited);
        if let Some(device) = wrapping.device.filter(|device| *device != key.device) {
            (key.device, changed) = (device, true);
        }
        (key.dc, key.active_at) = (call.dc, call.now);
        if !key.connection_inited {
            return Err(ApiError::new(400, "CONNECTION_NOT_INITED"));
        }
        call.layer = key.layer.unwrap_or(DEFAULT_LAYER);
        let limited = key.limited;
        self.changed |= changed;
        let body = call.reader.rest();
        let constructor = call.reader.u32()?;
        if limited && !matches!(constructor, id::GET_CONFIG | id::GET_NEAREST_DC) {
            return Err(ApiError::new(401, "AUTH_KEY_PERM_EMPTY"));
        }
        let served = method(constructor);
        let name = served.map_or_else(|| method_name(constructor).into(), |(name, _)| Cow::Borrowed(name));
        self.changed |= served.is_some() && changes_something(&name);
        let mut incoming = IncomingCall {
            method: name.clone(),
            constructor,
            dc: call.dc,
            auth_key_id: call.auth_key_id,
            user_id: self.key(call).user,
            layer: call.layer,
            now: call.now,
            number: 0,
            delay: Duration::ZERO,
            deliveries: Vec::new(),
        };
        self.handlers.recorder.record(|| RecordedCall::new(&incoming, body));
        let truncates = match self.fault(&name, call.dc) {
            Some(FaultKind::Error { code, message }) => return Err(ApiError { code, message }),
            Some(FaultKind::WrongType) => return Ok(Answer::Result(Writer::boxed(id::TRUE).finish())),
            Some(FaultKind::Truncated) => true,
            None => false,
        };
        let by_handler = self.handlers.answer(&mut incoming, body, false);
        let answer = match (by_handler, served) {
            (Some(answer), _) => Ok(answer),
            (None, Some((_, method))) => method(self, call).map(Answer::Result),
            (None, None) => match self.handlers.answer(&mut incoming, body, true) {
                Some(answer) => Ok(answer),
                None => Err(self.not_served(call, constructor, &name)),
            },
        };
        // They follow an error too.
        for (delay, delivery) in incoming.deliveries {
            if delay.is_zero() {
                let (pushes, event) = self.deliveries(delivery, call.now);
                call.pushes.extend(pushes);
                call.events.extend(event);
            } else {
                call.later.push((delay, delivery));
            }
        }
        let mut answer = answer?;
        if let (Answer::Result(object), true) = (&mut answer, truncates) {
            object.truncate(8);
        }
        Ok(answer)
    }

    /// Carries out a delivery. Returns the updates that follow from it, and what did not work.
    pub(crate) fn deliveries(&mut self, delivery: Delivery, now: i32) -> (Vec<Push>, Option<AccountEvent>) {
        match delivery {
            Delivery::Updates { user_id, body } => {
                let keys = self.keys_of(user_id).into_iter();
                (keys.map(|auth_key_id| Push { auth_key_id, body: body.clone() }).collect(), None)
            }
            Delivery::Message { from, to, text } => match self.send_text(from, to, &text, now) {
                Some((_, pushes)) => (pushes, None),
                None => (Vec::new(), Some(AccountEvent::MessageNotSent { from, to })),
            },
        }
    }

    fn not_served(&mut self, call: &mut Call<'_>, constructor: u32, name: &str) -> ApiError {
        if self.unserved.len() < MAX_UNSERVED && self.unserved.insert(constructor) {
            call.events.push(AccountEvent::UnknownMethod { method: name.into(), dc: call.dc });
        }
        ApiError::new(400, "INPUT_METHOD_INVALID")
    }
}
