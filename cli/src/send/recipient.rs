//! Who gets a message.

use std::str::FromStr;

use sansgram_runtime::core::login::PhoneNumber;
use serde_json::{Value, json};

use crate::api::Api;
use crate::error::Failure;

/// A user or a chat, as it is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Recipient {
    /// The user of the session.
    Me,
    /// `@name`, without the `@`.
    Name(String),
    Phone(PhoneNumber),
    User(i64),
    /// A small group.
    Chat(i64),
    /// A channel or a supergroup.
    Channel(i64),
}

/// The number from which bots, and the command, subtract the id of a channel to make it differ from other ids.
const CHANNEL_OFFSET: i64 = -1_000_000_000_000;

/// The dialogs in which a user or a channel is searched by its id.
const DIALOGS: i32 = 100;

impl FromStr for Recipient {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const FORMS: &str = "it must be me, @name, +phone, or an id";
        if matches!(text, "me" | "self") {
            return Ok(Self::Me);
        }
        if text.starts_with('+') {
            let number = PhoneNumber::parse(text).map_err(|error| error.to_string())?;
            return Ok(Self::Phone(number));
        }
        let link = text.strip_prefix("https://").unwrap_or(text);
        if let Some(name) = link.strip_prefix('@').or_else(|| link.strip_prefix("t.me/")) {
            let is_name = !name.is_empty() && name.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'_');
            return if is_name { Ok(Self::Name(name.to_owned())) } else { Err(FORMS.into()) };
        }
        match text.parse() {
            Ok(id @ 1..) => Ok(Self::User(id)),
            Ok(id) if id < CHANNEL_OFFSET => Ok(Self::Channel(CHANNEL_OFFSET - id)),
            Ok(id) if (CHANNEL_OFFSET + 1..0).contains(&id) => Ok(Self::Chat(-id)),
            _ => Err(FORMS.into()),
        }
    }
}

impl Recipient {
    /// Returns the `InputPeer`. Asks the server unless it is known.
    pub(super) async fn resolve(&self, api: &Api<'_>) -> Result<Value, Failure> {
        let user = api.client.stored_session().user;
        let (own_id, is_bot) = user.map_or((None, false), |user| (Some(user.id), user.is_bot));
        match self {
            Self::Me => Ok(json!({ "_": "inputPeerSelf" })),
            Self::User(id) if own_id == Some(*id) => Ok(json!({ "_": "inputPeerSelf" })),
            Self::Chat(id) => Ok(json!({ "_": "inputPeerChat", "chat_id": id })),
            Self::Name(name) => {
                let found = api.call("contacts.resolveUsername", &json!({ "username": name })).await;
                let found = found.map_err(|failure| unknown(failure, &format!("@{name}")))?;
                peer_of(&found).ok_or_else(|| not_found(&format!("@{name}")))
            }
            Self::Phone(number) => {
                let found = api.call("contacts.resolvePhone", &json!({ "phone": number.digits() })).await;
                let found = found.map_err(|failure| unknown(failure, "the phone number"))?;
                peer_of(&found).ok_or_else(|| not_found("the phone number"))
            }
            // Bots need no access hash for those who wrote to them.
            Self::User(id) if is_bot => Ok(json!({ "_": "inputPeerUser", "user_id": id, "access_hash": 0 })),
            Self::Channel(id) if is_bot => {
                Ok(json!({ "_": "inputPeerChannel", "channel_id": id, "access_hash": 0 }))
            }
            Self::User(id) | Self::Channel(id) => {
                let first = json!({
                    "offset_date": 0,
                    "offset_id": 0,
                    "offset_peer": { "_": "inputPeerEmpty" },
                    "limit": DIALOGS,
                    "hash": 0,
                });
                let dialogs = api.call("messages.getDialogs", &first).await?;
                let is_user = matches!(self, Self::User(_));
                input_peer(&dialogs, is_user, &id.to_string()).ok_or_else(|| {
                    Failure::new(format!(
                        "the id is not among the last {DIALOGS} chats, and users can write to others only by @name or +phone"
                    ))
                })
            }
        }
    }
}

