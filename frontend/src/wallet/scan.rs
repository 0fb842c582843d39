//! Reading QR codes in pictures.

use quircs::Quirc;

/// The most pixels on a side of a picture: what the decoder computes with stays in its numbers.
pub const MAX_SIDE: usize = 1600;

/// The text of a QR code in a picture of one byte a pixel, 0 black and 255 white, row by row. Nothing when no code in it
/// is read, and when the picture has not as many bytes as its size says or a side longer than [`MAX_SIDE`].
#[must_use]
pub fn read(width: usize, height: usize, gray: &[u8]) -> Option<String> {
    let is_whole = (1..=MAX_SIDE).contains(&width) && (1..=MAX_SIDE).contains(&height) && gray.len() == width * height;
    if !is_whole {
        return None;
    }
    let mut decoder = Quirc::default();
    // The first that is read: a code that is cut off may be beside it.
    decoder
        .identify(width, height, gray)
        .find_map(|code| String::from_utf8(code.ok()?.decode().ok()?.payload).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wallet::{offline, qr};

    /// The picture of a text with so many pixels to a module, and so many white ones around.
    fn pixels(text: &str, scale: usize, border: usize) -> (usize, Vec<u8>) {
        let picture = qr::picture(text).unwrap();
        let side = picture.side as usize * scale + 2 * border;
        let mut gray = vec![255; side * side];
        // The path is made of runs: M x y h length.
        for run in picture.path.split('M').skip(1) {
            let (x, rest) = run.split_once(' ').unwrap();
            let (y, rest) = rest.split_once('h').unwrap();
            let (length, _) = rest.split_once('v').unwrap();
            let [x, y, length] = [x, y, length].map(|number| number.parse::<usize>().unwrap() * scale);
            for row in border + y..border + y + scale {
                gray[row * side + border + x..][..length].fill(0);
            }
        }
        (side, gray)
    }

    fn read_back(text: &str, scale: usize, border: usize) -> Option<String> {
        let (side, gray) = pixels(text, scale, border);
        read(side, side, &gray)
    }

    #[test]
    fn what_the_page_draws_is_read_back() {
        let link = "cairn:dev1qwss00lnecgtu8tsm5vwwj7qn9n7f43snwjs6hcamjrxgyj4xxuq5d9hx2";
        let request =
            link.to_owned() + "?amount=0.25&memo=Tea%20for%20two&expires=1798761599&signature=" + &"a4".repeat(64);
        let transfer = offline::UNSIGNED.to_owned() + &"AEAQCAIB".repeat(38);
        for text in [link, &link.to_ascii_uppercase(), &request, &transfer] {
            for scale in [3, 4, 7] {
                assert_eq!(
                    read_back(text, scale, 40).as_deref(),
                    Some(text),
                    "{scale} pixels a module"
                );
            }
        }
        assert_eq!(read_back(&"ü".repeat(700), 4, 0), Some("ü".repeat(700)), "UTF-8");
    }

    #[test]
    fn a_picture_without_a_code_has_no_text() {
        assert_eq!(read(100, 100, &[255; 10_000]), None);
        assert_eq!(read(100, 100, &[255; 9_999]), None, "too few bytes");
        assert_eq!(read(0, 0, &[]), None);
        assert_eq!(read(MAX_SIDE + 1, 1, &[0; MAX_SIDE + 1]), None);
    }

    /// The same noise each time: xorshift.
    fn noise(mut state: u32) -> impl Iterator<Item = u8> {
        std::iter::repeat_with(move || {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            state.to_le_bytes()[1]
        })
    }

    #[test]
    fn damage_ends_no_reader_and_makes_no_other_text() {
        for seed in 1..120_u32 {
            let text: Vec<u8> = noise(seed).take(usize::from(seed as u8) * 4 + 8).collect();
            let text = hex::encode(text);
            let (side, mut gray) = pixels(&text, seed as usize % 4 + 1, 4);
            let pixels = gray.len();
            let mut bytes = noise(seed + 1000);
            for _ in 0..seed {
                let place = bytes
                    .by_ref()
                    .take(4)
                    .fold(0, |place, byte| place << 8 | usize::from(byte));
                let length = usize::from(bytes.next().unwrap_or_default()) % 64;
                gray[place % pixels..pixels.min(place % pixels + length)].fill(length as u8 * 4);
            }
            let height = side - seed as usize % (side / 2);
            let found = read(side, height, &gray[..side * height]);
            assert!(
                found.is_none_or(|found| found == text),
                "another text is read with seed {seed}"
            );
        }
    }

    #[test]
    fn noise_has_no_text() {
        for seed in 1..60 {
            let dots: Vec<u8> = noise(seed).take(64 * 64).map(|byte| byte & 128).collect();
            let large: Vec<u8> = (0..192 * 192)
                .map(|at| dots[at / 192 / 3 * 64 + at % 192 / 3])
                .collect();
            assert_eq!(read(192, 192, &large), None);
        }
    }
}
