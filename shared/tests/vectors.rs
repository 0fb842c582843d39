//! The public vectors, natively. `wasm.rs` runs the same in wasm.

mod common;

each_check!(test);
