//! Parsing of a reply's body.

use super::{HandshakeError, Reply};
use crate::tl::{Deserialize, Reader};

/// Parses one object. Returns it with its length in bytes; bytes after it are ignored.
pub(super) fn read<T: Deserialize>(body: &[u8], reply: Reply) -> Result<(T, usize), HandshakeError> {
    let mut reader = Reader::new(body);
    let object = T::deserialize(&mut reader).map_err(|error| HandshakeError::Malformed { reply, error })?;
    Ok((object, reader.position()))
}
