//! What the test DCs promise to whoever tests a client against them, one subject per file: by messages that are put
//! together by hand, and over real sockets.

mod accounts_agree_with_core;
mod bindings;
mod containers;
mod fault_injection;
mod handshake;
mod handshake_checks;
mod message_checks;
mod service_messages;
mod test_server;
