//! The example of the guide: a bot and its test.

#[path = "../examples/test_a_bot.rs"]
mod example;
