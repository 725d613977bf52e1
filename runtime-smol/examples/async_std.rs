//! Logs a bot in and makes a call inside async-std, whose tasks share the threads of smol.
//!
//! Start the test DCs with `sansgram sandbox --public-key key.pem`. Then run, with the address of DC 2:
//! `cargo run -p sansgram-smol --example async_std -- 127.0.0.1:PORT key.pem`.

use std::error::Error;

use async_std::{fs, task};
use sansgram_smol::core::PublicKey;
use sansgram_smol::core::client::{ApiCredentials, Config, DcId, DcTable};
use sansgram_smol::core::tl::{enums, functions};
use sansgram_smol::{Client, MemoryStore};

/// Logs a bot in. Asks where the nearest DC is from another task. Returns the bot's name and the country.
pub(crate) async fn log_in(config: Config) -> Result<(String, String), Box<dyn Error + Send + Sync>> {
    let client: Client = sansgram_smol::start(config, MemoryStore::new()).await?;
    let bot = client.bot_login("1:sandbox").await?;
    let nearest = task::spawn(async move { client.invoke(&functions::help::GetNearestDc {}).await });
    let enums::NearestDc::NearestDc(nearest) = nearest.await?;
    Ok((bot.first_name, nearest.country))
}

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    task::block_on(async {
        let arguments: Vec<String> = std::env::args().collect();
        let [_, address, key_file] = &arguments[..] else { return Err("usage: ADDRESS KEY.pem".into()) };
        let (home, mut dcs) = (DcId::new(2)?, DcTable::new());
        dcs.insert(home, address.parse()?);
        let key = PublicKey::from_pem(&fs::read_to_string(key_file).await?)?;
        let api = ApiCredentials { id: 1, hash: "0".repeat(32) };
        let (name, country) = log_in(Config::new(dcs, home, [key]).with_api(api)).await?;
        println!("logged in as {name}; the nearest DC is in {country}");
        Ok(())
    })
}
