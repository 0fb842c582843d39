//! The simulated lines between nodes: who is connected to whom, how long messages take, and which are lost.

use std::collections::{BTreeMap, BTreeSet};

use super::random::Random;

/// Up to how many nodes each is connected to each.
const FULL_MESH: usize = 8;
/// How many others each node is connected to in larger networks, besides its neighbours in a ring.
const OTHERS: usize = 3;

/// A pair of nodes, the lower first.
pub(super) type Pair = (usize, usize);

/// The lines.
pub(super) struct Lines {
    /// All pairs that may be connected.
    pub(super) pairs: Vec<Pair>,
    neighbours: BTreeMap<usize, BTreeSet<usize>>,
    /// Counts how often a line was cut: what was sent before does not arrive.
    epochs: BTreeMap<Pair, u64>,
    up: BTreeSet<Pair>,
    /// Which side of a partition each node is on.
    sides: Vec<u64>,
}

impl Lines {
    pub(super) fn new(nodes: usize, random: &mut Random) -> Self {
        let mut pairs = BTreeSet::new();
        for node in 0..nodes {
            if nodes <= FULL_MESH {
                pairs.extend((0..node).map(|other| (other, node)));
                continue;
            }
            pairs.insert(pair(node, (node + 1) % nodes));
            for _ in 0..OTHERS {
                let other = random.place(nodes);
                if other != node {
                    pairs.insert(pair(node, other));
                }
            }
        }
        let mut neighbours: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        for (a, b) in &pairs {
            neighbours.entry(*a).or_default().insert(*b);
            neighbours.entry(*b).or_default().insert(*a);
        }
        Self {
            pairs: pairs.into_iter().collect(),
            neighbours,
            epochs: BTreeMap::new(),
            up: BTreeSet::new(),
            sides: vec![0; nodes],
        }
    }

    /// Puts each node on a side; lines between sides are to be cut.
    pub(super) fn divide(&mut self, side: impl FnMut(usize) -> u64) {
        self.sides = (0..self.sides.len()).map(side).collect();
    }

    pub(super) fn is_divided(&self, (a, b): Pair) -> bool {
        self.sides[a] != self.sides[b]
    }

    pub(super) fn is_up(&self, pair: Pair) -> bool {
        self.up.contains(&pair)
    }

    /// Connects a pair; whether it was not before.
    pub(super) fn connect(&mut self, pair: Pair) -> bool {
        !self.is_divided(pair) && self.up.insert(pair)
    }

    /// Cuts a line; whether it was up.
    pub(super) fn cut(&mut self, pair: Pair) -> bool {
        *self.epochs.entry(pair).or_default() += 1;
        self.up.remove(&pair)
    }

    /// When what is sent now may arrive: never, once the line was cut.
    pub(super) fn epoch(&self, a: usize, b: usize) -> u64 {
        self.epochs.get(&pair(a, b)).copied().unwrap_or(0)
    }

    /// The nodes that a node is connected to.
    pub(super) fn connected(&self, node: usize) -> Vec<usize> {
        let neighbours = self.neighbours.get(&node).into_iter().flatten().copied();
        neighbours
            .filter(|other| self.up.contains(&pair(node, *other)))
            .collect()
    }
}

/// A pair in its order.
pub(super) const fn pair(a: usize, b: usize) -> Pair {
    if a < b { (a, b) } else { (b, a) }
}
