//! A QR code as SVG path data.

use qrcodegen::{QrCode, QrCodeEcc};

/// The light frame that readers need around a code, in modules (ISO/IEC 18004, 9.1).
const QUIET: i32 = 4;

/// A drawn code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// The side of the square with its quiet frame, in modules.
    pub side: i32,
    /// The dark modules as SVG path data, in modules.
    pub path: String,
}

/// Draws a text; nothing when it is too long for any code. An address is given in capital letters, which need a third
/// less room; bech32m reads them as well.
#[must_use]
pub fn picture(text: &str) -> Option<Picture> {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).ok()?;
    let mut path = String::new();
    for y in 0..code.size() {
        let mut x = 0;
        while x < code.size() {
            let start = x;
            while code.get_module(x, y) {
                x += 1;
            }
            let run = x - start;
            if run > 0 {
                path.push_str(&format!("M{} {}h{run}v1h-{run}z", start + QUIET, y + QUIET));
            }
            x += 1;
        }
    }
    Some(Picture {
        side: code.size() + 2 * QUIET,
        path,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_fits_into_a_small_code() {
        let picture = picture("DEV1QQQSYQCYQ5RQWZQFPG9SCRGWPUGPZYSNZS23V9CCRYDPK8QARC0S5CMCN").unwrap();
        assert_eq!(picture.side, 29 + 2 * QUIET, "version 3");
        assert!(picture.path.starts_with("M4 4h7v1h-7z"), "the finder's upper edge");
    }

    #[test]
    fn too_much_text_has_no_picture() {
        assert_eq!(picture(&"a".repeat(3000)), None);
    }
}
