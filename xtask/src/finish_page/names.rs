//! Shorter names between script and wasm.
//!
//! wasm-bindgen ends the names of some 240 functions with 16 hex digits that are as good as random, in both files: nothing
//! compresses them. They are numbered instead. No name is longer or shorter than before, so wasm's lengths stay as they are.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

/// The digits at the end of such a name.
const DIGITS: usize = 16;

/// Numbers the names in the program's script and wasm.
///
/// # Errors
/// When a file cannot be read or written, or a name of the script is not in the wasm.
pub(super) fn finish(script: &Path, wasm: &Path) -> Result<()> {
    let read = |path: &Path| fs::read(path).with_context(|| format!("cannot read {}", path.display()));
    let (mut in_script, mut in_wasm) = (read(script)?, read(wasm)?);
    let names = numbered(&in_script);
    ensure!(
        !names.is_empty(),
        "wasm-bindgen's script has no numbered names any more: see {}",
        file!()
    );
    replace(&mut in_script, &names);
    let found = replace(&mut in_wasm, &names);
    ensure!(found > 0, "the wasm has none of the names of its script");
    for (path, content) in [(script, in_script), (wasm, in_wasm)] {
        fs::write(path, content).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

/// The names that end with digits, and what they become: those digits in the order of their first use.
fn numbered(script: &[u8]) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let mut numbers = BTreeMap::new();
    let mut names = BTreeMap::new();
    for name in words(script).filter_map(|(start, end)| script.get(start..end)) {
        let Some((head, digits)) = parts(name) else { continue };
        let next = numbers.len();
        let number = *numbers.entry(digits.to_vec()).or_insert(next);
        let short = [head, format!("{number:0DIGITS$x}").as_bytes()].concat();
        names.insert(name.to_vec(), short);
    }
    names
}

/// A name's head and digits, if it ends with such digits: `__wbg_get_0123456789abcdef`, `…__h0123456789abcdef`.
fn parts(name: &[u8]) -> Option<(&[u8], &[u8])> {
    let (head, digits) = name.split_at_checked(name.len().checked_sub(DIGITS)?)?;
    let is_hash = digits.iter().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
    let is_name = head.starts_with(b"__wb") || head.ends_with(b"__h");
    (is_hash && is_name && head.ends_with(b"_") | head.ends_with(b"__h")).then_some((head, digits))
}

/// Where the words of a text or of a binary are.
fn words(content: &[u8]) -> impl Iterator<Item = (usize, usize)> {
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + content.get(at..)?.iter().position(is_word)?;
        let length = content[start..].iter().position(|byte| !is_word(byte));
        at = length.map_or(content.len(), |length| start + length);
        Some((start, at))
    })
}

/// Puts the new names in the place of the old ones; tells how many there were. In wasm the byte before a name is its length,
/// which can be a letter: so a name is looked for at the end of a word.
fn replace(content: &mut [u8], names: &BTreeMap<Vec<u8>, Vec<u8>>) -> usize {
    let places: Vec<(usize, usize)> = words(content).collect();
    let mut found = 0;
    for (start, end) in places {
        let word = &content[start..end];
        if word.len() < DIGITS {
            continue;
        }
        let name = (0..word.len() - DIGITS).find_map(|from| names.get_key_value(&word[from..]));
        if let Some((_, short)) = name {
            let short = short.clone();
            content[end - short.len()..end].copy_from_slice(&short);
            found += 1;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_numbered_alike_in_script_and_wasm() {
        let folder = std::env::temp_dir().join(format!("cairn-names-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        let (script, wasm) = (folder.join("a.js"), folder.join("a.wasm"));
        let text = "imports.__wbg_get_00ff00ff00ff00aa = f; x.__wbg_set_11ff00ff00ff00aa(__wbg_get_00ff00ff00ff00aa); \
                    wasm.invoke__h22ff00ff00ff00aa(\"00ff00ff00ff00aa\"); notes_11ff00ff00ff00aa";
        fs::write(&script, text).unwrap();
        // A length that is a letter stands before the first.
        fs::write(
            &wasm,
            b"\0asmA__wbg_get_00ff00ff00ff00aa\0\x07invoke__h22ff00ff00ff00aa\xff__wbg_set_11ff00ff00ff00aa",
        )
        .unwrap();
        finish(&script, &wasm).unwrap();
        let expected = "imports.__wbg_get_0000000000000000 = f; x.__wbg_set_0000000000000001(__wbg_get_0000000000000000); \
                        wasm.invoke__h0000000000000002(\"00ff00ff00ff00aa\"); notes_11ff00ff00ff00aa";
        assert_eq!(fs::read_to_string(&script).unwrap(), expected);
        let expected = b"\0asmA__wbg_get_0000000000000000\0\x07invoke__h0000000000000002\xff__wbg_set_0000000000000001";
        assert_eq!(fs::read(&wasm).unwrap(), expected);
        fs::write(&script, "nothing").unwrap();
        assert!(finish(&script, &wasm).is_err());
        fs::remove_dir_all(&folder).unwrap();
    }
}
