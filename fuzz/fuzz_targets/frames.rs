//! Runs [`sansgram_fuzz::frames`] on what libFuzzer finds.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    sansgram_fuzz::frames::run(input);
});
