//! What lies under `deploy/`: that the program knows the options, and the node the metrics, which stand there.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

#[path = "cli/bench.rs"]
mod bench;
mod neighbours;
mod workshop;

use std::{
    collections::BTreeSet,
    fs,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener},
    path::Path,
    thread,
};

use bench::Bench;
use neighbours::Neighbour;
use serde_json::Value;

// For the bench; no wallet is made here.
const PASSWORD: &str = "heather on the north slope";
const PHRASE: &str = "legal winner thank year wave sausage worth useful legal winner thank yellow";

/// A file of the repository.
fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The names of our metrics and of the library's that stand in a text.
fn metrics_in(text: &str) -> BTreeSet<String> {
    text.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'))
        .filter(|word| word.starts_with("cairn_") || word.starts_with("libp2p_"))
        // With nothing behind it, it stands for all of them.
        .filter(|word| !word.ends_with('_'))
        .map(str::to_owned)
        .collect()
}

/// The names of the samples that a node may expose, those of families that count nothing yet among them.
fn exposed(metrics: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for line in metrics.lines() {
        let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' ')) else {
            continue;
        };
        let suffixes: &[&str] = match kind {
            "counter" => &["_total"],
            "gauge" => &[""],
            "histogram" => &["_bucket", "_sum", "_count"],
            "info" => &["_info"],
            other => panic!("{name} is of the unknown kind {other}"),
        };
        names.extend(suffixes.iter().map(|suffix| format!("{name}{suffix}")));
    }
    names
}

