//! The users and bots, their DCs, and their forms on the wire.

use std::collections::BTreeMap;

use super::forms;
use super::options::{AccountOptions, LoginEmail, TestBot, TestPassword, TestUser};
use super::origin::Origin;
use super::password::Verifier;
use super::wire::{Writer, id};

/// One user or bot.
#[derive(Clone, Debug)]
pub(super) struct Account {
    pub(super) id: i64,
    pub(super) dc: i32,
    pub(super) first_name: String,
    pub(super) last_name: String,
    /// Empty for none.
    pub(super) username: String,
    /// Digits; empty for a bot.
    pub(super) phone: String,
    pub(super) is_bot: bool,
    /// The password, if any.
    pub(super) password: Option<Password>,
    /// Whether login codes are sent by e-mail.
    pub(super) login_email: LoginEmail,
    /// When the login e-mail is reset, in server time.
    pub(super) email_reset_at: Option<i32>,
    /// The fingerprint of its description in the options; `None` if it was created while the DCs ran.
    pub(super) origin: Option<Origin>,
}

/// A password, as the server keeps it.
#[derive(Clone, Debug)]
pub(super) struct Password {
    pub(super) settings: TestPassword,
    /// Computed at its first use, which takes a tenth of a second.
    pub(super) verifier: Option<Verifier>,
    /// The state of its reset.
    pub(super) reset: Reset,
}

/// The state of a password reset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Reset {
    /// None was requested.
    #[default]
    None,
    /// It takes effect at this time.
    Until(i32),
    /// It was declined at this time.
    DeclinedAt(i32),
}

/// A phone number that may log in or sign up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Number {
    pub(super) digits: String,
    pub(super) dc: i32,
    /// `None`: five random digits each time.
    pub(super) code: Option<String>,
}

/// A bot's token.
#[derive(Clone, Debug)]
struct Token {
    bot: i64,
    revoked: bool,
}

/// All accounts.
#[derive(Debug, Default)]
pub(super) struct Directory {
    sandbox: bool,
    accounts: BTreeMap<i64, Account>,
    phones: BTreeMap<String, i64>,
    codes: BTreeMap<String, String>,
    tokens: BTreeMap<String, Token>,
}

impl Directory {
    pub(super) fn new(options: &AccountOptions) -> Self {
        let mut directory = Self { sandbox: options.sandbox, ..Self::default() };
        if options.sandbox {
            directory.add_bot(&sandbox_bot(1, "1:sandbox", 2));
            directory.add_bot(&sandbox_bot(2, "2:elsewhere", 1));
        }
        for bot in &options.bots {
            directory.add_bot(bot);
        }
        for user in &options.users {
            directory.add_user(user);
        }
        directory
    }

    pub(super) fn add_bot(&mut self, bot: &TestBot) {
        self.tokens.insert(bot.token.clone(), Token { bot: bot.id, revoked: bot.revoked });
        let account = Account {
            id: bot.id,
            dc: bot.dc,
            first_name: bot.first_name.clone(),
            last_name: String::new(),
            username: match bot.username.as_str() {
                "" => format!("sandbox{}_bot", bot.id),
                name => name.into(),
            },
            phone: String::new(),
            is_bot: true,
            password: None,
            login_email: LoginEmail::None,
            email_reset_at: None,
            origin: Some(bot.origin()),
        };
        self.accounts.insert(bot.id, account);
    }

    pub(super) fn add_user(&mut self, user: &TestUser) {
        self.phones.insert(user.phone.clone(), user.id);
        if let Some(code) = &user.code {
            self.codes.insert(user.phone.clone(), code.clone());
        }
        let account = Account {
            id: user.id,
            dc: user.dc,
            first_name: user.first_name.clone(),
            last_name: user.last_name.clone(),
            username: user.username.clone(),
            phone: user.phone.clone(),
            is_bot: false,
            password: user.password.clone().map(|settings| Password {
                settings,
                verifier: None,
                reset: Reset::None,
            }),
            login_email: user.login_email.clone(),
            email_reset_at: None,
            origin: Some(user.origin()),
        };
        self.accounts.insert(user.id, account);
    }

