//! `cairn light` before nodes that lie: between it and a real node stands a proxy that changes what the node says.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]
#![cfg(unix)]

#[path = "cli/bench.rs"]
mod bench;
#[path = "light/forge.rs"]
mod forge;
#[path = "light/honest.rs"]
mod honest;
#[path = "light/lies.rs"]
mod lies;
#[path = "light/proxy.rs"]
mod proxy;
mod served;
mod workshop;
#[path = "light/world.rs"]
mod world;

use std::{collections::BTreeSet, fs, sync::Arc, time::Duration};

use backend::{
    clock::SystemClock,
    light::{Chain, Failure, Light},
};
use bench::{Bench, Outcome};
use lies::{Ask, Case, Verdict};
use proxy::{Proxy, Reply};
use serde_json::Value;
use world::World;

const PASSWORD: &str = "heather on the north slope";
const PHRASE: &str = "legal winner thank year wave sausage worth useful legal winner thank yellow";

/// The arguments that ask a node.
fn arguments<'a>(world: &'a World, ask: Ask, url: &'a str) -> Vec<&'a str> {
    let mut arguments = vec!["light", "--node", url, "--json", "--timeout", "5"];
    arguments.extend(world.question(ask));
    arguments
}

#[test]
fn the_light_client_refuses_every_lie_by_its_name() {
    let world = World::new();
    let bench = Bench::new();
    let state = bench.path("kept").display().to_string();
    let mut honest = arguments(&world, Ask::Tip, &world.url);
    honest.extend(["--state", &state]);
    bench.run(&honest).ok();
    let kept = fs::read(&state).unwrap();

    let cases = lies::cases(&world);
    let names: BTreeSet<_> = cases.iter().map(|case| case.name).collect();
    assert_eq!(names.len(), cases.len(), "two cases have one name");
    assert!(
        cases
            .iter()
            .filter(|case| matches!(case.verdict, Verdict::Lie(_)))
            .count()
            >= 40
    );
    let mut wrong = Vec::new();
    for case in &cases {
        fs::write(&state, &kept).unwrap();
        let told = run(&world, &bench, case, &state);
        if let Some(problem) = problem(case, &told) {
            wrong.push(format!(
                "{}: {problem}\n  {}\n  {}",
                case.name, told.stdout, told.stderr
            ));
        }
        assert_eq!(fs::read(&state).unwrap(), kept, "{} changed what is kept", case.name);
    }
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );
}

fn run(world: &World, bench: &Bench, case: &Case, state: &str) -> Outcome {
    let proxy = Proxy::start(world.address, Arc::clone(&case.lie));
    let mut arguments = arguments(world, case.ask, &proxy.url);
    if case.is_kept {
        arguments.extend(["--state", state]);
    }
    if let Some(network) = &case.network {
        arguments.extend(["--network", network]);
    }
    bench.run(&arguments)
}

/// What is wrong with how a case ended.
fn problem(case: &Case, told: &Outcome) -> Option<String> {
    let json: Value = serde_json::from_str(&told.stdout).unwrap_or_default();
    let (code, key, said) = match case.verdict {
        Verdict::Lie(kind) => (2, "lie", kind),
        Verdict::NoAnswer(words) => (3, "unreachable", words),
        Verdict::Unverified(kind) => (1, "unverified", kind),
    };
    let object = &json[key];
    let found = match case.verdict {
        Verdict::NoAnswer(_) => &object["message"],
        _ => &object["kind"],
    };
    let found = found.as_str().unwrap_or_default();
    let is_named = match case.verdict {
        Verdict::NoAnswer(words) => found.contains(words),
        _ => found == said,
    };
    if told.code != code {
        return Some(format!("exit code {} and not {code}", told.code));
    }
    if !is_named {
        return Some(format!("{key} {found:?} and not {said:?}"));
    }
    let message = object["message"].as_str().unwrap_or_default();
    let is_said = told.stderr.starts_with("error: ") && told.stderr.contains(message) && !message.is_empty();
    (!is_said).then(|| "the message is not on stderr".to_owned())
}

/// The places of a JSON text that hold one value each.
fn leaves(value: &Value, path: String, paths: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                leaves(field, format!("{path}/{name}"), paths);
            }
        }
        Value::Array(items) => {
            for (place, item) in items.iter().enumerate() {
                leaves(item, format!("{path}/{place}"), paths);
            }
        }
        _ => paths.push(path),
    }
}

