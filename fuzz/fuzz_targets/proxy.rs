//! Runs [`sansgram_fuzz::proxy`] on what libFuzzer finds.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    sansgram_fuzz::proxy::run(input);
});
