//! Runs [`sansgram_fuzz::handshake`] on what libFuzzer finds.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    sansgram_fuzz::handshake::run(input);
});
