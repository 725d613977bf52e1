//! The constructors of the protocol's own messages, by their names in the schema.
//!
//! Sources: `core.telegram.org/mtproto/auth_key`, `.../service_messages`, `.../service_messages_about_messages`, `.../TL-mtproto`.

pub(super) const REQ_PQ_MULTI: u32 = 0xbe7e_8ef1;
pub(super) const RES_PQ: u32 = 0x0516_2463;
pub(super) const REQ_DH_PARAMS: u32 = 0xd712_e4be;
pub(super) const SERVER_DH_PARAMS_OK: u32 = 0xd0e8_075c;
pub(super) const SERVER_DH_INNER_DATA: u32 = 0xb589_0dba;
pub(super) const CLIENT_DH_INNER_DATA: u32 = 0x6643_b654;
pub(super) const SET_CLIENT_DH_PARAMS: u32 = 0xf504_5f1f;
pub(super) const DH_GEN_OK: u32 = 0x3bcb_f734;
pub(super) const DH_GEN_RETRY: u32 = 0x46dc_1fb9;
pub(super) const DH_GEN_FAIL: u32 = 0xa69d_ae02;

pub(super) const MSG_CONTAINER: u32 = 0x73f1_f8dc;
pub(super) const MSG_COPY: u32 = 0xe060_46b2;
pub(super) const GZIP_PACKED: u32 = 0x3072_cfa1;
pub(super) const MSGS_ACK: u32 = 0x62d6_b459;
pub(super) const RPC_RESULT: u32 = 0xf35c_6d01;
pub(super) const RPC_DROP_ANSWER: u32 = 0x58e4_a740;
pub(super) const RPC_ANSWER_UNKNOWN: u32 = 0x5e2a_d36e;
pub(super) const RPC_ANSWER_DROPPED: u32 = 0xa43a_d8b7;
pub(super) const BAD_MSG_NOTIFICATION: u32 = 0xa7ef_f811;
pub(super) const BAD_SERVER_SALT: u32 = 0xedab_447b;
pub(super) const NEW_SESSION_CREATED: u32 = 0x9ec2_0908;
pub(super) const MSGS_STATE_REQ: u32 = 0xda69_fb52;
pub(super) const MSGS_STATE_INFO: u32 = 0x04de_b57d;
pub(super) const MSGS_ALL_INFO: u32 = 0x8cc0_d131;
pub(super) const MSG_RESEND_REQ: u32 = 0x7d86_1a08;
pub(super) const MSG_RESEND_ANS_REQ: u32 = 0x8610_baeb;
pub(super) const PING: u32 = 0x7abe_77ec;
pub(super) const PONG: u32 = 0x3477_73c5;
pub(super) const PING_DELAY_DISCONNECT: u32 = 0xf342_7b8c;
pub(super) const GET_FUTURE_SALTS: u32 = 0xb921_bd04;
pub(super) const FUTURE_SALTS_ID: u32 = 0xae50_0895;
pub(super) const DESTROY_SESSION: u32 = 0xe751_2126;
pub(super) const DESTROY_SESSION_OK: u32 = 0xe220_45fc;
pub(super) const DESTROY_SESSION_NONE: u32 = 0x62d3_50c9;
pub(super) const DESTROY_AUTH_KEY: u32 = 0xd143_5160;
pub(super) const DESTROY_AUTH_KEY_OK: u32 = 0xf660_e1d4;
pub(super) const HTTP_WAIT: u32 = 0x9299_359f;
pub(super) const RPC_ERROR: u32 = 0x2144_ca19;
pub(super) const INVOKE_WITH_LAYER: u32 = 0xda9b_0d0d;
pub(super) const BOOL_TRUE: u32 = 0x9972_75b5;
