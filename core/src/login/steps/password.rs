//! The account's password: its check, its recovery by e-mail, and its removal (`api/srp`).

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use super::code::not_empty;
use crate::crypto::{Secret, SecureRandom, srp};
use crate::login::answer::{self, Algorithm, PasswordParameters};
use crate::login::code::read_code_with_digits;
use crate::login::error::{LoginError, PasswordParametersError};
use crate::login::outcome::{AccountChange, PasswordReset, RecoveryCode, UserInfo};
use crate::login::password::{NewPassword, PasswordKdfOutput, PasswordKdfTask};
use crate::login::single_query::{LoginQuery, SingleQuery};
use crate::login::state::{
    AnswerContext, AnswerState, KdfState, Migrations, QueryWithState, Transition, serialize_secret,
};
use crate::login::step::LoginStep;
use crate::rpc::RpcError;
use crate::tl::{functions, types};

impl LoginStep<UserInfo> {
    /// Logs in with the account's password (`account.getPassword`, then `auth.checkPassword`). The key stretching is
    /// requested by [`StepAction::Compute`](crate::login::StepAction::Compute). Stale parameters are fetched again once.
    ///
    /// After [`LoginError::PasswordInvalid`], the caller may try another password.
    #[must_use]
    pub fn check_password(password: &str) -> Self {
        let proof = Proof { password: Secret::new(password.into()), is_refreshed: false };
        Self::new(AccountChange::of_login, |_| Ok(QueryWithState::new(GetPassword(proof), get_password())))
    }

    /// Logs in with the recovery code instead of the password (`auth.recoverPassword`). `new` replaces the password;
    /// without it, the password is removed.
    ///
    /// The step fails with [`LoginError::CodeForm`] if the code has no digit. It is not sent then, since the server accepts
    /// few tries.
    #[must_use]
    pub fn recover_password(code: &str, new: Option<NewPassword>) -> Self {
        let code = recovery_code(code);
        Self::new(AccountChange::of_login, |_| {
            let code = code?;
            Ok(match new {
                Some(new) => QueryWithState::new(GetPassword(Replacement { code, new }), get_password()),
                None => {
                    let query =
                        functions::auth::RecoverPassword { code: code.expose().clone(), new_settings: None };
                    QueryWithState::new(PASSWORD_RECOVERED, serialize_secret(&query, code.expose().len()))
                }
            })
        })
    }
}

impl LoginStep<RecoveryCode> {
    /// Requests a code by e-mail to recover the password (`auth.requestPasswordRecovery`), if
    /// [`PasswordHint::has_recovery`](crate::login::PasswordHint::has_recovery) says that there is an address.
    #[must_use]
    pub fn request_password_recovery() -> Self {
        let query = serialize_secret(&functions::auth::RequestPasswordRecovery {}, 0);
        let state = SingleQuery {
            method: "auth.requestPasswordRecovery",
            is_login: true,
            read: answer::recovery_code,
        };
        Self::new(|_| AccountChange::Unchanged, |_| Ok(QueryWithState::new(state, query)))
    }
}

impl LoginStep<()> {
    /// Checks a recovery code before the user chooses a new password (`auth.checkRecoveryPassword`). The code stays valid.
    ///
    /// The step fails with [`LoginError::RecoveryCodeInvalid`] if the code is wrong, and with [`LoginError::CodeForm`] if
    /// it has no digit. It is not sent then, since the server accepts few tries.
    #[must_use]
    pub fn check_recovery_password(code: &str) -> Self {
        let query = recovery_code(code).map(|code| {
            let query = functions::auth::CheckRecoveryPassword { code: code.expose().clone() };
            serialize_secret(&query, code.expose().len())
        });
        let state = SingleQuery {
            method: "auth.checkRecoveryPassword",
            is_login: true,
            read: answer::recovery_code_accepted,
        };
        Self::new(|()| AccountChange::Unchanged, |_| Ok(QueryWithState::new(state, query?)))
    }

