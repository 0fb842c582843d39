//! Several nodes in one process, as `cairn up` runs them: who they are, and the switch that cuts the network in parts.

use std::{
    collections::BTreeSet,
    fmt,
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use crate::{node::Node, p2p::Peers};

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
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    members: RwLock<Vec<Member>>,
    /// The parts into which the network is cut; none when it is whole.
    parts: Mutex<Vec<BTreeSet<usize>>>,
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
    #[error("node {number} is in two parts")]
    Twice {
        /// Its number.
        number: usize,
    },
}

impl fmt::Debug for Classroom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Classroom")
    }
}

impl Classroom {
    /// Takes in the next node. The first has number 1.
    pub fn add(&self, member: Member) {
        self.inner
            .members
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .push(member);
    }

    /// The nodes, in the order of their numbers.
    #[must_use]
    pub fn members(&self) -> Vec<Member> {
        self.inner
            .members
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The parts into which the network is cut; none when it is whole.
    #[must_use]
    pub fn parts(&self) -> Vec<BTreeSet<usize>> {
        self.inner.parts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Cuts the network, so that nodes are connected to those of their own part alone. Nodes that are not named are the
    /// last part.
    ///
    /// # Errors
    /// When a node is unknown or in two parts. Nothing is changed then.
    pub fn cut(&self, parts: &[BTreeSet<usize>]) -> Result<(), CutError> {
        let members = self.members();
        let count = members.len();
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
        self.set(&members, all.collect());
        Ok(())
    }

    /// Makes the network whole again.
    pub fn join(&self) {
        self.set(&self.members(), Vec::new());
    }

    fn set(&self, members: &[Member], parts: Vec<BTreeSet<usize>>) {
        for (number, member) in (1..).zip(members) {
            let own = parts.iter().find(|part| part.contains(&number));
            let others = (1..)
                .zip(members)
                .filter(|(other, _)| own.is_some_and(|own| !own.contains(other)));
            member
                .peers
                .cut(others.map(|(_, other)| other.peers.id().to_owned()).collect());
        }
        *self.inner.parts.lock().unwrap_or_else(PoisonError::into_inner) = parts;
    }
}
