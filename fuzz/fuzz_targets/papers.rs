//! libFuzzer's entry to `fuzz::papers`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = fuzz::papers::run(data);
});
