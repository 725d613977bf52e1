//! Constructor ids for hand-written parsers: the built-in types, and messages that contain an object of any type.
//!
//! The source of the messages is <https://core.telegram.org/mtproto/service_messages>.

/// `vector#1cb5c415 {t:Type} # [ t ] = Vector t`
pub const VECTOR: u32 = 0x1cb5_c415;
/// `boolTrue#997275b5 = Bool`
pub const BOOL_TRUE: u32 = 0x9972_75b5;
/// `boolFalse#bc799737 = Bool`
pub const BOOL_FALSE: u32 = 0xbc79_9737;
/// `true#3fedd339 = True`: as a field it is a single bit of a flags word.
pub const TRUE: u32 = 0x3fed_d339;
/// `msg_container#73f1f8dc messages:vector<%Message> = MessageContainer`
pub const MSG_CONTAINER: u32 = 0x73f1_f8dc;
/// `msg_copy#e06046b2 orig_message:Message = MessageCopy`: currently unused by servers.
pub const MSG_COPY: u32 = 0xe060_46b2;
/// `rpc_result#f35c6d01 req_msg_id:long result:Object = RpcResult`
pub const RPC_RESULT: u32 = 0xf35c_6d01;
/// `gzip_packed#3072cfa1 packed_data:bytes = Object`
pub const GZIP_PACKED: u32 = 0x3072_cfa1;
