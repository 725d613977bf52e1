//! The password's part: what is stretched, and what becomes of it.

use super::state::State;
use super::{LoginFlow, Progress, secret_bytes};
use crate::crypto::{SecureRandom, srp};
use crate::login::answer::{Algorithm, Parameters};
use crate::login::error::{LoginError, PasswordParametersError};
use crate::login::password::{NewPassword, PasswordKdfOutput};
use crate::tl::{functions, types};

impl LoginFlow {
    /// Takes the outcome of the task of [`Progress::Compute`].
    pub fn computed(&mut self, outcome: &PasswordKdfOutput, random: &mut dyn SecureRandom) -> Progress {
        let progress = self.stretched(outcome, random);
        self.end_with(progress)
    }

    fn stretched(&mut self, outcome: &PasswordKdfOutput, random: &mut dyn SecureRandom) -> Progress {
        match core::mem::replace(&mut self.state, State::Over) {
            State::Stretching(password, parameters) => {
                let Parameters { algorithm, srp_b, srp_id } = *parameters;
                let Algorithm { group, salt1, salt2 } = algorithm;
                let proof = match srp::prove(&group, &salt1, &salt2, &outcome.x, &srp_b, random) {
                    Ok(proof) => proof,
                    Err(error) => return Progress::Done(Err(PasswordParametersError::from(error).into())),
                };
                let answer =
                    types::InputCheckPasswordSrp { srp_id, a: proof.a.to_vec(), m1: proof.m1.to_vec() };
                let query = functions::auth::CheckPassword { password: answer.into() };
                self.continue_with(State::CheckPassword(password), &query)
            }
            State::StretchingNew(code, new, algorithm) => {
                let salts = algorithm.salt1.len() + algorithm.salt2.len();
                let query = functions::auth::RecoverPassword {
                    code: code.expose().clone(),
                    new_settings: Some(new_settings(&new, *algorithm, outcome).into()),
                };
                // What the server, its owner and the mail gave has no bound of its own.
                let more = salts + code.expose().len() + new.hint.len();
                self.state = State::Recover;
                self.query = secret_bytes(&query, more);
                Progress::Send
            }
            _ => Progress::Done(Err(LoginError::UnexpectedAnswer)),
        }
    }
}

fn new_settings(
    new: &NewPassword,
    algorithm: Algorithm,
    outcome: &PasswordKdfOutput,
) -> types::account::PasswordInputSettings {
    let verifier = srp::verifier(&algorithm.group, &outcome.x);
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
