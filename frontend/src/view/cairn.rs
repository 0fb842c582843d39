//! The picture of an address: three to five stones, laid on each other as its hash says.
//!
//! Page, QR code and printed backup draw the same geometry, so that people recognise it.

use super::limit::within;
use shared::address::{self, Prefix};
use shared::hash::sha256;

use super::pebble::{Area, Grain, outline};

/// The side of the square that the picture fills.
pub const SIDE: f64 = 64.0;
/// How many tints the style sheet has.
pub const TINTS: u8 = 8;

/// Where the lowest stone lies.
const GROUND: f64 = 60.0;
/// The height of the whole stack.
const HEIGHT: f64 = 54.0;

/// One stone of the picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Stone {
    /// What it fills of the 64 × 64 square.
    pub area: Area,
    /// The outline as SVG path data, in the same square.
    pub path: String,
    /// Which of the [`TINTS`] it has.
    pub tint: u8,
}

/// The stones for 32 bytes of a key, the lowest first.
#[must_use]
pub fn stones(key: &[u8]) -> Vec<Stone> {
    let seed = sha256(&[key]).0;
    let mut grain = Grain::new(&seed);
    let count = 3 + usize::from(grain.byte() % 3);
    let weights: Vec<f64> = (0..count).map(|_| grain.between(0.7, 1.3)).collect();
    let unit = HEIGHT / weights.iter().sum::<f64>();
    let mut width = grain.between(40.0, 56.0);
    let mut center = SIDE / 2.0 + grain.between(-2.0, 2.0);
    let mut bottom = GROUND;
    let mut below = None;
    let mut stones = Vec::with_capacity(count);
    for weight in weights {
        let height = weight * unit;
        let left = within(center - width / 2.0, 1.0, SIDE - 1.0 - width);
        let area = Area {
            x: left,
            y: bottom - height,
            width,
            height,
        };
        let tint = next_tint(grain.byte() % TINTS, below);
        stones.push(Stone {
            area,
            path: outline(area, &mut grain),
            tint,
        });
        below = Some(tint);
        bottom -= height;
        // The next stone's middle stays well above this one, or the stack would fall.
        center += grain.between(-0.16, 0.16) * width;
        width = (width * grain.between(0.60, 0.94)).max(14.0);
    }
    stones
}

/// Two stones of one tint would look like one.
fn next_tint(tint: u8, below: Option<u8>) -> u8 {
    if below == Some(tint) { (tint + 3) % TINTS } else { tint }
}

/// The stones for an address. A text that is none still gets a picture: its own.
#[must_use]
pub fn stones_of_address(text: &str) -> Vec<Stone> {
    match key_of(text) {
        Some(key) => stones(&key),
        None => stones(text.as_bytes()),
    }
}

/// The tint of an address among other things of one colour: that of its lowest stone.
#[must_use]
pub fn tint_of_address(text: &str) -> u8 {
    stones_of_address(text).first().map_or(0, |stone| stone.tint)
}

/// The key of an address of any network.
pub(crate) fn key_of(text: &str) -> Option<[u8; 32]> {
    let prefix: Prefix = text.rsplit_once('1')?.0.to_ascii_lowercase().parse().ok()?;
    Some(*address::decode(&prefix, text).ok()?.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::key::PublicKey;

    #[test]
    fn three_to_five_stones_lie_on_each_other_within_the_square() {
        let mut counts = [0; 6];
        for seed in 0..=255u8 {
            let stones = stones(&[seed; 32]);
            counts[stones.len()] += 1;
            let mut bottom = GROUND;
            for stone in &stones {
                let Area { x, y, width, height } = stone.area;
                assert!(x >= 0.0 && x + width <= SIDE && y >= 0.0, "{stone:?}");
                assert!((y + height - bottom).abs() < 1e-9);
                assert!(stone.tint < TINTS);
                bottom = y;
            }
            assert!(stones.windows(2).all(|pair| pair[0].tint != pair[1].tint));
        }
        assert_eq!(counts[3] + counts[4] + counts[5], 256);
        assert!(counts[3..].iter().all(|&count| count > 50), "{counts:?}");
    }

    #[test]
    fn a_stack_stands() {
        for seed in 0..=255u8 {
            for pair in stones(&[seed; 32]).windows(2) {
                let middle = pair[1].area.x + pair[1].area.width / 2.0;
                let support = pair[0].area.x..pair[0].area.x + pair[0].area.width;
                assert!(support.contains(&middle));
            }
        }
    }

    #[test]
    fn the_picture_is_the_keys_whatever_the_letters() {
        let prefix: Prefix = "dev".parse().unwrap();
        let text = address::encode(&prefix, &PublicKey([7; 32]));
        assert_eq!(stones_of_address(&text), stones(&[7; 32]));
        assert_eq!(stones_of_address(&text.to_uppercase()), stones(&[7; 32]));
        assert_ne!(stones(&[7; 32]), stones(&[8; 32]));
        assert!(!stones_of_address("no address").is_empty());
    }

    #[test]
    fn the_picture_never_changes() {
        // People recognise their own: a change here would show everybody a stranger.
        let stones = stones(&[0; 32]);
        let tints: Vec<u8> = stones.iter().map(|stone| stone.tint).collect();
        assert_eq!(tints, [5, 2, 0]);
        assert_eq!(
            stones[0].path,
            "M3.76 52.5C3.76 46.19 12.92 43.21 32.62 43.21C50.84 43.21 59.32 45.98 59.32 52.36C59.32 57.61 51.01 60 34.39 \
             60C13.64 60 3.76 58.43 3.76 52.5Z"
        );
    }
}
