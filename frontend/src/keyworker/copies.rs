//! Which of a vault's two stored copies is read.
//!
//! Both are written in one transaction, so they differ only when storage damaged one of them, and each carries a checksum.

use shared::vault::{SealedVault, VaultError};

/// What two copies amount to.
#[derive(Debug, PartialEq, Eq)]
pub struct Kept {
    /// The vault. When no copy is whole, one of the damaged ones: opening it says so.
    pub bytes: Vec<u8>,
    /// Whether the copies should both be written again.
    pub needs_repair: bool,
}

/// Chooses between the copies; nothing when there is neither.
#[must_use]
pub fn choose(first: Option<Vec<u8>>, second: Option<Vec<u8>>) -> Option<Kept> {
    let is_pair = first.is_some() && first == second;
    let best = [first, second]
        .into_iter()
        .flatten()
        .map(|bytes| (rank(&bytes), bytes))
        // The first of equals.
        .reduce(|best, next| if next.0 > best.0 { next } else { best });
    best.map(|(rank, bytes)| Kept {
        bytes,
        needs_repair: rank.is_some() && !is_pair,
    })
}

/// How new a copy is; nothing when it is damaged. What a later Cairn wrote counts as newer than all that this one reads.
fn rank(bytes: &[u8]) -> Option<u64> {
    match SealedVault::parse(bytes) {
        Ok(vault) => Some(vault.revision()),
        Err(VaultError::NewerVersion { .. } | VaultError::Parameters(_)) => Some(u64::MAX),
        Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &[u8] = include_bytes!("../../../shared/vectors/vault-example.cairnvault");

    fn example() -> Vec<u8> {
        EXAMPLE.to_vec()
    }

    #[test]
    fn whatever_byte_of_one_copy_is_damaged_the_other_is_read() {
        for at in 0..EXAMPLE.len() {
            for flip in [0x01, 0x80, 0xff] {
                let mut damaged = example();
                damaged[at] ^= flip;
                for (first, second) in [(example(), damaged.clone()), (damaged, example())] {
                    let kept = choose(Some(first), Some(second)).unwrap();
                    assert_eq!(kept.bytes, EXAMPLE, "byte {at}");
                    assert!(kept.needs_repair, "byte {at}");
                }
            }
        }
    }

    #[test]
    fn whatever_length_one_copy_is_cut_to_the_other_is_read() {
        for length in 0..EXAMPLE.len() {
            let cut = EXAMPLE[..length].to_vec();
            for (first, second) in [(example(), cut.clone()), (cut, example())] {
                let kept = choose(Some(first), Some(second)).unwrap();
                assert_eq!(
                    (kept.bytes.as_slice(), kept.needs_repair),
                    (EXAMPLE, true),
                    "{length} bytes"
                );
            }
        }
    }

    #[test]
    fn a_lost_copy_is_written_again_and_two_whole_ones_are_left_alone() {
        let needs_repair = |first, second| choose(first, second).unwrap().needs_repair;
        assert!(needs_repair(Some(example()), None));
        assert!(needs_repair(None, Some(example())));
        assert!(!needs_repair(Some(example()), Some(example())));
        assert_eq!(choose(None, None), None);
    }

    #[test]
    fn two_damaged_copies_are_kept_for_whoever_can_mend_them() {
        let mut damaged = example();
        damaged[200] ^= 1;
        let kept = choose(Some(damaged.clone()), Some(damaged.clone())).unwrap();
        assert_eq!(
            kept,
            Kept {
                bytes: damaged.clone(),
                needs_repair: false
            }
        );
        assert!(matches!(SealedVault::parse(&kept.bytes), Err(VaultError::Damaged)));
        assert!(!choose(None, Some(damaged)).unwrap().needs_repair);
    }
}
