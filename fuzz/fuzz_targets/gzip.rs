//! Runs [`sansgram_fuzz::gzip`] on what libFuzzer finds.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    sansgram_fuzz::gzip::run(input);
});
