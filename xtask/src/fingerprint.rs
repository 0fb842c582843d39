//! A fingerprint of what goes into a build, so that a second start need not repeat it.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

/// SHA-256 of the names and contents of files, and of words.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fingerprint(String);

impl Fingerprint {
    /// Reads files, and folders with all that is in them; what is missing counts as missing.
    ///
    /// # Errors
    /// When something is there but cannot be read.
    pub(crate) fn of(paths: &[PathBuf], words: &[String]) -> Result<Self> {
        let mut hash = Sha256::new();
        for word in words {
            part(&mut hash, b'w', word.as_bytes());
        }
        for path in paths {
            // Only names below the given path count: the clone may lie anywhere.
            part(&mut hash, b'p', path.file_name().unwrap_or_default().as_encoded_bytes());
            add(&mut hash, path)?;
        }
        Ok(Self(hex(&hash.finalize())))
    }

    /// Whether a file holds this fingerprint.
    pub(crate) fn is_at(&self, file: &Path) -> bool {
        fs::read_to_string(file).is_ok_and(|saved| saved == self.0)
    }

    /// Writes the fingerprint to a file.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn save(&self, file: &Path) -> Result<()> {
        fs::write(file, &self.0).with_context(|| format!("cannot write {}", file.display()))
    }
}

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn part(hash: &mut Sha256, kind: u8, bytes: &[u8]) {
    hash.update([kind]);
    hash.update((bytes.len() as u64).to_le_bytes());
    hash.update(bytes);
}

fn add(hash: &mut Sha256, path: &Path) -> Result<()> {
    if path.is_dir() {
        let entries = fs::read_dir(path).with_context(|| format!("cannot read {}", path.display()))?;
        let mut paths = entries
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<Vec<_>, _>>()?;
        paths.sort();
        for path in paths {
            part(hash, b'n', path.file_name().unwrap_or_default().as_encoded_bytes());
            add(hash, &path)?;
        }
    } else if path.exists() {
        part(
            hash,
            b'f',
            &fs::read(path).with_context(|| format!("cannot read {}", path.display()))?,
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("cairn-fingerprint-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(folder.join("src/pages")).unwrap();
        fs::write(folder.join("src/main.rs"), "one").unwrap();
        fs::write(folder.join("src/pages/home.rs"), "two").unwrap();
        folder
    }

    fn of(folder: &Path, words: &[&str]) -> Fingerprint {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        Fingerprint::of(&[folder.join("src"), folder.join("missing")], &words).unwrap()
    }

    #[test]
    fn contents_names_and_words_count_and_the_place_does_not() {
        let (one, other) = (folder("one"), folder("other"));
        let first = of(&one, &["trunk 1"]);
        assert_eq!(first, of(&other, &["trunk 1"]));
        assert_ne!(first, of(&one, &["trunk 2"]));
        fs::write(other.join("src/pages/home.rs"), "2").unwrap();
        assert_ne!(first, of(&other, &["trunk 1"]));
        fs::write(other.join("src/pages/home.rs"), "two").unwrap();
        fs::rename(other.join("src/pages/home.rs"), other.join("src/pages/away.rs")).unwrap();
        assert_ne!(first, of(&other, &["trunk 1"]));
    }

    #[test]
    fn saved_fingerprints_are_known_again() {
        let folder = folder("saved");
        let (file, print) = (folder.join("print"), of(&folder, &[]));
        assert!(!print.is_at(&file));
        print.save(&file).unwrap();
        assert!(print.is_at(&file));
    }
}
