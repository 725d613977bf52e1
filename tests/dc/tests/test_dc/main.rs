//! The guarantees of the test DCs, one subject per file: by handmade messages, and over real sockets.

mod accounts_agree_with_core;
mod bindings;
mod call_order;
mod common;
mod containers;
mod fault_injection;
mod forgeries;
mod handlers;
mod handshake;
mod handshake_checks;
mod logs;
mod message_checks;
mod service_messages;
mod shared_keys;
mod test_server;
