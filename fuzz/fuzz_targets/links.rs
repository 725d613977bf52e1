//! Runs [`sansgram_fuzz::links`] on what libFuzzer finds.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    sansgram_fuzz::links::run(input);
});
