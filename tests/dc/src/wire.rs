//! The TL primitives of the server, independent of the client's reader and writer: shared code would hide mistakes
//! common to both ends.
//!
//! Source: `core.telegram.org/mtproto/serialize`.

/// The bytes are cut short or have a wrong length or constructor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed TL")]
pub struct Malformed;

/// A cursor over received bytes.
#[derive(Clone, Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Returns the bytes that were not read yet.
    pub(crate) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Errors if anything was not read yet.
    pub(crate) const fn end(&self) -> Result<(), Malformed> {
        if self.rest.is_empty() { Ok(()) } else { Err(Malformed) }
    }

    pub(crate) fn raw(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(Malformed)?;
        self.rest = rest;
        Ok(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(Malformed)?;
        self.rest = rest;
        Ok(*taken)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, Malformed> {
        self.array().map(u32::from_le_bytes)
    }

    pub(crate) fn i32(&mut self) -> Result<i32, Malformed> {
        self.array().map(i32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, Malformed> {
        self.array().map(u64::from_le_bytes)
    }

    pub(crate) fn i64(&mut self) -> Result<i64, Malformed> {
        self.array().map(i64::from_le_bytes)
    }

    /// Errors unless the next constructor is this one.
    pub(crate) fn expect(&mut self, constructor: u32) -> Result<(), Malformed> {
        if self.u32()? == constructor { Ok(()) } else { Err(Malformed) }
    }

    /// A TL `bytes`. Errors if a length below 254 is not in its short form or the padding is not zero.
    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], Malformed> {
        let (header, length) = match *self.rest {
            [254, low, middle, high, ..] => {
                (4, usize::from(low) | usize::from(middle) << 8 | usize::from(high) << 16)
            }
            [short @ 0..=253, ..] => (1, usize::from(short)),
            _ => return Err(Malformed),
        };
        if header == 4 && length < 254 {
            return Err(Malformed);
        }
        let whole = self.raw((header + length).next_multiple_of(4))?;
        let (value, filling) = whole[header..].split_at(length);
        if filling.iter().all(|&byte| byte == 0) { Ok(value) } else { Err(Malformed) }
    }

    /// A TL `string`, which must be UTF-8.
    pub(crate) fn text(&mut self) -> Result<String, Malformed> {
        String::from_utf8(self.bytes()?.to_vec()).map_err(|_| Malformed)
    }

    /// A boxed `Vector<long>` of at most `limit` items.
    pub(crate) fn longs(&mut self, limit: usize) -> Result<Vec<u64>, Malformed> {
        self.expect(VECTOR)?;
        let count = usize::try_from(self.i32()?).map_err(|_| Malformed)?;
        if count > limit || count > self.rest.len() / 8 {
            return Err(Malformed);
        }
        (0..count).map(|_| self.u64()).collect()
    }
}

const VECTOR: u32 = 0x1cb5_c415;

/// Appends a TL `bytes`.
pub(crate) fn write_bytes(out: &mut Vec<u8>, value: &[u8]) {
    let length = u32::try_from(value.len()).expect("the server writes no string of 4 GiB");
    let [low, middle, high, top] = length.to_le_bytes();
    assert_eq!(top, 0, "the server writes no string of 16 MiB");
    let start = out.len();
    if length < 254 {
        out.push(low);
    } else {
        out.extend_from_slice(&[254, low, middle, high]);
    }
    out.extend_from_slice(value);
    out.resize(start + (out.len() - start).next_multiple_of(4), 0);
}

/// Builds a TL object field by field.
#[derive(Default)]
pub(crate) struct Writer(Vec<u8>);

impl Writer {
    /// An object that begins with this constructor.
    pub(crate) fn object(constructor: u32) -> Self {
        Self(constructor.to_le_bytes().to_vec())
    }

    pub(crate) fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    pub(crate) fn i32(self, value: i32) -> Self {
        self.raw(&value.to_le_bytes())
    }

    pub(crate) fn i64(self, value: i64) -> Self {
        self.raw(&value.to_le_bytes())
    }

    pub(crate) fn u64(self, value: u64) -> Self {
        self.raw(&value.to_le_bytes())
    }

    pub(crate) fn bytes(mut self, value: &[u8]) -> Self {
        write_bytes(&mut self.0, value);
        self
    }

    /// A boxed `Vector<long>`.
    pub(crate) fn longs(self, values: &[u64]) -> Self {
        let count = i32::try_from(values.len()).expect("the server writes no vector of 2^31 items");
        let head = self.raw(&VECTOR.to_le_bytes()).i32(count);
        values.iter().fold(head, |out, &value| out.u64(value))
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_of_every_length_round_trip() {
        for length in [0, 1, 3, 4, 252, 253, 254, 255, 256, 300] {
            let value: Vec<u8> = (0..length).map(|i| i as u8).collect();
            let object = Writer::default().bytes(&value).i32(-5).finish();
            assert_eq!(object.len() % 4, 0);
            let mut reader = Reader::new(&object);
            assert_eq!(reader.bytes(), Ok(value.as_slice()));
            assert_eq!(reader.i32(), Ok(-5));
            assert!(reader.rest().is_empty());
            for cut in 0..object.len() - 4 {
                assert_eq!(Reader::new(&object[..cut]).bytes(), Err(Malformed), "{length} cut to {cut}");
            }
        }
    }

    #[test]
    fn lengths_have_one_encoding() {
        assert_eq!(Reader::new(&[254, 1, 0, 0, 7, 0, 0, 0]).bytes(), Err(Malformed));
        assert_eq!(Reader::new(&[255, 1, 0, 0, 7, 0, 0, 0]).bytes(), Err(Malformed));
        assert_eq!(Reader::new(&[1, 7, 0, 9]).bytes(), Err(Malformed));
    }

    #[test]
    fn vectors_are_bounded_before_they_are_read() {
        let vector = Writer::default().longs(&[1, 2, 3]).finish();
        assert_eq!(Reader::new(&vector).longs(3), Ok(vec![1, 2, 3]));
        assert_eq!(Reader::new(&vector).longs(2), Err(Malformed));
        let mut lying = vector;
        lying[4..8].copy_from_slice(&i32::MAX.to_le_bytes());
        assert_eq!(Reader::new(&lying).longs(usize::MAX), Err(Malformed));
    }
}
