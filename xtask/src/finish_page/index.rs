//! The page's one document: no inline code, no outside address, integrity on everything it loads.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use super::html::{self, Tag};
use super::integrity::{integrity, integrity_of, short_hash};
use super::service_worker;

/// Attributes by which an element loads something, or leads somewhere.
const ADDRESSES: [&str; 8] = [
    "src",
    "href",
    "srcset",
    "poster",
    "action",
    "formaction",
    "data",
    "background",
];

/// What a `link` loads, of which a browser checks the integrity. It ignores that of `preload`, and says so on the console;
/// what is preloaded is checked when it is fetched.
const CHECKED_LINKS: [&str; 2] = ["stylesheet", "modulepreload"];

/// Rewrites what Trunk emitted, and writes the start script beside it.
///
/// # Errors
/// Inline scripts, styles or handlers, outside addresses, and files that are not there.
pub(super) fn finish(emitted: &str, staging: &Path) -> Result<String> {
    let mut finished = String::with_capacity(emitted.len());
    let mut copied = 0;
    let mut start = None;
    for mut tag in html::tags(emitted)? {
        refuse_inline(&tag)?;
        refuse_outside(&tag)?;
        finished.push_str(&emitted[copied..tag.range.start]);
        copied = tag.range.end;
        match (tag.name.as_str(), tag.raw_text.clone()) {
            ("style", _) => bail!("index.html has an inline <style>: put it into frontend/style/"),
            ("script", Some(text)) if tag.get("src").is_none() => {
                let (name, script) = start_script(&tag, &emitted[text.clone()], staging)?;
                fs::write(staging.join(&name), &script).with_context(|| format!("cannot write {name}"))?;
                tag.set("src", format!("/{name}"));
                tag.set("integrity", integrity(script.as_bytes()));
                copied = text.end + "</script>".len();
                ensure!(
                    start.replace(tag.render()).is_none(),
                    "index.html has two start scripts"
                );
                continue;
            }
            ("script", _) => {
                check(&mut tag, "src", staging)?;
                if tag
                    .get("src")
                    .is_some_and(|url| url.starts_with(service_worker::REGISTRAR))
                {
                    tag.set(service_worker::ATTRIBUTE, service_worker::URL.to_owned());
                }
            }
            ("link", _) if tag.get("rel").is_some_and(|rel| CHECKED_LINKS.contains(&rel)) => {
                check(&mut tag, "href", staging)?;
            }
            ("link", _) if tag.get("rel") == Some("preload") => tag.remove("integrity"),
            _ => {
                finished.push_str(&emitted[tag.range.clone()]);
                continue;
            }
        }
        finished.push_str(&tag.render());
    }
    finished.push_str(&emitted[copied..]);
    let start = start.context("index.html has no start script: it needs a <link data-trunk rel=\"rust\">")?;
    // Behind the preloads, whose integrity also holds for what the script imports.
    let (head, body) = finished
        .split_once("</head>")
        .context("index.html: the head is not closed")?;
    Ok(format!("{head}{start}</script>\n</head>{body}"))
}

fn check(tag: &mut Tag, attribute: &str, staging: &Path) -> Result<()> {
    let url = tag
        .get(attribute)
        .with_context(|| format!("index.html: a <{}> has no {attribute}", tag.name))?;
    let value = integrity_of(staging, url)?;
    tag.set("integrity", value);
    Ok(())
}

/// Trunk's inline start script as a file: its name, and its content, which fetches the wasm with its integrity.
fn start_script(tag: &Tag, text: &str, staging: &Path) -> Result<(String, String)> {
    const ARGUMENT: &str = "module_or_path: '";
    let trunks = tag.get("type") == Some("module") && text.contains("import init");
    ensure!(
        trunks,
        "index.html has an inline <script> that is not Trunk's: put it into frontend/src/"
    );
    let changed = "Trunk's start script is not as 0.21.14 writes it: look at finish_page/index.rs";
    let (before, rest) = text.split_once(ARGUMENT).context(changed)?;
    let (wasm, after) = rest.split_once('\'').context(changed)?;
    let integrity = integrity_of(staging, wasm)?;
    let fetch = format!("fetch('{wasm}', {{ integrity: '{integrity}', credentials: 'same-origin' }})");
    let script = format!("{before}module_or_path: {fetch}{after}");
    let script = format!("{}\n", script.trim());
    Ok((format!("boot-{}.js", short_hash(script.as_bytes())), script))
}

fn refuse_inline(tag: &Tag) -> Result<()> {
    for (name, value) in &tag.attributes {
        let handler = name.starts_with("on");
        let script_address = value.trim_start().to_ascii_lowercase().starts_with("javascript:");
        if handler || name == "style" || script_address {
            bail!(
                "index.html: <{}> has `{name}`, which the page's policy forbids",
                tag.name
            );
        }
    }
    Ok(())
}

fn refuse_outside(tag: &Tag) -> Result<()> {
    // A link that a person follows loads nothing.
    if tag.name == "a" {
        return Ok(());
    }
    for (name, value) in tag
        .attributes
        .iter()
        .filter(|(name, _)| ADDRESSES.contains(&name.as_str()))
    {
        let lower = value.trim_start().to_ascii_lowercase();
        if lower.starts_with("//") || lower.contains("http:") || lower.contains("https:") {
            bail!(
                "index.html: <{}> loads `{value}` ({name}): the page may load nothing from outside",
                tag.name
            );
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
