//! MTKruto's string: urlsafe base64 without padding of two TL values, the DC as text (`2`, or `2-test`) and the key.
//! A run of zeros is packed as a zero and its length.

use sansgram_core::tl::{Reader, write as tl};
use zeroize::Zeroizing;

use super::encoding::{self, Bytes, Text};
use super::error::{ExportError, ImportError};
use super::format::Format;
use super::raw_session::{Exported, RawSession};

/// The limit for the unpacked bytes: a DC of 4 digits, `-test` and a key are shorter.
const MAX_LEN: usize = 288;
const TEST: &str = "-test";

pub(super) fn read(text: &str) -> Option<Result<RawSession, ImportError>> {
    let packed = encoding::decode(text)?;
    let bytes = unpack(&packed)?;
    let mut reader = Reader::new(&bytes);
    let dc = reader.string().ok()?;
    let (number, is_test) = dc.strip_suffix(TEST).map_or((dc, false), |number| (number, true));
    let number = number.parse().ok().filter(|number| (1..=1000).contains(number))?;
    let key = reader.bytes().ok()?;
    reader.finish().ok()?;
    let damaged = ImportError::Damaged { format: Format::Mtkruto, reason: "its key does not have 256 bytes" };
    let key = key.try_into().map(Zeroizing::new).map_err(|_| damaged);
    Some(
        key.map(|key| RawSession {
            test_dcs: Some(is_test),
            ..RawSession::new(Format::Mtkruto, number, key)
        }),
    )
}

pub(super) fn write(session: &Exported<'_>) -> Result<Text, ExportError> {
    let test = if session.test_dcs { TEST } else { "" };
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_LEN));
    tl::string(&mut bytes, &format!("{}{test}", session.dc.number()));
    tl::bytes(&mut bytes, session.key);
    Ok(encoding::encode_url(&pack(&bytes)))
}

fn unpack(packed: &[u8]) -> Option<Bytes> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_LEN));
    let mut packed = packed.iter();
    while let Some(byte) = packed.next() {
        let count = if *byte == 0 { usize::from(*packed.next()?) } else { 1 };
        if bytes.len() + count > MAX_LEN {
            return None;
        }
        bytes.extend(std::iter::repeat_n(*byte, count));
    }
    Some(bytes)
}

fn pack(bytes: &[u8]) -> Bytes {
    let mut packed = Zeroizing::new(Vec::with_capacity(2 * bytes.len()));
    for run in bytes.chunk_by(|one, next| *one == 0 && *next == 0) {
        match run {
            [0, ..] => run.chunks(255).for_each(|run| packed.extend([0, run.len() as u8])),
            other => packed.extend_from_slice(other),
        }
    }
    packed
}
