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

/// A container of messages: msg_id, `seq_no` and body of each.
pub(crate) fn container(messages: &[(u64, u32, &[u8])]) -> Vec<u8> {
    let mut body = 0x73f1_f8dc_u32.to_le_bytes().to_vec();
    body.extend((messages.len() as u32).to_le_bytes());
    for (msg_id, seq_no, inner) in messages {
        body.extend(msg_id.to_le_bytes());
        body.extend(seq_no.to_le_bytes());
        body.extend((inner.len() as u32).to_le_bytes());
        body.extend(*inner);
    }
    body
}
