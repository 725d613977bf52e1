//! Reads the answers to the queries of a login.

use alloc::string::String;
use alloc::vec::Vec;

use zeroize::Zeroizing;

use super::error::{AnswerError, LoginError, PasswordParametersError};
use super::outcome::{
    EmailCode, PasswordHint, PasswordReset, RecoveryCode, SendCodeOutcome, TermsOfService, UserInfo,
};
use super::password::PasswordKdfTask;
use super::phone::PhoneNumber;
use super::sent_code_reply::{self, SentCodeReply};
use super::state::AnswerContext;
use crate::crypto::dh::DhGroup;
use crate::crypto::{Secret, SecureRandom};
use crate::rpc::{InvokeError, RequestId};
use crate::tl::{Constructor, Deserialize, Function, Reader, enums, functions, types};

/// An `auth.Authorization`.
pub(super) enum Authorization {
    LoggedIn { user: UserInfo, future_auth_token: Option<Zeroizing<Vec<u8>>> },
    SignUpRequired(Option<TermsOfService>),
}

/// An `auth.LoginToken`.
pub(super) enum LoginToken {
    Show { expires: i32, token: Zeroizing<Vec<u8>> },
    MigrateTo { dc: i32, token: Zeroizing<Vec<u8>> },
    LoggedIn(Authorization),
}

/// The password's algorithm and the server's SRP challenge.
pub(super) struct PasswordParameters {
    pub(super) algorithm: Algorithm,
    pub(super) srp_b: Vec<u8>,
    pub(super) srp_id: i64,
}

/// `passwordKdfAlgoSHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow`, with its group checked.
pub(super) struct Algorithm {
    pub(super) group: DhGroup,
    pub(super) salt1: Vec<u8>,
    pub(super) salt2: Vec<u8>,
}

/// Returns the user who has logged in, and stores the token for the next login. Errors if a sign-up is required, which
/// only the step that submits a code handles.
pub(super) fn expect_logged_in(
    authorization: Authorization,
    cx: &mut AnswerContext<'_>,
) -> Result<UserInfo, LoginError> {
    match authorization {
        Authorization::LoggedIn { user, future_auth_token } => {
            *cx.future_auth_token = future_auth_token;
            Ok(user)
        }
        Authorization::SignUpRequired(_) => Err(AnswerError::SignUp.into()),
    }
}

impl Algorithm {
    /// Returns the task that stretches `password`.
    pub(super) fn kdf_task(&self, password: &Secret<String>) -> PasswordKdfTask {
        PasswordKdfTask {
            step: RequestId(0),
            password: password.clone(),
            salt1: self.salt1.clone(),
            salt2: self.salt2.clone(),
        }
    }
}

/// Decodes the reply of the method `F`.
pub(super) fn decode_reply<F: Function>(body: &[u8]) -> Result<F::Reply, LoginError> {
    F::Reply::from_bytes(body).map_err(|broken| InvokeError::Decode(broken).into())
}

/// Reads a `Bool` that must be `true`.
pub(super) fn expect_true(body: &[u8]) -> Result<(), LoginError> {
    if decode_reply::<functions::auth::CancelCode>(body)? { Ok(()) } else { Err(AnswerError::False.into()) }
}

pub(super) fn recovery_code_accepted(body: &[u8]) -> Result<(), LoginError> {
    let is_right = decode_reply::<functions::auth::CheckRecoveryPassword>(body)?;
    if is_right { Ok(()) } else { Err(LoginError::RecoveryCodeInvalid) }
}

/// Reads an `auth.SentCode`.
pub(super) fn sent_code(
    phone: PhoneNumber,
    body: &[u8],
    cx: &mut AnswerContext<'_>,
) -> Result<SendCodeOutcome, LoginError> {
    match sent_code_reply::read(phone, body).map_err(InvokeError::Decode)? {
        SentCodeReply::Code(sent_code) => Ok(SendCodeOutcome::CodeSent(sent_code)),
        SentCodeReply::Success(answer) => {
            expect_logged_in(authorization(answer)?, cx).map(SendCodeOutcome::LoggedIn)
        }
        SentCodeReply::PaymentRequired => Err(LoginError::OfficialAppsOnly),
    }
}

