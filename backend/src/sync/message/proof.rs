//! The bytes of a proof of the chain, as a message carries them.

use shared::{
    chain_proof::MAX_LEN,
    codec::{DecodeError, Encode as _, Reader},
};

/// The most headers that a proof is asked to show besides.
pub const MAX_SHOWN: usize = 4;

/// Writes `length u32 ‖ bytes`.
pub(super) fn encode(proof: &[u8], out: &mut Vec<u8>) {
    // A proof has at most a mebibyte.
    u32::try_from(proof.len()).unwrap_or(u32::MAX).encode(out);
    out.extend_from_slice(proof);
}

/// Reads it.
pub(super) fn decode(reader: &mut Reader<'_>) -> Result<Vec<u8>, DecodeError> {
    let length = reader.array::<4>().map(u32::from_le_bytes)?;
    let limit = u32::try_from(MAX_LEN).unwrap_or(u32::MAX);
    if length > limit {
        return Err(DecodeError::TooLong {
            what: "proof",
            length: length.into(),
            limit: limit.into(),
        });
    }
    Ok(reader.take(length as usize)?.to_vec())
}
