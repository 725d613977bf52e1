//! What the crates of others make of sessions. `read grammers FILE` and `read ferogram STRING` print `DC KEY USER
//! ADDRESS`, the key in hexadecimal; `write grammers FILE DC KEY USER BOT` and `write ferogram DC KEY USER` make one.

use std::error::Error;
use std::net::SocketAddrV4;

use ferogram_session::StringSession;
use grammers_session::Session as _;
use grammers_session::storages::SqliteSession;
use grammers_session::types::{PeerId, PeerInfo};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const ADDRESS: &str = "149.154.167.50:443";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        ["read", "grammers", path] => {
            let session = SqliteSession::open(path).await?;
            let dc = session.home_dc_id()?;
            let option = session.dc_option(dc)?.ok_or("no such DC")?;
            let key = option.auth_key.ok_or("no key")?;
            let user = match session.peer(PeerId::self_user()).await? {
                Some(PeerInfo::User { id, bot, is_self: Some(true), .. }) => {
                    format!("{id}{}", if bot == Some(true) { " bot" } else { "" })
                }
                _ => "nobody".into(),
            };
            println!("{dc} {} {user} {}", hex(&key), option.ipv4);
        }
        ["write", "grammers", path, dc, key, user, bot] => {
            let session = SqliteSession::open(path).await?;
            let dc = dc.parse()?;
            let mut option = session.dc_option(dc)?.ok_or("no such DC")?;
            option.auth_key = Some(unhex(key)?);
            session.set_dc_option(&option).await?;
            session.set_home_dc_id(dc).await?;
            let user = PeerInfo::User {
                id: user.parse()?,
                auth: None,
                bot: Some(bot == "true"),
                is_self: Some(true),
            };
            session.cache_peer(user).await?;
        }
        ["read", "ferogram", string] => {
            let session = StringSession::decode(string)?.session();
            let (dc, ip, port) = (session.dc_id, session.ip, session.port);
            println!("{dc} {} {} {ip}:{port}", hex(&session.auth_key), session.user_id);
        }
        ["write", "ferogram", dc, key, user] => {
            let address: SocketAddrV4 = ADDRESS.parse()?;
            let session = ferogram_session::Session {
                dc_id: dc.parse()?,
                ip: (*address.ip()).into(),
                port: address.port(),
                auth_key: unhex(key)?,
                user_id: user.parse()?,
            };
            println!("{}", StringSession::from(session).encode());
        }
        _ => return Err("read or write what?".into()),
    }
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Result<[u8; 256]> {
    let digits = (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16));
    digits.collect::<std::result::Result<Vec<_>, _>>()?.try_into().map_err(|_| "no key of 256 bytes".into())
}
