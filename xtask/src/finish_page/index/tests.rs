//! Tests of the document's rewriting.

use super::*;

const EMITTED: &str = include_str!("trunk-0.21.14.html");

fn staging(name: &str) -> std::path::PathBuf {
    let folder = std::env::temp_dir().join(format!("cairn-index-{name}-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    for tag in html::tags(EMITTED).unwrap() {
        for url in [tag.get("href"), tag.get("src")].into_iter().flatten() {
            fs::write(folder.join(url.trim_start_matches('/')), url).unwrap();
        }
    }
    folder
}
