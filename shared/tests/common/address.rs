//! Addresses: BIP-350.

use serde::Deserialize;
use shared::address::{AddressError, Prefix, decode};

use super::read;

#[derive(Deserialize)]
struct Bip350 {
    valid: Vec<String>,
    invalid: Vec<String>,
}

/// The standard's strings hold no 32 bytes, so none is an address. But the valid ones must fail by what they hold alone, and
/// the invalid ones by their form.
pub(crate) fn bip_350() {
    let file: Bip350 = read(include_str!("../../vectors/bip350.json"));
    assert_eq!((file.valid.len(), file.invalid.len()), (7, 14));
    let prefix: Prefix = "cairn".parse().unwrap();
    for text in &file.valid {
        let error = decode(&prefix, text).unwrap_err();
        assert!(matches!(error, AddressError::Prefix { .. }), "{text}: {error:?}");
    }
    let a: Prefix = "a".parse().unwrap();
    assert_eq!(decode(&a, "A1LQFN3A"), Err(AddressError::Payload));
    for text in &file.invalid {
        let error = decode(&prefix, text).unwrap_err();
        let is_content = matches!(
            error,
            AddressError::Prefix { .. } | AddressError::Payload | AddressError::Key(_)
        );
        assert!(!is_content, "{text}: {error:?}");
    }
    // The same letters with the checksum of the older bech32 (BIP-173).
    assert_eq!(decode(&a, "A12UEL5L"), Err(AddressError::OldChecksum));
}
