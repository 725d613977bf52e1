//! Runs [`sansgram_fuzz::sealed`] on what libFuzzer finds.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    sansgram_fuzz::sealed::run(input);
});
