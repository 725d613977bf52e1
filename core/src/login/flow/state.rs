//! What a step waits for.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use crate::crypto::Secret;
use crate::login::answer::{Algorithm, Parameters};
use crate::login::code::SentCode;
use crate::login::credentials::ApiCredentials;
use crate::login::password::NewPassword;
use crate::login::phone::PhoneNumber;
use crate::tl::functions;

pub(super) enum State {
    /// `auth.sendCode` and all others that answer with where a code went; which of them it is.
    SendCode(PhoneNumber, &'static str),
    CancelCode,
    SignIn(SentCode),
    SignUp,
    AcceptTerms,
    SendEmailCode,
    VerifyEmail(PhoneNumber),
    /// The code was right; what is the password's hint?
    AskHint,
    /// Which parameters does the password have now?
    AskParameters(Password),
    Stretching(Password, Box<Parameters>),
    CheckPassword(Password),
    RequestRecovery,
    CheckRecovery,
    /// Which algorithm does a new password have?
    AskAlgorithm(Secret<String>, NewPassword),
    StretchingNew(Secret<String>, NewPassword, Box<Algorithm>),
    Recover,
    ResetPassword,
    DeclineReset,
    ExportToken(Qr),
    ImportToken(Qr),
    Shown(Qr),
    ImportBot,
    IsAuthorized,
    GetMe,
    SignOut,
    Over,
}

pub(super) struct Password {
    pub(super) text: Secret<String>,
    /// Whether the parameters were stale once already.
    pub(super) refreshed: bool,
}

/// A login by QR code.
pub(super) struct Qr {
    pub(super) api: ApiCredentials,
    pub(super) except_ids: Vec<i64>,
    /// How many links were shown.
    pub(super) shown: u32,
}

impl Qr {
    pub(super) fn export(&self) -> functions::auth::ExportLoginToken {
        functions::auth::ExportLoginToken {
            api_id: self.api.id,
            api_hash: self.api.hash.clone(),
            except_ids: self.except_ids.clone(),
        }
    }
}

impl State {
    /// For `Debug`: without what it holds, which may be secret.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::SendCode(..) => "SendCode",
            Self::CancelCode => "CancelCode",
            Self::SignIn(_) => "SignIn",
            Self::SignUp => "SignUp",
            Self::AcceptTerms => "AcceptTerms",
            Self::SendEmailCode => "SendEmailCode",
            Self::VerifyEmail(_) => "VerifyEmail",
            Self::AskHint => "AskHint",
            Self::AskParameters(_) => "AskParameters",
            Self::Stretching(..) => "Stretching",
            Self::CheckPassword(_) => "CheckPassword",
            Self::RequestRecovery => "RequestRecovery",
            Self::CheckRecovery => "CheckRecovery",
            Self::AskAlgorithm(..) => "AskAlgorithm",
            Self::StretchingNew(..) => "StretchingNew",
            Self::Recover => "Recover",
            Self::ResetPassword => "ResetPassword",
            Self::DeclineReset => "DeclineReset",
            Self::ExportToken(_) => "ExportToken",
            Self::ImportToken(_) => "ImportToken",
            Self::Shown(_) => "Shown",
            Self::ImportBot => "ImportBot",
            Self::IsAuthorized => "IsAuthorized",
            Self::GetMe => "GetMe",
            Self::SignOut => "SignOut",
            Self::Over => "Over",
        }
    }

    /// The method whose answer it waits for.
    pub(super) const fn method(&self) -> &'static str {
        match self {
            Self::SendCode(_, method) => method,
            Self::CancelCode => "auth.cancelCode",
            Self::SignIn(_) => "auth.signIn",
            Self::SignUp => "auth.signUp",
            Self::AcceptTerms => "help.acceptTermsOfService",
            Self::SendEmailCode => "account.sendVerifyEmailCode",
            Self::VerifyEmail(_) => "account.verifyEmail",
            Self::AskHint | Self::AskParameters(_) | Self::AskAlgorithm(..) => "account.getPassword",
            Self::CheckPassword(_) | Self::Stretching(..) => "auth.checkPassword",
            Self::RequestRecovery => "auth.requestPasswordRecovery",
            Self::CheckRecovery => "auth.checkRecoveryPassword",
            Self::Recover | Self::StretchingNew(..) => "auth.recoverPassword",
            Self::ResetPassword => "account.resetPassword",
            Self::DeclineReset => "account.declinePasswordReset",
            Self::ExportToken(_) | Self::Shown(_) => "auth.exportLoginToken",
            Self::ImportToken(_) => "auth.importLoginToken",
            Self::ImportBot => "auth.importBotAuthorization",
            Self::IsAuthorized | Self::GetMe => "users.getUsers",
            Self::SignOut => "auth.logOut",
            Self::Over => "",
        }
    }

    /// Whether it is part of a login, not of what comes after one.
    pub(super) const fn signs_in(&self) -> bool {
        !matches!(
            self,
            Self::AcceptTerms
                | Self::ResetPassword
                | Self::DeclineReset
                | Self::IsAuthorized
                | Self::GetMe
                | Self::SignOut
                | Self::Over
        )
    }
}
