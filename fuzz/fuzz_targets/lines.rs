//! libFuzzer's entry to `fuzz::lines`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = fuzz::lines::run(data);
});
