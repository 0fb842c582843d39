//! What lies in the database for one chain, and how a step changes it (docs/vault.md, "In a browser").

use shared::codec::{Encode, Reader};
use shared::hash::sha256;

/// The version of the records beside the vault.
const RECORD_VERSION: u16 = 1;

/// The bytes of the checksum at a record's end.
const CHECKSUM_LEN: usize = 8;

/// What is stored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stored {
    /// The vault.
    pub vault: Option<Vec<u8>>,
    /// How often the password was wrong.
    pub tries: Option<Vec<u8>>,
    /// How a passkey opens the vault.
    pub passkey: Option<Vec<u8>>,
}

/// What becomes of one stored value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Edit {
    /// It stays.
    #[default]
    Keep,
    /// These bytes take its place.
    Put(Vec<u8>),
    /// It is removed.
    Remove,
}

/// What becomes of all of it, in one step.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    /// The vault.
    pub vault: Edit,
    /// The tries.
    pub tries: Edit,
    /// The passkey.
    pub passkey: Edit,
}

impl Change {
    /// Stores a vault sealed under a new key: whatever was kept for the old one ends.
    pub(super) const fn new_key(vault: Vec<u8>) -> Self {
        Self {
            vault: Edit::Put(vault),
            tries: Edit::Remove,
            passkey: Edit::Remove,
        }
    }

    /// Whether everything stays.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// A record's bytes: the version, what `write` appends, and a checksum.
pub(super) fn record(write: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = RECORD_VERSION.to_bytes();
    write(&mut out);
    let digest = sha256(&[&out]);
    out.extend_from_slice(&digest.0[..CHECKSUM_LEN]);
    out
}

/// A reader of what was written into a record; nothing when there is none, or it is damaged or of another version.
pub(super) fn read(record: Option<&[u8]>) -> Option<Reader<'_>> {
    let (body, checksum) = record?.split_last_chunk::<CHECKSUM_LEN>()?;
    let fields = body.strip_prefix(&RECORD_VERSION.to_le_bytes())?;
    (sha256(&[body]).0[..CHECKSUM_LEN] == *checksum).then(|| Reader::new(fields))
}