/// Reads `account.emailVerifiedLogin`, which carries an `auth.SentCode`.
pub(super) fn email_verified(
    phone: PhoneNumber,
    body: &[u8],
    cx: &mut AnswerContext<'_>,
) -> Result<SendCodeOutcome, LoginError> {
    let mut reader = Reader::new(body);
    let verified =
        reader.u32().and_then(|found| reader.bytes().map(|_| found)).map_err(InvokeError::Decode)?;
    if verified != types::account::EmailVerifiedLogin::ID {
        return Err(AnswerError::NotALogin.into());
    }
    sent_code(phone, reader.rest(), cx)
}

pub(super) fn email_code(body: &[u8]) -> Result<EmailCode, LoginError> {
    let enums::account::SentEmailCode::SentEmailCode(sent) =
        decode_reply::<functions::account::SendVerifyEmailCode>(body)?;
    let length = u32::try_from(sent.length).unwrap_or(0);
    Ok(EmailCode { pattern: sent.email_pattern, length })
}

/// Reads the `auth.Authorization` of a user who has logged in, as [`expect_logged_in`] requires.
pub(super) fn read_login(body: &[u8], cx: &mut AnswerContext<'_>) -> Result<UserInfo, LoginError> {
    expect_logged_in(read_authorization(body)?, cx)
}

/// Reads an `auth.Authorization`.
pub(super) fn read_authorization(body: &[u8]) -> Result<Authorization, LoginError> {
    authorization(decode_reply::<functions::auth::SignIn>(body)?)
}

fn authorization(answer: enums::auth::Authorization) -> Result<Authorization, LoginError> {
    match answer {
        enums::auth::Authorization::Authorization(it) => {
            let future_auth_token = it.future_auth_token.map(Zeroizing::new);
            Ok(Authorization::LoggedIn { user: user_info(it.user)?, future_auth_token })
        }
        enums::auth::Authorization::SignUpRequired(it) => {
            Ok(Authorization::SignUpRequired(it.terms_of_service.map(terms_of_service)))
        }
    }
}

fn terms_of_service(terms: enums::help::TermsOfService) -> TermsOfService {
    let enums::help::TermsOfService::TermsOfService(terms) = terms;
    let enums::DataJson::DataJson(id) = terms.id;
    TermsOfService {
        id: id.data,
        text: terms.text,
        min_age: terms.min_age_confirm.and_then(|age| u32::try_from(age).ok()),
        popup: terms.popup,
    }
}

pub(super) fn login_token(body: &[u8]) -> Result<LoginToken, LoginError> {
    Ok(match decode_reply::<functions::auth::ExportLoginToken>(body)? {
        enums::auth::LoginToken::LoginToken(it) => {
            LoginToken::Show { expires: it.expires, token: Zeroizing::new(it.token) }
        }
        enums::auth::LoginToken::MigrateTo(it) => {
            LoginToken::MigrateTo { dc: it.dc_id, token: Zeroizing::new(it.token) }
        }
        enums::auth::LoginToken::Success(it) => LoginToken::LoggedIn(authorization(it.authorization)?),
    })
}

pub(super) fn user(body: &[u8]) -> Result<UserInfo, LoginError> {
    let users = decode_reply::<functions::users::GetUsers>(body)?;
    user_info(users.into_iter().next().ok_or(AnswerError::NoUser)?)
}

/// Reads the user in the answer to `users.getUsers`; `None` if the server reports that there is none.
pub(super) fn user_if_any(body: &[u8]) -> Result<Option<UserInfo>, LoginError> {
    let users = decode_reply::<functions::users::GetUsers>(body)?;
    users.into_iter().next().filter(|user| matches!(user, enums::User::User(_))).map(user_info).transpose()
}

