//! Tests of the document's rewriting, on what Trunk really emits.

use super::*;

const EMITTED: &str = include_str!("trunk-0.21.14.html");

/// A folder with every file that Trunk's document names; each holds its own address.
fn staging(name: &str) -> std::path::PathBuf {
    let folder = std::env::temp_dir().join(format!("cairn-index-{name}-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    for tag in html::tags(EMITTED).unwrap() {
        if let Some(url) = tag.get("href") {
            fs::write(folder.join(url.trim_start_matches('/')), url).unwrap();
        }
    }
    folder
}

fn refused(change: impl Fn(&str) -> String) -> String {
    let changed = change(EMITTED);
    assert_ne!(changed, EMITTED, "the change changed nothing");
    finish(&changed, &staging("refused")).unwrap_err().to_string()
}

#[test]
fn the_start_script_becomes_a_file_behind_the_preloads() {
    let folder = staging("start");
    let finished = finish(EMITTED, &folder).unwrap();
    let tags = html::tags(&finished).unwrap();
    let scripts: Vec<&Tag> = tags.iter().filter(|tag| tag.name == "script").collect();
    let [script] = scripts.as_slice() else {
        panic!("{finished}")
    };
    assert!(script.raw_text.as_ref().unwrap().is_empty(), "{finished}");
    assert!(
        finished.rfind("rel=\"modulepreload\"").unwrap() < script.range.start,
        "{finished}"
    );

    let url = script.get("src").unwrap();
    let content = fs::read_to_string(folder.join(url.trim_start_matches('/'))).unwrap();
    assert_eq!(script.get("integrity").unwrap(), integrity(content.as_bytes()));
    let wasm = tags
        .iter()
        .filter_map(|tag| tag.get("href"))
        .find(|url| url.ends_with(".wasm"))
        .unwrap();
    let fetch = format!("fetch('{wasm}', {{ integrity: '{}'", integrity(wasm.as_bytes()));
    assert!(content.contains(&fetch), "{content}");
}

#[test]
fn everything_that_is_loaded_carries_the_hash_of_its_content() {
    let finished = finish(EMITTED, &staging("hashes")).unwrap();
    for tag in html::tags(&finished).unwrap() {
        match tag.get("rel") {
            Some("stylesheet" | "modulepreload") => {
                let content = tag.get("href").unwrap().as_bytes();
                assert_eq!(tag.get("integrity").unwrap(), integrity(content), "{tag:?}");
            }
            Some("preload") => assert_eq!(tag.get("integrity"), None, "{tag:?}"),
            _ => {}
        }
    }
}

#[test]
fn the_script_that_registers_the_service_worker_is_told_its_address() {
    let folder = staging("install");
    for name in ["install-1.js", "theme-1.js"] {
        fs::write(folder.join(name), "1").unwrap();
    }
    let scripts = "<script src=\"/install-1.js\" defer></script><script src=\"/theme-1.js\"></script>";
    let finished = finish(&EMITTED.replace("<title>", &format!("{scripts}<title>")), &folder).unwrap();
    let named: Vec<_> = html::tags(&finished)
        .unwrap()
        .iter()
        .filter_map(|tag| Some((tag.get("data-service-worker")?.to_owned(), tag.get("src")?.to_owned())))
        .collect();
    assert_eq!(named, [("/service-worker.js".to_owned(), "/install-1.js".to_owned())]);
}

#[test]
fn inline_code_is_refused() {
    for inline in [
        "<script>1</script>",
        "<style>p {}</style>",
        "<p style=\"color: red\">",
        "<p onclick=\"f()\">",
    ] {
        let error = refused(|html| html.replace("<body>", &format!("<body>{inline}")));
        assert!(error.contains("inline") || error.contains("policy"), "{error}");
    }
    let error = refused(|html| html.replace("<body>", "<body><form action=\" JavaScript:f()\">"));
    assert!(error.contains("policy"), "{error}");
}

#[test]
fn outside_addresses_are_refused_but_for_links_to_follow() {
    for outside in [
        "<img src=\"https://a.example/b.png\">",
        "<script src=\"//a.example\"></script>",
    ] {
        let error = refused(|html| html.replace("<body>", &format!("<body>{outside}")));
        assert!(error.contains("outside"), "{error}");
    }
    let link = EMITTED.replace("<body>", "<body><a href=\"https://a.example\">");
    finish(&link, &staging("link")).unwrap();
}

#[test]
fn what_trunk_would_write_otherwise_is_an_error() {
    assert!(refused(|html| html.replace("module_or_path: ", "")).contains("0.21.14"));
    assert!(refused(|html| html.replace("frontend-", "missing-")).contains("not there"));
    assert!(refused(|html| html.replace("</head>", "")).contains("head"));
    let twice = refused(|html| {
        let script = &html[html.find("<script").unwrap()..html.find("</script>").unwrap()];
        html.replace("</head>", &format!("{script}</script></head>"))
    });
    assert!(twice.contains("two"), "{twice}");
}
