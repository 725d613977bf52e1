//! From options to the configuration of a client.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use sansgram_runtime::core::client::{Config, DcTable};
use sansgram_runtime::core::crypto::rsa::PublicKey;
use sansgram_runtime::read_file;

use crate::args::ServerArgs;
use crate::failure::Failure;

/// The largest key file that is read, in bytes; a key has about 500.
const MAX_KEY_FILE_LEN: u64 = 64 << 10;

/// What a block of PEM begins with.
const PEM_BEGIN: &str = "-----BEGIN ";

/// Whether --test was given for the DCs of --dc, for whoever says why a connection failed: this process knows one
/// server only.
static TEST_GIVEN: AtomicBool = AtomicBool::new(false);

/// Whether the DCs of --dc were told by an option that they are test DCs.
pub(crate) fn is_test_given() -> bool {
    TEST_GIVEN.load(Ordering::Relaxed)
}

impl ServerArgs {
    /// Whether it is one of Telegram's own.
    pub(crate) const fn is_telegram(&self) -> bool {
        self.dc.is_empty()
    }

    /// The configuration for the server of these options, with no application yet. Resolves names, which may block.
    pub(crate) fn config(&self, test_dcs: bool) -> Result<Config, Failure> {
        let telegram = if test_dcs { Config::telegram_test() } else { Config::telegram() };
        let keys = if self.public_key.is_empty() {
            telegram.public_keys.clone()
        } else {
            self.public_key.iter().map(|file| read_key(file)).collect::<Result<_, _>>()?
        };
        let mut config = match self.dc.first() {
            None => Config { public_keys: keys, ..telegram },
            Some(first) => {
                let mut dcs = DcTable::new();
                for address in &self.dc {
                    for endpoint in address.resolve()? {
                        dcs.insert(address.dc, endpoint);
                    }
                }
                TEST_GIVEN.store(self.test, Ordering::Relaxed);
                Config { test_dcs, ..Config::new(dcs, first.dc, keys) }
            }
        };
        config.transport = self.transport;
        self.network.apply_to(&mut config)?;
        Ok(config)
    }
}

fn read_key(file: &Path) -> Result<PublicKey, Failure> {
    let bytes = read_file(file, MAX_KEY_FILE_LEN).map_err(|error| {
        Failure::new(format!("the public key {} cannot be read: {error}", file.display()))
    })?;
    let text = String::from_utf8_lossy(&bytes);
    if text.matches(PEM_BEGIN).nth(1).is_some() {
        return Err(Failure::new(format!(
            "the file {} has more than one public key; give each a file of its own, and repeat --public-key",
            file.display()
        )));
    }
    PublicKey::from_pem(&text)
        .map_err(|error| Failure::new(format!("the public key {} cannot be used: {error}", file.display())))
}
