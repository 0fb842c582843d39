//! The Cairn protocol: data, rules, proofs and signing.
//!
//! Pure: no I/O, no clock, no randomness, no floats. Time and randomness come in as arguments, so the node and the
//! browser reach the same bytes and the same verdicts. docs/protocol.md specifies every byte.

// Derived schemas name `std`.
#![cfg_attr(not(any(test, feature = "openapi")), no_std)]

extern crate alloc;

pub mod address;
pub mod amount;
pub mod api;
pub mod block;
pub mod chain_proof;
pub mod codec;
pub mod difficulty;
pub mod hash;
pub mod history;
pub mod key;
pub mod light;
pub mod merkle;
pub mod message;
pub mod params;
pub mod phrase;
pub mod pow;
pub mod rules;
pub mod slip10;
pub mod state;
pub mod transaction;
pub mod vault;
mod zip215;
