//! The geometry of small charts: lines and bars in a box, with a scale that begins at nothing.

use super::limit::unit;
use super::text::decimal;

/// A point in the box, with the y axis pointing down.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// From the left.
    pub x: f64,
    /// From the top.
    pub y: f64,
}

/// The least round number (1, 2 or 5 times a power of ten) that is not below any value.
#[must_use]
pub fn ceiling(values: &[f64]) -> f64 {
    let greatest = values
        .iter()
        .copied()
        .filter(|value| value.is_finite())
        .fold(0.0, f64::max);
    if greatest <= 0.0 {
        return 1.0;
    }
    let mut power = 1.0;
    while power * 10.0 <= greatest {
        power *= 10.0;
    }
    while power > greatest {
        power /= 10.0;
    }
    let steps = [1.0, 2.0, 5.0, 10.0];
    let fits = steps
        .into_iter()
        .map(|step| step * power)
        .find(|&step| step >= greatest * (1.0 - 1e-9));
    fits.unwrap_or(10.0 * power)
}

/// The points of a line through `values`, spread over the whole width. A single value stands in the middle.
#[must_use]
pub fn line(values: &[f64], width: f64, height: f64) -> Vec<Point> {
    let top = ceiling(values);
    let step = if values.len() > 1 {
        width / (values.len() - 1) as f64
    } else {
        0.0
    };
    let first = if values.len() > 1 { 0.0 } else { width / 2.0 };
    let place = |(index, value): (usize, &f64)| {
        let share = if value.is_finite() { unit(value / top) } else { 0.0 };
        Point {
            x: first + step * index as f64,
            y: height * (1.0 - share),
        }
    };
    values.iter().enumerate().map(place).collect()
}

/// SVG path data of a line through points.
#[must_use]
pub fn path(points: &[Point]) -> String {
    let mut path = String::new();
    for (index, point) in points.iter().enumerate() {
        let command = if index == 0 { 'M' } else { 'L' };
        path.push_str(&format!("{command}{} {}", decimal(point.x, 1), decimal(point.y, 1)));
    }
    path
}

/// SVG path data of the area between a line and the bottom.
#[must_use]
pub fn area(points: &[Point], height: f64) -> String {
    let (Some(first), Some(last)) = (points.first(), points.last()) else {
        return String::new();
    };
    let (left, right, bottom) = (decimal(first.x, 1), decimal(last.x, 1), decimal(height, 1));
    format!("{}L{right} {bottom}L{left} {bottom}Z", path(points))
}

/// How many values fall between neighbouring `edges`; the last class has no upper end.
#[must_use]
pub fn classes(values: &[u64], edges: &[u64]) -> Vec<u64> {
    let mut counts = vec![0; edges.len()];
    for value in values {
        let class = edges.partition_point(|edge| edge <= value);
        if let Some(count) = class.checked_sub(1).and_then(|class| counts.get_mut(class)) {
            *count += 1;
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_end_on_round_numbers() {
        assert_eq!(ceiling(&[]), 1.0);
        assert_eq!(ceiling(&[0.0, f64::NAN]), 1.0);
        assert_eq!(ceiling(&[3.0, 7.0]), 10.0);
        assert_eq!(ceiling(&[1.0]), 1.0);
        assert_eq!(ceiling(&[120.0]), 200.0);
        assert!((ceiling(&[0.04]) - 0.05).abs() < 1e-12);
    }

    #[test]
    fn lines_fill_the_box() {
        let points = line(&[0.0, 5.0, 10.0], 100.0, 40.0);
        assert_eq!(points[0], Point { x: 0.0, y: 40.0 });
        assert_eq!(points[1], Point { x: 50.0, y: 20.0 });
        assert_eq!(points[2], Point { x: 100.0, y: 0.0 });
        assert_eq!(path(&points), "M0 40L50 20L100 0");
        assert!(area(&points, 40.0).ends_with("L100 40L0 40Z"));
        assert_eq!(line(&[1.0], 100.0, 40.0)[0].x, 50.0);
        assert!(area(&[], 40.0).is_empty());
    }

    #[test]
    fn values_fall_into_classes() {
        assert_eq!(classes(&[0, 1, 9, 10, 99, 1000], &[0, 10, 100]), [3, 2, 1]);
        assert_eq!(classes(&[1], &[5]), [0]);
        assert!(classes(&[1], &[]).is_empty());
    }
}
