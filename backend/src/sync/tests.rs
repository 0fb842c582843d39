//! The state machine against scripted peers: what it asks, whom it blames, and when.

mod blocks;
mod lab;
mod news;
mod offences;
mod timers;
