//! How a body reads its input: plain bytes from the beginning, so that seeds can be written by hand.

/// The fuzzer's bytes, read from the beginning. Missing bytes read as zero or as nothing.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    /// All of the fuzzer's bytes.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Whether nothing is left.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One byte.
    pub const fn byte(&mut self) -> u8 {
        match self.0.split_first() {
            Some((first, rest)) => {
                self.0 = rest;
                *first
            }
            None => 0,
        }
    }

    /// Up to `length` bytes.
    pub fn take(&mut self, length: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(length.min(self.0.len()));
        self.0 = rest;
        taken
    }

    /// A piece with a little-endian 16-bit length before it.
    pub fn piece(&mut self) -> &'a [u8] {
        let length = u16::from_le_bytes([self.byte(), self.byte()]);
        self.take(length.into())
    }

    /// All that is left.
    pub const fn rest(&mut self) -> &'a [u8] {
        let rest = self.0;
        self.0 = &[];
        rest
    }
}

/// `stream` cut into pieces of `sizes` plus one bytes, repeatedly; single bytes if there are no sizes.
pub(crate) fn pieces(mut stream: &[u8], sizes: &[u8]) -> Vec<Vec<u8>> {
    let mut pieces = Vec::new();
    let mut sizes = sizes.iter().cycle();
    while !stream.is_empty() {
        let size = sizes.next().map_or(1, |size| usize::from(*size) + 1);
        let (piece, later) = stream.split_at(size.min(stream.len()));
        pieces.push(piece.to_vec());
        stream = later;
    }
    pieces
}
