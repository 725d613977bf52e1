//! The names of the keys. All have the same tag in braces, so that a cluster keeps them in one slot.

/// The layout of the keys that this version uses.
pub(super) const LAYOUT: u32 = 1;
/// A hash: what is known of the server, and the layout of the keys.
pub(super) const SERVER: &str = "{sansgram}:server";
/// A set: the names of the sessions.
pub(super) const SESSIONS: &str = "{sansgram}:sessions";

/// A hash: the session of this name.
pub(super) fn of_session(name: &str) -> String {
    format!("{{sansgram}}:session:{name}")
}