/// Returns the failure as a sentence about the recipient if the server does not know `what`.
fn unknown(failure: Failure, what: &str) -> Failure {
    let Failure::Library(error) = &failure else { return failure };
    let Some(refusal) = error.rpc() else { return failure };
    let sentence = match refusal.name.as_str() {
        "USERNAME_NOT_OCCUPIED" => format!("no account has the name {what}; check it"),
        "USERNAME_INVALID" => format!("no account can have the name {what}; check it"),
        "PHONE_NOT_OCCUPIED" => format!("{what} has no account, or one that hides it from you; check it"),
        _ => return failure,
    };
    Failure::Refused(Box::new(refusal.clone()), sentence)
}

fn not_found(what: &str) -> Failure {
    Failure::new(format!("{what} leads to no user and no chat"))
}

/// Returns the `InputPeer` of a `contacts.resolvedPeer`.
fn peer_of(resolved: &Value) -> Option<Value> {
    let peer = &resolved["peer"];
    match peer["_"].as_str()? {
        "peerUser" => input_peer(resolved, true, peer["user_id"].as_str()?),
        "peerChannel" => input_peer(resolved, false, peer["channel_id"].as_str()?),
        "peerChat" => Some(json!({ "_": "inputPeerChat", "chat_id": peer["chat_id"] })),
        _ => None,
    }
}

/// Returns the `InputPeer` of a user or a channel whose access hash is in the `users` or `chats` of an answer.
fn input_peer(answer: &Value, is_user: bool, id: &str) -> Option<Value> {
    let (list, constructor, field) = match is_user {
        true => ("users", "inputPeerUser", "user_id"),
        false => ("chats", "inputPeerChannel", "channel_id"),
    };
    let found = answer[list].as_array()?.iter().find(|it| it["id"] == id && it["access_hash"].is_string())?;
    Some(json!({ "_": constructor, field: id, "access_hash": found["access_hash"] }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read() {
        for (text, recipient) in [
            ("me", Recipient::Me),
            ("@ada_l", Recipient::Name("ada_l".into())),
            ("t.me/ada_l", Recipient::Name("ada_l".into())),
            ("https://t.me/ada_l", Recipient::Name("ada_l".into())),
            ("+1 202 555-0123", Recipient::Phone(PhoneNumber::parse("12025550123").unwrap())),
            ("7", Recipient::User(7)),
            ("-7", Recipient::Chat(7)),
            ("-1000000000007", Recipient::Channel(7)),
        ] {
            assert_eq!(text.parse(), Ok(recipient), "{text}");
        }
        for text in ["", "0", "@", "@a b", "ada", "https://t.me/+abc", "1.5", "-1000000000000"] {
            assert!(text.parse::<Recipient>().is_err_and(|error| error.contains("@name")), "{text}");
        }
        assert!("+12".parse::<Recipient>().is_err_and(|error| error.contains("2 digits")));
    }

    #[test]
    fn an_answer_leads_to_the_peer() {
        let user = json!({ "_": "user", "id": "7", "access_hash": "-9" });
        let channel = json!({ "_": "channel", "id": "7", "access_hash": "8" });
        let answer = |peer: Value| json!({ "peer": peer, "users": [user], "chats": [channel] });
        let of = |peer: Value| peer_of(&answer(peer));
        let expected = json!({ "_": "inputPeerUser", "user_id": "7", "access_hash": "-9" });
        assert_eq!(of(json!({ "_": "peerUser", "user_id": "7" })), Some(expected));
        let expected = json!({ "_": "inputPeerChannel", "channel_id": "7", "access_hash": "8" });
        assert_eq!(of(json!({ "_": "peerChannel", "channel_id": "7" })), Some(expected));
        let expected = json!({ "_": "inputPeerChat", "chat_id": "7" });
        assert_eq!(of(json!({ "_": "peerChat", "chat_id": "7" })), Some(expected));
        assert_eq!(of(json!({ "_": "peerUser", "user_id": "8" })), None);
    }
}
