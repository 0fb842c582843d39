//! Proof of work: targets, work, and the miner's inner step.

use ruint::aliases::U256;
use sha2::block_api::compress256;

use crate::{
    block::Header,
    hash::{Hash, Tag},
};

/// A target: a header's hash, read as a big-endian number, may not be greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Target(U256);

impl Target {
    /// A target of this number, if it has a compact form at all (0 has none).
    #[must_use]
    pub fn new(number: U256) -> Option<Self> {
        (!number.is_zero()).then_some(Self(number))
    }

    /// Reads Bitcoin's compact form: one byte of length, three of the highest digits.
    ///
    /// Only what [`Target::to_bits`] writes is read: not negative, not zero, no leading zero digits, at most 256 bits.
    #[must_use]
    pub fn from_bits(bits: u32) -> Option<Self> {
        let (length, digits) = (bits >> 24, bits & 0x00ff_ffff);
        if digits & 0x0080_0000 != 0 || length > 33 {
            return None;
        }
        let digits = U256::from(digits);
        let number = if length <= 3 {
            digits >> (8 * (3 - length as usize))
        } else {
            digits.checked_shl(8 * (length as usize - 3))?
        };
        let target = Self::new(number)?;
        (target.to_bits() == bits).then_some(target)
    }

    /// The compact form, rounded down.
    #[must_use]
    pub fn to_bits(self) -> u32 {
        let mut length = self.0.bit_len().div_ceil(8);
        let digits = if length <= 3 {
            self.0 << (8 * (3 - length))
        } else {
            self.0 >> (8 * (length - 3))
        };
        let mut digits = u32::try_from(digits).expect("three digits remain");
        // The highest bit would be a sign.
        if digits & 0x0080_0000 != 0 {
            digits >>= 8;
            length += 1;
        }
        (u32::try_from(length).expect("at most 33") << 24) | digits
    }

    /// The number.
    #[must_use]
    pub const fn number(self) -> U256 {
        self.0
    }

    /// The work that meeting it takes on average: ⌊2^256 / (target + 1)⌋ attempts.
    #[must_use]
    pub fn work(self) -> U256 {
        match self.0.checked_add(U256::ONE) {
            // 2^256 does not fit: ⌊2^256/d⌋ = ⌊(2^256 − d)/d⌋ + 1.
            Some(divisor) => quotient(divisor.wrapping_neg(), divisor) + U256::ONE,
            None => U256::ONE,
        }
    }

    /// Whether a hash meets it.
    #[must_use]
    pub fn is_met_by(self, hash: &Hash) -> bool {
        U256::from_be_bytes(hash.0) <= self.0
    }
}

/// ⌊`dividend` / `divisor`⌋ by long division, digit by digit: there are as many steps as the work has bits, and hardly any
/// code, which counts in the page.
pub(crate) fn quotient(dividend: U256, divisor: U256) -> U256 {
    let steps = divisor.leading_zeros().saturating_sub(dividend.leading_zeros());
    let (mut rest, mut shifted, mut quotient) = (dividend, divisor << steps, U256::ZERO);
    for _ in 0..=steps {
        quotient <<= 1_usize;
        if rest >= shifted {
            rest -= shifted;
            quotient |= U256::ONE;
        }
        shifted >>= 1_usize;
    }
    quotient
}

/// SHA-256 over the tag and the first 128 bytes of a header: what is constant while time, target and nonce vary.
///
/// One attempt is then one compression of the last chunk.
#[derive(Debug, Clone)]
pub struct Midstate {
    state: [u32; 8],
    chunk: [u8; 64],
}

/// The initial state of SHA-256 (FIPS 180-4, 5.3.3).
const INITIAL_STATE: [u32; 8] = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

/// Where the header's last SHA-256 chunk begins.
const LAST_CHUNK: usize = 128;
/// Where the nonce stands in that chunk.
const NONCE: usize = Header::LEN - 8 - LAST_CHUNK;
/// The length of what is hashed, in bits.
const BIT_LEN: u64 = (64 + Header::LEN as u64) * 8;

impl Midstate {
    /// Prepares the attempts on a header.
    #[must_use]
    pub fn new(header: &Header) -> Self {
        let bytes = header.to_array();
        let mut state = INITIAL_STATE;
        let (head, tail) = bytes.split_at(LAST_CHUNK);
        let (chunks, _) = head.as_chunks::<64>();
        compress256(&mut state, &[Tag::Header.prefix()]);
        compress256(&mut state, chunks);
        let mut chunk = [0; 64];
        chunk[..tail.len()].copy_from_slice(tail);
        chunk[tail.len()] = 0x80;
        chunk[56..].copy_from_slice(&BIT_LEN.to_be_bytes());
        Self { state, chunk }
    }

