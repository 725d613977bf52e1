//! Runs [`sansgram_fuzz::foreign`] on what libFuzzer finds.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    sansgram_fuzz::foreign::run(input);
});
