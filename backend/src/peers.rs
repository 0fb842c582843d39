//! The peer book: which nodes the operator registered, who is banned and why, and how peers scored.
//!
//! Peers are named by the text of their id, so that this module knows nothing of the network library. What it holds is
//! bounded, and written to a small file in the data folder whenever it has changed.

mod file;

use std::{collections::BTreeMap, net::IpAddr, path::Path};

use serde::{Deserialize, Serialize};

pub use file::{Readers, replace};

/// The book's name in the data folder.
pub const FILE: &str = "peers.json";
/// The most nodes that can be registered.
pub const MAX_REGISTERED: usize = 256;
/// The most bans that are kept; of more, those that end first are forgotten.
pub const MAX_BANS: usize = 1_024;
/// The most peers that are remembered in order to find them again.
pub const MAX_MET: usize = 64;
/// The most peers whose scores are kept; of more, those longest out of sight are forgotten.
pub const MAX_SCORES: usize = 1_024;

/// A node that the operator registered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registered {
    /// As it was written.
    pub node: String,
    /// The id of the peer that was found there.
    #[serde(default)]
    pub peer: Option<String>,
    /// Where it was found, as multiaddresses.
    #[serde(default)]
    pub addresses: Vec<String>,
}

/// Who is banned.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// A peer, by its id, wherever it is.
    Peer(String),
    /// New connections from an address; peers that are connected already stay.
    Address(IpAddr),
}

/// Until when somebody is banned, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ban {
    /// The offence's stable name.
    pub code: String,
    /// The offence as a sentence.
    pub reason: String,
    /// When the ban ends, in milliseconds since 1970.
    pub until_ms: u64,
}

/// A peer that was connected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Met {
    /// Its id.
    pub peer: String,
    /// Where it listens, as multiaddresses.
    pub addresses: Vec<String>,
}

/// How a peer behaved so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Score {
    /// The sum of its offences; 0 is spotless.
    pub points: u32,
    /// When it was last changed, in milliseconds since 1970.
    pub seen_ms: u64,
}

/// The peer book.
#[derive(Debug, Default)]
pub struct PeerBook {
    contents: Contents,
    is_changed: bool,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Contents {
    /// The port on which the node listened for peers, so that it gets the same one again.
    port: Option<u16>,
    registered: Vec<Registered>,
    /// The last met last.
    met: Vec<Met>,
    bans: Vec<(Subject, Ban)>,
    scores: BTreeMap<String, Score>,
}

impl PeerBook {
    /// Reads the book in a data folder; an empty one if there is none.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub fn open(folder: &Path) -> anyhow::Result<Self> {
        let mut contents: Contents = file::read(&folder.join(FILE))?.unwrap_or_default();
        // Whoever edits the file can write more than the book would.
        contents.registered.truncate(MAX_REGISTERED);
        contents.bans.truncate(MAX_BANS);
        contents.met.truncate(MAX_MET);
        let mut book = Self {
            contents,
            is_changed: false,
        };
        book.forget_scores();
        Ok(book)
    }

    /// The book's bytes, for [`save`], if it was changed since they were last taken.
    pub fn changes(&mut self) -> Option<Vec<u8>> {
        if !std::mem::take(&mut self.is_changed) {
            return None;
        }
        Some(serde_json::to_vec_pretty(&self.contents).expect("texts and numbers have a JSON form"))
    }

    /// The port on which the node listened for peers before.
    #[must_use]
    pub const fn port(&self) -> Option<u16> {
        self.contents.port
    }

    /// Notes the port on which the node listens for peers.
    pub fn set_port(&mut self, port: u16) {
        self.is_changed |= self.contents.port.replace(port) != Some(port);
    }

    /// The peers that were connected, the last met last.
    #[must_use]
    pub fn met(&self) -> &[Met] {
        &self.contents.met
    }

