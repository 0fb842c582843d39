//! What the page computes before it draws: plain Rust without a browser, so that it is tested natively.
//!
//! The user interface itself is the binary `frontend`; the key worker is the binary `worker`. Both build on this.

pub mod json;
pub mod keyworker;
pub mod view;
pub mod wallet;
