//! The key worker.

fn main() {}
