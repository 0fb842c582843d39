//! Brotli forms beside the page's files, so that the node compresses nothing while it serves.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::{Context, Result};
use brotli::enc::BrotliEncoderParams;

/// Kinds of files that are not compressed already.
const KINDS: [&str; 9] = ["html", "js", "css", "wasm", "svg", "json", "txt", "webmanifest", "ttf"];

/// Writes `FILE.br` for every file of the page that gets smaller by it.
///
/// # Errors
/// When a file cannot be read or written.
pub(super) fn all(staging: &Path) -> Result<()> {
    let mut files = Vec::new();
    collect(staging, &mut files)?;
    // The largest first, each to the next thread that is free.
    files.sort_by_key(|(size, _)| *size);
    let queue = Mutex::new(files);
    let work = || -> Result<()> {
        loop {
            let next = queue.lock().map_or(None, |mut files| files.pop());
            let Some((_, path)) = next else { return Ok(()) };
            compress(&path)?;
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers
            .into_iter()
            .try_for_each(|worker| worker.join().unwrap_or_else(|_| anyhow::bail!("brotli panicked")))
    })
}

fn collect(folder: &Path, files: &mut Vec<(u64, PathBuf)>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let entry = entry?;
        let path = entry.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path
            .extension()
            .and_then(|kind| kind.to_str())
            .is_some_and(|kind| KINDS.contains(&kind))
        {
            files.push((entry.metadata()?.len(), path));
        }
    }
    Ok(())
}

fn compress(path: &Path) -> Result<()> {
    let content = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    // Which length of blocks suits best, by up to 0.2 %, shows only afterwards.
    let small = [16, 0].map(|lgblock| {
        let mut small = Vec::new();
        let parameters = BrotliEncoderParams {
            quality: 11,
            lgwin: 22,
            lgblock,
            size_hint: content.len(),
            ..Default::default()
        };
        brotli::BrotliCompress(&mut content.as_slice(), &mut small, &parameters).map(|_| small)
    });
    let [short, usual] = small;
    let (short, usual) = (short?, usual?);
    let small = if short.len() < usual.len() { short } else { usual };
    if small.len() >= content.len() {
        return Ok(());
    }
    let mut name = path.as_os_str().to_owned();
    name.push(".br");
    fs::write(&name, small).with_context(|| format!("cannot write {}", name.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_shrink_get_a_brotli_form() {
        let folder = std::env::temp_dir().join(format!("cairn-compress-{}", std::process::id()));
        fs::create_dir_all(folder.join("snippets")).unwrap();
        let style = "p { margin: 0 }\n".repeat(100);
        fs::write(folder.join("snippets/a.css"), &style).unwrap();
        fs::write(folder.join("b.js"), "1").unwrap();
        fs::write(folder.join("c.png"), &style).unwrap();
        all(&folder).unwrap();
        let small = fs::read(folder.join("snippets/a.css.br")).unwrap();
        let mut back = Vec::new();
        brotli::BrotliDecompress(&mut small.as_slice(), &mut back).unwrap();
        assert_eq!(back, style.as_bytes());
        assert!(!folder.join("b.js.br").exists());
        assert!(!folder.join("c.png.br").exists());
    }
}
