//! Login by QR code (`core.telegram.org/api/qr-login`).

use super::call::{ApiError, Call, Push, Reply};
use super::policy::ACCEPTED_TOKEN_LIFETIME;
use super::state::{Accounts, LoginToken};
use super::wire::{Reader, Writer, id};

/// The link of a QR code up to its token.
const LINK: &str = "tg://login?token=";

impl Accounts {
    pub(super) fn export_login_token(&mut self, call: &mut Call<'_>) -> Reply {
        let api_id = call.reader.i32()?;
        let api_hash = call.reader.string()?;
        let except_ids = call.reader.vector(Reader::i64)?;
        call.reader.end()?;
        self.check_api(api_id, api_hash)?;
        self.login_tokens.retain(|_, token| token.expires > call.now);
        let accepted = self
            .login_tokens
            .iter()
            .find(|(_, token)| token.auth_key_id == call.auth_key_id && token.user.is_some())
            .map(|(bytes, _)| bytes.clone());
        if let Some(bytes) = accepted {
            return self.redeem(call, &bytes);
        }
        // Older links of the same device stay valid until they expire, since one may be scanned right now.
        let bytes = self.random_bytes::<32>().to_vec();
        let expires = call.now.saturating_add(self.options.login_token_lifetime);
        let token = LoginToken { auth_key_id: call.auth_key_id, expires, except_ids, user: None };
        self.secrets.add("login token", &bytes);
        self.login_tokens.insert(bytes.clone(), token);
        Ok(Writer::boxed(id::LOGIN_TOKEN).i32(expires).bytes(&bytes).finish())
    }

    pub(super) fn import_login_token(&mut self, call: &mut Call<'_>) -> Reply {
        let bytes = call.reader.bytes()?;
        call.reader.end()?;
        let token = self.login_tokens.get(bytes);
        let token = token.ok_or_else(|| ApiError::new(400, "AUTH_TOKEN_INVALID"))?;
        if token.expires <= call.now {
            return Err(ApiError::new(400, "AUTH_TOKEN_EXPIRED"));
        }
        self.redeem(call, bytes)
    }

    /// A device that is logged in has scanned the code.
    pub(super) fn accept_login_token(&mut self, call: &mut Call<'_>) -> Reply {
        let bytes = call.reader.bytes()?;
        call.reader.end()?;
        let user = self.caller(call)?;
        let push = self.accept(bytes, user, call.now)?;
        call.pushes.push(push);
        let [hash] = self.random_bytes::<1>();
        let session = Writer::boxed(id::AUTHORIZATION_INFO)
            .u32(0)
            .i64(hash.into())
            .string("device")
            .string("platform")
            .string("1")
            .i32(1)
            .string("app")
            .string("1")
            .i32(call.now)
            .i32(call.now)
            .string("127.0.0.1")
            .string("")
            .string("");
        Ok(session.finish())
    }

    /// Scans a link as the user with this phone number. Returns the update for the device that shows it.
    ///
    /// # Errors
    /// Returns the name of the error that the phone would receive, such as `AUTH_TOKEN_EXPIRED`.
    pub fn scan(&mut self, link: &str, phone: &str, now_unix: i32) -> Result<Push, String> {
        let token = link.strip_prefix(LINK).and_then(base64url).ok_or("this is no login link")?;
        let number = self.directory.number(phone).ok_or("this is no phone number")?;
        let user = self.directory.by_number(&number).ok_or("no user has this phone number")?;
        self.accept(&token, user, now_unix).map_err(|error| error.message)
    }

    fn accept(&mut self, bytes: &[u8], user: i64, now: i32) -> Result<Push, ApiError> {
        let token = self.login_tokens.get_mut(bytes);
        let token = token.ok_or_else(|| ApiError::new(400, "AUTH_TOKEN_INVALIDX"))?;
        if token.user.is_some() {
            return Err(ApiError::new(400, "AUTH_TOKEN_ALREADY_ACCEPTED"));
        }
        if token.expires <= now {
            return Err(ApiError::new(400, "AUTH_TOKEN_EXPIRED"));
        }
        if token.except_ids.contains(&user) {
            return Err(ApiError::new(400, "AUTH_TOKEN_EXCEPTION"));
        }
        token.user = Some(user);
        token.expires = now.saturating_add(ACCEPTED_TOKEN_LIFETIME);
        let body = Writer::boxed(id::UPDATE_SHORT).u32(id::UPDATE_LOGIN_TOKEN).i32(now).finish();
        Ok(Push { auth_key_id: token.auth_key_id, body })
    }

    /// Logs in the device that showed the token.
    fn redeem(&mut self, call: &mut Call<'_>, bytes: &[u8]) -> Reply {
        let user = self.login_tokens.get(bytes).and_then(|token| token.user);
        let user = user.ok_or_else(|| ApiError::new(400, "AUTH_TOKEN_INVALID"))?;
        let home = self.directory.account(user).map_or(call.dc, |account| account.dc);
        if let Some(dc) = self.elsewhere(call, home) {
            return Ok(Writer::boxed(id::LOGIN_TOKEN_MIGRATE_TO).i32(dc).bytes(bytes).finish());
        }
        self.login_tokens.remove(bytes);
        let authorization = self.password_or_authorization(call, user)?;
        Ok(Writer::boxed(id::LOGIN_TOKEN_SUCCESS).object(&authorization).finish())
    }
}

/// Reads base64url, with or without padding (RFC 4648, section 5).
fn base64url(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let (mut bits, mut count) = (0_u32, 0);
    for char in text.trim_end_matches('=').bytes() {
        let value = match char {
            b'A'..=b'Z' => char - b'A',
            b'a'..=b'z' => char - b'a' + 26,
            b'0'..=b'9' => char - b'0' + 52,
            b'-' => 62,
            b'_' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            let [byte, ..] = (bits >> count).to_le_bytes();
            out.push(byte);
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::base64url;

    #[test]
    fn base64url_is_that_of_the_rfc() {
        for (text, bytes) in [("", &b""[..]), ("Zg", b"f"), ("Zg==", b"f"), ("Zm9vYmE=", b"fooba")] {
            assert_eq!(base64url(text).as_deref(), Some(bytes));
        }
        assert_eq!(base64url("-_-_"), Some(vec![0xfb, 0xff, 0xbf]));
        assert_eq!(base64url("a+b"), None);
    }
}
