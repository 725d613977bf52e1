//! Logs in and prints what the server pushes.

use sansgram_smol::core::client::{ApiCredentials, Config};
use sansgram_smol::{Client, Error, FileStore, TerminalPrompt, Update};

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

fn main() -> Result<(), Error> {
    smol::block_on(async {
        let mut config = Config::telegram();
        // From my.telegram.org.
        config.api = Some(ApiCredentials { id: 12345, hash: "0123456789abcdef0123456789abcdef".into() });
        let client = sansgram_smol::start(config, FileStore::new("me")).await?;
        client.interactive_login(&mut TerminalPrompt::lazy()).await?;
        follow(&client, |line| println!("{line}")).await
    })
}
