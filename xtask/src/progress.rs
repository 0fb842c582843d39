//! Numbered steps with elapsed time: a live line on a terminal, plain lines elsewhere, long output in a log.

use std::fs::{self, File};
use std::io::{IsTerminal, Read, Seek, SeekFrom, Write, stdout};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::{command, workspace};

const POLL: Duration = Duration::from_millis(50);
const HEARTBEAT: Duration = Duration::from_secs(60);
const LINE_WIDTH: usize = 100;

/// A task's steps.
pub(crate) struct Steps {
    total: usize,
    done: usize,
    started: Instant,
}

impl Steps {
    /// Begins a task of so many steps.
    pub(crate) fn new(total: usize) -> Self {
        Self {
            total,
            done: 0,
            started: Instant::now(),
        }
    }

    /// Does the next step and says how it ended and how long it took.
    ///
    /// # Errors
    /// Those of the work itself.
    pub(crate) fn step<T>(&mut self, name: &str, work: impl FnOnce(&mut Step) -> Result<T>) -> Result<T> {
        self.done += 1;
        let label = format!("[{}/{}] {name}", self.done, self.total);
        let log = workspace::state()?.join(format!("{}.log", slug(name)));
        fs::write(&log, "")?;
        let mut step = Step {
            label,
            log,
            note: String::new(),
            started: Instant::now(),
            live: stdout().is_terminal(),
        };
        step.begin();
        let result = work(&mut step);
        step.end(result.is_ok());
        result
    }

    /// The time since the task began.
    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }
}

/// One step at work.
pub(crate) struct Step {
    label: String,
    log: PathBuf,
    note: String,
    started: Instant,
    live: bool,
}

impl Step {
    /// Adds a remark to the step's closing line.
    pub(crate) fn note(&mut self, note: impl Into<String>) {
        self.note = note.into();
    }

    /// Everything that the step's commands have printed so far.
    pub(crate) fn output(&self) -> String {
        fs::read(&self.log)
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default()
    }

    /// Runs a command to its end.
    ///
    /// # Errors
    /// When it cannot be started or fails; its last lines are printed.
    pub(crate) fn run(&self, command: &mut Command) -> Result<()> {
        if self.attempt(command, Duration::MAX)? {
            return Ok(());
        }
        self.show_tail(40);
        bail!(
            "`{}` failed; everything it printed is in {}",
            describe(command),
            relative(&self.log)
        )
    }

    /// Runs a command for at most `limit` and tells whether it succeeded.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(crate) fn attempt(&self, command: &mut Command, limit: Duration) -> Result<bool> {
        writeln!(File::options().append(true).open(&self.log)?, "$ {}", describe(command))?;
        let mut child = command::spawn_logged(command, &self.log)?;
        let (started, mut beat) = (Instant::now(), Instant::now());
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok(status.success());
            }
            if started.elapsed() > limit {
                child.kill()?;
                child.wait()?;
                return Ok(false);
            }
            let pause = if self.live {
                Duration::from_millis(250)
            } else {
                HEARTBEAT
            };
            if beat.elapsed() > pause {
                beat = Instant::now();
                self.tick();
            }
            std::thread::sleep(POLL);
        }
    }

    fn begin(&self) {
        if !self.live {
            println!("{} …", self.label);
        }
        self.tick_if_live();
    }

    fn tick_if_live(&self) {
        if self.live {
            self.tick();
        }
    }

    fn tick(&self) {
        let seconds = self.started.elapsed().as_secs();
        let text = format!("{} … {seconds} s  {}", self.label, last_line(&self.log));
        let text: String = text.chars().take(LINE_WIDTH).collect();
        let (before, after) = if self.live { ("\r\x1b[2K", "") } else { ("", "\n") };
        print!("{before}{text}{after}");
        let _ = stdout().flush();
    }

    fn end(&self, ok: bool) {
        let before = if self.live { "\r\x1b[2K" } else { "" };
        let verdict = if ok { "done" } else { "FAILED" };
        let note = if self.note.is_empty() {
            String::new()
        } else {
            format!(" ({})", self.note)
        };
        println!(
            "{before}{}: {verdict} in {:.1} s{note}",
            self.label,
            self.started.elapsed().as_secs_f64()
        );
    }

    /// Prints the last lines of what the commands printed.
    pub(crate) fn show_tail(&self, count: usize) {
        let output = self.output();
        let lines: Vec<&str> = output.lines().collect();
        if self.live {
            println!();
        }
        for line in &lines[lines.len().saturating_sub(count)..] {
            println!("    {line}");
        }
    }
}

/// A command as one would type it, shortened.
fn describe(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or_default();
    let words = std::iter::once(program).chain(command.get_args());
    let line = words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ");
    line.chars().take(160).collect()
}

fn relative(path: &Path) -> String {
    path.strip_prefix(workspace::root())
        .unwrap_or(path)
        .display()
        .to_string()
}

/// A step's name as a file name.
fn slug(name: &str) -> String {
    let word = |c: char| {
        if c.is_ascii_alphanumeric() || c == '.' {
            c.to_ascii_lowercase()
        } else {
            '-'
        }
    };
    name.chars().map(word).collect()
}

/// The last line that is not blank, of the last kilobyte of a log.
fn last_line(log: &Path) -> String {
    let read = || -> std::io::Result<String> {
        let mut file = File::open(log)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(1024)))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    let text = read().unwrap_or_default();
    let last = text.lines().rev().map(str::trim).find(|line| !line.is_empty());
    last.unwrap_or_default().chars().filter(|c| !c.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_file_names() {
        assert_eq!(slug("Trunk 0.21.14"), "trunk-0.21.14");
        assert_eq!(slug("a/b c"), "a-b-c");
    }

    #[test]
    fn commands_are_described_without_folders() {
        let mut command = Command::new("/usr/bin/npm");
        command.args(["ci", "--no-audit"]);
        assert_eq!(describe(&command), "npm ci --no-audit");
    }
}
