//! The bounded reader and every generated decoder and encoder.
//!
//! Input: one byte chooses; then a boxed object, or bytes for calls of the reader.

use sansgram_tl::{DecodeError, Reader, reencode, write};

use crate::Input;
use crate::memory::peak_of;

/// Memory in bytes per byte of input. A boxed value of few bytes may be a large struct, and vectors double.
const RATIO: usize = 160;
/// The same for the smallest inputs.
const SLACK: usize = 2048;

/// Runs the target. Returns the number of values that were read.
///
/// # Panics
/// Panics if a value changes when it is written and read again, or memory is not bounded by the input.
pub fn run(bytes: &[u8]) -> usize {
    let mut input = Input::new(bytes);
    match input.byte() % 2 {
        0 => object(input.rest()),
        _ => calls(input),
    }
}

fn object(bytes: &[u8]) -> usize {
    let (first, peak) = peak_of(|| reencode(bytes));
    assert!(peak <= RATIO * bytes.len() + SLACK, "{peak} bytes held for {}", bytes.len());
    let Ok(first) = first else { return 0 };
    assert!(first.len() <= bytes.len(), "writing makes longer what was read");
    assert_eq!(reencode(&first).as_ref(), Ok(&first), "a value changes when it is written and read");
    1
}

/// The first sixteen bytes say which calls to make on the rest.
fn calls(mut input: Input<'_>) -> usize {
    let calls = input.take(16);
    let bytes = input.rest();
    let mut reader = Reader::new(bytes);
    let mut read = 0;
    for call in calls {
        let before = reader.remaining();
        let outcome = call_one(*call, &mut reader);
        assert_eq!(reader.position() + reader.remaining(), bytes.len());
        assert!(reader.remaining() <= before);
        read += usize::from(outcome.is_ok());
    }
    assert_eq!(reader.finish().is_ok(), reader.remaining() == 0);
    read
}

fn call_one(call: u8, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
    let start = reader.clone();
    let mut again = Vec::new();
    match call % 10 {
        0 => write::u32(&mut again, reader.u32()?),
        1 => write::i64(&mut again, reader.i64()?),
        2 => again.extend_from_slice(&reader.f64()?.to_le_bytes()),
        3 => write::bool(&mut again, reader.bool()?),
        4 => again.extend_from_slice(&reader.int128()?),
        5 => again.extend_from_slice(&reader.int256()?),
        6 => return bytes(reader),
        7 => {
            reader.string()?;
            return Ok(());
        }
        8 => {
            let items = reader.vector(Reader::i32)?;
            write::vector(&mut again, &items, |out, item| write::i32(out, *item));
        }
        _ => {
            let length = usize::from(call);
            again.extend_from_slice(reader.raw(length)?);
        }
    }
    // A value of fixed form has one encoding.
    assert_eq!(again, start.clone().raw(again.len())?);
    assert_eq!(start.remaining() - reader.remaining(), again.len());
    Ok(())
}

/// `bytes` may come in a longer form than needed; what is written is read back as the same.
fn bytes(reader: &mut Reader<'_>) -> Result<(), DecodeError> {
    let start = reader.remaining();
    let value = reader.bytes()?;
    let mut again = Vec::new();
    write::bytes(&mut again, value);
    assert!(again.len() <= start - reader.remaining());
    let mut second = Reader::new(&again);
    assert_eq!((second.bytes(), second.remaining()), (Ok(value), 0));
    Ok(())
}
