//! Runs [`sansgram_fuzz::layers`] on what libFuzzer finds.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    sansgram_fuzz::layers::run(input);
});
