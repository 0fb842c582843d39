//! The service worker: writes into it the list of the page's files with their SHA-256, so that it serves no others.
//!
//! Its own name has no hash, for a browser looks for a new version under the name of the old one.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use sha2::{Digest, Sha256};

use super::integrity::short_hash;
use crate::fingerprint::hex;

/// Where the node serves it.
pub(super) const URL: &str = "/service-worker.js";

/// How the address of the script begins that registers it.
pub(super) const REGISTRAR: &str = "/install-";

/// The attribute of that script's tag that names the worker. Under `trunk serve` it is missing, and nothing is registered.
pub(super) const ATTRIBUTE: &str = "data-service-worker";

/// What `frontend/assets/service-worker.js` has in place of the list, and of the version.
const NO_FILES: &str = "const FILES = new Map([]);";
const NO_VERSION: &str = "const VERSION = \"\";";

/// Writes the list. Every file must have its last content by now.
///
/// # Errors
/// When the worker, the script that registers it, or the places for the list are missing.
pub(super) fn finish(staging: &Path) -> Result<()> {
    let index = fs::read_to_string(staging.join("index.html"))?;
    ensure!(
        index.contains(ATTRIBUTE),
        "nothing registers the service worker: index.html needs <script data-trunk src=\"frontend/assets/install.js\">"
    );
    let worker = staging.join(URL.trim_start_matches('/'));
    let source = fs::read_to_string(&worker).context("index.html does not copy frontend/assets/service-worker.js")?;
    let mut files = BTreeMap::new();
    collect(staging, "", &mut files)?;
    fs::write(&worker, fill(&source, &files)?).context("cannot write service-worker.js")
}

/// The SHA-256 in hex of every file below a folder, by its URL. The document is `/`, the worker itself is left out.
fn collect(folder: &Path, url: &str, files: &mut BTreeMap<String, String>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name
            .to_str()
            .filter(|name| is_plain(name))
            .with_context(|| format!("the page has a file with signs in its name: {}", name.display()))?;
        let url = format!("{url}/{name}");
        if name.starts_with('.') || url == URL {
            continue;
        }
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), &url, files)?;
            continue;
        }
        let content = fs::read(entry.path()).with_context(|| format!("cannot read {}", entry.path().display()))?;
        let url = if url == "/index.html" { "/".to_owned() } else { url };
        files.insert(url, hex(&Sha256::digest(content)));
    }
    Ok(())
}

/// Whether a name is the same in a URL and in a string of JavaScript.
fn is_plain(name: &str) -> bool {
    name.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

fn fill(source: &str, files: &BTreeMap<String, String>) -> Result<String> {
    for place in [NO_FILES, NO_VERSION] {
        ensure!(
            source.matches(place).count() == 1,
            "frontend/assets/service-worker.js needs the line `{place}`, once"
        );
    }
    let mut list = String::from("const FILES = new Map([\n");
    for (url, digest) in files {
        writeln!(list, "  [\"{url}\", \"{digest}\"],")?;
    }
    list.push_str("]);");
    let listed = source.replace(NO_FILES, &list);
    // Of the whole script: a version never shares its cache with another.
    let version = short_hash(listed.as_bytes());
    Ok(listed.replace(NO_VERSION, &format!("const VERSION = \"{version}\";")))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    const SOURCE: &str = include_str!("../../../frontend/assets/service-worker.js");

    fn staging(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("cairn-service-worker-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(folder.join("snippets")).unwrap();
        fs::write(
            folder.join("index.html"),
            "<script data-service-worker=\"/service-worker.js\">",
        )
        .unwrap();
        fs::write(folder.join("service-worker.js"), SOURCE).unwrap();
        fs::write(folder.join("a.css"), "abc").unwrap();
        fs::write(folder.join("snippets/b.js"), "").unwrap();
        fs::write(folder.join(".stage"), "x").unwrap();
        folder
    }

    fn finished(folder: &Path) -> String {
        finish(folder).unwrap();
        fs::read_to_string(folder.join("service-worker.js")).unwrap()
    }

    fn entries(script: &str) -> Vec<&str> {
        script.lines().filter(|line| line.starts_with("  [\"/")).collect()
    }

    #[test]
    fn every_file_is_listed_with_its_digest() {
        let folder = staging("listed");
        let index = hex(&Sha256::digest(fs::read(folder.join("index.html")).unwrap()));
        let script = finished(&folder);
        assert_eq!(
            entries(&script),
            [
                format!("  [\"/\", \"{index}\"],").as_str(),
                // FIPS 180-2: the digests of "abc" and of nothing.
                "  [\"/a.css\", \"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\"],",
                "  [\"/snippets/b.js\", \"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"],",
            ]
        );
        assert!(!script.contains(NO_VERSION) && !script.contains(NO_FILES), "{script}");
    }

    #[test]
    fn another_content_is_another_list_and_another_version() {
        let version = |script: &str| {
            let line = script.lines().find(|line| line.starts_with("const VERSION"));
            line.unwrap().to_owned()
        };
        let first = finished(&staging("first"));
        assert_eq!(first, finished(&staging("again")));
        for (file, content) in [("a.css", "abd"), ("index.html", "data-service-worker"), ("c.js", "1")] {
            let folder = staging("other");
            fs::write(folder.join(file), content).unwrap();
            let other = finished(&folder);
            assert_ne!(entries(&first), entries(&other), "{file}");
            assert_ne!(version(&first), version(&other), "{file}");
        }
        // A changed script has its own cache too, even if no file changed.
        let folder = staging("script");
        fs::write(folder.join("service-worker.js"), format!("{SOURCE}// 2\n")).unwrap();
        assert_ne!(version(&first), version(&finished(&folder)));
    }

    #[test]
    fn what_would_leave_the_page_without_its_worker_is_an_error() {
        let folder = staging("missing");
        fs::write(folder.join("index.html"), "<p>").unwrap();
        assert!(finish(&folder).unwrap_err().to_string().contains("registers"));
        let folder = staging("changed");
        fs::write(folder.join("service-worker.js"), SOURCE.replace(NO_FILES, "")).unwrap();
        assert!(finish(&folder).unwrap_err().to_string().contains(NO_FILES));
        let folder = staging("name");
        fs::write(folder.join("a\"b.js"), "1").unwrap();
        assert!(finish(&folder).unwrap_err().to_string().contains("signs"));
    }
}