    /// Removes an account, with its phone number and token. Returns whether it existed.
    pub(super) fn remove(&mut self, id: i64) -> bool {
        self.phones.retain(|_, user| *user != id);
        self.tokens.retain(|_, token| token.bot != id);
        self.accounts.remove(&id).is_some()
    }

    /// Parses a phone number; `None` if it is neither listed nor one of the sandbox.
    pub(super) fn number(&self, typed: &str) -> Option<Number> {
        let digits: String = typed.chars().filter(|c| !matches!(c, '+' | ' ' | '-' | '(' | ')')).collect();
        if let Some(account) = self.phones.get(&digits).and_then(|user| self.accounts.get(user)) {
            let code = self.codes.get(&digits).cloned().or_else(|| self.sandbox_number(&digits)?.code);
            return Some(Number { dc: account.dc, code, digits });
        }
        self.sandbox_number(&digits)
    }

    /// Returns the account of a number, if it is registered.
    pub(super) fn by_number(&mut self, number: &Number) -> Option<i64> {
        if let Some(user) = self.phones.get(&number.digits) {
            return Some(*user);
        }
        // It is a number of the sandbox, whose account is created at its first use.
        if number.digits.ends_with('9') {
            return None;
        }
        let has_recovery = number.digits.ends_with('8');
        let password = (has_recovery || number.digits.ends_with('2')).then(|| TestPassword {
            text: "sandbox".into(),
            hint: Some("the name of this place".into()),
            has_recovery,
        });
        let login_email = match number.digits.bytes().last() {
            Some(b'6') => LoginEmail::Required,
            Some(b'7') => LoginEmail::At("someone@sandbox.example".into()),
            _ => LoginEmail::None,
        };
        let user = self.register(number, "Sandbox", &format!("DC {}", number.dc), password);
        if let Some(account) = self.account_mut(user) {
            account.login_email = login_email;
        }
        Some(user)
    }

    /// Creates an account; the user's identifier is the number.
    pub(super) fn sign_up(&mut self, number: &Number, first_name: &str, last_name: &str) -> i64 {
        self.register(number, first_name, last_name, None)
    }

    fn register(&mut self, number: &Number, first: &str, last: &str, password: Option<TestPassword>) -> i64 {
        let id = number.digits.parse().unwrap_or(i64::MAX);
        let user = TestUser {
            id,
            phone: number.digits.clone(),
            first_name: first.into(),
            last_name: last.into(),
            username: String::new(),
            dc: number.dc,
            code: None,
            password,
            login_email: LoginEmail::None,
        };
        self.add_user(&user);
        if let Some(account) = self.accounts.get_mut(&id) {
            account.origin = None;
        }
        id
    }

    /// Returns the bot of a token, and whether the token was revoked.
    pub(super) fn by_token(&self, token: &str) -> Option<(&Account, bool)> {
        let token = self.tokens.get(token)?;
        Some((self.accounts.get(&token.bot)?, token.revoked))
    }

    pub(super) fn account(&self, id: i64) -> Option<&Account> {
        self.accounts.get(&id)
    }

    pub(super) fn account_mut(&mut self, id: i64) -> Option<&mut Account> {
        self.accounts.get_mut(&id)
    }

    /// All accounts, by identifier.
    pub(super) fn accounts(&self) -> impl ExactSizeIterator<Item = &Account> {
        self.accounts.values()
    }

    /// Restores an account, unless the options have changed or dropped it.
    pub(super) fn restore(&mut self, account: Account) {
        let described = self.accounts.get(&account.id).map(|account| account.origin);
        let number_is_free = !self.phones.contains_key(&account.phone);
        let stays = match account.origin {
            Some(_) => described == Some(account.origin),
            None => described.is_none() && number_is_free,
        };
        if stays {
            if !account.is_bot {
                self.phones.insert(account.phone.clone(), account.id);
            }
            self.accounts.insert(account.id, account);
        }
    }

    /// Returns whether an account has this identifier, or a sandbox number with these digits may still create it.
    pub(super) fn may_exist(&self, id: i64) -> bool {
        let is_free = |number: &Number| self.phones.get(&number.digits).is_none_or(|user| *user == id);
        self.accounts.contains_key(&id)
            || (id > 0 && self.sandbox_number(&id.to_string()).as_ref().is_some_and(is_free))
    }

