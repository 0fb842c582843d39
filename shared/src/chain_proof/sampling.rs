//! Which places of the accumulated work a proof must show.
//!
//! All work up to the tip is cut, from its end, into halves of halves: the further half, the further half of what is left,
//! and so on, until what is left stands in full. Out of each part [`SAMPLES`] places are drawn by the tip's hash.

use alloc::vec::Vec;

use ruint::aliases::U256;

use crate::hash::{Hash, Tag};

/// The places of each part. Who did less than half of the work since a fork goes unseen with chance at most 1/4 for each,
/// so 25 give 50 bits (docs/protocol.md).
pub const SAMPLES: u8 = 25;

/// The places that a proof of a chain with the work `total` must show, in work accumulated from genesis. Those at `older`
/// and after it stand in full and are left out.
#[must_use]
pub fn positions(tip: &Hash, total: U256, older: U256) -> Vec<U256> {
    // A distance from the end; the part that stands in full may cut into the last one.
    let recent = total.saturating_sub(older);
    let mut places = distances(tip, total, recent, SAMPLES);
    places.retain(|distance| *distance >= recent);
    for place in &mut places {
        *place = total - U256::ONE - *place;
    }
    places
}

fn distances(tip: &Hash, total: U256, recent: U256, samples: u8) -> Vec<U256> {
    let mut distances = Vec::new();
    let mut far = total;
    for part in 0..=u8::MAX {
        if far <= recent {
            break;
        }
        let near = far >> 1_usize;
        for sample in 0..samples {
            distances.push(near + scaled(far - near, draw(tip, part, sample)));
        }
        far = near;
    }
    distances
}

/// 64 bits for one place.
fn draw(tip: &Hash, part: u8, sample: u8) -> u64 {
    let digest = Tag::ChainProof.hash(&[&tip.0, &[part, sample]]);
    let mut first = [0; 8];
    first.copy_from_slice(&digest.0[..8]);
    u64::from_le_bytes(first)
}

/// ⌊`range` · `share` / 2^64⌋.
fn scaled(range: U256, share: u64) -> U256 {
    let share = U256::from(share);
    let low = range & U256::from(u64::MAX);
    // Neither product passes 256 bits: one factor has 64 and the other at most 192.
    (range >> 64_usize) * share + ((low * share) >> 64_usize)
}

#[cfg(test)]
#[expect(clippy::float_arithmetic, reason = "rates of a simulation")]
mod tests {
    use super::*;

    #[test]
    fn every_part_has_its_places() {
        let total = U256::from(1_u64 << 20);
        let older = total - U256::from(1_000);
        let places = positions(&Hash([7; 32]), total, older);
        for part in 0..10_u32 {
            let (far, near) = (total >> part as usize, total >> (part as usize + 1));
            let inside = places.iter().filter(|place| {
                let distance = total - U256::ONE - **place;
                distance >= near && distance < far
            });
            // 2^20 / 2^10 is more than the thousand that stand in full, and its half is less.
            assert_eq!(inside.count(), usize::from(SAMPLES), "{part}");
        }
        assert!(places.iter().all(|place| *place < older));
        assert_ne!(places, positions(&Hash([8; 32]), total, older));
        assert!(positions(&Hash([7; 32]), total, U256::ZERO).is_empty());
    }

    #[test]
    fn the_greatest_work_overflows_nothing() {
        let total = U256::MAX;
        let older = total - U256::from(5);
        let places = positions(&Hash([7; 32]), total, older);
        assert!(places.len() > 250 * usize::from(SAMPLES));
        assert!(places.iter().all(|place| *place < older));
        assert_eq!(
            scaled(U256::MAX, u64::MAX),
            U256::MAX - (U256::MAX >> 64_usize) - U256::ONE
        );
    }

    /// Who did the share `valid` of the work in each part since a fork, all told less than half, and escapes.
    fn escapes(samples: u8, far: u64, valid: &dyn Fn(u64) -> bool) -> f64 {
        const TOTAL: u64 = 1 << 20;
        const TIPS: u32 = 20_000;
        let escaped = (0..TIPS).filter(|tip| {
            let tip = crate::hash::sha256(&[&tip.to_le_bytes()]);
            distances(&tip, U256::from(TOTAL), U256::from(TOTAL >> 12), samples)
                .iter()
                .all(|distance| {
                    let distance = distance.to::<u64>();
                    distance >= far || distance < TOTAL >> 12 || valid(distance)
                })
        });
        escaped.count() as f64 / f64::from(TIPS)
    }

    #[test]
    fn less_than_half_of_the_work_escapes_no_oftener_than_stated() {
        const TOTAL: u64 = 1 << 20;
        // The forger invents the further half since the fork, the worst place for the sample, wherever the fork was.
        for samples in [1, 2, 3] {
            let stated = 0.25_f64.powi(i32::from(samples));
            let mut worst = 0.0_f64;
            for eighths in 8..=16 {
                let far = TOTAL / 32 * eighths / 8;
                let escaped = escapes(samples, far, &|distance| distance < far / 2);
                assert!(
                    escaped <= stated * 1.15 + 0.001,
                    "{samples} samples, fork at {far}: {escaped}"
                );
                worst = worst.max(escaped);
            }
            // The bound is met at one and a half times a power of two, so it cannot be stated lower.
            assert!(worst > stated * 0.8, "{samples} samples: {worst}");
            // Spread over two parts as evenly as the bound allows, from a power of two.
            let far = TOTAL / 16;
            let invented = |distance: u64| {
                let in_first = distance >= far / 2 && !distance.is_multiple_of(4);
                let in_second = distance >= far / 4 && distance < far / 2 && distance.is_multiple_of(2);
                in_first || in_second
            };
            let escaped = escapes(samples, far, &|distance| !invented(distance));
            assert!(escaped <= stated * 1.15 + 0.001, "{samples} samples, spread: {escaped}");
        }
    }
}
