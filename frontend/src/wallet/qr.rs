//! A QR code as SVG path data.

use qrcodegen::{QrCode, QrCodeEcc};

/// The light frame that readers need around a code, in modules (ISO/IEC 18004, 9.1).
const QUIET: i32 = 4;

/// Longer texts are drawn with less redundancy: larger modules are read better than small ones of which more may fail.
const LONG: usize = 128;

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
    let level = if text.len() > LONG {
        QrCodeEcc::Low
    } else {
        QrCodeEcc::Medium
    };
    let code = QrCode::encode_text(text, level).ok()?;
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

impl Picture {
    /// The code as an SVG file, 8 units of length to a module.
    #[must_use]
    pub fn svg(&self) -> String {
        let side = self.side.to_string();
        let length = (self.side * 8).to_string();
        [
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"",
            &length,
            "\" height=\"",
            &length,
            "\" viewBox=\"0 0 ",
            &side,
            " ",
            &side,
            "\" shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 0h",
            &side,
            "v",
            &side,
            "H0z\"/><path d=\"",
            &self.path,
            "\"/></svg>\n",
        ]
        .concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signed_request_still_fits_into_a_code_that_screens_show() {
        let picture = picture(&"a".repeat(360)).unwrap();
        assert_eq!(picture.side, 65 + 2 * QUIET, "version 12");
    }

    #[test]
    fn a_file_has_the_code_on_white() {
        let picture = Picture {
            side: 9,
            path: "M4 4h1v1h-1z".to_owned(),
        };
        let svg = picture.svg();
        assert!(svg.contains("width=\"72\" height=\"72\" viewBox=\"0 0 9 9\""), "{svg}");
        assert!(svg.contains("d=\"M0 0h9v9H0z\"/><path d=\"M4 4h1v1h-1z\"/>"), "{svg}");
    }

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
