//! The file that says what a data folder is. It is read before anything else is touched.

use std::{
    fs::{self, File},
    io::{ErrorKind, Write},
    path::Path,
};

use shared::{
    hash::{Hash, sha256},
    params::Network,
};

use super::StoreError;

/// The file's name in the data folder.
pub(super) const FILE: &str = "cairn-data";
const TITLE: &str = "A data folder of Cairn. Do not edit.";
/// The format that is written; format 1 can be brought into it.
const VERSION: u32 = 2;

/// How far the folder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// The database is being made, and holds nothing yet.
    New,
    /// The database was made.
    Ready,
    /// It was made by an older program, in format 1.
    Old,
}

impl State {
    const fn text(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Ready | Self::Old => "ready",
        }
    }
}

/// Reads the file and checks that the folder is of this network and format. None: there is no file.
pub(super) fn read(folder: &Path, network: &Network) -> Result<Option<State>, StoreError> {
    let text = match fs::read_to_string(folder.join(FILE)) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) if error.kind() == ErrorKind::InvalidData => return Err(damaged()),
        Err(error) => return Err(error.into()),
    };
    let field = |name: &str| {
        text.lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
            .ok_or_else(damaged)
    };
    if text.lines().next() != Some(TITLE) {
        return Err(damaged());
    }
    let version: u32 = field("version")?.parse().map_err(|_| damaged())?;
    if version > VERSION {
        return Err(StoreError::NewerVersion {
            found: version,
            known: VERSION,
        });
    }
    let (body, _) = text.split_once("check: ").ok_or_else(damaged)?;
    if field("check")? != check(body) {
        return Err(damaged());
    }
    if field("genesis")? != network.genesis_hash().to_string() {
        return Err(StoreError::OtherNetwork {
            found: format!("{} ({})", field("network")?, field("genesis")?),
            wanted: format!("{} ({})", network.name(), network.genesis_hash()),
        });
    }
    match field("state")? {
        "new" => Ok(Some(State::New)),
        "ready" if version == VERSION => Ok(Some(State::Ready)),
        "ready" => Ok(Some(State::Old)),
        _ => Err(damaged()),
    }
}

/// Writes the file, durably and at once: there is the old or the new one, whatever happens.
pub(super) fn write(folder: &Path, network: &Network, state: State) -> Result<(), StoreError> {
    let body = format!(
        "{TITLE}\nversion: {VERSION}\nnetwork: {}\ngenesis: {}\nstate: {}\n",
        network.name(),
        network.genesis_hash(),
        state.text(),
    );
    let next = folder.join(format!("{FILE}.next"));
    let mut file = File::create(&next)?;
    writeln!(file, "{body}check: {}", check(&body))?;
    file.sync_all()?;
    fs::rename(next, folder.join(FILE))?;
    File::open(folder)?.sync_all()?;
    Ok(())
}

fn check(body: &str) -> String {
    let Hash(bytes) = sha256(&[body.as_bytes()]);
    hex::encode(&bytes[..8])
}

fn damaged() -> StoreError {
    StoreError::Damaged {
        what: format!("the file {FILE} is not as Cairn wrote it"),
    }
}
