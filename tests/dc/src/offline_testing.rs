//! Test your Telegram bot or client offline: a guide with an example for tokio, Telethon and mtcute each.
//!
//! In this crate: [`TestServer`](crate::TestServer), with the handlers [`on`](crate::TestServer::on),
//! [`on_raw`](crate::TestServer::on_raw) and [`respond_with`](crate::TestServer::respond_with), and
//! [`called`](crate::TestServer::called) and [`wait_for_calls`](crate::TestServer::wait_for_calls); the format of a
//! [script](crate::script); the [accounts](crate::accounts::AccountOptions::sandbox). The book of the repository has this
//! guide too.
//!
#![doc = include_str!("offline_testing/guide.md")]
#![doc = ""]
#![doc = include_str!("offline_testing/rust.md")]
#![doc = concat!("```ignore\n", include_str!("../examples/test_a_bot.rs"), "```\n")]
#![doc = include_str!("offline_testing/script.md")]
#![doc = concat!("```toml\n", include_str!("../examples/script.toml"), "```\n")]
#![doc = include_str!("offline_testing/python.md")]
#![doc = concat!("```python\n", include_str!("../examples/test_with_telethon.py"), "```\n")]
#![doc = "## JavaScript with mtcute\n"]
#![doc = concat!("```js\n", include_str!("../examples/test_with_mtcute.mjs"), "```\n")]
#![doc = include_str!("offline_testing/docker.md")]
#![doc = concat!("```dockerfile\n", include_str!("../examples/Dockerfile"), "```\n")]
#![doc = include_str!("offline_testing/end.md")]
