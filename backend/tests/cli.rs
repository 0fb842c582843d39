//! The real program, from the outside: what it prints, what it exits with, and what it never shows.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]
#![cfg(unix)]

#[path = "cli/bench.rs"]
mod bench;

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use bench::{Bench, Outcome, with_keys};

const PASSWORD: &str = "heather on the north slope";
const PHRASE: &str = "legal winner thank year wave sausage worth useful legal winner thank yellow";

#[test]
fn help_and_version_are_asked_for_and_wrong_use_is_64() {
    let bench = Bench::new();
    assert!(bench.run(["--version"]).ok().starts_with("cairn "));
    for arguments in [&["--help"][..], &["wallet", "send", "--help"], &["node", "--help"]] {
        let help = bench.run(arguments).ok();
        assert!(help.contains("Usage: cairn") && help.contains("Example"), "{help}");
    }
    for (arguments, sentence) in [
        (&[][..], "a command is missing"),
        (&["wallet"], "a command is missing"),
        (&["mine"], "unrecognized subcommand 'mine'"),
        (&["node", "--colour", "red"], "unexpected argument '--colour'"),
        (&["node", "--mine"], "--recipient"),
        (&["node", "--listen", "nowhere"], "--listen nowhere is not HOST:PORT"),
        (&["node", "--recipient", "dev1qqqq"], "--recipient dev1qqqq:"),
        (&["node", "--threads", "0"], "--threads"),
        (&["node", "--log", "=loud="], "--log =loud="),
        (&["wallet", "new"], "the phrase is shown on a terminal alone"),
        (&["wallet", "new", "--json"], "use --password-file"),
        (&["wallet", "new", "--words", "13"], "a phrase has 12 or 24 words"),
        (&["wallet", "restore"], "use --phrase-file"),
        (&["wallet", "address"], "there is no wallet at"),
        (&["wallet", "address", "--account", "-1"], "'-1'"),
        (&["wallet", "send", "--amount", "1"], "--to:"),
        (
            &["wallet", "sign", "--to", "x", "--amount", "1e3"],
            "--amount: an amount is written with digits",
        ),
        (&["wallet", "verify"], "what is to be verified?"),
        (&["wallet", "verify", "--message", "hi"], "--address"),
        (&["init", "--name", "No"], "name is \"No\", and must be 1 to 32 of a-z"),
        (&["init", "--name", "a", "--subsidy", "-1"], "'-1'"),
        (&["chain", "export", "--json"], "where to?"),
    ] {
        bench.run(arguments).refused(64, sentence);
    }
}

#[test]
fn a_network_is_simulated_the_same_way_each_time() {
    let bench = Bench::new();
    let run = |seed: &str| {
        let report = bench.run(["simulate", "--seed", seed, "--nodes", "4", "--minutes", "1", "--json"]);
        report.json()
    };
    let one = run("7");
    assert_eq!(
        (&one["nodes"], &one["violations"]),
        (&4.into(), &serde_json::json!([])),
        "{one}"
    );
    assert_eq!(run("7"), one);
    assert_ne!(run("8")["tip"], one["tip"]);
    let table = bench.run(["simulate", "--nodes", "3", "--minutes", "1"]).ok();
    assert!(table.contains("virtual time"), "{table}");
    bench
        .run(["simulate", "--nodes", "1"])
        .refused(64, "1 is not in 2..=1000");
}

