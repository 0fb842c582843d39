//! libFuzzer's entry to `fuzz::transaction`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = fuzz::transaction::run(data);
});
