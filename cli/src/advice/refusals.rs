//! What to do about refusals of a method that are common. The full list is Telegram's: the errors of each method are in its
//! documentation.

/// Returns the advice for the error of this name. `has_own_servers`: the servers are not Telegram's.
pub(super) fn advice(name: &str, has_own_servers: bool) -> Option<&'static str> {
    Some(match name {
        "INPUT_METHOD_INVALID" if has_own_servers => {
            "the test DCs do not serve this method; a script can answer it, see --script of \"sansgram sandbox --help\""
        }
        "PEER_ID_INVALID" => {
            "check the peer: inputPeerSelf, or the id and access_hash of a user or chat that this account has met"
        }
        "USER_ID_INVALID" => {
            "check the user: inputUserSelf, or the id and access_hash of a user whom this account has met"
        }
        "CHANNEL_INVALID" => "check the id and access_hash of the channel, as this account has received them",
        "CHANNEL_PRIVATE" => "the account must join the channel first, or was banned from it",
        "CHAT_ID_INVALID" => "check the id of the group; channels and supergroups need inputPeerChannel",
        "MSG_ID_INVALID" | "MESSAGE_ID_INVALID" => "check the id of the message, and that it is in this chat",
        "MESSAGE_EMPTY" => "add a text",
        "MESSAGE_TOO_LONG" => "shorten the text, or send it as several messages",
        "MESSAGE_NOT_MODIFIED" => "the message already has this text",
        "RANDOM_ID_DUPLICATE" => "leave random_id out, or choose another one for each message",
        "USERNAME_INVALID" => "check the name, which has letters, digits and underscores",
        "USERNAME_NOT_OCCUPIED" => "no account has this name; check it",
        "CHAT_WRITE_FORBIDDEN" => "this account may not write in this chat",
        "CHAT_ADMIN_REQUIRED" => "this account must be an administrator of the chat",
        "USER_IS_BLOCKED" => "the user has blocked this account",
        "YOU_BLOCKED_USER" => "this account has blocked the user",
        "BOT_METHOD_INVALID" => "bots may not call this method; use the session of a user",
        "USER_BOT_REQUIRED" => "only bots may call this method; use the session of a bot",
        "LIMIT_INVALID" => "check the limit, which has a maximum for each method",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_test_dcs_are_named_only_if_they_are_the_servers() {
        assert!(advice("INPUT_METHOD_INVALID", true).is_some_and(|advice| advice.contains("--script")));
        assert_eq!(advice("INPUT_METHOD_INVALID", false), None);
        assert_eq!(advice("MESSAGE_EMPTY", false), advice("MESSAGE_EMPTY", true));
        assert_eq!(advice("STRANGE_THING", true), None);
    }
}