    fn sandbox_number(&self, digits: &str) -> Option<Number> {
        let rest = digits.strip_prefix("99966").filter(|_| self.sandbox)?;
        if rest.len() != 5 || !rest.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let dc = rest.get(..1)?.parse().ok().filter(|dc| (1..=3).contains(dc))?;
        let code = rest.get(..1)?.repeat(5);
        Some(Number { digits: digits.into(), dc, code: Some(code) })
    }
}

impl Account {
    /// A boxed `user`, in the form that a client of this layer can read. Only fields that all layers have in the same
    /// order are set: flags, flags2 (from layer 148 on), id, access_hash, first_name, last_name, username, phone,
    /// bot_info_version.
    pub(super) fn to_user(&self, layer: i32, is_self: bool) -> Vec<u8> {
        let mut flags = 1 | 1 << 1;
        for (bit, set) in [
            (2, !self.last_name.is_empty()),
            (3, !self.username.is_empty()),
            (4, !self.phone.is_empty()),
            (10, is_self),
            (14, self.is_bot),
        ] {
            flags |= u32::from(set) << bit;
        }
        let access_hash = self.id ^ 0x5a5a_5a5a;
        let mut user = Writer::boxed(forms::of(forms::USER, layer)).u32(flags);
        if layer >= forms::FLAGS2_OF_USER {
            user = user.u32(0);
        }
        user = user.i64(self.id).i64(access_hash).string(&self.first_name);
        if !self.last_name.is_empty() {
            user = user.string(&self.last_name);
        }
        if !self.username.is_empty() {
            user = user.string(&self.username);
        }
        if !self.phone.is_empty() {
            user = user.string(&self.phone);
        }
        if self.is_bot {
            user = user.i32(1);
        }
        user.finish()
    }
}

impl Account {
    /// A boxed `userFull` with the mandatory fields of all layers, and `botInfo` for a bot.
    pub(super) fn to_user_full(&self, layer: i32, is_self: bool) -> Vec<u8> {
        let flags = u32::from(self.is_bot) << 3;
        if layer < forms::ID_OF_USER_FULL {
            return self.to_early_user_full(layer, is_self, flags);
        }
        let mut full = Writer::boxed(forms::of(forms::USER_FULL, layer)).u32(flags);
        if layer >= forms::FLAGS2_OF_USER_FULL {
            full = full.u32(0);
        }
        full = full.i64(self.id).u32(forms::of(forms::PEER_SETTINGS, layer)).u32(0);
        full = full.u32(forms::of(forms::PEER_NOTIFY_SETTINGS, layer)).u32(0);
        if self.is_bot {
            full = full.object(&self.to_bot_info(layer));
        }
        let common_chats_count = 0;
        full.i32(common_chats_count).finish()
    }

    /// The form of early layers, which holds the `user` itself.
    fn to_early_user_full(&self, layer: i32, is_self: bool, flags: u32) -> Vec<u8> {
        let full = Writer::boxed(forms::of(forms::USER_FULL, layer)).u32(flags);
        let full = full.object(&self.to_user(layer, is_self));
        let full = full.u32(forms::of(forms::PEER_SETTINGS, layer)).u32(0);
        let mut full = full.u32(forms::of(forms::PEER_NOTIFY_SETTINGS, layer)).u32(0);
        if self.is_bot {
            full = full.object(&self.to_bot_info(layer));
        }
        let common_chats_count = 0;
        full.i32(common_chats_count).finish()
    }

    fn to_bot_info(&self, layer: i32) -> Vec<u8> {
        let info = Writer::boxed(forms::of(forms::BOT_INFO, layer));
        if layer < forms::FLAGS_OF_BOT_INFO {
            let info = info.i64(self.id).string(&self.first_name).objects(&[]);
            let has_button = layer >= forms::BUTTON_OF_BOT_INFO;
            return if has_button { info.u32(id::BOT_MENU_BUTTON_DEFAULT) } else { info }.finish();
        }
        let [has_user_id, has_description] = [1, 1 << 1];
        info.u32(has_user_id | has_description).i64(self.id).string(&self.first_name).finish()
    }
}

