//! libFuzzer's entry to `fuzz::block`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = fuzz::block::run(data);
});
