//! What several subjects need.

use sansgram_core::tl::{Serialize, functions};

/// A `getConfig` in the `initConnection` of a client without proxy and parameters.
pub(crate) fn init_connection() -> functions::InitConnection<functions::help::GetConfig> {
    functions::InitConnection {
        api_id: 1,
        device_model: "model".into(),
        system_version: "system".into(),
        app_version: "1".into(),
        system_lang_code: "en".into(),
        lang_pack: String::new(),
        lang_code: "en".into(),
        proxy: None,
        params: None,
        query: functions::help::GetConfig {},
    }
}

/// A `getConfig` in its wrappers.
pub(crate) fn first_call() -> Vec<u8> {
    functions::InvokeWithLayer { layer: 230, query: init_connection() }.to_bytes()
}
