//! Networks of their own for the machines of a test: namespaces, made without any right beyond one's own, that end with the
//! process that lives in them.
//!
//! The test runs itself a second time inside: there it is the first process, and whatever it starts is gone with it.

use std::{
    env, fs,
    io::{Read as _, Write as _, stderr, stdin},
    process::{Command, Output, Stdio, exit},
    thread,
};

/// Says to the inner process that it is one; by the user, that a test which cannot be run has failed.
const VARIABLE: &str = "CAIRN_NAMESPACES";
const INSIDE: &str = "inside";
const REQUIRED: &str = "required";
/// Where `cargo xtask test` wants to read what was skipped, as it does not see what a test prints that passes.
const SKIPPED: &str = "CAIRN_SKIPPED";
/// The namespaces in which the inner process lives: what it changes, it changes for itself.
const NAMESPACES: [&str; 8] = [
    "--user",
    "--map-root-user",
    "--net",
    "--mount",
    "--pid",
    "--fork",
    "--kill-child",
    "--mount-proc",
];
/// One of each thing that the set-up does, to see what is permitted here.
const ATTEMPT: &str = "set -e; mount -t tmpfs tmpfs /run; mkdir /run/netns; ip link set lo up; ip netns add try; \
                       ip link add try0 type bridge; ip link add try1 type veth peer name eth0 netns try; \
                       ip link set try1 master try0 up; nsenter --net=/run/netns/try true";

/// The two halves into which the network can be cut: bridges, between which nothing goes.
const BRIDGES: [&str; 2] = ["one", "two"];

/// Runs the test of this name in networks of its own, or says that it is skipped, and why.
pub fn run_inside(name: &str) {
    if let Err(why) = is_permitted() {
        assert!(!is_set_to(REQUIRED), "{name} needs network namespaces, and {why}");
        // Past the test harness, which keeps to itself what a test prints that passes.
        let _ = writeln!(stderr(), "skipped: {name} needs network namespaces, and {why}");
        if let Some(file) = env::var_os(SKIPPED) {
            let skipped = "namespaces: not permitted here, the tests of cut networks were skipped\n";
            fs::write(file, skipped).unwrap();
        }
        return;
    }
    let mut inner = Command::new("unshare");
    inner.args(NAMESPACES).arg(env::current_exe().unwrap()).args([
        "--ignored",
        "--exact",
        name,
        "--nocapture",
        "--test-threads=1",
    ]);
    let mut inner = inner
        .env(VARIABLE, INSIDE)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // As long as this is open, this process is there.
    let alive = inner.stdin.take();
    let output = inner.wait_with_output().unwrap();
    drop(alive);
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    println!("{}{}", said(&output.stdout), said(&output.stderr));
    assert!(output.status.success(), "it failed inside: {}", output.status);
    assert!(said(&output.stdout).contains("1 passed"), "there is no test {name}");
}

/// Whether this is the inner process. Then it ends with the outer one, however that ends.
pub fn is_inside() -> bool {
    if !is_set_to(INSIDE) {
        return false;
    }
    thread::spawn(|| {
        let _ = stdin().read_to_end(&mut Vec::new());
        exit(1);
    });
    true
}

fn is_set_to(value: &str) -> bool {
    env::var_os(VARIABLE).is_some_and(|set| set == value)
}

fn is_permitted() -> Result<(), String> {
    let mut attempt = Command::new("unshare");
    let attempt = attempt.args(NAMESPACES).args(["sh", "-c", ATTEMPT]).output();
    let output = attempt.map_err(|error| format!("unshare cannot be run: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let why = String::from_utf8_lossy(&output.stderr).trim().replace('\n', "; ");
    Err(format!("they are not permitted here: {why}"))
}

/// A network of machines, each with a namespace. The first process reaches each by a line of its own.
pub struct Lab {
    machines: usize,
}

impl Lab {
    /// One with this many machines, numbered from 1, all on one bridge.
    pub fn new(machines: usize) -> Self {
        run("mount -t tmpfs tmpfs /run");
        run("mkdir /run/netns");
        run("ip link set lo up");
        for bridge in BRIDGES {
            run(&format!("ip link add {bridge} type bridge"));
            run(&format!("ip link set {bridge} up"));
        }
        for number in 1..=machines {
            run(&format!("ip netns add m{number}"));
            run(&format!(
                "ip link add net{number} type veth peer name eth0 netns m{number}"
            ));
            run(&format!(
                "ip link add line{number} type veth peer name line netns m{number}"
            ));
            run(&format!("ip addr add 10.78.{number}.1/30 dev line{number}"));
            run(&format!("ip -n m{number} addr add 10.78.{number}.2/30 dev line"));
            run(&format!(
                "ip -n m{number} addr add {} dev eth0",
                Self::address(number) + "/24"
            ));
            for interface in ["lo", "line", "eth0"] {
                run(&format!("ip -n m{number} link set {interface} up"));
            }
            // Otherwise what goes to all on the local network goes nowhere.
            run(&format!("ip -n m{number} route add 224.0.0.0/4 dev eth0"));
            run(&format!("ip link set line{number} up"));
            run(&format!("ip link set net{number} master {} up", BRIDGES[0]));
        }
        Self { machines }
    }

    /// Where a machine is on the network.
    pub fn address(number: usize) -> String {
        format!("10.77.0.{number}")
    }

    /// Where the first process reaches it, whatever becomes of the network.
    pub fn line(number: usize) -> String {
        format!("10.78.{number}.2")
    }

    /// Cuts these off from the others. What goes between them is lost without a word.
    pub fn cut(&self, part: &[usize]) {
        for number in 1..=self.machines {
            let bridge = BRIDGES[usize::from(part.contains(&number))];
            run(&format!("ip link set net{number} master {bridge}"));
        }
    }

    /// Joins all again.
    pub fn join(&self) {
        self.cut(&[]);
    }
}

fn run(command: &str) {
    let words: Vec<&str> = command.split_whitespace().collect();
    let output: Output = Command::new(words[0]).args(&words[1..]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command}: {said}");
}
