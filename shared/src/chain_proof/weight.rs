//! How much one header may count for, by the rules of time and target alone.
//!
//! What a closed part of the tree says of its last time sets the target of the header after it: an early time makes that
//! header hard, and one hard header, found by luck, counts like the work of many. The rules leave little room for that. A
//! header's time is later than the median of the eleven before it, and these medians never fall: so if a header's parent has
//! the time *t*, then of any eleven headers in a row before it at least six came after a parent that was no later than *t*,
//! and were nearly as hard as it. For a header that is heavy beside what follows, the proof therefore shows at some places
//! how much work lies before it. docs/protocol.md, "Proof of the chain".

use ruint::aliases::U256;

use super::{ChainProofError, Opened};
use crate::{
    params::{Difficulty, Network},
    pow::{Target, quotient},
    rules::MEDIAN_SPAN,
};

const SPAN: u64 = MEDIAN_SPAN as u64;
/// How many of eleven headers are counted: those whose parents are not after the median.
const COUNTED: u64 = SPAN / 2 + 1;
/// How many steps back from a header are looked at, of about half a half-life each: after eight of them a header need have
/// little of its work.
const STEPS: u64 = 8;
/// A header is heavy with more than this share, as a power of two, of the work from it to the tip.
const LIGHT: usize = 6;

/// Whether a header with the work `work` is looked at more closely. `behind` is the work from it to the tip, and `recent`
/// that of the headers that stand in full, each of which has done it.
pub(super) fn is_heavy(work: U256, behind: U256, recent: U256) -> bool {
    work > behind.max(recent) >> LIGHT
}

/// How far the steps reach.
struct Steps {
    /// Elevens of headers in each.
    windows: u64,
    /// Heights in each.
    length: u64,
}

impl Steps {
    /// None where the target never changes: there one header counts like any other.
    fn of(network: &Network) -> Option<Self> {
        let parameters = network.parameters();
        let Difficulty::Asert { half_life_ms, .. } = parameters.difficulty else {
            return None;
        };
        let windows = (half_life_ms / parameters.interval_ms / (2 * SPAN)).max(1);
        Some(Self {
            windows,
            length: windows.saturating_mul(SPAN),
        })
    }

    /// Where a step begins, counted from 1 at the header, and the place that the proof shows for it: not after it, where the
    /// tree is cut with few nodes, and the same for headers that are near to each other.
    fn back(&self, height: u64, step: u64) -> Option<(u64, u64)> {
        let grid = 1 << (self.length / 2).max(1).ilog2();
        let first = height.checked_sub(self.length.checked_mul(step)?)?;
        // The first header of a step has a parent.
        (first > 0).then_some((first, first - first % grid))
    }
}

/// The heights at which the proof has to say how much work lies before them, if a header at `height` is heavy.
pub(super) fn places(network: &Network, height: u64) -> impl Iterator<Item = u64> + use<> {
    let steps = Steps::of(network);
    (1..=STEPS).map_while(move |step| Some(steps.as_ref()?.back(height, step)?.1))
}

/// Checks that the headers before a heavy one have the work that its target implies. `known` are the heights at which the
/// proof says how much work lies before them, rising.
pub(super) fn check(network: &Network, known: &[(u64, U256)], heavy: &Opened) -> Result<(), ChainProofError> {
    let (height, parent_time) = (heavy.height, heavy.parent_time);
    let Some(steps) = Steps::of(network) else {
        return Ok(());
    };
    // No header is earlier than genesis.
    if parent_time < network.genesis().timestamp {
        return Err(ChainProofError::LightPast { height });
    }
    let counted = U256::from(steps.windows.saturating_mul(COUNTED));
    let mut least = U256::ZERO;
    for step in 1..=STEPS {
        let Some((first, place)) = steps.back(height, step) else {
            break;
        };
        // The first of a step is the easiest of those that are counted.
        let target = Target::from_bits(network.next_bits(first - 1, parent_time));
        least = least.saturating_add(target.map_or(U256::MAX, Target::work));
        let after = known.partition_point(|(known, _)| *known <= first);
        let before = after.checked_sub(1).map(|last| known[last]);
        let Some((_, before)) = before.filter(|(known, _)| *known >= place) else {
            return Err(ChainProofError::MissingPlace { height, place });
        };
        if quotient(heavy.work_before.saturating_sub(before), counted) < least {
            return Err(ChainProofError::LightPast { height });
        }
    }
    Ok(())
}

