//! Logs in and downloads the newest file of the user's own chat, "Saved Messages".

use std::io::Write;

use sansgram_smol::core::client::{ApiCredentials, Config, DcId, Route};
use sansgram_smol::core::tl::functions::{messages::GetHistory, upload::GetFile};
use sansgram_smol::core::tl::{enums, types::InputDocumentFileLocation};
use sansgram_smol::{Client, FileStore, TerminalPrompt};

/// The bytes of a part: a power of two, at most 1 MiB.
const PART: i32 = 1 << 19;

pub(crate) async fn download(client: &Client, to: &mut impl Write) -> Result<(), Box<dyn std::error::Error>> {
    let newest = GetHistory::new(enums::InputPeer::PeerSelf, 0, 0, 0, 100, 0, 0, 0);
    let messages = match client.invoke(&newest).await? {
        enums::messages::Messages::Messages(all) => all.messages,
        enums::messages::Messages::Slice(part) => part.messages,
        _ => Vec::new(),
    };
    let file = messages.into_iter().find_map(|message| {
        let enums::Message::Message(message) = message else { return None };
        let enums::MessageMedia::Document(media) = message.media? else { return None };
        let enums::Document::Document(file) = media.document? else { return None };
        Some(file)
    });
    let file = file.ok_or("there is no file among the last 100 messages")?;
    let at = InputDocumentFileLocation::new(file.id, file.access_hash, file.file_reference, "");
    // A file is on one DC only, which need not be the account's.
    let route = Route::Dc(DcId::new(file.dc_id.into())?);
    for offset in (0..file.size).step_by(PART as usize) {
        let part = client.invoke_with(&GetFile::new(at.clone(), offset, PART), route).await?;
        let enums::upload::File::File(part) = part else { return Err("the file is on a CDN".into()) };
        to.write_all(&part.bytes)?;
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    smol::block_on(async {
        let mut config = Config::telegram();
        // From my.telegram.org.
        config.api = Some(ApiCredentials { id: 12345, hash: "0123456789abcdef0123456789abcdef".into() });
        let client = sansgram_smol::start(config, FileStore::new("me")).await?;
        client.interactive_login(&mut TerminalPrompt::lazy()).await?;
        download(&client, &mut std::fs::File::create("download")?).await
    })
}
