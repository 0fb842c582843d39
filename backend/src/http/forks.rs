//! The tree of recent forks: the blocks near the tip, of the chain and beside it, and who stands on which.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use axum::{extract::State, http::HeaderMap, response::Response};
use serde::{Deserialize, Serialize};
use shared::{api::Problem as ProblemJson, block::Header, hash::Hash, key::PublicKey};
use utoipa::{IntoParams, ToSchema};

use super::{
    answer::{Holds, tagged_json},
    context::Context,
    extract::Query,
    map::{MapNode, Plan},
    nodes::Named,
    problem::Problem,
};
use crate::{
    classroom::{Classroom, Member},
    node::View,
    store::{StoreError, Summary},
    sync::Seen,
};

/// The most blocks of an answer.
const MAX_BLOCKS: usize = 1_024;
/// How far from the tip blocks may be asked for, and how far if nothing is said.
const MAX_DEPTH: u64 = 100;
const USUAL_DEPTH: u64 = 32;

/// Which blocks.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ForksQuery {
    /// How far below and above the tip, 1 to 100; 32 if not said.
    depth: Option<u64>,
}

/// How far the node has come with a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Stage {
    /// It is in the chain.
    Chain,
    /// It is stored on a side branch.
    Beside,
    /// Its header alone is known, or, in `cairn up`, it is a block of another node that this one has not heard of.
    Header,
    /// It breaks a rule, or descends from one that does.
    Refused,
}

/// A block of the tree.
#[derive(Debug, Clone, Serialize, ToSchema)]
struct ForkBlock {
    #[schema(value_type = String)]
    hash: Hash,
    #[schema(value_type = String)]
    previous_hash: Hash,
    height: u64,
    /// In milliseconds since 1970.
    timestamp: u64,
    state: Stage,
    /// Who was paid for it; not known of a header alone.
    miner: Option<String>,
    /// How many transfers it holds; not known of a header alone.
    transfers: Option<u64>,
}

/// A block on which nodes stand.
#[derive(Debug, Serialize, ToSchema)]
struct ForkTip {
    #[schema(value_type = String)]
    hash: Hash,
    height: u64,
    /// Whether it is among the blocks.
    known: bool,
    /// The ids of the nodes whose tip it is, as they were last heard of.
    nodes: Vec<String>,
    /// The height of the last block that its chain shares with this node's, if that is known.
    branch_height: Option<u64>,
}

/// The tree of recent forks.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Forks {
    /// The tip of this node.
    tip: Named,
    /// The blocks by height and hash, at most 1024.
    blocks: Vec<ForkBlock>,
    /// Where the nodes stand that this one knows, highest first.
    tips: Vec<ForkTip>,
}

/// The blocks near the tip that this node knows, in its chain and beside it, and on which of them the nodes stand.
#[utoipa::path(
    get, path = "/blockchain/forks", tag = "Chain", params(ForksQuery),
    responses((status = 200, body = Forks), (status = "default", body = ProblemJson)),
)]
pub(crate) async fn forks(
    State(context): State<Arc<Context>>,
    Query(query): Query<ForksQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let depth = match query.depth {
        None => USUAL_DEPTH,
        Some(depth) if (1..=MAX_DEPTH).contains(&depth) => depth,
        Some(depth) => {
            let detail = format!("The depth is {depth}, and must be 1 to {MAX_DEPTH}.");
            return Err(Problem::bad_request("depth-out-of-range", detail));
        }
    };
    let nodes = Plan::of(&context).nodes;
    let forks = context
        .read(move |context, view| {
            let mut tree = Tree::new(context, view, depth);
            tree.add_chain()?;
            tree.add_members()?;
            tree.add_side();
            if let Some(peers) = &context.config.peers {
                tree.add_seen(&peers.seen());
            }
            Ok(tree.finish(nodes)?)
        })
        .await?;
    tagged_json(&headers, Holds::Now, &forks)
}

struct Tree<'a> {
    context: &'a Context,
    view: &'a View,
    lowest: u64,
    highest: u64,
    blocks: HashMap<Hash, ForkBlock>,
}

impl<'a> Tree<'a> {
    fn new(context: &'a Context, view: &'a View, depth: u64) -> Self {
        let height = view.tip().height();
        Self {
            context,
            view,
            lowest: height.saturating_sub(depth),
            highest: height.saturating_add(depth),
            blocks: HashMap::new(),
        }
    }

    fn is_near(&self, height: u64) -> bool {
        (self.lowest..=self.highest).contains(&height)
    }

