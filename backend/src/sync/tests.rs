//! The state machine against scripted peers: what it asks, whom it blames, and when.

mod blocks;
mod lab;
mod neighbours;
mod news;
mod offences;
mod proofs;
mod timers;