fn user_info(user: enums::User) -> Result<UserInfo, LoginError> {
    let enums::User::User(user) = user else { return Err(AnswerError::NoUser.into()) };
    Ok(UserInfo {
        id: user.id,
        is_bot: user.bot,
        first_name: user.first_name.unwrap_or_default(),
        last_name: user.last_name,
        username: user.username,
    })
}

pub(super) fn hint(body: &[u8]) -> Result<PasswordHint, LoginError> {
    let enums::account::Password::Password(password) = decode_reply::<functions::account::GetPassword>(body)?;
    Ok(PasswordHint { hint: password.hint, has_recovery: password.has_recovery })
}

pub(super) fn password_parameters(
    body: &[u8],
    random: &mut dyn SecureRandom,
) -> Result<PasswordParameters, LoginError> {
    let enums::account::Password::Password(password) = decode_reply::<functions::account::GetPassword>(body)?;
    let Some(algo) = password.current_algo else { return Err(LoginError::NoPassword) };
    let (Some(srp_b), Some(srp_id)) = (password.srp_b, password.srp_id) else {
        return Err(AnswerError::NoChallenge.into());
    };
    Ok(PasswordParameters { algorithm: algorithm(algo, random)?, srp_b, srp_id })
}

/// The length of the client's part of the first salt of a new password, in bytes (`api/srp`).
const OWN_SALT_LEN: usize = 32;

/// Returns the algorithm for a new password, with the client's part of the salt.
pub(super) fn new_algorithm(body: &[u8], random: &mut dyn SecureRandom) -> Result<Algorithm, LoginError> {
    let enums::account::Password::Password(password) = decode_reply::<functions::account::GetPassword>(body)?;
    let mut algorithm = algorithm(password.new_algo, random)?;
    algorithm.salt1.extend(crate::crypto::random::array::<OWN_SALT_LEN>(random));
    Ok(algorithm)
}

fn algorithm(algo: enums::PasswordKdfAlgo, random: &mut dyn SecureRandom) -> Result<Algorithm, LoginError> {
    use enums::PasswordKdfAlgo as Algo;
    match algo {
        Algo::Unknown => Err(LoginError::PasswordAlgorithmUnknown),
        Algo::Sha256Sha256Pbkdf2Hmacsha512iter100000Sha256ModPow(algo) => {
            let group = DhGroup::check(algo.g, &algo.p, random).map_err(PasswordParametersError::from)?;
            Ok(Algorithm { group, salt1: algo.salt1, salt2: algo.salt2 })
        }
    }
}

pub(super) fn recovery_code(body: &[u8]) -> Result<RecoveryCode, LoginError> {
    let enums::auth::PasswordRecovery::PasswordRecovery(sent) =
        decode_reply::<functions::auth::RequestPasswordRecovery>(body)?;
    Ok(RecoveryCode { pattern: sent.email_pattern })
}

pub(super) fn password_reset(body: &[u8]) -> Result<PasswordReset, LoginError> {
    use enums::account::ResetPasswordResult as Reset;
    Ok(match decode_reply::<functions::account::ResetPassword>(body)? {
        Reset::ResetPasswordOk => PasswordReset::Done,
        Reset::ResetPasswordRequestedWait(it) => PasswordReset::Waiting { until: it.until_date },
        Reset::ResetPasswordFailedWait(it) => PasswordReset::Refused { retry_at: it.retry_date },
    })
}

pub(super) fn logged_out(body: &[u8]) -> Result<Option<Zeroizing<Vec<u8>>>, LoginError> {
    let enums::auth::LoggedOut::LoggedOut(it) = decode_reply::<functions::auth::LogOut>(body)?;
    Ok(it.future_auth_token.map(Zeroizing::new))
}