    /// Puts a block in, if there is room and it is not there.
    fn add(&mut self, hash: Hash, header: &Header, state: Stage, body: Option<(PublicKey, u64)>) {
        if self.blocks.len() >= MAX_BLOCKS && !self.blocks.contains_key(&hash) {
            return;
        }
        let network = self.context.node.network();
        let block = self.blocks.entry(hash).or_insert_with(|| ForkBlock {
            hash,
            previous_hash: header.previous_hash,
            height: header.height,
            timestamp: header.timestamp,
            state,
            miner: body.map(|(miner, _)| network.address(&miner)),
            transfers: body.map(|(_, transfers)| transfers),
        });
        // What is stored, or refused, says more than what others have.
        if block.state == Stage::Header {
            block.state = state;
        }
    }

    fn add_summary(&mut self, summary: &Summary, state: Stage) {
        let body = summary.reward.map(|(miner, _)| (miner, summary.transfers));
        self.add(summary.hash, &summary.header, state, body);
    }

    fn add_chain(&mut self) -> Result<(), StoreError> {
        for height in self.lowest..=self.view.tip().height() {
            if let Some(summary) = self.view.reader().summary(height)? {
                self.add_summary(&summary, Stage::Chain);
            }
        }
        Ok(())
    }

    /// What the chains of the nodes of the same process have that this node's has not.
    fn add_members(&mut self) -> Result<(), StoreError> {
        let room = self.context.config.classroom.as_ref();
        let mut walked = BTreeSet::from([self.view.tip().hash()]);
        for Member { node, .. } in room.map(Classroom::members).unwrap_or_default() {
            let view = node.view();
            if walked.insert(view.tip().hash()) {
                self.add_chain_of(&view)?;
            }
        }
        Ok(())
    }

    fn add_chain_of(&mut self, view: &View) -> Result<(), StoreError> {
        for height in (self.lowest..=self.highest.min(view.tip().height())).rev() {
            let Some(summary) = view.reader().summary(height)? else {
                break;
            };
            if self
                .blocks
                .get(&summary.hash)
                .is_some_and(|block| block.state == Stage::Chain)
            {
                break;
            }
            self.add_summary(&summary, Stage::Header);
        }
        Ok(())
    }

    fn add_side(&mut self) {
        let mut side: Vec<_> = self.view.side().iter().collect();
        side.retain(|(_, block)| self.is_near(block.header.height));
        side.sort_unstable_by_key(|(_, block)| std::cmp::Reverse(block.header.height));
        for (hash, block) in side {
            self.add(
                *hash,
                &block.header,
                Stage::Beside,
                Some((block.miner, block.transfers)),
            );
        }
    }

    fn add_seen(&mut self, seen: &[Seen]) {
        let mut seen: Vec<&Seen> = seen.iter().filter(|seen| self.is_near(seen.header.height)).collect();
        seen.sort_unstable_by_key(|seen| std::cmp::Reverse(seen.header.height));
        for Seen {
            hash,
            header,
            is_refused,
        } in seen
        {
            let state = if *is_refused { Stage::Refused } else { Stage::Header };
            self.add(*hash, header, state, None);
        }
    }

    fn finish(self, nodes: Vec<MapNode>) -> Result<Forks, StoreError> {
        let mut standing: BTreeMap<Hash, (u64, Vec<String>)> = BTreeMap::new();
        for node in nodes {
            if let (Some(height), Some(tip)) = (node.height, node.tip_hash) {
                let (_, on) = standing.entry(tip).or_insert((height, Vec::new()));
                on.extend(Some(node.peer).filter(|peer| !peer.is_empty()));
            }
        }
        let mut tips = Vec::new();
        for (hash, (height, nodes)) in standing {
            tips.push(ForkTip {
                hash,
                height,
                known: self.blocks.contains_key(&hash),
                nodes,
                branch_height: self.branch_height(hash)?,
            });
        }
        tips.sort_by_key(|tip| std::cmp::Reverse(tip.height));
        let tip = Named::from((self.view.tip().height(), self.view.tip().hash()));
        let mut blocks: Vec<ForkBlock> = self.blocks.into_values().collect();
        blocks.sort_unstable_by_key(|block| (block.height, block.hash));
        Ok(Forks { tip, blocks, tips })
    }

    /// The height at which the chain that ends with a block leaves this node's.
    fn branch_height(&self, tip: Hash) -> Result<Option<u64>, StoreError> {
        let mut hash = tip;
        while let Some(block) = self.blocks.get(&hash).filter(|block| block.state != Stage::Chain) {
            hash = block.previous_hash;
        }
        match self.blocks.get(&hash) {
            Some(block) => Ok(Some(block.height)),
            None => self.view.reader().height_of(&hash),
        }
    }
}