/// The queries of a dashboard's panels, and of those within rows.
fn queries(panels: &Value, found: &mut Vec<String>) {
    for panel in panels.as_array().unwrap() {
        if panel["type"] == "row" {
            queries(&panel["panels"], found);
            continue;
        }
        let targets = panel["targets"].as_array().unwrap();
        assert!(!targets.is_empty(), "a panel shows nothing: {panel}");
        found.extend(targets.iter().map(|target| target["expr"].as_str().unwrap().to_owned()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_metric_that_is_named_is_exposed() {
    let node = Neighbour::start(&workshop::network(0), &[]).await;
    let url = format!("http://{}/metrics", node.page);
    let exposed = exposed(&reqwest::get(url).await.unwrap().text().await.unwrap());
    assert!(exposed.contains("cairn_height") && !exposed.contains("cairn_depth"));
    node.stop().await;

    let dashboard: Value = serde_json::from_str(&read("deploy/grafana.json")).unwrap();
    let mut named = Vec::new();
    queries(&dashboard["panels"], &mut named);
    for query in &named {
        assert!(!metrics_in(query).is_empty(), "{query} asks for nothing of ours");
    }
    for variable in dashboard["templating"]["list"].as_array().unwrap() {
        named.extend(variable["definition"].as_str().map(str::to_owned));
    }
    named.extend([read("deploy/alerts.yaml"), read("docs/operations.md")]);
    for text in &named {
        for metric in metrics_in(text) {
            assert!(exposed.contains(&metric), "no node exposes {metric}");
        }
    }
}

#[test]
fn every_alert_is_explained() {
    let rules = read("deploy/alerts.yaml");
    let alerts: Vec<_> = rules
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- alert: "))
        .collect();
    let explained = read("docs/operations.md");
    let rows = explained
        .lines()
        .filter_map(|line| line.strip_prefix("| `Cairn")?.split_once('`'));
    let rows: Vec<_> = rows.map(|(name, _)| format!("Cairn{name}")).collect();
    assert_eq!(rows, alerts);
    assert!(alerts.len() > 5);
}

/// The words after `key` on lines that hold them as a JSON array.
fn arrays(text: &str, key: &str) -> Vec<Vec<String>> {
    let lines = text.lines().filter_map(|line| line.trim().split_once(key));
    lines.map(|(_, array)| serde_json::from_str(array).unwrap()).collect()
}

/// Every command of the program that stands under `deploy/`, without the program's name.
fn commands() -> Vec<Vec<String>> {
    let image = read("deploy/Dockerfile");
    let compose = read("deploy/compose.yaml");
    let mut commands: Vec<_> = arrays(&image, "CMD ")
        .into_iter()
        .chain(arrays(&compose, "test: "))
        .collect();
    commands.extend(arrays(&compose, "command: "));
    for command in &mut commands {
        command.retain(|word| word != "CMD" && word != "/usr/local/bin/cairn");
    }
    let unit = read("deploy/cairn.service");
    let line = |key: &str| unit.lines().find_map(|line| line.strip_prefix(key)).unwrap();
    let options = line("Environment=\"CAIRN_OPTIONS=").trim_end_matches('"');
    let start = line("ExecStart=/usr/local/bin/cairn ").replace("$CAIRN_OPTIONS", options);
    commands.push(start.split_whitespace().map(str::to_owned).collect());
    commands
}

/// Runs the command with a last word that asks for help: what stands before it is read, and nothing is started.
fn parse(bench: &Bench, command: &[String]) -> i32 {
    let words: Vec<&str> = command.iter().map(String::as_str).chain(["--help"]).collect();
    bench.run(words).code
}

#[test]
fn the_program_takes_every_command() {
    let bench = Bench::new();
    let commands = commands();
    assert_eq!(commands.len(), 9, "{commands:?}");
    for command in &commands {
        assert_eq!(parse(&bench, command), 0, "{command:?}");
        let mut wrong = command.clone();
        wrong.push("--no-such-option".to_owned());
        assert_eq!(parse(&bench, &wrong), 64, "{wrong:?}");
    }
    // These are read later.
    let after = |option: &'static str| commands.iter().filter_map(move |command| value(command, option));
    for address in after("--listen").chain(after("--p2p-listen")) {
        assert!(address.parse::<SocketAddr>().is_ok(), "{address}");
    }
}

fn value<'a>(command: &'a [String], option: &str) -> Option<&'a str> {
    let place = command.iter().position(|word| word == option)?;
    Some(&command[place + 1])
}

#[test]
fn the_nodes_of_compose_know_each_other() {
    let compose = read("deploy/compose.yaml");
    let nodes = arrays(&compose, "command: ");
    let asked = read("deploy/prometheus.yaml");
    for (node, test) in nodes.iter().zip(arrays(&compose, "test: ")) {
        let name = value(node, "--allow-host").unwrap();
        assert!(compose.contains(&format!("\n  {name}:\n    <<: *node\n")), "{name}");
        let (_, port) = value(node, "--listen").unwrap().split_once(':').unwrap();
        assert!(compose.contains(&format!("\"127.0.0.1:{port}:{port}\"")), "{port}");
        assert_eq!(test.last().unwrap(), &format!("http://127.0.0.1:{port}"));
        assert!(asked.contains(&format!("\"{name}:{port}\"")), "{name}:{port}");
        let (_, p2p_port) = value(node, "--p2p-listen").unwrap().split_once(':').unwrap();
        let peer = format!("{name}:{p2p_port}");
        for other in nodes.iter().filter(|other| *other != node) {
            assert!(other.contains(&peer), "{other:?} does not name {peer}");
        }
    }
}

#[test]
fn the_image_is_built_by_a_compiler_that_is_new_enough() {
    let numbers = |text: &str| text.split('.').map(|part| part.parse().unwrap()).collect::<Vec<u32>>();
    let (image, manifest) = (read("deploy/Dockerfile"), read("Cargo.toml"));
    let used = image.lines().find_map(|line| line.strip_prefix("FROM rust:")).unwrap();
    let used = numbers(used.split_once('-').unwrap().0);
    let needed = manifest
        .lines()
        .find_map(|line| line.strip_prefix("rust-version = "))
        .unwrap();
    assert!(used >= numbers(needed.trim_matches('"')), "{used:?} < {needed}");
}

#[test]
fn a_node_that_works_is_healthy() {
    let bench = Bench::new();
    let node = bench.node(&["--data", "data"]);
    assert_eq!(bench.run(["health", "--node", &node.url]).ok(), "healthy\n");
    node.stop();
    let node = bench.node(&["--data", "data", "--tls-self-signed"]);
    let asked = ["health", "--node", &node.url, "--tls-ca", "data/tls/cert.pem"];
    assert_eq!(bench.run(asked).ok(), "healthy\n");
    bench.run(["health", "--node", &node.url]).refused(1, "--tls-ca");
    let url = node.url.clone();
    node.stop();
    bench
        .run(["health", "--node", &url, "--tls-ca", "data/tls/cert.pem"])
        .refused(1, "no node answers at");
    bench
        .run(["health", "--node", "nowhere"])
        .refused(1, "is not the address of a node");
}

/// A server that reads one request and answers so; with nothing to answer, it holds the connection.
fn stranger(answer: Option<&'static str>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 4_096];
        let _ = stream.read(&mut request).unwrap();
        match answer {
            Some(answer) => stream.write_all(answer.as_bytes()).unwrap(),
            None => while stream.read(&mut request).is_ok_and(|read| read > 0) {},
        }
    });
    format!("http://{address}")
}

#[test]
fn what_is_no_node_or_hangs_is_not_healthy() {
    let bench = Bench::new();
    for (answer, sentence) in [
        (None, "no node answers at"),
        (
            Some("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"),
            "not as a node of Cairn does",
        ),
        (
            Some("HTTP/1.1 200 OK\r\ncontent-length: 18\r\n\r\n{\"status\":\"tired\"}"),
            "says of itself that it is \"tired\"",
        ),
        (
            Some("HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n"),
            "answers with status 503",
        ),
    ] {
        bench.run(["health", "--node", &stranger(answer)]).refused(1, sentence);
    }
}
