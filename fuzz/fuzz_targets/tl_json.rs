//! Runs [`sansgram_fuzz::tl_json`] on what libFuzzer finds.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    sansgram_fuzz::tl_json::run(input);
});