/// The value with one bit changed, in its first place or its last.
fn flipped(value: &Value, last: bool) -> Value {
    match value {
        Value::String(text) => {
            let mut bytes = text.clone().into_bytes();
            let place = if last { bytes.len().saturating_sub(1) } else { 0 };
            match bytes.get_mut(place) {
                Some(byte) => *byte ^= 1,
                None => bytes.push(b'x'),
            }
            Value::from(String::from_utf8(bytes).unwrap())
        }
        Value::Number(number) => Value::from(number.as_u64().unwrap() ^ if last { 1 } else { 1 << 20 }),
        Value::Bool(value) => Value::from(!value),
        _ => Value::from(1),
    }
}

fn open(world: &World, url: &str) -> anyhow::Result<Light<SystemClock>> {
    let chain = Chain::Network(Arc::clone(&world.network));
    Light::open(url, None, &chain, SystemClock, Duration::from_secs(10), None)
}

fn is_lie(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref::<Failure>(), Some(Failure::Lie { .. }))
}

#[test]
fn the_light_client_notices_a_bit_flipped_in_any_field() {
    let world = World::new();
    let mut count = 0;
    for ask in [Ask::Tip, Ask::Balance, Ask::Absent, Ask::Transfer, Ask::Reward] {
        let path = world.route(ask);
        let honest: Value = serde_json::from_slice(&world.fetch(&path).body).unwrap();
        let mut paths = Vec::new();
        leaves(&honest, String::new(), &mut paths);
        // Pending changes are the node's word, and told nowhere; a transfer's id is not read, for it follows from the rest.
        paths.retain(|path| !path.starts_with("/pending/") && path != "/transfer/id" && path != "/next");
        assert!(paths.len() >= 11, "{paths:?}");
        for (place, last) in paths.iter().flat_map(|place| [(place, false), (place, true)]) {
            let mut changed = honest.clone();
            let value = changed.pointer_mut(place).unwrap();
            *value = flipped(value, last);
            let body = serde_json::to_vec(&changed).unwrap();
            let route = path.split('?').next().unwrap().to_owned();
            let lie: proxy::Lie = Arc::new(move |asked, forward| {
                let mut reply = forward(asked);
                if asked.starts_with(&route) {
                    reply.body.clone_from(&body);
                }
                Some(reply)
            });
            let proxy = Proxy::start(world.address, lie);
            let told = open(&world, &proxy.url).and_then(|mut light| world.ask(&mut light, ask));
            let error = told.expect_err(&format!("{ask:?} {place} {last}"));
            assert!(is_lie(&error), "{ask:?} {place}: {error}");
            count += 1;
        }
    }
    assert!(count > 150, "{count} changes");
}

#[test]
fn the_light_client_notices_a_bit_flipped_anywhere_in_the_proof() {
    let world = World::new();
    let honest = world.proof.clone();
    // Every byte of the first kilobyte and of the last two headers, and some of each header between.
    let ends = (0..1_024).step_by(3).chain(honest.len() - 160..honest.len());
    for place in ends.chain((1_024..honest.len() - 160).step_by(97)) {
        let mut bytes = honest.clone();
        bytes[place] ^= 1 << (place % 8);
        let lie: proxy::Lie = Arc::new(move |asked, forward| {
            let is_proof = asked.starts_with("/blockchain/proof");
            Some(if is_proof { octets(&bytes) } else { forward(asked) })
        });
        let proxy = Proxy::start(world.address, lie);
        let told = open(&world, &proxy.url).and_then(|mut light| Ok(light.tip()?));
        let error = told.expect_err(&format!("byte {place}"));
        assert!(is_lie(&error), "byte {place}: {error}");
    }
}

fn octets(bytes: &[u8]) -> Reply {
    Reply {
        status: 200,
        content_type: "application/octet-stream".to_owned(),
        body: bytes.to_vec(),
    }
}

#[test]
fn the_light_client_tells_what_it_verified() {
    let world = World::new();
    let bench = Bench::new();
    let ask = |ask| {
        let told = bench.run(arguments(&world, ask, &world.url)).json();
        assert_eq!(told["height"], world.height, "{told}");
        assert_eq!(told["tip_hash"], world.tip_hash.to_string());
        assert_eq!(told["genesis_hash"], world.network.genesis_hash().to_string());
        assert!(told["headers_shown"].as_u64().unwrap() >= 256, "{told}");
        assert!(told["bytes"].as_u64().unwrap() > 20_000, "{told}");
        assert!(
            told["age"].is_u64() && told["verify_ms"].as_f64().unwrap() > 0.0,
            "{told}"
        );
        told
    };
    ask(Ask::Tip);
    let balance = ask(Ask::Balance);
    assert_eq!(
        (&balance["balance"], &balance["nonce"]),
        (&Value::from(world.balance.as_str()), &Value::from(2))
    );
    let absent = ask(Ask::Absent);
    assert_eq!((&absent["balance"], &absent["nonce"]), (&"0".into(), &0.into()));
    let transfer = ask(Ask::Transfer);
    assert_eq!(transfer["transfer"]["amount"], "150");
    assert_eq!(
        transfer["confirmations"],
        world.height - transfer["block_height"].as_u64().unwrap() + 1
    );
    let reward = ask(Ask::Reward);
    assert!(
        reward["reward"]["amount"].is_string() && reward["transfer"].is_null(),
        "{reward}"
    );

    // Options may stand after the question.
    let last = ["light", "tip", "--json", "--node", &world.url];
    assert_eq!(bench.run(last).json()["height"], world.height);

    // For people, and by the genesis hash alone.
    let hash = world.network.genesis_hash().to_string();
    let mut words = vec!["light", "--node", &world.url, "--network", &hash];
    words.extend(world.question(Ask::Balance));
    let text = bench.run(&words).ok();
    assert!(text.contains(" STONE\nnext nonce 2\nat height 320, block "), "{text}");
    assert!(
        text.contains("the newest block is ") && text.contains("verified in "),
        "{text}"
    );
}

