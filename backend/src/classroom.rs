//! Several nodes in one process, as `cairn up` runs them: who they are, and the switch that cuts the network in parts.

use std::{
    collections::BTreeSet,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::future::join_all;
use tokio::{sync::oneshot, time::timeout};

use crate::{node::Node, p2p::Peers};

/// How long all nodes may take to end connections.
const CUT_TIMEOUT: Duration = Duration::from_secs(3);

/// One of the nodes.
#[derive(Clone)]
pub struct Member {
    /// Where its page is.
    pub url: String,
    /// The node.
    pub node: Node,
    /// Its part in the network.
    pub peers: Peers,
}

/// All nodes of one process. Clones are the same.
#[derive(Clone, Default)]
pub struct Classroom {
    inner: Arc<Mutex<Inner>>,
}

/// Members and parts change together, so that a node never is told what holds no more.
#[derive(Default)]
struct Inner {
    members: Vec<Member>,
    /// The parts into which the network is cut; none when it is whole.
    parts: Vec<BTreeSet<usize>>,
}

/// Parts that are none of this network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CutError {
    /// There is no such node.
    #[error("there is no node {number}: they are numbered 1 to {count}")]
    Unknown {
        /// Its number.
        number: usize,
        /// How many there are.
        count: usize,
    },
    /// A node is in two parts.
    #[error("node {number} is in two parts: name it in one alone")]
    Twice {
        /// Its number.
        number: usize,
    },
    /// All nodes are in one part.
    #[error(
        "a cut makes two parts or more, and this one leaves all nodes (there are {count}) in one: name at least one node, \
         and leave at least one out"
    )]
    One {
        /// How many there are.
        count: usize,
    },
}

impl fmt::Debug for Classroom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Classroom")
    }
}

impl Classroom {
    /// Takes in the next node. The first has number 1. While the network is cut, it belongs to the last part.
    pub fn add(&self, member: Member) {
        let mut inner = self.lock();
        inner.members.push(member);
        let number = inner.members.len();
        if let Some(last) = inner.parts.last_mut() {
            last.insert(number);
            // Nobody waits for it.
            drop(inner.apply());
        }
    }

    /// The nodes, in the order of their numbers.
    #[must_use]
    pub fn members(&self) -> Vec<Member> {
        self.lock().members.clone()
    }

    /// The parts into which the network is cut; none when it is whole.
    #[must_use]
    pub fn parts(&self) -> Vec<BTreeSet<usize>> {
        self.lock().parts.clone()
    }

    /// Cuts the network, so that nodes are connected to those of their own part alone. Nodes that are not named are the
    /// last part. Waits until it is so, but no longer than 3 s.
    ///
    /// # Errors
    /// When a node is unknown or in two parts, or all are in one. Nothing is changed then.
    pub async fn cut(&self, parts: &[BTreeSet<usize>]) -> Result<(), CutError> {
        let cutting = {
            let mut inner = self.lock();
            inner.parts = all_parts(parts, inner.members.len())?;
            inner.apply()
        };
        finish(cutting).await;
        Ok(())
    }

    /// Makes the network whole again.
    pub async fn join(&self) {
        let joining = {
            let mut inner = self.lock();
            inner.parts.clear();
            inner.apply()
        };
        finish(joining).await;
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Tells each node from which others it is cut off.
    fn apply(&self) -> Vec<oneshot::Receiver<()>> {
        let cut = |(number, member): (usize, &Member)| {
            let own = self.parts.iter().find(|part| part.contains(&number));
            let others = (1..)
                .zip(&self.members)
                .filter(|(other, _)| own.is_some_and(|own| !own.contains(other)));
            member
                .peers
                .cut(others.map(|(_, other)| other.peers.id().to_owned()).collect())
        };
        (1..).zip(&self.members).map(cut).collect()
    }
}

/// These parts of so many nodes, and what is left of them as the last.
fn all_parts(parts: &[BTreeSet<usize>], count: usize) -> Result<Vec<BTreeSet<usize>>, CutError> {
    let mut named = BTreeSet::new();
    for number in parts.iter().flatten().copied() {
        if !(1..=count).contains(&number) {
            return Err(CutError::Unknown { number, count });
        }
        if !named.insert(number) {
            return Err(CutError::Twice { number });
        }
    }
    let rest: BTreeSet<usize> = (1..=count).filter(|number| !named.contains(number)).collect();
    let all = parts.iter().cloned().chain([rest]).filter(|part| !part.is_empty());
    let all: Vec<BTreeSet<usize>> = all.collect();
    if all.len() < 2 {
        return Err(CutError::One { count });
    }
    Ok(all)
}

/// Waits until all nodes have done it, or have had their time.
async fn finish(doing: Vec<oneshot::Receiver<()>>) {
    if timeout(CUT_TIMEOUT, join_all(doing)).await.is_err() {
        tracing::warn!("some nodes did not end their connections in time");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(parts: &[&[usize]]) -> Vec<BTreeSet<usize>> {
        parts.iter().map(|part| part.iter().copied().collect()).collect()
    }

    #[test]
    fn who_is_not_named_is_the_last_part() {
        assert_eq!(all_parts(&parts(&[&[2]]), 3), Ok(parts(&[&[2], &[1, 3]])));
        assert_eq!(all_parts(&parts(&[&[2], &[1], &[]]), 3), Ok(parts(&[&[2], &[1], &[3]])));
        assert_eq!(all_parts(&parts(&[&[1, 2], &[3]]), 3), Ok(parts(&[&[1, 2], &[3]])));
    }

    #[test]
    fn what_is_no_cut_is_refused() {
        for one in [&parts(&[])[..], &parts(&[&[]]), &parts(&[&[1, 2, 3]])] {
            assert_eq!(all_parts(one, 3), Err(CutError::One { count: 3 }));
        }
        assert_eq!(all_parts(&parts(&[&[1]]), 1), Err(CutError::One { count: 1 }));
        assert_eq!(
            all_parts(&parts(&[&[4]]), 3),
            Err(CutError::Unknown { number: 4, count: 3 })
        );
        assert_eq!(
            all_parts(&parts(&[&[1], &[1, 2]]), 3),
            Err(CutError::Twice { number: 1 })
        );
    }
}