#[test]
fn a_phrase_gives_its_wallet_back() {
    let bench = Bench::new();
    bench.write("password", PASSWORD);
    let new = bench.run([
        "wallet",
        "new",
        "--file",
        "one",
        "--password-file",
        "password",
        "--phrase-out",
        "phrase",
        "--json",
    ]);
    let new = new.json();
    assert_eq!(new["path"], "m/44'/7331'/0'");
    let address = new["address"].as_str().unwrap();
    assert!(address.starts_with("dev1"), "{address}");
    for file in ["one", "phrase"] {
        let mode = fs::metadata(bench.path(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    let phrase = bench.read("phrase");
    assert_eq!(phrase.split_whitespace().count(), 12);

    // The same words on other lines, and another password.
    bench.write("spaced", &phrase.replace(' ', "\r\n  "));
    bench.write("other password", "pebbles and sand\n");
    let restore = [
        "wallet",
        "restore",
        "--file",
        "two",
        "--password-file",
        "other password",
        "--phrase-file",
        "spaced",
    ];
    assert!(bench.run(restore).ok().contains(address));
    let again = bench.run([
        "wallet",
        "address",
        "--file",
        "two",
        "--password-file",
        "other password",
    ]);
    assert_eq!(again.ok().trim(), address);

    // A passphrase, an account and a network each lead elsewhere.
    bench.write("passphrase", "TREZOR");
    let with_passphrase = bench.run([
        "wallet",
        "restore",
        "--file",
        "three",
        "--password-file",
        "password",
        "--phrase-file",
        "phrase",
        "--passphrase-file",
        "passphrase",
        "--json",
    ]);
    assert_ne!(with_passphrase.json()["address"], address);
    let second = bench.run([
        "wallet",
        "address",
        "--file",
        "one",
        "--password-file",
        "password",
        "--account",
        "1",
        "--json",
    ]);
    let second = second.json();
    assert_eq!(second["path"], "m/44'/7331'/1'");
    assert_ne!(second["address"], address);
    let class = bench.run([
        "wallet",
        "address",
        "--file",
        "one",
        "--password-file",
        "password",
        "--network",
        "class",
    ]);
    assert!(class.ok().starts_with("class1"));
}

#[test]
fn a_known_phrase_has_a_known_address() {
    let bench = Bench::new();
    bench.wallet("w");
    let told = bench.run(with_keys("address", &["--json"])).json();
    // The path m/44'/7331'/0' of SLIP-0010, computed by an independent program.
    assert_eq!(
        told["public_key"],
        "c8bb2c622df1ab67b77e89e77cc2b1c96704b4fc3c3d8efc18d20bb048105367"
    );
}

#[test]
fn wallets_are_refused_for_what_is_wrong_with_them() {
    let bench = Bench::new();
    bench.wallet("w");
    let open =
        |file: &str, password: &str| bench.run(["wallet", "address", "--file", file, "--password-file", password]);
    bench.write("wrong", "heather on the south slope");
    open("w", "wrong").refused(1, "the password is wrong");
    open("w", "missing").refused(1, "missing cannot be read");
    let sealed = fs::read(bench.path("w")).unwrap();
    for (place, sentence) in [
        (0, "not a Cairn vault"),
        (9, "damaged"),
        (60, "damaged"),
        (sealed.len() - 1, "damaged"),
    ] {
        let mut damaged = sealed.clone();
        damaged[place] ^= 1;
        fs::write(bench.path("damaged"), damaged).unwrap();
        open("damaged", "password").refused(1, sentence);
    }
    fs::write(bench.path("short"), &sealed[..100]).unwrap();
    open("short", "password").refused(1, "damaged");
    fs::write(bench.path("huge"), vec![0; 2 << 20]).unwrap();
    open("huge", "password").refused(1, "huge has more than");

    // Nothing is overwritten.
    let again = with_keys("restore", &["--phrase-file", "phrase"]);
    bench.run(again).refused(1, "exists already");
    assert_eq!(fs::read(bench.path("w")).unwrap(), sealed);
    bench.write("empty", "");
    let empty = ["wallet", "new", "--file", "new", "--password-file", "empty", "--json"];
    bench.run(empty).refused(1, "the password has 0 characters");
    assert!(!bench.path("new").exists());
}

#[test]
fn what_was_typed_of_a_phrase_is_not_repeated() {
    let bench = Bench::new();
    bench.write("password", PASSWORD);
    for (phrase, sentence) in [
        (PHRASE.replace("sausage", "sausagee"), "word 6 of the phrase"),
        (PHRASE.replace("yellow", "zoo"), "together they are no phrase"),
        ("legal winner".to_owned(), "these are 2"),
    ] {
        bench.write("phrase", &phrase);
        let restore = with_keys("restore", &["--phrase-file", "phrase"]);
        let outcome = bench.run(restore).refused(1, sentence);
        assert!(!outcome.stderr.contains("sausage"), "{}", outcome.stderr);
        assert!(!bench.path("w").exists());
    }
}

#[test]
fn a_backup_is_the_wallet() {
    let bench = Bench::new();
    bench.wallet("w");
    let export = with_keys("export", &["--out", "backup"]);
    bench.run(&export).ok();
    assert_eq!(
        fs::read(bench.path("w")).unwrap(),
        fs::read(bench.path("backup")).unwrap()
    );
    assert_eq!(
        fs::metadata(bench.path("backup")).unwrap().permissions().mode() & 0o777,
        0o600
    );
    bench.run(export).refused(1, "exists already");
    let told = bench.run(["wallet", "export", "--file", "w", "--json"]).json();
    assert_eq!(told["vault"], hex::encode(fs::read(bench.path("w")).unwrap()));
    let phrase = with_keys("export", &["--phrase-out", "out"]);
    bench.run(phrase).ok();
    assert_eq!(bench.read("out").trim(), PHRASE);
    bench.write("wrong", "x");
    bench
        .run([
            "wallet",
            "export",
            "--file",
            "w",
            "--password-file",
            "wrong",
            "--out",
            "b2",
        ])
        .refused(1, "password is wrong");
    assert!(!bench.path("b2").exists());
}

#[test]
fn signatures_of_messages_hold_for_what_was_signed() {
    let bench = Bench::new();
    bench.wallet("w");
    let sign = with_keys("sign", &["--message", "It is I.", "--json"]);
    let signed = bench.run(sign).json();
    let (address, signature) = (
        signed["address"].as_str().unwrap(),
        signed["signature"].as_str().unwrap(),
    );
    let verify = |message: &str, network: &str| {
        bench.run([
            "wallet",
            "verify",
            "--message",
            message,
            "--address",
            address,
            "--signature",
            signature,
            "--network",
            network,
        ])
    };
    assert!(verify("It is I.", "dev").ok().contains("Valid"));
    verify("It is he.", "dev").refused(1, "the signature is not one of");
    verify("It is I.", "class").refused(64, "this network's begin with class");
    let json = [
        "wallet",
        "verify",
        "--message",
        "No",
        "--address",
        address,
        "--signature",
        signature,
        "--json",
    ];
    let outcome = bench.run(json);
    assert_eq!(outcome.code, 1);
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&outcome.stdout).unwrap()["valid"],
        false
    );
}

#[test]
fn a_network_of_ones_own() {
    let bench = Bench::new();
    bench.wallet("w");
    let init = [
        "init",
        "--name",
        "club",
        "--symbol",
        "PEBBLE",
        "--difficulty",
        "fixed",
        "--bits",
        "0x207fffff",
        "--json",
    ];
    let told = bench.run(init).json();
    assert_eq!(told["file"], "club.toml");
    bench.run(init).refused(1, "exists already");
    let node = bench.node(&["--network", "club.toml", "--data", "data"]);
    let status = node.get("/blockchain/status");
    assert_eq!(status["genesis_hash"], told["genesis_hash"]);
    assert_eq!(
        (&status["network"], &status["symbol"]),
        (&"club".into(), &"PEBBLE".into())
    );
    // A wallet of another network signs nothing for it.
    let address = bench.address("w");
    let send = with_keys("send", &["--node", &node.url]);
    let send = [&send[..], &["--to", &address, "--amount", "1"]].concat();
    bench.run(&send).refused(1, "is on another chain");
    node.stop();
    bench
        .run(["chain", "verify", "--data", "data"])
        .refused(1, "holds the network club");
    bench
        .run(["node", "--network", "dev", "--data", "data", "--listen", "127.0.0.1:0"])
        .refused(1, "holds the network club");
    bench
        .run(["node", "--network", "nowhere.toml"])
        .refused(1, "use dev, class, or the path");
    bench.write(
        "bad.toml",
        &bench.read("club.toml").replace("interval_ms = 5000", "interval_ms = 0"),
    );
    bench
        .run(["node", "--network", "bad.toml"])
        .refused(1, "bad.toml, line 12: interval_ms is 0");
}

#[test]
fn the_life_of_a_chain() {
    let bench = Bench::new();
    bench.wallet("w");
    bench.write("phrase", &format!("{}wrong", "zoo ".repeat(11)));
    bench
        .run([
            "wallet",
            "restore",
            "--file",
            "other",
            "--password-file",
            "password",
            "--phrase-file",
            "phrase",
        ])
        .ok();
    let (mine, other) = (bench.address("w"), bench.address("other"));
    let node = bench.node(&[
        "--data",
        "data",
        "--recipient",
        &mine,
        "--log",
        "trace",
        "--log-format",
        "json",
    ]);
    let url = node.url.as_str();
    let wallet = |command: &str, file: &str, rest: &[&str]| -> Outcome {
        let common = ["wallet", command, "--file", file, "--password-file", "password"];
        bench.run([&common[..], rest].concat())
    };

    // One node a port, one node a folder.
    let port = url.strip_prefix("http://").unwrap();
    bench
        .run(["node", "--data", "elsewhere", "--listen", port])
        .refused(1, "is taken by another program");
    bench
        .run(["node", "--data", "data", "--listen", "127.0.0.1:0"])
        .refused(1, "in use by another process");
    bench
        .run(["chain", "verify", "--data", "data"])
        .refused(1, "in use by another process");

    // Nothing, then a reward, then a payment.
    assert_eq!(
        wallet("balance", "w", &["--node", url, "--json"]).json()["balance"],
        "0"
    );
    node.mine(3);
    let balance = wallet("balance", "w", &["--node", url, "--json"]).json();
    assert_eq!(
        (&balance["balance"], &balance["height"]),
        (&"15000000000".into(), &3.into())
    );
    let send = [
        "--node",
        url,
        "--to",
        &other,
        "--amount",
        "1.5",
        "--fee",
        "0.01",
        "--memo",
        "for \u{1b}[2J tea",
    ];
    let sent = wallet("send", "w", &[&send[..], &["--json"]].concat()).json();
    assert_eq!(
        (&sent["amount"], &sent["fee"], &sent["nonce"]),
        (&"150000000".into(), &"1000000".into(), &0.into())
    );
    let pending = wallet("balance", "other", &["--node", url, "--json"]).json();
    assert_eq!(
        (&pending["balance"], &pending["pending"]["incoming"]),
        (&"0".into(), &"150000000".into())
    );
    node.mine(1);
    assert!(
        wallet("balance", "other", &["--node", url])
            .ok()
            .starts_with("1.5 STONE")
    );
    let id = sent["id"].as_str().unwrap();
    assert_eq!(node.get(&format!("/blockchain/transactions/{id}"))["state"], "mined");
    let public = bench
        .run(["wallet", "balance", "--address", &other, "--node", url, "--json"])
        .json();
    assert_eq!(public["balance"], "150000000");

    // Refusals come from the node with their code.
    let poor = wallet("send", "other", &["--node", url, "--to", &mine, "--amount", "2"]);
    poor.refused(1, "balance-insufficient");
    wallet(
        "send",
        "w",
        &["--node", url, "--to", &other, "--amount", "1", "--nonce", "0"],
    )
    .refused(1, "nonce-too-low");
    wallet("send", "w", &["--node", url, "--to", "dev1x", "--amount", "1"]).refused(64, "--to:");
    wallet("send", "w", &["--node", url, "--to", &other, "--amount", "0"]).refused(64, "--amount:");
    wallet(
        "send",
        "w",
        &["--node", "http://127.0.0.1:1", "--to", &other, "--amount", "1"],
    )
    .refused(1, "no node answers at");
    wallet("send", "w", &["--node", "ftp://x", "--to", &other, "--amount", "1"])
        .refused(1, "is not the address of a node");

    // Signed without a network, verified, handed in by anybody.
    let signed = wallet(
        "sign",
        "w",
        &["--to", &other, "--amount", "2", "--nonce", "1", "--valid-until", "100"],
    )
    .ok();
    bench.write("transfer.json", &signed);
    assert!(
        bench
            .run(["wallet", "verify", "--transfer", "transfer.json"])
            .ok()
            .contains("Valid")
    );
    bench.write("forged.json", &signed.replace("\"200000000\"", "\"300000000\""));
    bench
        .run(["wallet", "verify", "--transfer", "forged.json"])
        .refused(1, "is not the sender's on this chain");
    node.post("/blockchain/transactions/new", &signed);

    // `--wait` ends when the block is there.
    let waiting = bench.start(with_keys(
        "send",
        &["--node", url, "--to", &other, "--amount", "1", "--wait", "--json"],
    ));
    node.mine_until_pending_is_empty(2);
    let waited = waiting.finish().json();
    assert_eq!((&waited["state"], &waited["nonce"]), (&"mined".into(), &2.into()));

    // More blocks than an import has on their way at once, or a task of tokio does without a pause.
    node.mine(400);

    // The end of the node is an orderly one, and its log says nothing secret.
    let tip = node.get("/blockchain/status");
    let log = node.stop();
    assert!(
        log.lines().count() > 20 && log.lines().all(|line| line.starts_with('{')),
        "{log}"
    );
    bench.assert_no_secret(&log);
    assert!(!bench.path("elsewhere").join("database-2").exists());

    // The folder holds, and so does its copy.
    let report = bench.run(["chain", "verify", "--data", "data", "--json"]).json();
    assert_eq!(
        (&report["height"], &report["tip_hash"]),
        (&tip["height"], &tip["tip_hash"])
    );
    let told = bench.run(["chain", "verify", "--data", "data"]).ok();
    assert!(told.contains("blocks/s"), "{told}");
    let height = report["height"].as_u64().unwrap();
    bench
        .run(["chain", "export", "--data", "data", "--out", "archive"])
        .ok();
    bench
        .run(["chain", "export", "--data", "data", "--out", "archive"])
        .refused(1, "exists already");
    let piped = bench.run_bytes(["chain", "export", "--data", "data"]);
    assert_eq!(piped, fs::read(bench.path("archive")).unwrap());
    bench
        .run([
            "chain",
            "import",
            "--data",
            "copy",
            "--from",
            "archive",
            "--network",
            "class",
        ])
        .refused(1, "holds the chain of genesis");

    // Cut off in the last block: what is whole stays, and the import goes on from there.
    fs::write(bench.path("cut"), &piped[..piped.len() - 10]).unwrap();
    bench
        .run(["chain", "import", "--data", "copy", "--from", "cut"])
        .refused(1, &format!("cut off or damaged at block {height}"));
    let imported = bench
        .run(["chain", "import", "--data", "copy", "--from", "archive", "--json"])
        .json();
    assert_eq!((&imported["added"], &imported["blocks"]), (&1.into(), &height.into()));
    assert_eq!(imported["tip_hash"], tip["tip_hash"]);
    let again = bench
        .run(["chain", "import", "--data", "copy", "--from", "archive", "--json"])
        .json();
    assert_eq!(again["added"], 0);
    let copy = bench.run(["chain", "verify", "--data", "copy", "--json"]).json();
    assert_eq!(copy["state_root"], report["state_root"]);

    // A block that breaks a rule is named.
    let mut forged = piped;
    let place = forged.len() - 30;
    forged[place] ^= 1;
    fs::write(bench.path("forged"), forged).unwrap();
    bench
        .run(["chain", "import", "--data", "third", "--from", "forged"])
        .refused(1, &format!("block {height}"));
    bench
        .run(["chain", "import", "--data", "third", "--from", "transfer.json"])
        .refused(1, "not an archive");
    bench
        .run(["chain", "verify", "--data", "fourth"])
        .refused(1, "there is no chain in fourth");
}

#[test]
fn a_reader_that_goes_away_is_no_panic() {
    let bench = Bench::new();
    for arguments in [
        &["--help"][..],
        &["wallet", "send", "--help"],
        &["init", "--name", "pipe", "--json"],
    ] {
        let stderr = bench.run_with_closed_stdout(arguments);
        assert!(!stderr.contains("panicked"), "{stderr}");
    }
}

#[test]
fn secrets_are_no_arguments() {
    let bench = Bench::new();
    for option in ["--password", "--phrase", "--passphrase"] {
        let outcome = bench.run(["wallet", "new", option, PASSWORD, "--json"]);
        assert_eq!(outcome.code, 64);
        assert!(!outcome.stderr.contains(PASSWORD), "{}", outcome.stderr);
    }
    assert!(!Path::new(&bench.path("wallet.cairn")).exists());
}

#[test]
fn a_folder_of_an_older_format_is_looked_at_by_no_command() {
    let bench = Bench::new();
    fs::create_dir_all(bench.path("old/database")).unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/format-1");
    for file in ["cairn-data", "commits", "database/0.jnl", "database/version"] {
        fs::copy(folder.join(file), bench.path("old").join(file)).unwrap();
    }
    for command in [&["verify"][..], &["export", "--out", "archive"]] {
        let arguments = [&["chain"], command, &["--data", "old"]].concat();
        bench
            .run(arguments)
            .refused(1, "the data folder old has an older format");
    }
    assert!(bench.path("old/database/version").exists());
    assert!(!bench.path("old/database-2").exists() && !bench.path("archive").exists());
}
