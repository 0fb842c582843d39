//! libFuzzer's entry to `fuzz::message`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = fuzz::message::run(data);
});
