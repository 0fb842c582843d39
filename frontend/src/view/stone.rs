//! A block as a stone: as wide as it is full, tinted by its miner, shaped by its hash.

use super::limit::unit;
use shared::api::BlockSummary;

use super::cairn::tint_of_address;
use super::pebble::{Area, Grain, outline};
use super::text::decimal;

/// The width of the drawing: that of a full block.
const FULL: f64 = 320.0;
/// An empty block is still a stone.
const EMPTY: f64 = 116.0;
/// So many bytes count as full. Blocks of a small network are far from any limit, and would all look alike.
const FULL_BYTES: f64 = 200_000.0;
/// The bytes of a block without transfers.
const EMPTY_BYTES: f64 = 240.0;
/// The bytes of a transfer without memo.
const TRANSFER_BYTES: f64 = 161.0;
/// The height of the place where the next block will lie.
const GHOST_HEIGHT: f64 = 40.0;

/// How wide a block of so many bytes is drawn. The steps grow smaller, so that one transfer is seen beside none.
fn width(bytes: f64) -> f64 {
    let above_empty = (bytes - EMPTY_BYTES).max(0.0) / TRANSFER_BYTES;
    let greatest = (FULL_BYTES - EMPTY_BYTES) / TRANSFER_BYTES;
    let share = unit(above_empty.ln_1p() / greatest.ln_1p());
    EMPTY + (FULL - EMPTY) * share
}

/// What is drawn for a block.
#[derive(Debug, Clone, PartialEq)]
pub struct BlockStone {
    /// The outline as SVG path data.
    pub path: String,
    /// The tint of its miner.
    pub tint: u8,
    /// The height of the drawing.
    pub height: f64,
}

impl BlockStone {
    /// The stone of a block. The genesis block lies beneath all others, and is as wide as a block can be.
    #[must_use]
    pub fn of(block: &BlockSummary) -> Self {
        // The first bytes of a hash are mostly zeros: that is the work.
        let mut grain = Grain::new(&block.header.hash.0[8..]);
        let height = grain.between(36.0, 48.0).round();
        let width = if block.header.height == 0 {
            FULL
        } else {
            width(block.size as f64)
        };
        // Stones never lie quite above each other.
        let room = FULL - width;
        let x = room / 2.0 + grain.between(-0.5, 0.5) * room.min(24.0);
        let path = outline(
            Area {
                x,
                y: 0.0,
                width,
                height,
            },
            &mut grain,
        );
        let tint = block.miner_address.as_deref().map_or(0, tint_of_address);
        Self { path, tint, height }
    }

    /// The drawing's extent, for `viewBox`.
    #[must_use]
    pub fn view_box(&self) -> String {
        format!("0 0 320 {}", decimal(self.height, 0))
    }
}

/// The outline of the block that is not there yet, if all that waits were in it.
#[must_use]
pub fn ghost(pending: u64) -> String {
    let width = width(EMPTY_BYTES + pending as f64 * TRANSFER_BYTES);
    let area = Area {
        x: (FULL - width) / 2.0,
        y: 1.0,
        width,
        height: GHOST_HEIGHT - 2.0,
    };
    outline(area, &mut Grain::new(&[110, 120, 140, 128, 100, 90]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fuller_blocks_are_wider_between_empty_and_full() {
        assert_eq!(width(0.0), EMPTY);
        assert_eq!(width(EMPTY_BYTES), EMPTY);
        assert!(width(EMPTY_BYTES + TRANSFER_BYTES) > EMPTY + 10.0);
        assert!(width(2000.0) < width(20_000.0));
        assert_eq!(width(1e9), FULL);
    }

    #[test]
    fn a_ghost_of_any_number_is_drawn() {
        for pending in [0, 1, 1000, u64::MAX] {
            assert!(ghost(pending).ends_with('Z'));
        }
        assert_ne!(ghost(0), ghost(10));
    }
}