#[test]
fn what_the_light_client_keeps_is_never_left_in_silence() {
    let world = World::new();
    let bench = Bench::new();
    let run = |url: &str, ask| {
        let mut words = arguments(&world, ask, url);
        words.extend(["--state", "kept"]);
        bench.run(&words)
    };
    // From the fork's node first: what the other chain shows then is another block in the place of its tip.
    let fork = run(&world.fork_url, Ask::Tip).json();
    assert!(fork.get("since").is_none(), "{fork}");
    assert_eq!(run(&world.fork_url, Ask::Tip).json()["since"], "unchanged");
    assert_eq!(run(&world.url, Ask::Balance).json()["since"], "reorganised");
    assert_eq!(run(&world.url, Ask::Transfer).json()["since"], "unchanged");
    world.mine(3);
    assert_eq!(run(&world.url, Ask::Transfer).json()["since"], "extended");
    let told = run(&world.fork_url, Ask::Tip).refused(2, "delete the file of --state");
    assert!(told.stdout.contains(r#""kind":"less-work""#), "{}", told.stdout);
    // Nor for a while: it holds until the file is deleted.
    run(&world.fork_url, Ask::Balance).refused(2, "lies");
    fs::remove_file(bench.path("kept")).unwrap();
    run(&world.fork_url, Ask::Tip).ok();

    let damaged = bench.read("kept").replacen(' ', "  ", 1);
    bench.write("kept", &damaged);
    run(&world.url, Ask::Tip).refused(1, "kept cannot be used; delete it");
    assert_eq!(bench.read("kept"), damaged, "it is left as it was found");
    fs::remove_file(bench.path("kept")).unwrap();
    fs::create_dir(bench.path("kept")).unwrap();
    run(&world.url, Ask::Tip).refused(1, "kept");
}

#[test]
fn many_light_clients_keep_one_file() {
    let world = World::new();
    let bench = Bench::new();
    let words = |url| {
        let mut words = arguments(&world, Ask::Tip, url);
        words.extend(["--state", "kept"]);
        words
    };
    world.mine(1);
    // The fork has less work by now: whoever comes later with it is refused, and none takes the other's place.
    let started: Vec<_> = (0..12)
        .map(|turn| bench.start(words(if turn % 3 == 0 { &world.fork_url } else { &world.url })))
        .collect();
    let codes: Vec<_> = started.into_iter().map(|started| started.finish().code).collect();
    assert!(codes.iter().all(|code| matches!(code, 0 | 2)), "{codes:?}");
    assert_eq!(bench.run(words(&world.fork_url)).code, 2);
    assert_eq!(bench.run(words(&world.url)).json()["since"], "unchanged");
}

#[test]
fn wrong_use_of_the_light_client_is_said_without_a_node() {
    let bench = Bench::new();
    let id = "0".repeat(64);
    for (words, code, sentence) in [
        (&["light"][..], 64, "a command is missing"),
        (&["light", "balance"], 64, "<ADDRESS>"),
        (&["light", "balance", "dev1qqqq"], 64, "dev1qqqq:"),
        (&["light", "transaction", "12"], 64, "12: a transaction's id is 64"),
        (
            &["light", "--network", "nowhere", "tip"],
            1,
            "there is no network \"nowhere\"",
        ),
        (&["light", "--timeout", "0", "tip"], 64, "--timeout"),
        (
            &["light", "--node", "nowhere", "tip"],
            1,
            "is not the address of a node",
        ),
        (
            &["light", "--tls-ca", "x", "tip"],
            64,
            "--tls-ca is for a node on https://",
        ),
        (
            &["light", "--node", "http://127.0.0.1:9", "transaction", &id],
            3,
            "no node answers at http://127.0.0.1:9",
        ),
    ] {
        bench.run(words).refused(code, sentence);
    }
}
