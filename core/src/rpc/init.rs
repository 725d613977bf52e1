//! `invokeWithLayer(initConnection(…, query))`: the prefix of a query until the server knows this client
//! (`api/invoking`).

use alloc::string::String;
use alloc::vec::Vec;

use crate::tl::{LAYER, write};

/// The description of this device that `initConnection` sends. The user sees it in the list of active sessions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceInfo {
    /// The model of the device, such as `Desktop`.
    pub device_model: String,
    /// The operating system, such as `Linux`.
    pub system_version: String,
    /// The version of the application, such as `1.0`.
    pub app_version: String,
    /// Language of the system, such as `en`.
    pub system_lang_code: String,
    /// Language of the application, such as `en`.
    pub lang_code: String,
}

impl Default for DeviceInfo {
    fn default() -> Self {
        Self {
            device_model: "sansgram".into(),
            system_version: "unknown".into(),
            app_version: env!("CARGO_PKG_VERSION").into(),
            system_lang_code: "en".into(),
            lang_code: "en".into(),
        }
    }
}

/// The prefix of a query after which the server must not push updates: `invokeWithoutUpdates#bf9459b7`.
pub const WITHOUT_UPDATES: [u8; 4] = 0xbf94_59b7_u32.to_le_bytes();

/// Returns the prefix of a query: `invokeWithLayer#da9b0d0d` and `initConnection#c1cd5ea9` up to the query itself. Its
/// length is a multiple of 4.
#[must_use]
pub fn init_prefix(api_id: i32, device: &DeviceInfo) -> Vec<u8> {
    const INVOKE_WITH_LAYER_ID: u32 = 0xda9b_0d0d;
    const INIT_CONNECTION_ID: u32 = 0xc1cd_5ea9;
    /// Neither `proxy` nor `params`.
    const FLAGS: u32 = 0;
    let mut out = Vec::with_capacity(128);
    out.extend_from_slice(&INVOKE_WITH_LAYER_ID.to_le_bytes());
    out.extend_from_slice(&LAYER.to_le_bytes());
    out.extend_from_slice(&INIT_CONNECTION_ID.to_le_bytes());
    out.extend_from_slice(&FLAGS.to_le_bytes());
    out.extend_from_slice(&api_id.to_le_bytes());
    // Third-party applications have no language pack.
    let lang_pack = "";
    for text in [
        device.device_model.as_str(),
        &device.system_version,
        &device.app_version,
        &device.system_lang_code,
        lang_pack,
        &device.lang_code,
    ] {
        write::string(&mut out, text);
    }
    out
}
