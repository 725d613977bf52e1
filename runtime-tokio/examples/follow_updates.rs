//! Logs in and prints what the server pushes.

use sansgram_tokio::core::client::{ApiCredentials, Config};
use sansgram_tokio::{Client, Error, FileStore, TerminalPrompt, Update};

// ANCHOR: follow
pub(crate) async fn follow(client: &Client, mut print: impl FnMut(String)) -> Result<(), Error> {
    loop {
        match client.next_update().await? {
            // Updates before this state may have been missed: `updates.getDifference` has them.
            Update::State(state) => print(format!("state {state:?}")),
            Update::LoggedOut(cause) => {
                print(format!("logged out: {cause:?}"));
                return Ok(());
            }
            update => match update.typed() {
                Some(Ok(updates)) => print(format!("{updates:?}")),
                Some(Err(unknown)) => print(format!("an update of another layer: {unknown}")),
                None => print(format!("{update:?}")),
            },
        }
    }
}
// ANCHOR_END: follow

#[tokio::main]
async fn main() -> Result<(), Error> {
    let mut config = Config::telegram();
    // From my.telegram.org.
    config.api = Some(ApiCredentials { id: 12345, hash: "0123456789abcdef0123456789abcdef".into() });
    let client = sansgram_tokio::start(config, FileStore::new("me")).await?;
    client.interactive_login(&mut TerminalPrompt::lazy()).await?;
    follow(&client, |line| println!("{line}")).await
}
