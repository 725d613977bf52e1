//! TL bytes that are already encoded.

use alloc::vec::Vec;
use core::fmt::{Debug, Formatter};

use super::{DecodeError, Deserialize, Function, Reader, Serialize};

/// Encoded TL that is passed through: a serialized query inside a wrapper, or a reply that the caller parses.
///
/// ```
/// use sansgram_tl::{Raw, Serialize, functions};
///
/// let query = functions::help::GetConfig.to_bytes();
/// let wrapped = functions::InvokeWithoutUpdates { query: Raw(&query) };
/// assert_eq!(wrapped.to_bytes()[4..], query);
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Raw<B>(pub B);

impl<B: AsRef<[u8]>> Serialize for Raw<B> {
    fn serialize(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.0.as_ref());
    }
}

impl Deserialize for Raw<Vec<u8>> {
    /// Consumes all remaining bytes.
    fn deserialize(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self(reader.rest().to_vec()))
    }
}

impl<B: AsRef<[u8]>> Function for Raw<B> {
    type Reply = Raw<Vec<u8>>;
}

impl<B: AsRef<[u8]>> Debug for Raw<B> {
    fn fmt(&self, f: &mut Formatter<'_>) -> core::fmt::Result {
        write!(f, "Raw([{} bytes])", self.0.as_ref().len())
    }
}
