//! A bot that answers each private message with its text.

use sansgram_smol::core::SecureRandom;
use sansgram_smol::core::client::{ApiCredentials, Config};
use sansgram_smol::core::tl::{enums, functions::messages::SendMessage, types::InputPeerUser};
use sansgram_smol::{Client, Error, FileStore, OsRandom};

pub(crate) async fn log_in(client: &Client, token: &str) -> Result<(), Error> {
    // The session of an earlier run is logged in already.
    if !client.is_authorized().await? {
        client.bot_login(token).await?;
    }
    Ok(())
}

pub(crate) async fn echo(client: &Client) -> Result<(), Error> {
    loop {
        let Some(Ok(enums::Updates::Updates(updates))) = client.next_update().await?.typed() else {
            continue;
        };
        for update in updates.updates {
            let enums::Update::NewMessage(new) = update else { continue };
            let enums::Message::Message(message) = new.message else { continue };
            let enums::Peer::User(peer) = message.peer_id else { continue };
            if message.out {
                continue;
            }
            // A bot may write to every user who wrote to it, without an access hash.
            let to = InputPeerUser::new(peer.user_id, 0);
            let mut random_id = [0; 8];
            OsRandom::default().fill(&mut random_id);
            client.invoke(&SendMessage::new(to, message.message, i64::from_ne_bytes(random_id))).await?;
        }
    }
}

fn main() -> Result<(), Error> {
    smol::block_on(async {
        let mut config = Config::telegram();
        // From my.telegram.org; the token is BotFather's.
        config.api = Some(ApiCredentials { id: 12345, hash: "0123456789abcdef0123456789abcdef".into() });
        let client = sansgram_smol::start(config, FileStore::new("bot")).await?;
        log_in(&client, "12345:the-token").await?;
        echo(&client).await
    })
}
