//! The Cairn protocol: data, rules, proofs and signing.
//!
//! Pure: no I/O, no clock, no randomness, no floats. Time and randomness come in as arguments, so the node and the
//! browser reach the same bytes and the same verdicts. docs/protocol.md specifies every byte.

#![cfg_attr(not(test), no_std)]

extern crate alloc;

pub mod codec;
pub mod hash;
