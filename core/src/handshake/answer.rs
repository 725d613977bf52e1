//! The body of an answer.

use super::{HandshakeError, Reply};
use crate::tl::{Deserialize, Reader};

/// Reads one object, and says how many bytes it has; what follows it is not looked at.
pub(super) fn read<T: Deserialize>(body: &[u8], reply: Reply) -> Result<(T, usize), HandshakeError> {
    let mut reader = Reader::new(body);
    let object = T::deserialize(&mut reader).map_err(|error| HandshakeError::Malformed { reply, error })?;
    Ok((object, reader.position()))
}
