//! Runs [`sansgram_fuzz::client`] on what libFuzzer finds.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    sansgram_fuzz::client::run(input);
});
