//! API methods: calls to the accounts, and `auth.bindTempAuthKey`, which the server executes itself.

use sansgram_core::tl::gzip;

use super::binding::{self, BindingContext};
use super::constructors::{BOOL_TRUE, GZIP_PACKED, INVOKE_WITH_LAYER, RPC_ERROR};
use super::dcs::TestDcs;
use super::io::ServerOutput;
use super::message_context::MessageContext;
use crate::accounts::{Answer, CallContext, CallOutcome, calls_before};
use crate::wire::{Malformed, Reader, Writer};

impl TestDcs {
    /// `auth.bindTempAuthKey`: binds the session's key to the permanent one and unbinds all other temporary keys.
    pub(super) fn bind(
        &mut self,
        cx: &mut MessageContext<'_>,
        msg_id: u64,
        body: &[u8],
    ) -> Result<(), Malformed> {
        let request = binding::Request::read(body)?;
        let outcome = match self.accounts.planned_error("auth.bindTempAuthKey", cx.dc) {
            Some((code, message)) => Err((code, message)),
            None => self.try_bind(cx, msg_id, &request).map_err(|refused| (400, refused.message().into())),
        };
        let result = match outcome {
            Ok(()) => Writer::object(BOOL_TRUE).finish(),
            Err((code, message)) => Writer::object(RPC_ERROR).i32(code).bytes(message.as_bytes()).finish(),
        };
        cx.answer(msg_id, &result);
        Ok(())
    }

    fn try_bind(
        &mut self,
        cx: &mut MessageContext<'_>,
        msg_id: u64,
        request: &binding::Request<'_>,
    ) -> Result<(), binding::BindRefusal> {
        let permanent_id = request.perm_auth_key_id;
        let key_expires_at = cx.key.expires_at.ok_or(binding::BindRefusal::NotTemporary)?;
        if cx.key.bound_to.is_some_and(|bound| bound != permanent_id) {
            return Err(binding::BindRefusal::AlreadyBound);
        }
        let permanent = self.keys.get(&(cx.dc, permanent_id)).filter(|key| key.expires_at.is_none());
        let permanent = permanent.filter(|_| !self.owners.is_ended(permanent_id));
        let permanent = permanent.ok_or(binding::BindRefusal::EncryptedMessage)?;
        let temp_auth_key_id = cx.key.auth_key.id().0;
        let context = BindingContext {
            msg_id,
            session_id: cx.session.id,
            temp_auth_key_id,
            key_expires_at,
            now: self.unix_seconds(),
        };
        request.check(&permanent.auth_key, &context)?;
        if self.options.forget_replaced_keys {
            self.keys.retain(|_, key| key.bound_to != Some(permanent_id));
        }
        for ((_, id), key) in self.keys.iter_mut().filter(|(_, key)| key.bound_to == Some(permanent_id)) {
            key.bound_to = None;
            self.accounts.limit_key(*id);
        }
        self.accounts.forget_key(temp_auth_key_id);
        self.accounts.rebound(permanent_id);
        cx.key.bound_to = Some(permanent_id);
        self.changed = true;
        Ok(())
    }

    /// Executes an API method.
    ///
    /// A call that must come after another one (`invokeAfterMsg`) fails if that one has failed, was refused or has not
    /// arrived: each call is executed when it arrives, so there is nothing to wait for. UNVERIFIED: whether Telegram's
    /// servers wait for one that has not arrived. Their errors are `MSG_WAIT_FAILED` and `MSG_WAIT_TIMEOUT`
    /// (`core.telegram.org/api/errors`).
    pub(super) fn call(&mut self, cx: &mut MessageContext<'_>, msg_id: u64, body: &[u8]) {
        if !calls_before(body).into_iter().all(|earlier| cx.session.has_succeeded(earlier)) {
            let error = Writer::object(RPC_ERROR).i32(400).bytes(b"MSG_WAIT_FAILED").finish();
            return cx.answer(msg_id, &error);
        }
        let mut reader = Reader::new(body);
        let layer = reader.expect(INVOKE_WITH_LAYER).and_then(|()| reader.i32()).ok();
        let now_unix = i32::try_from(self.unix_seconds()).unwrap_or(i32::MAX);
        let local_ip = self.conns.get(&cx.conn).and_then(|conn| conn.local_ip);
        let auth_key_id = cx.key.account_key();
        let context = CallContext { dc: cx.dc, auth_key_id, layer, now_unix, local_ip };
        cx.key.calls += 1;
        let CallOutcome { answer: outcome, events, pushes, later } = self.accounts.call(&context, body);
        let result = match outcome {
            Answer::Result(result) => Some(self.maybe_packed(result)),
            Answer::Error { code, message } => {
                Some(Writer::object(RPC_ERROR).i32(code).bytes(message.as_bytes()).finish())
            }
            Answer::Silence | Answer::Pass => None,
        };
        if let Some(result) = result {
            cx.answer(msg_id, &result);
            if self.options.fault_injection.withhold_results {
                cx.session.withhold_answer(msg_id);
            }
        }
        self.outputs.extend(events.into_iter().map(ServerOutput::Account));
        cx.follow_up.pushes.extend(pushes);
        self.schedule(later);
    }

    fn maybe_packed(&self, result: Vec<u8>) -> Vec<u8> {
        if self.options.gzip_replies_over.is_none_or(|limit| result.len() <= limit) {
            return result;
        }
        let packed = Writer::object(GZIP_PACKED).bytes(&gzip::compress(&result)).finish();
        if packed.len() < result.len() { packed } else { result }
    }
}
