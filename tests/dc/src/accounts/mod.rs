//! The users, bots and codes of a sandbox: what an API function answers, once the session layer has unpacked it.
//!
//! One [`Accounts`] is shared by all DCs of a sandbox. It knows nothing of connections, sessions or messages: it is
//! given one function and who calls, and says what to answer, what happened, and which other keys get an update.

mod codes;
mod counting;
mod dcs;
mod directory;
mod email;
mod forms;
mod login;
mod login_token;
mod options;
mod password;
mod quiet;
mod recovery;
mod saved;
mod sessions;
#[cfg(test)]
mod tests;
mod users;
mod wire;
mod wrappers;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

pub use options::{
    AccountOptions, AnnouncedDc, CodeDelivery, Fault, FaultKind, LoginEmail, TestBot, TestPassword, TestUser,
};

use self::codes::Codes;
use self::dcs::Export;
use self::directory::Directory;
use self::login_token::LoginToken;
use self::password::Challenge;
use self::recovery::Recovery;
use self::sessions::Device;
use self::wire::{BadArguments, Reader, Writer, id};
use crate::random::SecureRandom;
use crate::secrets::Secrets;

/// How many functions that it does not know a sandbox tells of.
const MOST_UNSERVED: usize = 200;

/// The layer of a caller that never named one.
const DEFAULT_LAYER: i32 = 230;

/// Who calls, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallContext {
    /// The DC that was called.
    pub dc: i32,
    /// The key of the caller, as the session layer has checked it.
    pub auth_key_id: u64,
    /// The layer that the caller named by `invokeWithLayer` in this call, where the session layer has looked.
    pub layer: Option<i32>,
    /// Server time, in seconds since 1970.
    pub now_unix: i32,
    /// The server's address that the caller is connected to, if it is known: what `help.getConfig` names for DCs whose
    /// address is unspecified.
    pub reached_at: Option<IpAddr>,
}

/// What a function answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A boxed TL object.
    Result(Vec<u8>),
    /// An `rpc_error`.
    Error {
        /// Such as 303, 400, 401, 420.
        code: i32,
        /// Such as `PHONE_MIGRATE_1`.
        message: String,
    },
}

/// An update for another caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Push {
    /// Whose sessions get it.
    pub auth_key_id: u64,
    /// A boxed `Updates` object.
    pub body: Vec<u8>,
}

/// Something that a person in front of the sandbox wants to see.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AccountEvent {
    /// A login code "arrived".
    CodeSent {
        /// Digits only.
        phone: String,
        /// The code to type in.
        code: String,
        /// The DC that sent it.
        dc: i32,
    },
    /// A code "arrived" by e-mail.
    EmailSent {
        /// The address.
        address: String,
        /// The code to type in.
        code: String,
        /// The DC that sent it.
        dc: i32,
    },
    /// A key was logged in.
    LoggedIn {
        /// Who.
        user_id: i64,
        /// Where.
        dc: i32,
    },
    /// A key was logged out.
    SignedOut {
        /// Who.
        user_id: i64,
        /// Where.
        dc: i32,
    },
    /// A caller wants a function that no account knows; told once for each.
    Unserved {
        /// Its name, or its constructor if layer 230 does not have it.
        method: String,
        /// Where.
        dc: i32,
    },
}

/// All that follows from one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Called {
    /// What the caller is answered.
    pub answer: Answer,
    /// What happened.
    pub events: Vec<AccountEvent>,
    /// Updates for other keys.
    pub pushes: Vec<Push>,
}

/// All users, bots, codes, and which key is logged in as whom.
pub struct Accounts {
    options: AccountOptions,
    random: Box<dyn SecureRandom + Send>,
    directory: Directory,
    codes: Codes,
    keys: BTreeMap<u64, Key>,
    /// Authorisations on their way to another DC, by their secret bytes.
    exports: BTreeMap<Vec<u8>, Export>,
    /// Who may log in without a code, by the token that the last logout gave.
    logout_tokens: BTreeMap<Vec<u8>, i64>,
    /// What QR codes show.
    login_tokens: BTreeMap<Vec<u8>, LoginToken>,
    /// How often each fault of the options was used.
    faults_used: Vec<u32>,
    /// How many calls came in `invokeWithoutUpdates`.
    without_updates: u64,
    configs_asked: u64,
    /// The functions that were asked for and are not known here.
    unserved: BTreeSet<u32>,
    /// How often each number was counted.
    counts: BTreeMap<i64, u32>,
    /// What nobody may say.
    secrets: Secrets,
    /// Whether a call may have changed what is saved.
    changed: bool,
}

