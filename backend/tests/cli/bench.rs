//! A folder of one test's own, the program in it, and nodes that end with the test.

#![allow(dead_code, reason = "each test uses a part of it")]

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

use super::{PASSWORD, PHRASE};

const PROGRAM: &str = env!("CARGO_BIN_EXE_cairn");

/// The arguments of a command that opens the wallet `w` with its password, and what else it takes.
pub(crate) fn with_keys<'a>(command: &'a str, others: &[&'a str]) -> Vec<&'a str> {
    let mut arguments = vec!["wallet", command, "--file", "w", "--password-file", "password"];
    arguments.extend(others);
    arguments
}

pub(crate) struct Bench(tempfile::TempDir);

/// How the program ended.
pub(crate) struct Outcome {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn command<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Command {
        let mut command = Command::new(PROGRAM);
        command
            .args(arguments)
            .current_dir(self.0.path())
            .env("HOME", self.0.path())
            .env("XDG_DATA_HOME", self.0.path().join("home"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub(crate) fn run<'a, A: AsRef<[&'a str]>>(&self, arguments: A) -> Outcome {
        self.start(arguments).finish()
    }

    /// The program's output, which need not be text.
    pub(crate) fn run_bytes<'a, A: AsRef<[&'a str]>>(&self, arguments: A) -> Vec<u8> {
        let output = self.command(arguments.as_ref().iter().copied()).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        output.stdout
    }

    pub(crate) fn start<'a, A: AsRef<[&'a str]>>(&self, arguments: A) -> Started {
        Started(self.command(arguments.as_ref().iter().copied()).spawn().unwrap())
    }

    /// Runs the program with nobody reading, and gives what it wrote to stderr.
    pub(crate) fn run_with_closed_stdout(&self, arguments: &[&str]) -> String {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = self.command(arguments.iter().copied()).stdout(writer).output().unwrap();
        assert!(output.status.code().is_some(), "ended by a signal: {output:?}");
        String::from_utf8(output.stderr).unwrap()
    }

    /// Makes the wallet of a known phrase.
    pub(crate) fn wallet(&self, file: &str) {
        self.write("password", PASSWORD);
        self.write("phrase", PHRASE);
        let restore = [
            "wallet",
            "restore",
            "--file",
            file,
            "--password-file",
            "password",
            "--phrase-file",
            "phrase",
        ];
        self.run(restore).ok();
    }

    pub(crate) fn address(&self, file: &str) -> String {
        let told = self.run(["wallet", "address", "--file", file, "--password-file", "password"]);
        told.ok().trim().to_owned()
    }

    pub(crate) fn node(&self, arguments: &[&str]) -> RunningNode {
        let fixed = ["node", "--listen", "127.0.0.1:0"];
        let mut child = self.command(fixed.iter().chain(arguments).copied()).spawn().unwrap();
        let mut stderr = child.stderr.take().unwrap();
        let log = std::thread::spawn(move || {
            let mut text = String::new();
            stderr.read_to_string(&mut text).unwrap();
            text
        });
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let Some(Ok(first)) = lines.next() else {
            panic!("the node did not start: {}", log.join().unwrap());
        };
        let url = first.strip_prefix("Open ").expect("the address comes first").to_owned();
        RunningNode {
            child,
            log: Some(log),
            url,
            stdout: lines,
        }
    }

    pub(crate) fn assert_no_secret(&self, text: &str) {
        let lower = text.to_lowercase();
        let mut secrets = vec![PASSWORD.to_owned(), PHRASE.to_owned(), "winner thank year".to_owned()];
        let seed = shared::phrase::Phrase::parse(PHRASE).unwrap().seed(&Default::default());
        let path = shared::slip10::Path::account(0).unwrap();
        let key = shared::slip10::ExtendedKey::master(seed.as_bytes()).derive(&path);
        secrets.push(hex::encode(seed.as_bytes()));
        secrets.push(hex::encode(key.secret_bytes()));
        for secret in secrets {
            assert!(!lower.contains(&secret), "a secret stands in: {text}");
        }
    }
}

/// A program that runs.
pub(crate) struct Started(Child);

impl Started {
    pub(crate) fn finish(self) -> Outcome {
        let output = self.0.wait_with_output().unwrap();
        Outcome {
            code: output.status.code().expect("it ends by itself"),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Outcome {
    /// What it printed, once it is certain that it succeeded in silence.
    pub(crate) fn ok(self) -> String {
        assert_eq!(self.code, 0, "{}", self.stderr);
        self.stdout
    }

    /// The one JSON object that it printed.
    pub(crate) fn json(self) -> Value {
        let text = self.ok();
        assert_eq!(text.lines().count(), 1, "{text}");
        let value: Value = serde_json::from_str(&text).unwrap();
        assert!(value.is_object(), "{text}");
        value
    }

    /// It refused with this exit code, and said why in one sentence.
    pub(crate) fn refused(self, code: i32, sentence: &str) -> Self {
        assert_eq!(self.code, code, "{}{}", self.stdout, self.stderr);
        let errors: Vec<_> = self.stderr.lines().filter(|line| line.starts_with("error: ")).collect();
        assert_eq!(errors.len(), 1, "{}", self.stderr);
        assert!(errors[0].contains(sentence), "{} lacks {sentence:?}", self.stderr);
        self
    }
}

/// A node, killed with the test if it was not stopped.
pub(crate) struct RunningNode {
    child: Child,
    log: Option<std::thread::JoinHandle<String>>,
    pub(crate) url: String,
    stdout: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl RunningNode {
    /// The next so many lines that it prints, after the first.
    pub(crate) fn printed(&mut self, count: usize) -> Vec<String> {
        self.stdout.by_ref().take(count).map(Result::unwrap).collect()
    }

    pub(crate) fn get(&self, path: &str) -> Value {
        let text = ureq::get(format!("{}{path}", self.url))
            .call()
            .unwrap()
            .body_mut()
            .read_to_string()
            .unwrap();
        serde_json::from_str(&text).unwrap()
    }

    pub(crate) fn post(&self, path: &str, json: &str) -> Value {
        let request = ureq::post(format!("{}{path}", self.url)).header("content-type", "application/json");
        let text = request.send(json).unwrap().body_mut().read_to_string().unwrap();
        serde_json::from_str(&text).unwrap()
    }

    pub(crate) fn mine(&self, count: u64) {
        self.post("/blockchain/mine", &format!("{{\"count\":{count}}}"));
    }

    /// Waits until so many transfers are pending, and mines them.
    pub(crate) fn mine_until_pending_is_empty(&self, expected: u64) {
        let start = Instant::now();
        while self.get("/blockchain/status")["pending"] != expected {
            assert!(start.elapsed() < Duration::from_secs(30), "the transfers do not come");
            std::thread::sleep(Duration::from_millis(20));
        }
        self.mine(1);
        assert_eq!(self.get("/blockchain/status")["pending"], 0);
    }

    /// Stops it as the system does, and gives its log.
    pub(crate) fn stop(mut self) -> String {
        let start = Instant::now();
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
        assert!(
            start.elapsed() < Duration::from_secs(5),
            "it took {:?} to stop",
            start.elapsed()
        );
        self.log.take().unwrap().join().unwrap()
    }
}

impl Drop for RunningNode {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
