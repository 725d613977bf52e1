//! Runs [`sansgram_fuzz::session_text`] on what libFuzzer finds.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    sansgram_fuzz::session_text::run(input);
});
