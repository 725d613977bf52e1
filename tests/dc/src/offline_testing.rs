//! Test your Telegram bot or client offline: a guide with an example for tokio, Telethon and mtcute each.
//!
//! The test DCs are Telegram's servers as far as a client sees them: transports, encryption, logins, updates, messages and
//! files between made-up accounts. A test starts them, leads the client to their addresses and their public key, and runs
//! the client as it is. No network, no account, no mocks of the library that the client uses.
//!
//! | your test is in | you start | you script by |
//! |---|---|---|
//! | Rust | [`TestServer`](crate::TestServer) in the test | handlers, or a [script](crate::script) |
//! | another language | `sansgram sandbox --json` as a process; its first line of output has the addresses and the file of the key | `--script FILE`, see [`script`](crate::script) |
//!
//! Accounts are there already: the phone number 9996621234 with the code 22222, the bot `1:sandbox`, and more, see
//! [`AccountOptions::sandbox`](crate::accounts::AccountOptions::sandbox). Any `api_id` above 0 and any
//! `api_hash` that is not empty are accepted.
//!
//! # What is answered without a script
//! Logins in all their forms; `messages.sendMessage` and `sendMedia` (documents) to oneself and to other accounts, with
//! updates for both, `getHistory`, `search`, `getMessages`, `getDialogs`, `readHistory`, `deleteMessages`,
//! `updates.getState` and `getDifference`; `upload.saveFilePart`, `saveBigFilePart`, `getFile` and `getFileHashes`;
//! `users.getUsers`, `contacts.resolveUsername` and about 50 others that a quiet account answers with empty lists. There are
//! no groups, channels and photos. Keyboards and entities are passed on between clients of one layer, as far as layer 230
//! has them. A method without an answer is reported, as `400 INPUT_METHOD_INVALID`; a test adds one of its own.
//!
//! # Rust with tokio
//! A handler answers one method with the types of `sansgram_core::tl`; those of the whole API need the feature
//! `full-api`, and [`on_raw`](crate::TestServer::on_raw) and scripts need none. Each expectation is verified at the end, and
//! when the server is dropped. To wait for a client, use [`called`](crate::TestServer::called) in async code, and
//! [`wait_for_calls`](crate::TestServer::wait_for_calls) elsewhere.
//!
#![doc = concat!("```ignore\n", include_str!("../examples/test_a_bot.rs"), "```")]
//!
//! # Python with Telethon
//! The script that this example and the next one play:
#![doc = concat!("```toml\n", include_str!("../examples/script.toml"), "```")]
//!
#![doc = concat!("```python\n", include_str!("../examples/test_with_telethon.py"), "```")]
//!
//! Pyrogram and its forks have their addresses in a table of their own; `tests/interop/pyrogram_reach.py` in the repository
//! leads them to the test DCs.
//!
//! # JavaScript with mtcute
#![doc = concat!("```js\n", include_str!("../examples/test_with_mtcute.mjs"), "```")]
//!
//! # What a test against them does not show
//! How Telegram's own servers behave: limits of rates, spam filters, and everything that depends on accounts that exist.