    /// The header's hash with `nonce` in it.
    #[must_use]
    pub fn hash(&mut self, nonce: u64) -> Hash {
        let mut state = self.attempt(nonce);
        let mut hash = [0; 32];
        for (bytes, word) in hash.as_chunks_mut::<4>().0.iter_mut().zip(&mut state) {
            *bytes = word.to_be_bytes();
        }
        Hash(hash)
    }

    /// Tries `count` nonces from `first` on, and gives the first that meets the target.
    #[must_use]
    pub fn search(&mut self, target: Target, first: u64, count: u64) -> Option<u64> {
        // Most attempts fail on the first word alone.
        let limit = (target.number() >> 224_usize).to::<u32>();
        (0..count)
            .map(|step| first.wrapping_add(step))
            .find(|&nonce| self.attempt(nonce)[0] <= limit && target.is_met_by(&self.hash(nonce)))
    }

    fn attempt(&mut self, nonce: u64) -> [u32; 8] {
        self.chunk[NONCE..NONCE + 8].copy_from_slice(&nonce.to_le_bytes());
        let mut state = self.state;
        compress256(&mut state, core::slice::from_ref(&self.chunk));
        state
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn compact_forms_of_bitcoin() {
        for (bits, number) in [
            (0x0100_3456, None),
            (0x0112_0000, Some(U256::from(0x12))),
            (0x0212_3400, Some(U256::from(0x1234))),
            (0x0312_3456, Some(U256::from(0x0012_3456))),
            (0x0412_3456, Some(U256::from(0x1234_5600))),
            (0x0492_3456, None),
            (0x0112_3456, None),
            (0x0000_0000, None),
            (0x0400_1234, None),
            (0x1d00_ffff, Some(U256::from(0xffff) << 208)),
            (0x207f_ffff, Some(U256::from(0x7f_ffff) << 232)),
            (0x2100_ffff, Some(U256::from(0xffff) << 240)),
            (0x2101_0000, None),
            (0xff12_3456, None),
        ] {
            assert_eq!(Target::from_bits(bits).map(Target::number), number, "{bits:08x}");
        }
    }

    #[test]
    fn work_of_known_targets() {
        assert_eq!(
            Target::from_bits(0x1d00_ffff).unwrap().work(),
            U256::from(0x1_0001_0001_u64)
        );
        assert_eq!(Target::new(U256::MAX).unwrap().work(), U256::ONE);
        assert_eq!(Target::new(U256::ONE).unwrap().work(), U256::ONE << 255);
    }

    proptest! {
        #[test]
        fn long_division_divides(limbs: [u64; 4], shift in 0_usize..256) {
            let target = Target(U256::from_limbs(limbs) >> shift);
            let expected = match target.0.checked_add(U256::ONE) {
                Some(divisor) => divisor.wrapping_neg() / divisor + U256::ONE,
                None => U256::ONE,
            };
            prop_assert_eq!(target.work(), expected);
        }

        #[test]
        fn any_two_numbers_are_divided(dividend: [u64; 4], divisor: [u64; 4], shift in 0_usize..256) {
            let (dividend, divisor) = (U256::from_limbs(dividend), U256::from_limbs(divisor) >> shift);
            prop_assume!(divisor != U256::ZERO);
            prop_assert_eq!(quotient(dividend, divisor), dividend / divisor);
            prop_assert_eq!(quotient(divisor, dividend | U256::ONE), divisor / (dividend | U256::ONE));
        }

        #[test]
        fn compact_is_a_fixed_point(bits: u32, limbs: [u64; 4]) {
            if let Some(target) = Target::from_bits(bits) {
                prop_assert_eq!(target.to_bits(), bits);
            }
            if let Some(target) = Target::new(U256::from_limbs(limbs)) {
                let rounded = Target::from_bits(target.to_bits()).unwrap();
                prop_assert!(rounded <= target);
                prop_assert_eq!(rounded.to_bits(), target.to_bits());
            }
        }

        #[test]
        fn midstate_equals_the_whole_hash(height: u64, root: [u8; 32], timestamp: u64, bits: u32, nonce: u64) {
            let header = Header {
                version: 1,
                height,
                previous_hash: Hash(root),
                history_root: Hash(root),
                transactions_root: Hash(root),
                state_root: Hash(root),
                timestamp,
                bits,
                nonce,
            };
            prop_assert_eq!(Midstate::new(&header).hash(nonce), header.hash());
        }

        #[test]
        fn search_finds_the_first(timestamp: u64) {
            let header = Header {
                version: 1,
                height: 1,
                previous_hash: Hash::ZERO,
                history_root: Hash::ZERO,
                transactions_root: Hash::ZERO,
                state_root: Hash::ZERO,
                timestamp,
                bits: 0x2000_ffff,
                nonce: 0,
            };
            let target = Target::from_bits(header.bits).unwrap();
            let found = Midstate::new(&header).search(target, 0, 1 << 20).unwrap();
            for nonce in 0..=found {
                prop_assert_eq!(target.is_met_by(&Header { nonce, ..header }.hash()), nonce == found);
            }
        }
    }
}
