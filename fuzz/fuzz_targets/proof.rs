//! libFuzzer's entry to `fuzz::proof`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = fuzz::proof::run(data);
});
