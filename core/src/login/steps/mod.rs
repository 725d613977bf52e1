//! The steps of a login: the queries of each, how it reads their answers, and what it ends in.

mod account;
mod code;
mod email;
mod hint;
mod password;
mod qr_code;

pub use account::*;
pub use code::*;
pub use qr_code::*;
