//! The target of the next block: fixed, or aserti3-2d.

use ruint::aliases::U256;

use crate::pow::Target;

/// The schedule of aserti3-2d: the target follows the clock, doubling for each half-life that blocks are behind.
///
/// Source: the specification "ASERT difficulty adjustment algorithm (aserti3-2d)" of Bitcoin Cash, 2020. Times are in
/// any one unit; Cairn uses milliseconds. Two traps of the published texts: the exponent divides towards zero, and the
/// factor's polynomial is to be read with its sum in brackets before the shift.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asert {
    /// The target of the anchor block.
    pub anchor_target: Target,
    /// The time of the block before the anchor.
    pub anchor_parent_time: i128,
    /// The height of the anchor block.
    pub anchor_height: u64,
    /// The time a block should take.
    pub interval: u64,
    /// How much behind schedule doubles the target.
    pub half_life: u64,
    /// The easiest target.
    pub limit: Target,
}

impl Asert {
    /// The compact target of the block that follows one at `height` with time `time`.
    #[must_use]
    pub fn next_bits(&self, height: u64, time: u64) -> u32 {
        let time_difference = i128::from(time) - self.anchor_parent_time;
        let height_difference = i128::from(height) - i128::from(self.anchor_height);
        let lateness = time_difference - i128::from(self.interval) * (height_difference + 1);
        // Rust's division truncates, as the vectors want.
        let exponent = lateness.saturating_mul(1 << 16) / i128::from(self.half_life.max(1));
        self.scaled(exponent).to_bits()
    }

    /// anchor_target · 2^(exponent / 2^16), at least 1 and at most the limit.
    fn scaled(&self, exponent: i128) -> Target {
        let (shifts, fraction) = (exponent >> 16, (exponent & 0xffff) as u64);
        let fraction = u128::from(fraction);
        // 2^x for 0 ≤ x < 1, as a cubic, in units of 2^-16.
        let polynomial = 195_766_423_245_049_u128 * fraction
            + 971_821_376_u128 * fraction * fraction
            + 5_127_u128 * fraction * fraction * fraction
            + (1 << 47);
        let factor = 65_536 + (polynomial >> 48);
        // The product takes up to 273 bits, so the 2^-16 of the factor is taken out of the shift.
        let shift = shifts - 16;
        let number = self.anchor_target.number();
        let (high, low) = {
            let product: ruint::Uint<320, 5> = number.widening_mul(ruint::Uint::<64, 1>::from(factor));
            shift_saturating(product, shift)
        };
        if high || low > self.limit.number() {
            return self.limit;
        }
        Target::new(low).unwrap_or_else(|| Target::new(U256::ONE).expect("one is not zero"))
    }
}

/// `number · 2^shift` rounded down, and whether it passes 256 bits.
fn shift_saturating(number: ruint::Uint<320, 5>, shift: i128) -> (bool, U256) {
    let bits = i128::try_from(number.bit_len()).expect("at most 320");
    if bits == 0 || bits + shift <= 0 {
        return (false, U256::ZERO);
    }
    if bits + shift > 256 {
        return (true, U256::ZERO);
    }
    let distance = usize::try_from(shift.unsigned_abs()).expect("less than 320");
    // 0 < bits + shift ≤ 256, so nothing is lost at the top.
    let shifted = if shift >= 0 {
        number << distance
    } else {
        number >> distance
    };
    (false, U256::from_limbs_slice(&shifted.as_limbs()[..4]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asert() -> Asert {
        let anchor = Target::from_bits(0x1f00_ffff).unwrap();
        Asert {
            anchor_target: anchor,
            anchor_parent_time: 995_000,
            anchor_height: 0,
            interval: 5_000,
            half_life: 600_000,
            limit: Target::from_bits(0x2000_ffff).unwrap(),
        }
    }

    #[test]
    fn on_schedule_the_target_stays() {
        for height in [0, 1, 1_000, 1 << 40] {
            assert_eq!(asert().next_bits(height, 1_000_000 + height * 5_000), 0x1f00_ffff);
        }
    }

    #[test]
    fn a_half_life_doubles_and_halves() {
        assert_eq!(asert().next_bits(1, 1_605_000), 0x1f01_fffe);
        assert_eq!(asert().next_bits(121, 1_005_000), 0x1e7f_ff80);
    }

    #[test]
    fn extremes_stay_in_range() {
        assert_eq!(asert().next_bits(0, u64::MAX), 0x2000_ffff);
        assert_eq!(asert().next_bits(u64::MAX, 0), 0x0101_0000);
    }
}
