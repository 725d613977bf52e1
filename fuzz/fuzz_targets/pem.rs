//! Runs [`sansgram_fuzz::pem`] on what libFuzzer finds.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    sansgram_fuzz::pem::run(input);
});
