//! A guide with an example for tokio, Telethon and mtcute each.
//!
//! In this crate: [`TestServer`](crate::TestServer), with the handlers [`on`](crate::TestServer::on),
//! [`on_raw`](crate::TestServer::on_raw) and [`respond_with`](crate::TestServer::respond_with), and
//! [`called`](crate::TestServer::called) and [`wait_for_calls`](crate::TestServer::wait_for_calls); the format of a
//! [script](crate::script); the [accounts](crate::accounts::AccountOptions::sandbox). The book of the repository has this
//! guide too.
//!
#![doc = include_str!("offline_testing.md")]