    /// Cancels the [reset](LoginStep::reset_password) of the password (`account.declinePasswordReset`).
    #[must_use]
    pub fn decline_password_reset() -> Self {
        let query = serialize_secret(&functions::account::DeclinePasswordReset {}, 0);
        let state = SingleQuery {
            method: "account.declinePasswordReset",
            is_login: false,
            read: answer::expect_true,
        };
        Self::new(|()| AccountChange::Unchanged, |_| Ok(QueryWithState::new(state, query)))
    }
}

impl LoginStep<PasswordReset> {
    /// Requests the removal of the forgotten password of the user who is logged in (`account.resetPassword`). A second
    /// request, 7 days later, removes it.
    #[must_use]
    pub fn reset_password() -> Self {
        let query = serialize_secret(&functions::account::ResetPassword {}, 0);
        let state =
            SingleQuery { method: "account.resetPassword", is_login: false, read: answer::password_reset };
        Self::new(|_| AccountChange::Unchanged, |_| Ok(QueryWithState::new(state, query)))
    }
}

const PASSWORD_RECOVERED: LoginQuery = LoginQuery { method: "auth.recoverPassword" };

fn get_password() -> Secret<Vec<u8>> {
    serialize_secret(&functions::account::GetPassword {}, 0)
}

fn recovery_code(typed: &str) -> Result<Secret<String>, LoginError> {
    let code = read_code_with_digits(not_empty(typed, LoginError::RecoveryCodeInvalid)?)?;
    Ok(Secret::new(code.as_str().into()))
}

/// The purpose of the key stretching of a password.
trait KdfPurpose: Send + Sized + 'static {
    /// What it needs of the answer to `account.getPassword`.
    type Parameters: Send + 'static;

    /// Reads the answer to `account.getPassword`.
    fn read(&self, body: &[u8], random: &mut dyn SecureRandom) -> Result<Self::Parameters, LoginError>;

    fn kdf_task(&self, parameters: &Self::Parameters) -> PasswordKdfTask;

    /// Returns the query that follows the key stretching.
    fn query(
        self,
        parameters: Self::Parameters,
        output: &PasswordKdfOutput,
        random: &mut dyn SecureRandom,
    ) -> Result<Transition<UserInfo>, LoginError>;
}

/// Waits for the answer to `account.getPassword`.
struct GetPassword<P>(P);

impl<P: KdfPurpose> AnswerState<UserInfo> for GetPassword<P> {
    fn method(&self) -> &'static str {
        "account.getPassword"
    }

    fn answered(
        self: Box<Self>,
        body: &[u8],
        cx: &mut AnswerContext<'_>,
    ) -> Result<Transition<UserInfo>, LoginError> {
        let parameters = Box::new(self.0.read(body, cx.random)?);
        let task = self.0.kdf_task(&parameters);
        Ok(Transition::Compute(task, Box::new(Stretching { purpose: self.0, parameters })))
    }
}

/// Waits for the key stretching.
struct Stretching<P: KdfPurpose> {
    purpose: P,
    parameters: Box<P::Parameters>,
}

impl<P: KdfPurpose> KdfState<UserInfo> for Stretching<P> {
    fn computed(
        self: Box<Self>,
        output: &PasswordKdfOutput,
        random: &mut dyn SecureRandom,
    ) -> Result<Transition<UserInfo>, LoginError> {
        self.purpose.query(*self.parameters, output, random)
    }
}

/// Proves the account's password.
struct Proof {
    password: Secret<String>,
    /// Whether the parameters were stale once.
    is_refreshed: bool,
}

impl KdfPurpose for Proof {
    type Parameters = PasswordParameters;

    fn read(&self, body: &[u8], random: &mut dyn SecureRandom) -> Result<PasswordParameters, LoginError> {
        answer::password_parameters(body, random)
    }

