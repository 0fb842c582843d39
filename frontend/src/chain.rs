//! The chain as it was proved to this browser: a worker follows it, and the page holds what it found.

mod follower;
mod message;
mod proved;

pub use follower::{Follower, MOST_HEADERS};
pub use message::{Order, Report, Word, read_kept, write_kept};
pub use proved::Proved;

#[cfg(test)]
mod tests;
