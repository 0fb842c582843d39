//! The command line: which task, with which selection of checks.

use anyhow::{Result, bail};

/// What `cargo xtask help` prints.
pub(crate) const HELP: &str = "\
Usage: cargo xtask TASK

  run [ARG…]   sets up what is missing, builds, and starts the node with its page on 127.0.0.1:5000;
               arguments go to `cairn node` (for example: cargo xtask run --mine --listen 127.0.0.1:5001)
  build        leaves target/release/cairn, one binary with the page inside, and cairn-recover.html; prints sizes
  test         sets up, then runs every check and test; --only STEP and --skip STEP (repeatable) choose
  check        the quick ones: fmt, clippy, native
  dev [ARG…]   trunk serve on 127.0.0.1:8080 with a proxy to the node on 127.0.0.1:5000
  page         builds the page into dist/
  recover      builds target/release/cairn-recover.html, which opens a backup file without a node
  fuzz TARGET  feeds random input to a reader of other people's bytes, for 60 seconds or as many as stand behind;
               the targets: block lines link papers proof transaction vault
  setup        installs the tools of all of these

Steps of test: fmt page recover node clippy clippy-wasm docs native doctest wasm browser deny";

/// Every step of `cargo xtask test`, in the order in which they run.
pub(crate) const STEPS: [&str; 12] = [
    "fmt",
    "page",
    "recover",
    "node",
    "clippy",
    "clippy-wasm",
    "docs",
    "native",
    "doctest",
    "wasm",
    "browser",
    "deny",
];

/// A task that a person or Trunk asked for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Task {
    /// Print [`HELP`].
    Help,
    /// Install all tools.
    Setup,
    /// Build the page into `dist/`.
    Page,
    /// Build the stand-alone page that opens a backup.
    Recover,
    /// Build the page, the node and the stand-alone page, print sizes.
    Build,
    /// Build, then become the node.
    Run {
        /// Passed on to `cairn node`.
        node_arguments: Vec<String>,
    },
    /// Serve the page with Trunk.
    Dev {
        /// Passed on to `trunk serve`.
        trunk_arguments: Vec<String>,
    },
    /// Run checks and tests.
    Check(Selection),
    /// Run a target of `fuzz/` under libFuzzer.
    Fuzz {
        /// Its name.
        target: String,
        /// How long.
        seconds: u32,
    },
    /// Trunk's hook: turn what Trunk emitted into what the node may serve.
    FinishPage,
}

/// The checks to run, in the order of [`STEPS`].
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Selection(Vec<&'static str>);

impl Selection {
    /// Whether this step was selected.
    pub(crate) fn has(&self, step: &str) -> bool {
        self.0.contains(&step)
    }

    /// The selected steps.
    pub(crate) fn steps(&self) -> &[&'static str] {
        &self.0
    }
}

/// Reads the arguments after `cargo xtask`.
///
/// # Errors
/// Unknown tasks, steps and options.
pub(crate) fn parse(arguments: &[String]) -> Result<Task> {
    let Some((task, rest)) = arguments.split_first() else {
        return Ok(Task::Help);
    };
    let task = match task.as_str() {
        "help" | "--help" | "-h" => return Ok(Task::Help),
        "run" => {
            return Ok(Task::Run {
                node_arguments: rest.to_vec(),
            });
        }
        "dev" => {
            return Ok(Task::Dev {
                trunk_arguments: rest.to_vec(),
            });
        }
        "test" => return Ok(Task::Check(select(rest)?)),
        "fuzz" => return fuzz(rest),
        "check" => Task::Check(Selection(vec!["fmt", "clippy", "native"])),
        "setup" => Task::Setup,
        "page" => Task::Page,
        "recover" => Task::Recover,
        "build" => Task::Build,
        "finish-page" => Task::FinishPage,
        other => bail!("there is no task `{other}`\n\n{HELP}"),
    };
    match rest.first() {
        Some(extra) => bail!("`{extra}` is more than this task takes\n\n{HELP}"),
        None => Ok(task),
    }
}

fn fuzz(arguments: &[String]) -> Result<Task> {
    match arguments {
        [target] => Ok((target, 60)),
        [target, seconds] => match seconds.parse() {
            Ok(seconds) => Ok((target, seconds)),
            Err(_) => bail!("`{seconds}` is no number of seconds\n\n{HELP}"),
        },
        _ => bail!("fuzz needs the name of a target\n\n{HELP}"),
    }
    .map(|(target, seconds)| Task::Fuzz {
        target: target.clone(),
        seconds,
    })
}

fn select(options: &[String]) -> Result<Selection> {
    let (mut only, mut skip) = (Vec::new(), Vec::new());
    let mut options = options.iter();
    while let Some(option) = options.next() {
        let list = match option.as_str() {
            "--only" => &mut only,
            "--skip" => &mut skip,
            other => bail!("`{other}` is no option of test\n\n{HELP}"),
        };
        let named = options.next().map(String::as_str).unwrap_or_default();
        match STEPS.into_iter().find(|step| *step == named) {
            Some(step) => list.push(step),
            None => bail!("{option} needs one of: {}", STEPS.join(" ")),
        }
    }
    let wanted = |step: &&str| (only.is_empty() || only.contains(step)) && !skip.contains(step);
    Ok(Selection(STEPS.into_iter().filter(wanted).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Task> {
        parse(&line.split_whitespace().map(String::from).collect::<Vec<_>>())
    }

    #[test]
    fn arguments_of_run_reach_the_node() {
        let expected = Task::Run {
            node_arguments: vec!["--mine".into(), "--threads".into(), "1".into()],
        };
        assert_eq!(parsed("run --mine --threads 1").unwrap(), expected);
    }

    #[test]
    fn test_selects_steps() {
        let Task::Check(all) = parsed("test").unwrap() else {
            panic!("not a check")
        };
        assert_eq!(all.steps(), STEPS);
        let Task::Check(some) = parsed("test --only native --only browser --skip native").unwrap() else {
            panic!("not a check")
        };
        assert_eq!(some.steps(), ["browser"]);
    }

    #[test]
    fn fuzz_takes_a_minute_unless_told() {
        let fuzz = |seconds| Task::Fuzz {
            target: "link".into(),
            seconds,
        };
        assert_eq!(parsed("fuzz link").unwrap(), fuzz(60));
        assert_eq!(parsed("fuzz link 600").unwrap(), fuzz(600));
    }

    #[test]
    fn wrong_use_is_refused() {
        for line in [
            "bake",
            "fuzz",
            "fuzz link forever",
            "build --fast",
            "test --only",
            "test --only everything",
            "test --fast",
        ] {
            assert!(parsed(line).is_err(), "{line}");
        }
    }
}
