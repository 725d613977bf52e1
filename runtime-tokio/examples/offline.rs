//! Logs in to test DCs inside this process, sends a message to itself and reads it: no account, no network.

use sansgram_testkit::{TestServer, TestServerOptions};
use sansgram_tokio::core::client::Config;
use sansgram_tokio::core::tl::enums::{InputPeer, Message, messages::Messages};
use sansgram_tokio::core::tl::functions::messages::{GetHistory, SendMessage};
use sansgram_tokio::{Error, MemoryStore, ScriptedPrompt};

pub(crate) async fn write_to_myself(config: Config, text: &str) -> Result<Option<String>, Error> {
    let client = sansgram_tokio::start(config, MemoryStore::new()).await?;
    let mut answers = ScriptedPrompt::new().phone("9996610002").code("11111").password("sandbox");
    let me = client.interactive_login(&mut answers).await?;
    println!("logged in as {}", me.first_name);

    let random_id = 1;
    client.invoke(&SendMessage::new(InputPeer::PeerSelf, text, random_id)).await?;
    let newest = GetHistory::new(InputPeer::PeerSelf, 0, 0, 0, 1, 0, 0, 0);
    let messages = match client.invoke(&newest).await? {
        Messages::Messages(all) => all.messages,
        Messages::Slice(part) => part.messages,
        _ => Vec::new(),
    };
    Ok(messages.into_iter().find_map(|message| match message {
        Message::Message(message) => Some(message.message),
        _ => None,
    }))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = TestServer::start(TestServerOptions::default())?;
    let text = write_to_myself(server.config(), "hello").await?;
    println!("the newest message: {}", text.ok_or("the history is empty")?);
    Ok(())
}
