//! The disk that the application saves its session to: saves fail, are torn, and are restored from a backup.

use sansgram_core::client::StoredSession;

/// Saves that are kept as backups.
const BACKUPS: usize = 8;

/// What is saved.
#[derive(Default)]
pub(super) struct Disk {
    /// The saves that succeeded, oldest first.
    saves: Vec<String>,
    /// A save that was torn after the last one that succeeded.
    torn: Option<String>,
    /// Whether saves fail.
    pub(super) fails: bool,
    /// After how many characters the next save is torn.
    pub(super) tear_next: Option<u64>,
    /// The text of a login between two steps.
    pub(super) login: Option<String>,
}

/// A torn save was read as if it were whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TornSaveRead;

impl Disk {
    pub(super) fn save(&mut self, session: &StoredSession) {
        if self.fails {
            return;
        }
        let text = session.to_text();
        if let Some(after) = self.tear_next.take() {
            // At least one character is missing.
            let end = usize::try_from(after).unwrap_or(usize::MAX).min(text.len() - 1);
            self.torn = Some(text[..end].to_owned());
            return;
        }
        self.torn = None;
        self.saves.push(text.to_string());
        let surplus = self.saves.len().saturating_sub(BACKUPS);
        self.saves.drain(..surplus);
    }

    /// Restores the newest save that is whole, or one that is `backup` saves older.
    pub(super) fn restore(&self, backup: usize) -> Result<StoredSession, TornSaveRead> {
        if self.torn.as_ref().is_some_and(|torn| StoredSession::from_text(torn).is_ok()) {
            return Err(TornSaveRead);
        }
        let at = self.saves.len().checked_sub(backup + 1);
        let text = at.and_then(|at| self.saves.get(at)).or_else(|| self.saves.first());
        // A run begins with a save that succeeds.
        let text = text.expect("there is a save");
        Ok(StoredSession::from_text(text).expect("a whole save can be read"))
    }
}
