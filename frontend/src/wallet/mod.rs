//! The wallet's view logic: what its screens ask, say and decide, without a browser.

pub mod activity;
pub mod advice;
pub mod entry;
pub mod idle;
pub mod known;
pub mod link;
pub mod messages;
pub mod progress;
pub mod qr;
pub mod review;
pub mod secret;
pub mod send;
pub mod strength;
