//! The steps of a login, each written once: what it sends, what it makes of the answers, and what it ends in.

mod account;
mod code;
mod email;
mod hint;
mod password;
mod qr_code;