/// What is kept of one key.
#[derive(Debug, Default)]
struct Key {
    layer: Option<i32>,
    connection_inited: bool,
    /// Who is logged in.
    user: Option<i64>,
    /// Who gave the right code, and owes the password.
    password_pending: Option<i64>,
    challenge: Option<Challenge>,
    /// What the client last said of itself.
    device: Device,
    /// The DC of its last call.
    dc: i32,
    logged_in_at: i32,
    active_at: i32,
    /// Whether another session of the user has ended this one.
    is_revoked: bool,
    /// Whether it is a temporary key that stands for no permanent one.
    limited: bool,
    /// What was sent by e-mail to recover the password with.
    recovery: Option<Recovery>,
}

/// One call, while it is being answered.
struct Call<'a> {
    dc: i32,
    auth_key_id: u64,
    layer: i32,
    now: i32,
    reached_at: Option<IpAddr>,
    reader: Reader<'a>,
    events: Vec<AccountEvent>,
    pushes: Vec<Push>,
}

/// When and for whom an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct When {
    /// Server time, in seconds since 1970.
    now: i32,
    /// The layer that reads it.
    layer: i32,
}

impl Call<'_> {
    const fn when(&self) -> When {
        When { now: self.now, layer: self.layer }
    }
}

/// An `rpc_error` in the making.
#[derive(Clone, Debug, PartialEq, Eq)]
struct ApiError {
    code: i32,
    message: String,
}

impl ApiError {
    fn new(code: i32, message: &str) -> Self {
        Self { code, message: message.into() }
    }

    fn unregistered() -> Self {
        Self::new(401, "AUTH_KEY_UNREGISTERED")
    }
}

impl From<BadArguments> for ApiError {
    fn from(_: BadArguments) -> Self {
        Self::new(400, "INPUT_FETCH_ERROR")
    }
}

/// A boxed object, or what is wrong.
type Reply = Result<Vec<u8>, ApiError>;

/// A function of the API: its name and who answers it.
type Method = (&'static str, fn(&mut Accounts, &mut Call<'_>) -> Reply);

/// The function behind a constructor, for those that the sandbox knows.
const fn method(constructor: u32) -> Option<Method> {
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
        id::GET_DIALOGS => ("messages.getDialogs", Accounts::get_dialogs),
        id::GET_TERMS_OF_SERVICE_UPDATE => {
            ("help.getTermsOfServiceUpdate", Accounts::get_terms_of_service_update)
        }
        id::GET_PROMO_DATA => ("help.getPromoData", Accounts::get_promo_data),
        id::GET_STATE => ("updates.getState", Accounts::get_state),
        id::GET_DIFFERENCE | id::GET_DIFFERENCE_158 => ("updates.getDifference", Accounts::get_difference),
        _ => return quiet::method(constructor),
    })
}

/// Whether a function may change what is saved. To save once too often does no harm.
fn changes_something(name: &str) -> bool {
    let (_, function) = name.split_once('.').unwrap_or_default();
    !function.starts_with("get") && !matches!(function, "saveAppLog" | "updateStatus")
}

impl Accounts {
    /// The accounts of a fresh sandbox.
    #[must_use]
    pub fn new(options: AccountOptions, random: Box<dyn SecureRandom + Send>) -> Self {
        Self {
            directory: Directory::new(&options),
            codes: Codes::new(&options),
            faults_used: vec![0; options.faults.len()],
            options,
            random,
            keys: BTreeMap::new(),
            exports: BTreeMap::new(),
            logout_tokens: BTreeMap::new(),
            counts: BTreeMap::new(),
            unserved: BTreeSet::new(),
            without_updates: 0,
            configs_asked: 0,
            login_tokens: BTreeMap::new(),
            secrets: Secrets::default(),
            changed: false,
        }
    }

    /// Tells the addresses of the DCs, once they are known: what `help.getConfig` lists from now on.
    pub fn set_dcs(&mut self, dcs: Vec<(i32, SocketAddr)>) {
        self.options.dcs = dcs;
    }

