//! Methods that wrap a call, such as `invokeWithLayer` and `initConnection` (`core.telegram.org/api/invoking`).

use super::call::ApiError;
use super::device::Device;
use super::policy::MAX_JSON_DEPTH;
use super::wire::{BadArguments, Reader, id};

/// The language packs of official applications. Programs that use an application's `api_id` name its pack too (opentele
/// does). UNVERIFIED: whether Telegram requires a certain `api_id` for a pack; here none is.
const LANG_PACKS: [&str; 9] =
    ["android", "android_x", "ios", "macos", "tdesktop", "unigram", "weba", "webk", "web"];

/// The contents of the wrappers of one call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Wrapping {
    /// The layer of `invokeWithLayer`.
    pub(super) layer: Option<i32>,
    /// The client as `initConnection` describes it.
    pub(super) device: Option<Device>,
    /// Whether there was an `invokeWithoutUpdates`.
    pub(super) without_updates: bool,
    /// The messages of `invokeAfterMsg` and `invokeAfterMsgs`.
    pub(super) after: Vec<i64>,
}

/// Reads the wrappers, in any order; `reader` is then at the call itself.
pub(super) fn unwrap(reader: &mut Reader<'_>) -> Result<Wrapping, ApiError> {
    let mut wrapping = Wrapping::default();
    loop {
        let mut inner = reader.clone();
        match inner.u32()? {
            id::INVOKE_WITH_LAYER => {
                let layer = inner.i32()?;
                if layer < 1 {
                    return Err(ApiError::new(400, "CONNECTION_LAYER_INVALID"));
                }
                wrapping.layer = Some(layer);
            }
            id::INIT_CONNECTION => {
                wrapping.device = Some(init_connection(&mut inner)?);
            }
            id::INVOKE_WITHOUT_UPDATES => wrapping.without_updates = true,
            id::INVOKE_AFTER_MSG => wrapping.after.push(inner.i64()?),
            id::INVOKE_AFTER_MSGS => wrapping.after.extend(inner.vector(Reader::i64)?),
            id::INVOKE_WITH_MESSAGES_RANGE => {
                inner.expect(id::MESSAGE_RANGE)?;
                inner.i64()?;
            }
            // Attestations of official applications, which are not checked.
            id::INVOKE_WITH_APNS_SECRET | id::INVOKE_WITH_GOOGLE_PLAY_INTEGRITY => {
                inner.string()?;
                inner.string()?;
            }
            id::INVOKE_WITH_RE_CAPTCHA => {
                inner.string()?;
            }
            // There is no takeout.
            id::INVOKE_WITH_TAKEOUT => return Err(ApiError::new(400, "TAKEOUT_INVALID")),
            _ => return Ok(wrapping),
        }
        *reader = inner;
    }
}

/// Returns a call without its wrappers; all of it if they are malformed.
pub(crate) fn without_wrappers(call: &[u8]) -> &[u8] {
    let mut reader = Reader::new(call);
    match unwrap(&mut reader) {
        Ok(_) => reader.rest(),
        Err(_) => call,
    }
}

fn init_connection(reader: &mut Reader<'_>) -> Result<Device, ApiError> {
    let flags = reader.u32()?;
    let api_id = reader.i32()?;
    if api_id < 1 {
        return Err(ApiError::new(400, "CONNECTION_API_ID_INVALID"));
    }
    let device_model = reader.string()?;
    let system_version = reader.string()?;
    let app_version = reader.string()?;
    let _system_lang_code = reader.string()?;
    let lang_pack = reader.string()?;
    let _lang_code = reader.string()?;
    if flags & 1 != 0 {
        reader.expect(id::INPUT_CLIENT_PROXY)?;
        reader.string()?;
        reader.i32()?;
    }
    if flags & 2 != 0 {
        json(reader, MAX_JSON_DEPTH)?;
    }
    if device_model.is_empty() {
        return Err(ApiError::new(400, "CONNECTION_DEVICE_MODEL_EMPTY"));
    }
    if system_version.is_empty() {
        return Err(ApiError::new(400, "CONNECTION_SYSTEM_EMPTY"));
    }
    if app_version.is_empty() {
        return Err(ApiError::new(400, "CONNECTION_APP_VERSION_EMPTY"));
    }
    if !lang_pack.is_empty() && !LANG_PACKS.contains(&lang_pack) {
        return Err(ApiError::new(400, "CONNECTION_LANG_PACK_INVALID"));
    }
    Ok(Device::new(api_id, [device_model, system_version, app_version]))
}

