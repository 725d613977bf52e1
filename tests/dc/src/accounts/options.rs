//! What a sandbox offers, and how it misbehaves when a test asks for it.

use std::net::SocketAddr;

use crate::builder::builder_methods;

/// What the accounts must know before they start. The default is the documented sandbox, behaving well.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AccountOptions {
    /// The DCs of the sandbox by number, for `help.getConfig`; see also [`Accounts::set_dcs`](super::Accounts::set_dcs).
    pub dcs: Vec<(i32, SocketAddr)>,
    /// What `help.getConfig` lists besides those.
    pub extra_dc_options: Vec<DcOption>,
    /// Whether each of the DCs' own addresses is listed a second time as a static one, default no: Telegram lists such
    /// ones too, and grammers 0.11 takes no others.
    pub announce_static: bool,
    /// Whether `help.getConfig` wants IPv6 to be tried first; default no.
    pub force_try_ipv6: bool,
    /// Whether the sandbox's own numbers and bots exist: phone `99966XYYYY` on DC X (1 to 3) with the code X five
    /// times over, a number ending in 2 with the password `sandbox`, in 8 with that password and an e-mail address to
    /// recover it by, in 7 with codes by e-mail, in 6 with an e-mail address still to be set up, in 9 not registered;
    /// bot `1:sandbox` on DC 2 and bot `2:elsewhere` on DC 1. What goes to an e-mail address is X six times over.
    pub sandbox: bool,
    /// Users besides those.
    pub users: Vec<TestUser>,
    /// Bots besides those.
    pub bots: Vec<TestBot>,
    /// How long a login code can be used, in seconds; default 300. Below zero, each has expired when it arrives.
    pub code_lifetime: i32,
    /// How codes travel, the first one first and each further one after it; default: App, Sms, Call.
    pub deliveries: Vec<CodeDelivery>,
    /// After how many seconds a client may ask for a code by other means; default 60. Nobody is refused before.
    pub resend_timeout: i32,
    /// How long a login token can be scanned, in seconds; default 30.
    pub login_token_lifetime: i32,
    /// How long it takes until a login e-mail is reset, in seconds; default 0.
    pub email_reset_wait: i32,
    /// FaultInjection: every login is sent to another DC, without end.
    pub always_migrate: bool,
    /// FaultInjection: what to answer instead of the truth. The first that fits a call is used.
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

/// One `dcOption`, as it goes onto the wire: nothing of it is checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DcOption {
    /// The flags but that of the secret: 1 IPv6, 2 media only, 4 obfuscated only, 8 CDN, 16 static, 32 this port only.
    pub flags: u32,
    /// The number of the DC.
    pub dc: i32,
    /// What stands in the place of its IP address.
    pub ip: String,
    /// Its port.
    pub port: i32,
    /// The secret under which connections are obfuscated.
    pub secret: Option<Vec<u8>>,
}

/// How a login code travels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CodeDelivery {
    /// To the account's other sessions.
    App,
    /// By text message.
    Sms,
    /// Spoken in a call.
    Call,
    /// As the number that calls.
    FlashCall,
    /// As the last digits of the number that calls.
    MissedCall,
    /// On fragment.com.
    Fragment,
    /// For official applications only.
    Firebase,
    /// As a word.
    Word,
    /// As a phrase.
    Phrase,
    /// By e-mail, to this address.
    Email(String),
    /// Not before an e-mail address is set up.
    EmailSetUp,
    /// In a way of a layer that no client knows yet.
    FutureType,
    /// The same, with an answer that cannot be read to its end.
    Unreadable,
}

/// A person with a phone.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TestUser {
    /// The user's identifier.
    pub id: i64,
    /// Digits only, with the country's code.
    pub phone: String,
    /// The first name.
    pub first_name: String,
    /// The last name; empty for none.
    pub last_name: String,
    /// The user name, without `@`; empty for none.
    pub username: String,
    /// The DC where the account lives.
    pub dc: i32,
    /// The login code, always this one; `None`: five random digits each time.
    pub code: Option<String>,
    /// The second step.
    pub password: Option<TestPassword>,
    /// Whether codes come by e-mail.
    pub login_email: LoginEmail,
}

/// Whether an account's codes come by e-mail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum LoginEmail {
    /// They do not.
    #[default]
    None,
    /// An address must be set up first.
    Required,
    /// They come to this address.
    At(String),
}

/// The second step of a login.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TestPassword {
    /// The password itself, as UTF-8.
    pub text: String,
    /// What the server tells to jog the memory.
    pub hint: Option<String>,
    /// Whether an e-mail address to recover it by is known.
    pub has_recovery: bool,
}

/// A bot.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TestBot {
    /// The user's identifier.
    pub id: i64,
    /// The whole token.
    pub token: String,
    /// The bot's name.
    pub first_name: String,
    /// The user name, without `@`; empty for `sandboxID_bot`, since each bot has one.
    pub username: String,
    /// The DC where the bot lives.
    pub dc: i32,
    /// Whether the token was revoked.
    pub expired: bool,
}

/// A false answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fault {
    /// To which function, such as `auth.sendCode`; `None`: to any.
    pub method: Option<String>,
    /// On which DC; `None`: on any.
    pub dc: Option<i32>,
    /// How many calls get it; `None`: all.
    pub times: Option<u32>,
    /// What they get.
    pub kind: FaultKind,
}

/// What a false answer is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// An `rpc_error`.
    Error {
        /// Such as 420.
        code: i32,
        /// Such as `FLOOD_WAIT_3`.
        message: String,
    },
    /// A well-formed object of a type that no function of the API answers with (`true`).
    WrongType,
    /// The right answer, cut off after its first eight bytes.
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

    /// A cut-off object as the answer to `method`.
    #[must_use]
    pub fn truncated(method: &str) -> Self {
        Self { method: Some(method.into()), dc: None, times: None, kind: FaultKind::Truncated }
    }

    /// Only the first call gets it.
    #[must_use]
    pub fn once(self) -> Self {
        Self { times: Some(1), ..self }
    }

    /// Only calls on this DC get it.
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
        Self { id, token: token.into(), first_name, username, dc: 2, expired: false }
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
    with_expired => expired: bool,
});
builder_methods!(Fault {
    with_method => method: Option<String>,
    with_dc => dc: Option<i32>,
    with_times => times: Option<u32>,
    with_kind => kind: FaultKind,
});
