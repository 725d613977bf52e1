//! A login by QR code (`api/qr-login`).

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::hint::{get_hint, is_password_needed};
use crate::crypto::Secret;
use crate::login::answer::{self, Token};
use crate::login::credentials::ApiCredentials;
use crate::login::error::{AnswerError, LoginError};
use crate::login::flow::LoginFlow;
use crate::login::outcome::{AccountChange, LoginStep, QrLink};
use crate::login::state::{AnswerContext, Hops, Next, Request, State, not_awaited, secret_bytes};
use crate::rpc::RpcError;
use crate::tl::functions;

impl LoginFlow<LoginStep> {
    /// Logs in by a QR code that another device of the account scans (`auth.exportLoginToken` and what follows).
    /// [`Progress::ShowQr`](crate::login::Progress::ShowQr) says what to show. Ends in [`LoginStep::LoggedIn`] or
    /// [`LoginStep::PasswordRequired`] once it is scanned. The users of `except_ids` cannot scan it.
    #[must_use]
    pub fn qr_login(except_ids: &[i64]) -> Self {
        let except_ids = except_ids.to_vec();
        Self::new(AccountChange::of_step, |cx| {
            let api = cx.api()?.clone();
            let state = QrLogin { api, except_ids, shown: 0, phase: Phase::Exporting };
            let query = state.export();
            Ok(Request::new(state, query))
        })
    }
}

struct QrLogin {
    api: ApiCredentials,
    except_ids: Vec<i64>,
    /// How many links were shown.
    shown: u32,
    phase: Phase,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// A token is asked for, or what became of the last one.
    Exporting,
    /// The token was scanned and is taken to the DC of the account.
    Importing,
    /// A link is on display.
    Shown,
}

impl QrLogin {
    fn export(&self) -> Secret<Vec<u8>> {
        let query = functions::auth::ExportLoginToken {
            api_id: self.api.id,
            api_hash: self.api.hash.clone(),
            except_ids: self.except_ids.clone(),
        };
        secret_bytes(&query, self.except_ids.len() * 8)
    }

    fn in_phase(self, phase: Phase) -> Self {
        Self { phase, ..self }
    }
}

impl State<LoginStep> for QrLogin {
    fn method(&self) -> &'static str {
        match self.phase {
            Phase::Exporting | Phase::Shown => "auth.exportLoginToken",
            Phase::Importing => "auth.importLoginToken",
        }
    }

    fn is_qr_login(&self) -> bool {
        true
    }

    fn is_displayed(&self) -> bool {
        self.phase == Phase::Exporting && self.shown > 0
    }

    fn answered(
        self: Box<Self>,
        body: &[u8],
        cx: &mut AnswerContext<'_>,
    ) -> Result<Next<LoginStep>, LoginError> {
        if self.phase == Phase::Shown {
            return Err(not_awaited());
        }
        match answer::login_token(body)? {
            Token::Show { expires, token } => {
                let url = answer::login_url(&token).ok_or(AnswerError::LoginToken { len: token.len() })?;
                let number = self.shown.saturating_add(1);
                let link = QrLink::new(url, expires, cx.server_time, number);
                let state = Self { shown: number, ..self.in_phase(Phase::Shown) };
                Ok(Next::ShowQr(link, Box::new(state)))
            }
            Token::MigrateTo { dc, token } => {
                let query = functions::auth::ImportLoginToken { token: token.to_vec() };
                let query = secret_bytes(&query, token.len());
                Ok(Next::Migrate(dc.into(), Request::new(self.in_phase(Phase::Importing), query)))
            }
            Token::Authorized(authorized) => {
                answer::logged_in(authorized, cx).map(LoginStep::LoggedIn).map(Next::Done)
            }
        }
    }

    fn refused(self: Box<Self>, error: RpcError, hops: &mut Hops) -> Result<Next<LoginStep>, LoginError> {
        if is_password_needed(&error) && self.phase != Phase::Shown {
            return Ok(get_hint(|step| step));
        }
        // The token that was scanned expired on its way to the other DC: a new one must be scanned.
        if self.phase == Phase::Importing && error.name.starts_with("AUTH_TOKEN_") && hops.take() {
            let state = self.in_phase(Phase::Exporting);
            let query = state.export();
            return Ok(Next::send(state, query));
        }
        Err(LoginError::of(self.method(), error))
    }

    fn renew(&mut self) -> Option<Secret<Vec<u8>>> {
        (self.phase == Phase::Shown).then(|| {
            self.phase = Phase::Exporting;
            self.export()
        })
    }
}