/// Skips one `JSONValue`.
fn json(reader: &mut Reader<'_>, depth: usize) -> Result<(), BadArguments> {
    let deeper = depth.checked_sub(1).ok_or(BadArguments)?;
    match reader.u32()? {
        id::JSON_NULL => {}
        id::JSON_BOOL => match reader.u32()? {
            id::BOOL_TRUE | id::BOOL_FALSE => {}
            _ => return Err(BadArguments),
        },
        id::JSON_NUMBER => {
            reader.i64()?;
        }
        id::JSON_STRING => {
            reader.string()?;
        }
        id::JSON_ARRAY => {
            reader.vector(|reader| json(reader, deeper))?;
        }
        id::JSON_OBJECT => {
            reader.vector(|reader| {
                reader.expect(id::JSON_OBJECT_VALUE)?;
                reader.string()?;
                json(reader, deeper)
            })?;
        }
        _ => return Err(BadArguments),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::wire::Writer;
    use super::*;

    fn init(api_id: i32, flags: u32) -> Writer {
        let head = Writer::boxed(id::INIT_CONNECTION).u32(flags).i32(api_id);
        head.string("model").string("system").string("1.0").string("en").string("").string("en")
    }

    fn unwrapped(writer: Writer) -> Result<(Wrapping, Vec<u8>), ApiError> {
        let bytes = writer.finish();
        let mut reader = Reader::new(&bytes);
        let wrapping = unwrap(&mut reader)?;
        Ok((wrapping, reader.rest().to_vec()))
    }

    #[test]
    fn all_wrappers_are_removed() {
        let inner = init(1, 3)
            .object(&Writer::boxed(id::INPUT_CLIENT_PROXY).string("proxy.example").i32(443).finish());
        let params = Writer::boxed(id::JSON_OBJECT)
            .objects(&[Writer::boxed(id::JSON_OBJECT_VALUE)
                .string("tz_offset")
                .u32(id::JSON_NUMBER)
                .i64(0)
                .finish()])
            .finish();
        let call = Writer::boxed(id::INVOKE_AFTER_MSG)
            .i64(5)
            .u32(id::INVOKE_AFTER_MSGS)
            .u32(id::VECTOR)
            .u32(1)
            .i64(6)
            .u32(id::INVOKE_WITH_LAYER)
            .i32(230)
            .u32(id::INVOKE_WITHOUT_UPDATES)
            .object(&inner.object(&params).u32(id::GET_CONFIG).finish());
        let device = Some(Device::new(1, ["model", "system", "1.0"]));
        let expected = Wrapping { layer: Some(230), device, without_updates: true, after: vec![5, 6] };
        assert_eq!(unwrapped(call), Ok((expected, id::GET_CONFIG.to_le_bytes().to_vec())));
    }

    #[test]
    fn a_call_without_wrappers_is_unchanged() {
        let call = Writer::boxed(id::GET_CONFIG);
        assert_eq!(unwrapped(call), Ok((Wrapping::default(), id::GET_CONFIG.to_le_bytes().to_vec())));
    }

    #[test]
    fn each_bad_wrapper_has_its_error() {
        let refused = |writer: Writer| unwrapped(writer).map_err(|error| error.message);
        let layer = Writer::boxed(id::INVOKE_WITH_LAYER).i32(0).u32(id::GET_CONFIG);
        assert_eq!(refused(layer), Err("CONNECTION_LAYER_INVALID".into()));
        assert_eq!(refused(init(0, 0).u32(id::GET_CONFIG)), Err("CONNECTION_API_ID_INVALID".into()));
        assert_eq!(refused(Writer::boxed(id::INIT_CONNECTION).u32(0)), Err("INPUT_FETCH_ERROR".into()));
        assert_eq!(refused(init(1, 1).u32(id::GET_CONFIG)), Err("INPUT_FETCH_ERROR".into()));
        assert_eq!(refused(Writer::default()), Err("INPUT_FETCH_ERROR".into()));
        let strings = |values: [&str; 6]| {
            let head = Writer::boxed(id::INIT_CONNECTION).u32(0).i32(1);
            values.iter().fold(head, |writer, value| writer.string(value)).u32(id::GET_CONFIG)
        };
        let no_model = strings(["", "system", "1.0", "en", "", "en"]);
        assert_eq!(refused(no_model), Err("CONNECTION_DEVICE_MODEL_EMPTY".into()));
        let no_system = strings(["model", "", "1.0", "en", "", "en"]);
        assert_eq!(refused(no_system), Err("CONNECTION_SYSTEM_EMPTY".into()));
        let no_version = strings(["model", "system", "", "en", "", "en"]);
        assert_eq!(refused(no_version), Err("CONNECTION_APP_VERSION_EMPTY".into()));
        let pack = |name| refused(strings(["model", "system", "1.0", "en", name, "en"])).map(|_| ());
        assert_eq!(pack("someone's"), Err("CONNECTION_LANG_PACK_INVALID".into()));
        assert_eq!(pack("tdesktop"), Ok(()));
    }

    #[test]
    fn nested_json_is_bounded() {
        let nested = |depth: usize| {
            let lists =
                (0..depth).fold(init(1, 2), |writer, _| writer.u32(id::JSON_ARRAY).u32(id::VECTOR).u32(1));
            lists.u32(id::JSON_NULL).u32(id::GET_CONFIG)
        };
        assert!(unwrapped(nested(MAX_JSON_DEPTH - 1)).is_ok());
        assert!(unwrapped(nested(100_000)).is_err());
    }
}
