//! The one HTML file: style, script and wasm inside, under a policy that names them by their hashes and allows nothing else.

use anyhow::{Result, ensure};
use sha2::{Digest, Sha256};

use crate::finish_page::integrity::base64;

/// What the file is made of.
pub(super) struct Parts {
    /// The document, with `{{policy}}`, `{{style}}` and `{{script}}` where these belong.
    pub(super) template: String,
    pub(super) style: String,
    /// What wasm-bindgen wrote for `no-modules`.
    pub(super) glue: String,
    /// The script that starts the program, which it finds in base64 as `PROGRAM`.
    pub(super) start: String,
    pub(super) wasm: Vec<u8>,
}

/// Puts the parts together.
///
/// # Errors
/// When a place in the template is missing, or a part would end the element that it stands in.
pub(super) fn assemble(parts: &Parts) -> Result<String> {
    let program = base64(&parts.wasm);
    let script = format!("\n{}\nconst PROGRAM = \"{program}\";\n{}", parts.glue, parts.start);
    let style = format!("\n{}", parts.style);
    for (text, end) in [(&script, "</script"), (&style, "</style")] {
        // The last two: a parser would read other bytes than were hashed, or look for another end.
        for sign in [end, "<!--", "\r"] {
            let found = text.to_ascii_lowercase().contains(sign);
            ensure!(
                !found,
                "a part of cairn-recover.html contains {sign:?}, which may not stand in it"
            );
        }
    }
    let policy = format!(
        "default-src 'none'; script-src '{}' 'wasm-unsafe-eval'; style-src '{}'; base-uri 'none'; form-action 'none'",
        source_hash(&script),
        source_hash(&style)
    );
    let mut html = parts.template.clone();
    for (place, text) in [("{{policy}}", &policy), ("{{style}}", &style), ("{{script}}", &script)] {
        let count = parts.template.matches(place).count();
        ensure!(
            count == 1,
            "frontend/assets/recover/page.html has {place} {count} times, and needs it once"
        );
        html = html.replacen(place, text, 1);
    }
    Ok(html)
}

/// A hash as a policy names it (CSP level 3).
fn source_hash(text: &str) -> String {
    format!("sha256-{}", base64(&Sha256::digest(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts() -> Parts {
        Parts {
            template: include_str!("../../../frontend/assets/recover/page.html").to_owned(),
            style: include_str!("../../../frontend/assets/recover/style.css").to_owned(),
            glue: "let wasm_bindgen;".to_owned(),
            start: include_str!("../../../frontend/assets/recover/start.js").to_owned(),
            wasm: b"\0asm\x01\0\0\0".to_vec(),
        }
    }

    fn between<'a>(html: &'a str, start: &str, end: &str) -> &'a str {
        html.split_once(start).unwrap().1.split_once(end).unwrap().0
    }

    #[test]
    fn the_policy_names_what_stands_in_the_file() {
        let html = assemble(&parts()).unwrap();
        let policy = between(&html, "http-equiv=\"Content-Security-Policy\" content=\"", "\"");
        let script = between(&html, "<script>", "</script>");
        let style = between(&html, "<style>", "</style>");
        let expected = format!(
            "script-src '{}' 'wasm-unsafe-eval'; style-src '{}';",
            source_hash(script),
            source_hash(style)
        );
        assert!(
            policy.starts_with("default-src 'none'; ") && policy.contains(&expected),
            "{policy}"
        );
        assert!(script.contains("const PROGRAM = \"AGFzbQEAAAA=\";"), "{script}");
        assert!(
            script.contains("let wasm_bindgen;") && style.contains("--paper"),
            "{html}"
        );
    }

    #[test]
    fn hashes_are_those_of_the_specification() {
        // CSP level 3, section 2.3.1 has this script with this hash.
        let expected = "sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng=";
        assert_eq!(source_hash("alert('Hello, world.');"), expected);
    }

    #[test]
    fn the_file_loads_nothing() {
        let html = assemble(&parts()).unwrap();
        for sign in ["http:", "https:", " src=", " href=", "@import", "url("] {
            assert!(!html.contains(sign), "{sign}");
        }
    }

    #[test]
    fn parts_that_would_break_out_are_refused() {
        let refused = |change: fn(&mut Parts)| {
            let mut parts = parts();
            change(&mut parts);
            assemble(&parts).unwrap_err().to_string()
        };
        assert!(refused(|parts| parts.glue.push_str("'</SCRIPT>'")).contains("</script"));
        assert!(refused(|parts| parts.style.push_str("</style>")).contains("</style"));
        assert!(refused(|parts| parts.start.push_str("\r\n")).contains("\\r"));
        assert!(refused(|parts| parts.start.push_str("<!--")).contains("<!--"));
        assert!(refused(|parts| parts.template = parts.template.replace("{{style}}", "")).contains("{{style}} 0"));
    }
}
