//! From data to what people read and see: texts, shapes, findings.

pub mod amount;
pub mod cairn;
pub mod chart;
pub mod event;
pub mod forks;
pub mod limit;
pub mod map;
pub mod markup;
pub mod pebble;
pub mod peers;
pub mod route;
pub mod search;
pub mod stone;
pub mod text;
pub mod time;
pub mod verify;
