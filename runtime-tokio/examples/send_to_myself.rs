//! Logs in and sends a message to the user's own chat, "Saved Messages".

use sansgram_tokio::core::SecureRandom;
use sansgram_tokio::core::client::{ApiCredentials, Config};
use sansgram_tokio::core::tl::{enums::InputPeer, functions::messages::SendMessage};
use sansgram_tokio::{Client, Error, FileStore, OsRandom, TerminalPrompt};

// ANCHOR: send_to_myself
pub(crate) async fn send_to_myself(client: &Client, text: &str) -> Result<(), Error> {
    // The server drops a second message with the same number.
    let mut random_id = [0; 8];
    OsRandom::default().fill(&mut random_id);
    let message = SendMessage::new(InputPeer::PeerSelf, text, i64::from_ne_bytes(random_id));
    client.invoke(&message.with_silent(true)).await?;
    Ok(())
}
// ANCHOR_END: send_to_myself

#[tokio::main]
async fn main() -> Result<(), Error> {
    let mut config = Config::telegram();
    // From my.telegram.org.
    config.api = Some(ApiCredentials { id: 12345, hash: "0123456789abcdef0123456789abcdef".into() });
    let client = sansgram_tokio::start(config, FileStore::new("me")).await?;
    client.interactive_login(&mut TerminalPrompt::lazy()).await?;
    send_to_myself(&client, "hello").await
}
