//! `msg_container`: several messages in one (`mtproto/service_messages`, "Containers").

use super::error::MessageError;
use super::ids::MsgId;
use crate::policy;
use crate::tl::{Reader, ids as tl_ids};

/// Length in bytes of the header of a message in a container: msg_id 8, seq_no 4, length 4.
pub(super) const INNER_HEADER_LEN: usize = 16;
/// Length in bytes of the header of a container: constructor id 4, count 4.
pub(super) const CONTAINER_HEADER_LEN: usize = 8;

/// One message of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InnerMessage<'a> {
    /// The msg_id, odd and below the container's.
    pub msg_id: MsgId,
    /// The seq_no. It is odd if the message must be acknowledged.
    pub seq_no: i32,
    /// The body. Its length in bytes is a multiple of 4.
    pub body: &'a [u8],
}

/// The messages of a container. The whole container is checked before the first message is returned.
#[derive(Clone, Debug)]
pub struct Container<'a> {
    reader: Reader<'a>,
    left: usize,
}

impl<'a> Container<'a> {
    /// Parses the container `body`, including its constructor id, of the message `container_id`.
    ///
    /// # Errors
    /// Returns [`MessageError::Container`] if there are more than 1024 messages, a message in the container is a
    /// container, a msg_id is even or not below `container_id`, a length is not a multiple of 4 or exceeds the
    /// container, or bytes follow the last message.
    pub fn parse(body: &'a [u8], container_id: MsgId) -> Result<Self, MessageError> {
        let mut reader = Reader::new(body);
        reader.u32()?;
        let count = usize::try_from(reader.i32()?).map_err(|_| MessageError::Container("negative count"))?;
        if count > policy::MAX_CONTAINER_MESSAGES {
            return Err(MessageError::Container("more than 1024 messages"));
        }
        let parsed = Self { reader, left: count };
        let mut walk = parsed.clone();
        for _ in 0..count {
            let inner = walk.read()?;
            if !inner.msg_id.is_from_server() {
                return Err(MessageError::Container("an even msg_id"));
            }
            if inner.msg_id >= container_id {
                return Err(MessageError::Container("a msg_id that is not below the container's"));
            }
            if inner.body.starts_with(&tl_ids::MSG_CONTAINER.to_le_bytes()) {
                return Err(MessageError::Container("a container inside a container"));
            }
        }
        if walk.reader.remaining() != 0 {
            return Err(MessageError::Container("bytes after the last message"));
        }
        Ok(parsed)
    }

    fn read(&mut self) -> Result<InnerMessage<'a>, MessageError> {
        const CUT_SHORT: MessageError = MessageError::Container("a message past the end");
        let msg_id = MsgId(self.reader.u64().map_err(|_| CUT_SHORT)?);
        let seq_no = self.reader.i32().map_err(|_| CUT_SHORT)?;
        let length = self.reader.i32().map_err(|_| CUT_SHORT)?;
        let length = usize::try_from(length).map_err(|_| MessageError::Container("a negative length"))?;
        if length % 4 != 0 {
            return Err(MessageError::Container("a length that is not a multiple of 4"));
        }
        let body = self.reader.raw(length).map_err(|_| CUT_SHORT)?;
        Ok(InnerMessage { msg_id, seq_no, body })
    }
}

impl<'a> Iterator for Container<'a> {
    type Item = InnerMessage<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        self.read().ok()
    }
}
