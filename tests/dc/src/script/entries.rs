//! The tables of a script.

use serde::Deserialize;
use serde_json::Value;
use toml::Spanned;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entries {
    #[serde(default)]
    pub(super) answer: Vec<AnswerEntry>,
    #[serde(default)]
    pub(super) fault: Vec<Spanned<FaultEntry>>,
    #[serde(default)]
    pub(super) update: Vec<Spanned<UpdateEntry>>,
    #[serde(default)]
    pub(super) message: Vec<MessageEntry>,
}

impl Entries {
    /// Returns the users that the script names, in each kind of table by their order.
    pub(super) fn users(&self) -> impl Iterator<Item = &Spanned<i64>> {
        let answers = self.answer.iter().filter_map(|it| it.user.as_ref());
        let updates =
            self.update.iter().map(Spanned::get_ref).flat_map(|it| [it.to.as_ref(), it.by.as_ref()]);
        let messages = self.message.iter().flat_map(|it| [Some(&it.from), it.to.as_ref(), it.by.as_ref()]);
        answers.chain(updates.chain(messages).flatten())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AnswerEntry {
    pub(super) method: Spanned<String>,
    pub(super) result: Option<Spanned<Value>>,
    pub(super) error: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) silence: bool,
    pub(super) times: Option<u32>,
    pub(super) user: Option<Spanned<i64>>,
    pub(super) dc: Option<i32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FaultEntry {
    pub(super) method: Option<Spanned<String>>,
    pub(super) error: Option<Spanned<String>>,
    pub(super) kind: Option<Spanned<String>>,
    pub(super) times: Option<u32>,
    pub(super) dc: Option<i32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UpdateEntry {
    pub(super) update: Option<Spanned<Value>>,
    pub(super) updates: Option<Spanned<Value>>,
    pub(super) to: Option<Spanned<i64>>,
    pub(super) after: Option<Spanned<String>>,
    pub(super) by: Option<Spanned<i64>>,
    pub(super) delay: Option<Spanned<f64>>,
    pub(super) times: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MessageEntry {
    pub(super) from: Spanned<i64>,
    pub(super) text: String,
    pub(super) to: Option<Spanned<i64>>,
    pub(super) after: Option<Spanned<String>>,
    pub(super) by: Option<Spanned<i64>>,
    pub(super) delay: Option<Spanned<f64>>,
    pub(super) times: Option<u32>,
}

/// What updates and messages have in common.
pub(super) struct TriggerEntry {
    pub(super) to: Option<Spanned<i64>>,
    pub(super) after: Option<Spanned<String>>,
    pub(super) by: Option<Spanned<i64>>,
    pub(super) delay: Option<Spanned<f64>>,
    pub(super) times: Option<u32>,
}
