//! Difficulty: aserti3-2d.

use shared::{difficulty::Asert, pow::Target};

const INTERVAL: u64 = 600;
const HALF_LIFE: u64 = 172_800;
const LIMIT: u32 = 0x1d00_ffff;

fn target(bits: u32) -> Target {
    Target::from_bits(bits).unwrap()
}

/// Reads `asert.txt` (its head describes it) and checks each row.
pub(crate) fn aserti3_2d() {
    let (mut runs, mut rows) = (0, 0);
    let mut run = None;
    for line in include_str!("../../vectors/asert.txt").lines() {
        if line.starts_with('#') {
            continue;
        }
        let words: Vec<&str> = line.split(' ').collect();
        if let [
            "run",
            number,
            anchor_height,
            anchor_parent_time,
            anchor_bits,
            height,
            step,
        ] = words[..]
        {
            let asert = Asert {
                anchor_target: target(u32::from_str_radix(anchor_bits, 16).unwrap()),
                anchor_parent_time: anchor_parent_time.parse().unwrap(),
                anchor_height: anchor_height.parse().unwrap(),
                interval: INTERVAL,
                half_life: HALF_LIFE,
                limit: target(LIMIT),
            };
            runs += 1;
            assert_eq!(number.parse(), Ok(runs));
            run = Some((asert, height.parse::<u64>().unwrap(), step.parse::<u64>().unwrap()));
            continue;
        }
        let [time, bits] = words[..] else {
            panic!("not a row: {line}");
        };
        let (asert, height, step) = run.as_mut().unwrap();
        let bits = u32::from_str_radix(bits, 16).unwrap();
        assert_eq!(
            asert.next_bits(*height, time.parse().unwrap()),
            bits,
            "run {runs}, height {height}"
        );
        *height += *step;
        rows += 1;
    }
    assert_eq!((runs, rows), (12, 14_000));
}
