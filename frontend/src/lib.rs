//! What the page computes before it draws: plain Rust without a browser, so that it is tested natively.
//!
//! The user interface and the key worker are the binary `frontend`, which builds on this.

pub mod chain;
pub mod json;
pub mod keyworker;
pub mod view;
pub mod wallet;
