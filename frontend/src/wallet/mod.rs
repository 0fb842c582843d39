//! The wallet's view logic: what its screens ask, say and decide, without a browser.

pub mod activity;
pub mod advice;
pub mod base32;
pub mod entry;
pub mod idle;
pub mod known;
pub mod link;
pub mod messages;
pub mod offline;
pub mod progress;
pub mod proof;
pub mod qr;
pub mod recognise;
pub mod review;
pub mod secret;
pub mod send;
pub mod signed_text;
pub mod simulate;
pub mod strength;
pub mod validity;
