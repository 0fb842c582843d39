//! The public vectors in wasm, under Node. `vectors.rs` runs the same natively.

#![cfg(target_arch = "wasm32")]

mod common;

use wasm_bindgen_test::wasm_bindgen_test;

each_check!(wasm_bindgen_test);