    fn kdf_task(&self, parameters: &PasswordParameters) -> PasswordKdfTask {
        parameters.algorithm.kdf_task(&self.password)
    }

    fn query(
        self,
        parameters: PasswordParameters,
        output: &PasswordKdfOutput,
        random: &mut dyn SecureRandom,
    ) -> Result<Transition<UserInfo>, LoginError> {
        let PasswordParameters { algorithm: Algorithm { group, salt1, salt2 }, srp_b, srp_id } = parameters;
        let proof = srp::prove(&group, &salt1, &salt2, &output.x, &srp_b, random)
            .map_err(PasswordParametersError::from)?;
        let answer = types::InputCheckPasswordSrp { srp_id, a: proof.a.to_vec(), m1: proof.m1.to_vec() };
        let query = functions::auth::CheckPassword { password: answer.into() };
        Ok(Transition::send(CheckPassword(self), serialize_secret(&query, 0)))
    }
}

/// Waits for the answer to the proof of the password.
struct CheckPassword(Proof);

impl AnswerState<UserInfo> for CheckPassword {
    fn method(&self) -> &'static str {
        "auth.checkPassword"
    }

    fn answered(
        self: Box<Self>,
        body: &[u8],
        cx: &mut AnswerContext<'_>,
    ) -> Result<Transition<UserInfo>, LoginError> {
        answer::read_login(body, cx).map(Transition::Done)
    }

    fn refused(
        self: Box<Self>,
        error: RpcError,
        _: &mut Migrations,
    ) -> Result<Transition<UserInfo>, LoginError> {
        let is_stale = matches!(error.name.as_str(), "SRP_ID_INVALID" | "SRP_PASSWORD_CHANGED");
        if is_stale && !self.0.is_refreshed {
            let proof = Proof { is_refreshed: true, ..self.0 };
            return Ok(Transition::send(GetPassword(proof), get_password()));
        }
        Err(LoginError::from_rpc("auth.checkPassword", error))
    }
}

/// Replaces the forgotten password.
struct Replacement {
    code: Secret<String>,
    new: NewPassword,
}

impl KdfPurpose for Replacement {
    type Parameters = Algorithm;

    fn read(&self, body: &[u8], random: &mut dyn SecureRandom) -> Result<Algorithm, LoginError> {
        answer::new_algorithm(body, random)
    }

    fn kdf_task(&self, algorithm: &Algorithm) -> PasswordKdfTask {
        algorithm.kdf_task(&self.new.text)
    }

    fn query(
        self,
        algorithm: Algorithm,
        output: &PasswordKdfOutput,
        _: &mut dyn SecureRandom,
    ) -> Result<Transition<UserInfo>, LoginError> {
        let Self { code, new } = self;
        // The salts, the code and the hint have no maximum length.
        let more = algorithm.salt1.len() + algorithm.salt2.len() + code.expose().len() + new.hint.len();
        let query = functions::auth::RecoverPassword {
            code: code.expose().clone(),
            new_settings: Some(new_settings(&new, algorithm, output).into()),
        };
        Ok(Transition::send(PASSWORD_RECOVERED, serialize_secret(&query, more)))
    }
}

fn new_settings(
    new: &NewPassword,
    algorithm: Algorithm,
    output: &PasswordKdfOutput,
) -> types::account::PasswordInputSettings {
    let verifier = srp::verifier(&algorithm.group, &output.x);
    let Algorithm { group, salt1, salt2 } = algorithm;
    let algo = types::PasswordKdfAlgoSha256Sha256Pbkdf2Hmacsha512iter100000Sha256ModPow {
        salt1,
        salt2,
        g: group.g(),
        p: group.prime_bytes().to_vec(),
    };
    types::account::PasswordInputSettings {
        new_algo: Some(algo.into()),
        new_password_hash: Some(verifier.to_vec()),
        hint: Some(new.hint.clone()),
        email: None,
        new_secure_settings: None,
    }
}