    /// The codes, tokens and passwords that were made or used so far.
    #[must_use]
    pub const fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// Forgets all that is known of a key, because it was destroyed.
    pub fn forget_key(&mut self, auth_key_id: u64) {
        self.keys.remove(&auth_key_id);
    }

    /// Whether a call may have changed what is saved, since the last time this was asked.
    pub(crate) fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    /// A temporary key that stands for no permanent one may call little.
    pub(crate) fn limit_key(&mut self, auth_key_id: u64) {
        self.keys.entry(auth_key_id).or_default().limited = true;
    }

    /// A permanent key got another temporary one: `initConnection` is due again.
    pub(crate) fn rebound(&mut self, auth_key_id: u64) {
        self.keys.entry(auth_key_id).or_default().connection_inited = false;
    }

    /// The error that the options plan for a function which the server answers by itself; counts it.
    pub(crate) fn planned_error(&mut self, method: &str, dc: i32) -> Option<(i32, String)> {
        match self.fault(method, dc)? {
            FaultKind::Error { code, message } => Some((code, message)),
            FaultKind::WrongType | FaultKind::Truncated => None,
        }
    }

    /// Answers one API function; `body` begins with the function's constructor identifier. The wrappers
    /// `invokeWithLayer`, `initConnection`, `invokeWithoutUpdates`, `invokeAfterMsg` and `invokeAfterMsgs` may stand
    /// around it; layer and `initConnection` are remembered for the key. A key's first call must bring
    /// `initConnection`: without it, all are refused with `CONNECTION_NOT_INITED`.
    pub fn call(&mut self, context: &CallContext, body: &[u8]) -> Called {
        let mut call = Call {
            dc: context.dc,
            auth_key_id: context.auth_key_id,
            layer: DEFAULT_LAYER,
            now: context.now_unix,
            reached_at: context.reached_at,
            reader: Reader::new(body),
            events: Vec::new(),
            pushes: Vec::new(),
        };
        let answer = match self.answer(&mut call, context.layer) {
            Ok(object) => Answer::Result(object),
            Err(ApiError { code, message }) => Answer::Error { code, message },
        };
        Called { answer, events: call.events, pushes: call.pushes }
    }

    fn answer(&mut self, call: &mut Call<'_>, layer: Option<i32>) -> Reply {
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
        let constructor = call.reader.u32()?;
        if limited && !matches!(constructor, id::GET_CONFIG | id::GET_NEAREST_DC) {
            return Err(ApiError::new(401, "AUTH_KEY_PERM_EMPTY"));
        }
        let Some((name, handler)) = method(constructor) else {
            if self.unserved.len() < MOST_UNSERVED && self.unserved.insert(constructor) {
                let method = quiet::unserved_name(constructor);
                call.events.push(AccountEvent::Unserved { method, dc: call.dc });
            }
            return Err(ApiError::new(400, "INPUT_METHOD_INVALID"));
        };
        self.changed |= changes_something(name);
        match self.fault(name, call.dc) {
            None => handler(self, call),
            Some(FaultKind::Error { code, message }) => Err(ApiError { code, message }),
            Some(FaultKind::WrongType) => Ok(Writer::boxed(id::TRUE).finish()),
            Some(FaultKind::Truncated) => handler(self, call).map(|mut object| {
                object.truncate(8);
                object
            }),
        }
    }

    /// The false answer that a call gets, if any; counts it.
    fn fault(&mut self, method: &str, dc: i32) -> Option<FaultKind> {
        let mut faults = self.options.faults.iter().zip(&mut self.faults_used);
        let (fault, used) = faults.find(|(fault, used)| {
            fault.method.as_deref().is_none_or(|name| name == method)
                && fault.dc.is_none_or(|on| on == dc)
                && fault.times.is_none_or(|times| **used < times)
        })?;
        *used = used.saturating_add(1);
        Some(fault.kind.clone())
    }

    fn key(&mut self, call: &Call<'_>) -> &mut Key {
        self.keys.entry(call.auth_key_id).or_default()
    }

    /// Who calls; an error unless somebody is logged in.
    fn caller(&mut self, call: &Call<'_>) -> Result<i64, ApiError> {
        let key = self.key(call);
        let revoked = || ApiError::new(401, "SESSION_REVOKED");
        key.user.ok_or_else(|| if key.is_revoked { revoked() } else { ApiError::unregistered() })
    }

    fn random_bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.random.fill(&mut bytes);
        bytes
    }
}
