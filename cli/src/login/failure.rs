//! Why a login failed, and how to continue it.

use sansgram_runtime::core::login::{LoginError, SavedLogin};
use sansgram_runtime::{Error, PromptError, Question};

use super::answers::Answers;
use super::messages;
use super::setup::Setup;
use crate::advice::NO_TERMINAL;
use crate::error::Failure;
use crate::interrupt::{self, INTERRUPT};
use crate::output;
use crate::report::ErrorJson;
use crate::saved_login::messages as saved_messages;

/// Returns the failure of a login with how to continue it. Removes a saved login that cannot be continued.
pub(super) fn failure(setup: &Setup<'_>, error: Error, answers: &Answers<'_>) -> Failure {
    answers.print_arrived_codes();
    if let Error::Prompt(reason) = &error {
        match &**reason {
            PromptError::Interrupted => interrupt::end(INTERRUPT),
            PromptError::NoValue(question) => return missing(setup, *question, answers),
            _ => {}
        }
    }
    // A login that the server no longer knows or accepts cannot be resumed, and a QR login need not be.
    let is_over = !error.continuation().can_continue();
    if (is_over || matches!(answers.pending(), Some(SavedLogin::Qr { .. })))
        && let Some(saved_login) = &setup.saved_login
        && let Err(failure) = saved_login.remove()
    {
        return failure;
    }
    let Some(pending) = answers.saved().filter(|_| !is_over) else { return error.into() };
    let needs_how = match &error {
        Error::Login(_) => true,
        Error::Prompt(reason) => !matches!(**reason, PromptError::EndOfInput),
        _ => false,
    };
    // That a password is needed is no more than what the login waits for.
    let is_failure = !matches!(error, Error::Login(LoginError::PasswordNeeded));
    let failure = match &error {
        // How to continue is added below.
        Error::Login(LoginError::PasswordNeeded) => Failure::new(error.to_string()),
        _ => Failure::from(error).with_advice(setup.route, setup.args.session.as_deref()),
    };
    let sentence = match &failure {
        Failure::Failed(sentence) | Failure::Refused(_, sentence)
            if needs_how || answers.unused_value(pending).is_some() =>
        {
            format!("{sentence}; {}", answers.how_to_continue(pending))
        }
        failure => failure.to_string(),
    };
    let error = is_failure.then(|| ErrorJson::new(&failure, sentence.clone()));
    match print_pending(setup, pending, error) {
        Ok(()) => Failure::Incomplete(sentence),
        Err(failure) => failure,
    }
}

/// Returns the failure of a login that waits for a value, with how to give it.
pub(super) fn waiting(setup: &Setup<'_>, pending: &SavedLogin) -> Failure {
    match print_pending(setup, pending, None) {
        Ok(()) => Failure::Incomplete(messages::waiting(pending, setup.args)),
        Err(failure) => failure,
    }
}

/// Returns the failure for a question that could not be asked.
fn missing(setup: &Setup<'_>, question: Question, answers: &Answers<'_>) -> Failure {
    match (question, answers.saved()) {
        (Question::Identity, _) if answers.is_cancelled() => Failure::new(messages::CANCELLED),
        (Question::Identity, _) => Failure::new(NO_TERMINAL),
        (_, Some(pending)) => {
            if let Some(line) = answers.describe_code_delivery() {
                output::note(&line);
            }
            waiting(setup, pending)
        }
        (question, None) => Failure::new(messages::missing(question)),
    }
}

/// Prints the saved login, and what failed, with `--json`.
fn print_pending(
    setup: &Setup<'_>,
    pending: &SavedLogin,
    error: Option<ErrorJson<'_>>,
) -> Result<(), Failure> {
    // Otherwise it would be printed again if the time runs out now.
    setup.time_limit.set_saved_login(None);
    match setup.args.json {
        true => output::result(&saved_messages::json(pending, error)),
        false => Ok(()),
    }
}