#[cfg(test)]
#[expect(clippy::float_arithmetic, reason = "shares of work")]
mod tests {
    use alloc::vec::Vec;

    use super::*;
    use crate::{amount::Amount, hash::Hash, params::Parameters};

    const INTERVAL: u64 = 5_000;
    /// Far beyond all steps, so that genesis is no part of it.
    const FORK: u64 = 1 << 16;
    const ANCHOR: u32 = 0x1e00_ffff;

    fn network(half_life: u64) -> Network {
        Network::new(Parameters {
            name: "test".into(),
            symbol: "TEST".into(),
            prefix: "test".parse().unwrap(),
            subsidy: Amount::from_units(1),
            halving_interval: 0,
            interval_ms: INTERVAL,
            max_future_ms: 60_000,
            max_block_bytes: 1 << 20,
            max_block_transfers: 100,
            max_reorg_depth: 100,
            genesis_time_ms: 1_000_000_000_000,
            difficulty: Difficulty::Asert {
                bits: ANCHOR,
                half_life_ms: half_life * INTERVAL,
            },
            allocations: Vec::new(),
        })
        .unwrap()
    }

    /// The greatest share of the work claimed since the fork that one header can have. The honest chain keeps to its
    /// schedule, and has done the work of `honest` headers since; the forger shows no more places than he has to.
    fn greatest_share(half_life: u64, honest: u64) -> f64 {
        let network = network(half_life);
        let one = Target::from_bits(ANCHOR).unwrap().work();
        let units = |work: U256| (work / (one >> 10_usize)).to::<u64>() as f64 / 1024.0;
        let mut greatest = 0.0_f64;
        for after in [0, 1, 5, 11, 50, half_life / 2, half_life, 2 * half_life, 6 * half_life] {
            let height = FORK + after;
            let places: Vec<u64> = places(&network, height).collect();
            for eighths in 0..120 {
                // The time on schedule, and so many eighths of a half-life before it.
                let parent_time =
                    network.genesis().timestamp + (height - 1) * INTERVAL - eighths * half_life * INTERVAL / 8;
                let work = Target::from_bits(network.next_bits(height - 1, parent_time))
                    .unwrap()
                    .work();
                let holds = |claimed: U256| {
                    let mut known: Vec<(u64, U256)> = places
                        .iter()
                        .rev()
                        .filter(|place| **place <= FORK)
                        .map(|place| (*place, one * U256::from(*place)))
                        .collect();
                    // All that is claimed since the fork is said to lie after its last place.
                    let last = places.iter().rev().filter(|place| **place > FORK);
                    known.extend(last.map(|place| (*place, one * U256::from(FORK))));
                    let heavy = Opened {
                        height,
                        hash: Hash::ZERO,
                        work_before: one * U256::from(FORK) + claimed,
                        work,
                        parent_time,
                    };
                    check(&network, &known, &heavy).is_ok()
                };
                let (mut low, mut high) = (U256::ZERO, work << 12_usize);
                assert!(holds(high));
                while high - low > one >> 4_usize {
                    let middle = (low + high) >> 1_usize;
                    if holds(middle) {
                        high = middle;
                    } else {
                        low = middle;
                    }
                }
                let claimed = units(high + work).max(honest as f64);
                greatest = greatest.max(units(work) / claimed);
            }
        }
        greatest
    }

    /// The table of docs/protocol.md, "Proof of the chain".
    #[test]
    fn one_header_counts_for_no_more_than_is_stated() {
        for (half_life, stated) in [
            (24, [1.0 / 11.0, 1.0 / 14.0, 1.0 / 15.0]),
            (120, [1.0 / 30.0, 1.0 / 51.0, 1.0 / 66.0]),
            (288, [1.0 / 41.0, 1.0 / 88.0, 1.0 / 136.0]),
        ] {
            for (honest, stated) in [256, 1_024, 4_096].into_iter().zip(stated) {
                let share = greatest_share(half_life, honest);
                assert!(
                    share <= stated && share > stated * 0.8,
                    "{half_life}, {honest}: 1/{}",
                    1.0 / share
                );
            }
        }
    }
}
