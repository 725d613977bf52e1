//! Tasks that the embedder may run on another thread, and their outputs.

use super::connection::key_exchange::{KeyExchangeOutput, KeyExchangeTask};
use crate::login::{PasswordKdfOutput, PasswordKdfTask};

/// A computation of [`Output::Compute`](super::Output::Compute). [`run`](Self::run) it on any thread, then pass in the
/// output. What it holds is wiped on drop and not in the `Debug` output.
#[derive(Debug)]
#[non_exhaustive]
pub enum ComputeTask {
    /// The key stretching of a password, about 0.1 s.
    Password(PasswordKdfTask),
    /// A step of a key exchange, some milliseconds, if
    /// [`Config::offload_key_exchange`](super::Config::offload_key_exchange) is on.
    KeyExchange(KeyExchangeTask),
}

/// The output of a [`ComputeTask`], for [`Input::Computed`](super::Input::Computed).
#[derive(Debug)]
#[non_exhaustive]
pub enum ComputeOutput {
    /// The stretched password.
    Password(PasswordKdfOutput),
    /// The result of a step of a key exchange.
    KeyExchange(KeyExchangeOutput),
}

impl ComputeTask {
    /// Runs the task. It blocks for the time that its variant names, or many times as long without optimization (see
    /// "opt-level" in the README).
    #[must_use]
    pub fn run(self) -> ComputeOutput {
        match self {
            Self::Password(task) => ComputeOutput::Password(task.run()),
            Self::KeyExchange(task) => ComputeOutput::KeyExchange(task.run()),
        }
    }
}
