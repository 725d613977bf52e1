//! The tasks of a first day that the other examples do not have; the book shows them beside those of other libraries.

use sansgram_tokio::core::Zeroizing;
use sansgram_tokio::core::client::{ApiCredentials, Config};
use sansgram_tokio::core::login::UserInfo;
use sansgram_tokio::core::tl::{enums, functions::messages::GetDialogs};
use sansgram_tokio::{Client, Error, FileStore, Prompt, TerminalPrompt};

// ANCHOR: log_in
pub(crate) async fn log_in(client: &Client, prompt: &mut impl Prompt) -> Result<UserInfo, Error> {
    // TerminalPrompt::lazy() prompts for a value that is missing; ScriptedPrompt has values and callbacks.
    client.interactive_login(prompt).await
}
// ANCHOR_END: log_in

// ANCHOR: keep
pub(crate) fn keep(client: &Client) -> Zeroizing<String> {
    // start(config, FileStore::new("me")) keeps it in me.session; this is the same as a text.
    client.stored_session().to_text()
}
// ANCHOR_END: keep

// ANCHOR: bot
pub(crate) async fn bot(client: &Client, token: &str) -> Result<UserInfo, Error> {
    client.bot_login(token).await
}
// ANCHOR_END: bot

// ANCHOR: chats
pub(crate) async fn chats(client: &Client) -> Result<Vec<String>, Error> {
    let newest = GetDialogs::new(0, 0, enums::InputPeer::Empty, 100, 0);
    let (users, chats) = match client.invoke(&newest).await? {
        enums::messages::Dialogs::Dialogs(all) => (all.users, all.chats),
        enums::messages::Dialogs::Slice(part) => (part.users, part.chats),
        enums::messages::Dialogs::NotModified(_) => (Vec::new(), Vec::new()),
    };
    let users = users.into_iter().filter_map(|user| match user {
        enums::User::User(user) => user.first_name,
        enums::User::Empty(_) => None,
    });
    let chats = chats.into_iter().filter_map(|chat| match chat {
        enums::Chat::Chat(group) => Some(group.title),
        enums::Chat::Channel(channel) => Some(channel.title),
        _ => None,
    });
    Ok(users.chain(chats).collect())
}
// ANCHOR_END: chats

// ANCHOR: log_out
pub(crate) async fn log_out(client: &Client) -> Result<(), Error> {
    client.log_out().await
}
// ANCHOR_END: log_out

#[tokio::main]
async fn main() -> Result<(), Error> {
    let mut config = Config::telegram();
    // From my.telegram.org.
    config.api = Some(ApiCredentials { id: 12345, hash: "0123456789abcdef0123456789abcdef".into() });
    let client = sansgram_tokio::start(config, FileStore::new("me")).await?;
    if let Some(token) = std::env::args().nth(1) {
        bot(&client, &token).await?;
    } else {
        log_in(&client, &mut TerminalPrompt::lazy()).await?;
        println!("{:?}", chats(&client).await?);
    }
    println!("the session as a text has {} characters", keep(&client).len());
    log_out(&client).await
}
