//! Checks against public vectors: the same functions and the same data for the native tests and for those in wasm.

#![allow(clippy::unwrap_used, reason = "these are tests, though not in test functions")]

mod address;
mod difficulty;
mod hashes;
mod keys;
mod signatures;
mod wallet;

pub(crate) use address::bip_350;
pub(crate) use difficulty::aserti3_2d;
pub(crate) use hashes::{fips_180_4, rfc_6962, rfc_9106};
pub(crate) use keys::{bip_39, bip_39_normalisation, slip_0010};
pub(crate) use signatures::{rfc_8032, wycheproof_ed25519, zip_215};
pub(crate) use wallet::vault_example;

use serde::{Deserialize, Deserializer, de::DeserializeOwned};

/// All checks, each as a test of the given kind.
#[macro_export]
macro_rules! each_check {
    ($test:meta) => {
        $crate::each_check!($test: rfc_8032 wycheproof_ed25519 zip_215 slip_0010 bip_39 bip_39_normalisation bip_350
            fips_180_4 rfc_6962 rfc_9106 aserti3_2d vault_example);
    };
    ($test:meta: $($check:ident)*) => {
        $(
            #[$test]
            fn $check() {
                common::$check();
            }
        )*
    };
}

/// Reads a file of vectors.
fn read<T: DeserializeOwned>(json: &str) -> T {
    serde_json::from_str(json).unwrap()
}

/// Bytes that stand as hex in the files.
struct Hex(Vec<u8>);

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        hex::decode(text).map(Self).map_err(serde::de::Error::custom)
    }
}

impl Hex {
    /// The bytes as an array of the length that is wanted.
    fn array<const N: usize>(&self) -> [u8; N] {
        self.0.as_slice().try_into().unwrap()
    }
}
