//! The heavy half of the two-step password: key stretching, which blocks for about a tenth of a second.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::crypto::{Secret, srp};
use crate::rpc::RequestId;

/// Key stretching for a password (PBKDF2-HMAC-SHA512, 100,000 rounds; about 0.1 s): run it where it blocks nobody
/// and hand the outcome back. It holds the password, which is wiped on drop and not in the `Debug` output.
pub struct PasswordKdfTask {
    pub(crate) step: RequestId,
    pub(super) password: Secret<String>,
    pub(super) salt1: Vec<u8>,
    pub(super) salt2: Vec<u8>,
}

/// What a [`PasswordKdfTask`] computed.
pub struct PasswordKdfOutput {
    pub(crate) step: RequestId,
    // Boxed: an outcome travels between threads.
    pub(super) x: Box<Secret<[u8; 32]>>,
}

impl PasswordKdfTask {
    /// Does the work; it blocks for about a tenth of a second, without optimisation for several (the README has the two
    /// lines against it).
    #[must_use]
    pub fn run(self) -> PasswordKdfOutput {
        let x = Box::new(srp::stretch(self.password.expose().as_bytes(), &self.salt1, &self.salt2));
        PasswordKdfOutput { step: self.step, x }
    }
}

/// A password to set in place of a forgotten one. It is wiped on drop and not in the `Debug` output.
pub struct NewPassword {
    pub(super) text: Secret<String>,
    pub(super) hint: String,
}

impl NewPassword {
    /// A password without a hint.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self { text: Secret::new(text.into()), hint: String::new() }
    }

    /// With a hint, which whoever logs in is shown.
    #[must_use]
    pub fn with_hint(self, hint: &str) -> Self {
        Self { hint: hint.into(), ..self }
    }
}

impl fmt::Debug for NewPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NewPassword([redacted])")
    }
}

impl fmt::Debug for PasswordKdfTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordKdfTask").field("step", &self.step).finish_non_exhaustive()
    }
}

impl fmt::Debug for PasswordKdfOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordKdfOutput").field("step", &self.step).finish_non_exhaustive()
    }
}
