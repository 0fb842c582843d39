//! Embeds the page: writes a table of the files of `dist/`, which `cargo xtask build` lets Trunk make before.

use std::{
    env,
    error::Error,
    fmt::Write as _,
    fs,
    hash::{DefaultHasher, Hasher},
    path::{Path, PathBuf},
};

fn main() -> Result<(), Box<dyn Error>> {
    let backend = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or("cargo sets it")?);
    let dist = backend.parent().ok_or("the workspace holds the crate")?.join("dist");
    // Of a folder that does not exist cargo would think that it has changed, each time.
    fs::create_dir_all(&dist)?;
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={}", dist.display());

    let mut files = Vec::new();
    if dist.join("index.html").is_file() {
        collect(&dist, &mut files)?;
    }
    let mut entries = Vec::new();
    for file in files.iter().filter(|file| !has_extension(file, "br")) {
        entries.push(entry(&dist, file, &files)?);
    }
    entries.sort();
    let mut table = String::from("static FILES: &[File] = &[\n");
    for (_, entry) in &entries {
        table.push_str(entry);
    }
    table.push_str("];\n");
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets it")?);
    fs::write(out.join("page.rs"), table)?;
    Ok(())
}

/// All files below a folder, but for hidden ones: Trunk's own.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), files)?;
        } else {
            files.push(entry.path());
        }
    }
    Ok(())
}

/// A file's path in the URL, and its line in the table.
fn entry(dist: &Path, file: &Path, files: &[PathBuf]) -> Result<(String, String), Box<dyn Error>> {
    let mut path = String::new();
    for part in file.strip_prefix(dist)?.components() {
        path.push('/');
        path.push_str(part.as_os_str().to_str().ok_or("a file's name is not UTF-8")?);
    }
    let mut hasher = DefaultHasher::new();
    hasher.write(&fs::read(file)?);
    let tag = format!("W/\"{:016x}\"", hasher.finish());
    let mut brotli_name = file.as_os_str().to_owned();
    brotli_name.push(".br");
    let brotli = PathBuf::from(brotli_name);
    let mut line = String::new();
    writeln!(
        line,
        "    File {{ path: {path:?}, content_type: {:?}, tag: {tag:?}, immutable: {}, plain: include_bytes!({file:?}), brotli: {} }},",
        content_type(file),
        is_named_by_content(file),
        if files.contains(&brotli) {
            format!("Some(include_bytes!({brotli:?}))")
        } else {
            "None".to_owned()
        },
    )?;
    Ok((path, line))
}

fn has_extension(file: &Path, extension: &str) -> bool {
    file.extension().is_some_and(|found| found == extension)
}

/// Whether a name has a run of at least eight hex digits, with a digit among them, between dashes, dots and underscores.
fn is_named_by_content(file: &Path) -> bool {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    name.split(['-', '.', '_']).any(|part| {
        part.len() >= 8
            && part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
            && part.bytes().any(|byte| byte.is_ascii_digit())
    })
}

fn content_type(file: &Path) -> &'static str {
    match file.extension().and_then(|extension| extension.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("json" | "map") => "application/json",
        Some("webmanifest") => "application/manifest+json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("webp") => "image/webp",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
