//! The outline of one stone: a pebble, a little flatter below than above, never twice the same.

use super::text::decimal;

/// A source of small irregularities: the bytes of a hash, over and over.
#[derive(Debug, Clone)]
pub struct Grain<'a> {
    bytes: &'a [u8],
    next: usize,
}

impl<'a> Grain<'a> {
    /// Reads `bytes` from their beginning. Without bytes, all numbers are 0.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, next: 0 }
    }

    /// The next byte.
    pub fn byte(&mut self) -> u8 {
        let Some(byte) = self.bytes.get(self.next % self.bytes.len().max(1)) else {
            return 0;
        };
        self.next += 1;
        *byte
    }

    /// A number from `low` to `high`, by the next byte.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * f64::from(self.byte()) / 255.0
    }
}

/// A rectangle that a stone fills, with the y axis pointing down.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Area {
    /// The left edge.
    pub x: f64,
    /// The upper edge.
    pub y: f64,
    /// The width.
    pub width: f64,
    /// The height.
    pub height: f64,
}

/// The outline of a stone that touches all four sides of its area, as SVG path data.
#[must_use]
pub fn outline(area: Area, grain: &mut Grain<'_>) -> String {
    let (left, top) = (area.x, area.y);
    let (right, bottom) = (area.x + area.width, area.y + area.height);
    // Where the outline touches the sides.
    let west = top + area.height * grain.between(0.46, 0.66);
    let east = top + area.height * grain.between(0.46, 0.66);
    let north = left + area.width * grain.between(0.34, 0.66);
    let south = left + area.width * grain.between(0.40, 0.60);
    // How far the curve follows each side before it leaves it: 0.55 would be an ellipse, 1 a rectangle.
    let mut corner = |low| (grain.between(low, low + 0.22), grain.between(low, low + 0.22));
    let (north_west, north_east) = (corner(0.56), corner(0.56));
    let (south_east, south_west) = (corner(0.66), corner(0.66));
    let towards = |from: f64, to: f64, share: f64| from + (to - from) * share;
    let mut path = format!("M{} {}", round(left), round(west));
    let mut curve = |x1: f64, y1: f64, x2: f64, y2: f64, x: f64, y: f64| {
        for (command, number) in [("C", x1), (" ", y1), (" ", x2), (" ", y2), (" ", x), (" ", y)] {
            path.push_str(command);
            path.push_str(&round(number));
        }
    };
    curve(
        left,
        towards(west, top, north_west.0),
        towards(north, left, north_west.1),
        top,
        north,
        top,
    );
    curve(
        towards(north, right, north_east.1),
        top,
        right,
        towards(east, top, north_east.0),
        right,
        east,
    );
    curve(
        right,
        towards(east, bottom, south_east.0),
        towards(south, right, south_east.1),
        bottom,
        south,
        bottom,
    );
    curve(
        towards(south, left, south_west.1),
        bottom,
        left,
        towards(west, bottom, south_west.0),
        left,
        west,
    );
    path.push('Z');
    path
}

/// Two decimals are finer than any screen at these sizes.
fn round(number: f64) -> String {
    decimal(number, 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    const AREA: Area = Area {
        x: 10.0,
        y: 20.0,
        width: 100.0,
        height: 30.0,
    };

    fn numbers(path: &str) -> Vec<f64> {
        let separators = |letter: char| letter.is_ascii_alphabetic() || letter == ' ';
        path.split(separators)
            .filter(|text| !text.is_empty())
            .map(|text| text.parse().unwrap())
            .collect()
    }

    #[test]
    fn an_outline_stays_in_its_area_and_closes() {
        for seed in 0..=255u8 {
            let bytes = [seed, seed.wrapping_mul(31), 255 - seed, seed ^ 0x55];
            let path = outline(AREA, &mut Grain::new(&bytes));
            assert!(path.starts_with('M') && path.ends_with('Z'));
            let numbers = numbers(&path);
            assert_eq!(numbers.len(), 2 + 4 * 6);
            assert_eq!(numbers[..2], numbers[24..]);
            for point in numbers.chunks(2) {
                assert!(
                    (10.0..=110.0).contains(&point[0]) && (20.0..=50.0).contains(&point[1]),
                    "{point:?}"
                );
            }
        }
    }

    #[test]
    fn the_same_grain_gives_the_same_stone() {
        let draw = |bytes: &[u8]| outline(AREA, &mut Grain::new(bytes));
        assert_eq!(draw(&[1, 2, 3]), draw(&[1, 2, 3]));
        assert_ne!(draw(&[1, 2, 3]), draw(&[1, 2, 4]));
    }

    #[test]
    fn no_bytes_are_no_panic() {
        assert!(outline(AREA, &mut Grain::new(&[])).ends_with('Z'));
    }
}