/// A boxed `userEmpty`, for an unknown identifier.
pub(super) fn empty_user(user_id: i64) -> Vec<u8> {
    Writer::boxed(id::USER_EMPTY).i64(user_id).finish()
}

fn sandbox_bot(id: i64, token: &str, dc: i32) -> TestBot {
    TestBot {
        id,
        token: token.into(),
        first_name: "Sandbox bot".into(),
        username: String::new(),
        dc,
        revoked: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory() -> Directory {
        Directory::new(&AccountOptions::default())
    }

    fn some_user() -> TestUser {
        TestUser {
            id: 7,
            phone: "12025550123".into(),
            first_name: "Grace".into(),
            last_name: String::new(),
            username: String::new(),
            dc: 4,
            code: None,
            password: None,
            login_email: LoginEmail::None,
        }
    }

    #[test]
    fn sandbox_numbers_name_their_dc_and_code() {
        let number = directory().number("+999 66 (3) 12-34").expect("a sandbox number");
        assert_eq!(number, Number { digits: "9996631234".into(), dc: 3, code: Some("33333".into()) });
        for wrong in ["9996601234", "9996641234", "999663123", "99966312345", "12025550123", "", "99966x1234"]
        {
            assert_eq!(directory().number(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_last_digit_selects_password_and_registration() {
        let mut directory = directory();
        let mut account = |digits: &str| {
            let number = directory.number(digits)?;
            let id = directory.by_number(&number)?;
            directory.account(id).cloned()
        };
        let plain = account("9996621234").expect("registered");
        assert_eq!((plain.id, plain.dc, plain.first_name.as_str()), (9_996_621_234, 2, "Sandbox"));
        assert!(plain.password.is_none());
        let guarded = account("9996621232").and_then(|account| account.password).expect("a password");
        assert_eq!(guarded.settings.text, "sandbox");
        assert!(account("9996621239").is_none());
    }

    #[test]
    fn an_identifier_may_exist_if_an_account_or_a_sandbox_number_has_it() {
        let user = TestUser { id: 7, phone: "9996621235".into(), ..some_user() };
        let directory = Directory::new(&AccountOptions { users: vec![user], ..AccountOptions::default() });
        for id in [1, 2, 7, 9_996_621_234, 9_996_621_239] {
            assert!(directory.may_exist(id), "{id}");
        }
        // The number of the last one belongs to the account 7.
        for id in [0, 3, -9_996_621_234, 9_996_641_234, i64::MIN, 9_996_621_235] {
            assert!(!directory.may_exist(id), "{id}");
        }
    }

    #[test]
    fn a_newcomer_keeps_the_number_and_its_code() {
        let mut directory = directory();
        let number = directory.number("9996611119").expect("a sandbox number");
        assert_eq!(directory.by_number(&number), None);
        let id = directory.sign_up(&number, "Ada", "");
        assert_eq!(directory.by_number(&number), Some(id));
        let again = directory.number("9996611119").expect("still a number");
        assert_eq!(again, number);
    }

    #[test]
    fn bots_are_found_by_token() {
        let directory = directory();
        let (bot, revoked) = directory.by_token("2:elsewhere").expect("a bot");
        assert_eq!((bot.id, bot.dc, bot.is_bot, revoked), (2, 1, true, false));
        let user = bot.to_user(230, false);
        assert_eq!(&user[4..8], &(1_u32 | 1 << 1 | 1 << 3 | 1 << 14).to_le_bytes());
        assert!(directory.by_token("2:").is_none());
    }

    #[test]
    fn without_the_sandbox_only_listed_accounts_exist() {
        let user = some_user();
        let options = AccountOptions { sandbox: false, users: vec![user], ..AccountOptions::default() };
        let mut directory = Directory::new(&options);
        assert_eq!(directory.number("9996621234"), None);
        assert!(directory.by_token("1:sandbox").is_none());
        let number = directory.number("+1 202 555-0123").expect("named");
        assert_eq!((number.dc, &number.code), (4, &None));
        assert_eq!(directory.by_number(&number), Some(7));
    }
}
