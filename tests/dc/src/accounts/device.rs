//! The description of a client in `initConnection`.

use super::policy::MAX_DEVICE_TEXT;
use crate::wire::{Malformed, Reader, Writer};

/// What `initConnection` says of a client.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Device {
    pub(super) api_id: i32,
    pub(super) model: String,
    pub(super) system: String,
    pub(super) app: String,
}

impl Device {
    pub(super) fn new(api_id: i32, [model, system, app]: [&str; 3]) -> Self {
        let short = |text: &str| text.chars().take(MAX_DEVICE_TEXT).collect();
        Self { api_id, model: short(model), system: short(system), app: short(app) }
    }

    pub(super) fn save(&self, out: Writer) -> Writer {
        let texts = [&self.model, &self.system, &self.app];
        texts.into_iter().fold(out.i32(self.api_id), |out, text| out.bytes(text.as_bytes()))
    }

    pub(super) fn restore(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let api_id = reader.i32()?;
        Ok(Self { api_id, model: reader.text()?, system: reader.text()?, app: reader.text()? })
    }
}
