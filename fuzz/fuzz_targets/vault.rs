//! libFuzzer's entry to `fuzz::vault`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = fuzz::vault::run(data);
});
