//! The accounts behind the DCs, and their faults.

use std::net::SocketAddr;

use super::method_names::{UnknownMethod, must_be_method};
use crate::builder::builder_methods;

/// Options of the accounts. The default has the built-in accounts and no faults.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AccountOptions {
    /// The addresses of the DCs by number, for `help.getConfig`; see also [`Accounts::set_dcs`](super::Accounts::set_dcs).
    pub dcs: Vec<(i32, SocketAddr)>,
    /// Further entries of `help.getConfig`; default none.
    pub extra_dc_options: Vec<DcOption>,
    /// Whether each of the DCs' own addresses is listed a second time as a static one; default no. Telegram lists such
    /// addresses, and grammers 0.11 uses no others.
    pub announce_static: bool,
    /// Whether `help.getConfig` sets `force_try_ipv6`; default no.
    pub force_try_ipv6: bool,
    /// Whether the built-in accounts exist; default yes. Phone `99966XYYYY` is on DC X (1 to 3) and has the digit X five
    /// times as its code. The last digit selects a variant: 2 password `sandbox`; 8 the same, with a recovery e-mail
    /// address; 7 codes by e-mail (X six times); 6 must set up an e-mail address; 9 not registered. Bots: `1:sandbox` on
    /// DC 2, `2:elsewhere` on DC 1.
    pub sandbox: bool,
    /// Further users; default none.
    pub users: Vec<TestUser>,
    /// Further bots; default none.
    pub bots: Vec<TestBot>,
    /// Lifetime of a login code, in seconds; default 300. A negative value makes every code expire immediately.
    pub code_lifetime: i32,
    /// How codes are sent: the first code by the first delivery, each resend by the next one; default: App, Sms, Call.
    pub deliveries: Vec<CodeDelivery>,
    /// The `timeout` of a sent code, in seconds; default 60. It is not enforced.
    pub resend_timeout: i32,
    /// How long a login token can be scanned, in seconds; default 30.
    pub login_token_lifetime: i32,
    /// Delay of a login e-mail reset, in seconds; default 0.
    pub email_reset_wait: i32,
    /// Fault: every login is redirected to another DC, endlessly; default no.
    pub always_migrate: bool,
    /// Faults: injected answers to calls; default none. The first that matches a call is used.
    pub faults: Vec<Fault>,
}

impl Default for AccountOptions {
    fn default() -> Self {
        Self {
            dcs: Vec::new(),
            announce_static: false,
            extra_dc_options: Vec::new(),
            force_try_ipv6: false,
            sandbox: true,
            users: Vec::new(),
            bots: Vec::new(),
            code_lifetime: 300,
            deliveries: vec![CodeDelivery::App, CodeDelivery::Sms, CodeDelivery::Call],
            resend_timeout: 60,
            login_token_lifetime: 30,
            email_reset_wait: 0,
            always_migrate: false,
            faults: Vec::new(),
        }
    }
}

impl AccountOptions {
    /// Checks that each fault names a method that exists.
    ///
    /// # Errors
    /// Returns [`UnknownMethod`] with the first that does not.
    pub fn check(&self) -> Result<(), UnknownMethod> {
        self.faults.iter().filter_map(|fault| fault.method.as_deref()).try_for_each(must_be_method)
    }
}

/// One `dcOption`, sent as it is, without checks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DcOption {
    /// The flags, except that of the secret: 1 IPv6, 2 media only, 4 obfuscated only, 8 CDN, 16 static, 32 this port
    /// only.
    pub flags: u32,
    /// The number of the DC.
    pub dc: i32,
    /// The text of its IP address.
    pub ip: String,
    /// Its port.
    pub port: i32,
    /// The secret that connections are obfuscated with.
    pub secret: Option<Vec<u8>>,
}

/// How a login code is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CodeDelivery {
    /// To the account's other sessions.
    App,
    /// By text message.
    Sms,
    /// Spoken in a call.
    Call,
    /// The code is the calling number.
    FlashCall,
    /// The code is the last digits of the calling number.
    MissedCall,
    /// On fragment.com.
    Fragment,
    /// By Firebase, for official applications only.
    Firebase,
    /// As a word.
    Word,
    /// As a phrase.
    Phrase,
    /// By e-mail, to this address.
    Email(String),
    /// Only after an e-mail address is set up.
    EmailSetUp,
    /// By a type that no client knows.
    UnknownType,
    /// The same, in a truncated answer.
    TruncatedUnknownType,
}

/// A user.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TestUser {
    /// The user's identifier.
    pub id: i64,
    /// The phone number: digits only, with the country code.
    pub phone: String,
    /// The first name.
    pub first_name: String,
    /// The last name; empty for none.
    pub last_name: String,
    /// The username, without `@`; empty for none.
    pub username: String,
    /// The home DC; default 2.
    pub dc: i32,
    /// The login code; `None`: five random digits each time.
    pub code: Option<String>,
    /// The two-step password, if any.
    pub password: Option<TestPassword>,
    /// Whether login codes are sent by e-mail.
    pub login_email: LoginEmail,
}

/// Whether the login codes of an account are sent by e-mail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum LoginEmail {
    /// They are not.
    #[default]
    None,
    /// An address must be set up first.
    Required,
    /// They are sent to this address.
    At(String),
}

/// A two-step password.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TestPassword {
    /// The password.
    pub text: String,
    /// The hint.
    pub hint: Option<String>,
    /// Whether it can be recovered by e-mail.
    pub has_recovery: bool,
}