    /// Notes where a peer was met. If there are too many, the one goes that was met first, of those that are not to be kept
    /// if there are any.
    pub fn meet(&mut self, met: Met, is_kept: impl Fn(&str) -> bool) {
        let all = &mut self.contents.met;
        let known = all.iter().position(|known| known.peer == met.peer);
        match known {
            Some(index) if index + 1 == all.len() && all[index] == met => return,
            Some(index) => drop(all.remove(index)),
            None if all.len() >= MAX_MET => {
                let first = all.iter().position(|known| !is_kept(&known.peer));
                drop(all.remove(first.unwrap_or(0)));
            }
            None => {}
        }
        all.push(met);
        self.is_changed = true;
    }

    /// The registered nodes, in the order in which they came.
    #[must_use]
    pub fn registered(&self) -> &[Registered] {
        &self.contents.registered
    }

    /// Registers a node, or notes what is new about it. False when there is no room for another.
    pub fn register(&mut self, node: Registered) -> bool {
        let is_same = |known: &Registered| known.node == node.node || (known.peer.is_some() && known.peer == node.peer);
        match self.contents.registered.iter().position(is_same) {
            Some(index) => {
                self.is_changed |= self.contents.registered[index] != node;
                self.contents.registered[index] = node;
            }
            None if self.contents.registered.len() >= MAX_REGISTERED => return false,
            None => {
                self.contents.registered.push(node);
                self.is_changed = true;
            }
        }
        true
    }

    /// The bans that still hold at `now_ms`.
    pub fn bans(&self, now_ms: u64) -> impl Iterator<Item = &(Subject, Ban)> {
        self.contents.bans.iter().filter(move |(_, ban)| ban.until_ms > now_ms)
    }

    /// The ban that holds for somebody at `now_ms`.
    #[must_use]
    pub fn ban_of(&self, subject: &Subject, now_ms: u64) -> Option<&Ban> {
        self.bans(now_ms)
            .find(|(banned, _)| banned == subject)
            .map(|(_, ban)| ban)
    }

    /// Bans somebody; a ban that lasts longer stays as it is.
    pub fn ban(&mut self, subject: Subject, ban: Ban, now_ms: u64) {
        if self
            .ban_of(&subject, now_ms)
            .is_some_and(|known| known.until_ms >= ban.until_ms)
        {
            return;
        }
        self.contents
            .bans
            .retain(|(banned, ban)| *banned != subject && ban.until_ms > now_ms);
        if self.contents.bans.len() >= MAX_BANS {
            let first_to_end = self
                .contents
                .bans
                .iter()
                .enumerate()
                .min_by_key(|(_, (_, ban))| ban.until_ms);
            if let Some((index, _)) = first_to_end {
                self.contents.bans.swap_remove(index);
            }
        }
        self.contents.bans.push((subject, ban));
        self.is_changed = true;
    }

    /// A peer's score as it was last noted; none when nothing is known of it.
    #[must_use]
    pub fn score(&self, peer: &str) -> Option<Score> {
        self.contents.scores.get(peer).copied()
    }

    /// Notes a peer's score.
    pub fn set_score(&mut self, peer: &str, points: u32, now_ms: u64) {
        if points == 0 && self.score(peer).is_none() {
            return;
        }
        self.is_changed = true;
        let score = Score {
            points,
            seen_ms: now_ms,
        };
        self.contents.scores.insert(peer.to_owned(), score);
        self.forget_scores();
    }

    fn forget_scores(&mut self) {
        while self.contents.scores.len() > MAX_SCORES {
            let oldest = self.contents.scores.iter().min_by_key(|(_, score)| score.seen_ms);
            let Some(peer) = oldest.map(|(peer, _)| peer.clone()) else {
                return;
            };
            self.contents.scores.remove(&peer);
        }
    }
}

