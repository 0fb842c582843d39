//! libFuzzer's entry to `fuzz::link`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = fuzz::link::run(data);
});