/// A bot.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TestBot {
    /// The user's identifier.
    pub id: i64,
    /// The token, such as `1:sandbox`.
    pub token: String,
    /// The bot's name.
    pub first_name: String,
    /// The username, without `@`; empty for `sandboxID_bot`.
    pub username: String,
    /// The home DC.
    pub dc: i32,
    /// Whether the token was revoked.
    pub revoked: bool,
}

/// A fault: an injected answer to calls.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fault {
    /// The method, such as `auth.sendCode`; `None` for any.
    pub method: Option<String>,
    /// The DC; `None` for any.
    pub dc: Option<i32>,
    /// How many calls are affected; `None` for all.
    pub times: Option<u32>,
    /// The answer.
    pub kind: FaultKind,
}

/// The kinds of injected answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// An `rpc_error`.
    Error {
        /// The code, such as 420.
        code: i32,
        /// The message, such as `FLOOD_WAIT_3`.
        message: String,
    },
    /// A well-formed object of a type that no API method returns (`true`).
    WrongType,
    /// The correct answer, truncated after its first eight bytes.
    Truncated,
}

impl Fault {
    /// An `rpc_error` as the answer to `method`, always and everywhere.
    #[must_use]
    pub fn error(method: &str, code: i32, message: &str) -> Self {
        let kind = FaultKind::Error { code, message: message.into() };
        Self { method: Some(method.into()), dc: None, times: None, kind }
    }

    /// `420 FLOOD_WAIT_X` as the answer to `method`.
    #[must_use]
    pub fn flood_wait(method: &str, seconds: u32) -> Self {
        Self::error(method, 420, &format!("FLOOD_WAIT_{seconds}"))
    }

    /// `500 AUTH_RESTART` as the answer to `method`.
    #[must_use]
    pub fn auth_restart(method: &str) -> Self {
        Self::error(method, 500, "AUTH_RESTART")
    }

    /// `400 SRP_ID_INVALID` as the answer to a password.
    #[must_use]
    pub fn srp_id_invalid() -> Self {
        Self::error("auth.checkPassword", 400, "SRP_ID_INVALID")
    }

    /// An object of a wrong type as the answer to `method`.
    #[must_use]
    pub fn wrong_type(method: &str) -> Self {
        Self { method: Some(method.into()), dc: None, times: None, kind: FaultKind::WrongType }
    }

    /// A truncated object as the answer to `method`.
    #[must_use]
    pub fn truncated(method: &str) -> Self {
        Self { method: Some(method.into()), dc: None, times: None, kind: FaultKind::Truncated }
    }

    /// Restricts the fault to the first call.
    #[must_use]
    pub fn once(self) -> Self {
        Self { times: Some(1), ..self }
    }

    /// Restricts the fault to calls on this DC.
    #[must_use]
    pub fn on_dc(self, dc: i32) -> Self {
        Self { dc: Some(dc), ..self }
    }
}

impl TestUser {
    /// A user on DC 2 with the first name "Test", random login codes, and no password. `phone` has digits only, with
    /// the country code.
    #[must_use]
    pub fn new(id: i64, phone: impl Into<String>) -> Self {
        Self {
            id,
            phone: phone.into(),
            first_name: "Test".into(),
            last_name: String::new(),
            username: String::new(),
            dc: 2,
            code: None,
            password: None,
            login_email: LoginEmail::None,
        }
    }
}

impl TestPassword {
    /// A password without a hint and without an e-mail address for its recovery.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), hint: None, has_recovery: false }
    }
}

impl TestBot {
    /// A bot on DC 2 with the first name "Test bot".
    #[must_use]
    pub fn new(id: i64, token: impl Into<String>) -> Self {
        let (first_name, username) = ("Test bot".into(), String::new());
        Self { id, token: token.into(), first_name, username, dc: 2, revoked: false }
    }
}

builder_methods!(AccountOptions {
    with_dcs => dcs: Vec<(i32, SocketAddr)>,
    with_extra_dc_options => extra_dc_options: Vec<DcOption>,
    with_announce_static => announce_static: bool,
    with_force_try_ipv6 => force_try_ipv6: bool,
    with_sandbox => sandbox: bool,
    with_users => users: Vec<TestUser>,
    with_bots => bots: Vec<TestBot>,
    with_code_lifetime => code_lifetime: i32,
    with_deliveries => deliveries: Vec<CodeDelivery>,
    with_resend_timeout => resend_timeout: i32,
    with_login_token_lifetime => login_token_lifetime: i32,
    with_email_reset_wait => email_reset_wait: i32,
    with_always_migrate => always_migrate: bool,
    with_faults => faults: Vec<Fault>,
});
builder_methods!(DcOption {
    with_flags => flags: u32,
    with_dc => dc: i32,
    with_ip => ip: String,
    with_port => port: i32,
    with_secret => secret: Option<Vec<u8>>,
});
builder_methods!(TestUser {
    with_id => id: i64,
    with_phone => phone: String,
    with_first_name => first_name: String,
    with_last_name => last_name: String,
    with_username => username: String,
    with_dc => dc: i32,
    with_code => code: Option<String>,
    with_password => password: Option<TestPassword>,
    with_login_email => login_email: LoginEmail,
});
builder_methods!(TestPassword {
    with_text => text: String,
    with_hint => hint: Option<String>,
    with_has_recovery => has_recovery: bool,
});
builder_methods!(TestBot {
    with_id => id: i64,
    with_token => token: String,
    with_first_name => first_name: String,
    with_username => username: String,
    with_dc => dc: i32,
    with_revoked => revoked: bool,
});
builder_methods!(Fault {
    with_method => method: Option<String>,
    with_dc => dc: Option<i32>,
    with_times => times: Option<u32>,
    with_kind => kind: FaultKind,
});