/// Writes a book's bytes into a data folder. Blocks the thread for a write to the disk.
///
/// # Errors
/// When the file cannot be written.
pub fn save(folder: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    replace(&folder.join(FILE), bytes, Readers::Usual)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ban(until_ms: u64) -> Ban {
        Ban {
            code: "malformed-message".to_owned(),
            reason: "It sent what is no message.".to_owned(),
            until_ms,
        }
    }

    fn peer(number: usize) -> Subject {
        Subject::Peer(format!("peer-{number}"))
    }

    #[test]
    fn everything_survives_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let mut book = PeerBook::open(folder.path()).unwrap();
        let node = Registered {
            node: "127.0.0.1:5001".to_owned(),
            peer: Some("peer-1".to_owned()),
            addresses: vec!["/ip4/127.0.0.1/tcp/7331".to_owned()],
        };
        let address = Subject::Address("192.0.2.7".parse().unwrap());
        assert!(book.register(node.clone()));
        book.ban(peer(2), ban(2_000), 1_000);
        book.ban(address.clone(), ban(3_000), 1_000);
        book.set_score("peer-3", 40, 1_000);
        book.set_port(7_331);
        let met = Met {
            peer: "peer-5".to_owned(),
            addresses: vec!["/ip4/192.0.2.5/tcp/7331".to_owned()],
        };
        book.meet(met.clone(), |_| false);
        save(folder.path(), &book.changes().unwrap()).unwrap();
        assert_eq!(book.changes(), None);

        let book = PeerBook::open(folder.path()).unwrap();
        assert_eq!((book.registered(), book.met()), (&[node][..], &[met][..]));
        assert_eq!(book.port(), Some(7_331));
        assert_eq!(book.ban_of(&peer(2), 1_999), Some(&ban(2_000)));
        assert_eq!(book.ban_of(&peer(2), 2_000), None, "it has ended");
        assert_eq!(book.ban_of(&address, 2_999), Some(&ban(3_000)));
        let score = Score {
            points: 40,
            seen_ms: 1_000,
        };
        assert_eq!((book.score("peer-3"), book.score("peer-4")), (Some(score), None));
    }

    #[test]
    fn a_longer_ban_stands() {
        let mut book = PeerBook::default();
        book.ban(peer(1), ban(5_000), 0);
        book.ban(peer(1), ban(4_000), 0);
        assert_eq!(book.ban_of(&peer(1), 4_500), Some(&ban(5_000)));
        assert_eq!(book.bans(0).count(), 1);
    }

    #[test]
    fn a_node_under_another_name_is_the_same_node() {
        let mut book = PeerBook::default();
        let node = |name: &str, peer: Option<&str>| Registered {
            node: name.to_owned(),
            peer: peer.map(str::to_owned),
            addresses: Vec::new(),
        };
        for (name, peer) in [("a:1", None), ("b:2", None), ("a:1", Some("x")), ("c:3", Some("x"))] {
            assert!(book.register(node(name, peer)));
        }
        let names: Vec<&str> = book.registered().iter().map(|node| node.node.as_str()).collect();
        assert_eq!(names, ["c:3", "b:2"]);
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let mut book = PeerBook::default();
        for number in 0..2 * MAX_BANS {
            book.ban(peer(number), ban(10_000 + number as u64), 0);
        }
        assert_eq!(book.bans(0).count(), MAX_BANS);
        assert!(book.ban_of(&peer(2 * MAX_BANS - 1), 0).is_some());
        for number in 0..2 * MAX_SCORES {
            book.set_score(&number.to_string(), 1, number as u64);
        }
        let is_kept = |number: usize| book.score(&number.to_string()).is_some();
        assert_eq!((is_kept(0), is_kept(2 * MAX_SCORES - 1)), (false, true));
        for number in 0..2 * MAX_MET {
            let met = Met {
                peer: number.to_string(),
                addresses: Vec::new(),
            };
            book.meet(met, |peer| peer == "7");
        }
        let names = || book.met().iter().map(|met| met.peer.as_str());
        assert_eq!(book.met().len(), MAX_MET);
        assert_eq!(names().take(2).collect::<Vec<_>>(), ["7", "65"]);
        for number in 0..=MAX_REGISTERED {
            let node = Registered {
                node: number.to_string(),
                peer: None,
                addresses: Vec::new(),
            };
            assert_eq!(book.register(node), number < MAX_REGISTERED);
        }
    }

    #[test]
    fn a_damaged_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(FILE), "{").unwrap();
        let error = PeerBook::open(folder.path()).unwrap_err();
        assert!(error.to_string().contains(FILE), "{error}");
    }
}
