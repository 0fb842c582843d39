//! The newest blocks of all branches that the node knows, drawn as a tree: one block a row, the newest on top.

use shared::hash::Hash;

use super::cairn::tint_of_address;
use super::markup::Markup;
use super::pebble::{Area, Grain, outline};
use super::text::{count, grouped, hash_end};
use crate::json::Value;

/// The height of a row in pixels, as in the style sheet.
const ROW: f64 = 56.0;
/// The width of a branch.
const LANE: f64 = 24.0;
/// The most blocks and tips that are read: more are in no node's answer, and each tip is looked for among all blocks.
const READ: (usize, usize) = (1_024, 256);
/// The most tips that are told of though nothing is known of their branches.
const UNKNOWN: usize = 8;
/// How many of the newest blocks of a branch are drawn one by one. Of those below, only where branches part or nodes stand.
const NEWEST: u64 = 5;
/// The most rows.
const ROWS: usize = 40;
/// How far above the tip the node tells of blocks: there may be more of those that are not here yet.
const DEPTH: u64 = 32;
/// The most branches beside each other.
const LANES: usize = 5;

/// A block as the node tells of it.
#[derive(Debug)]
struct Block<'a> {
    hash: &'a str,
    previous: &'a str,
    height: u64,
    /// `chain`, `beside`, `header` or `refused`.
    state: &'a str,
    answer: &'a Value,
    /// In which lane it is drawn: 0 is the chain's.
    lane: Option<usize>,
    /// How many nodes stand on it.
    nodes: u64,
}

/// What the node says of branches: the answer of `/blockchain/forks`.
#[derive(Debug)]
pub struct Forks<'a> {
    blocks: Vec<Block<'a>>,
    tips: &'a [Value],
    /// The blocks that have a row, the newest first.
    rows: Vec<usize>,
    /// How many lanes hold what follows the chain's newest block and is not here yet, and how many blocks that is.
    newer: (u64, u64),
}

impl<'a> Forks<'a> {
    /// Reads an answer, and lays it out.
    #[must_use]
    pub fn of(answer: &'a Value) -> Self {
        let read = |name, most| {
            let items = answer.items(name);
            &items[..items.len().min(most)]
        };
        let tips = read("tips", READ.1);
        let block = |answer: &'a Value| {
            let hash = answer.text("hash");
            let tip = tips.iter().find(|tip| tip.text("hash") == hash);
            Block {
                hash,
                previous: answer.text("previous_hash"),
                height: answer.number("height").unwrap_or_default(),
                state: answer.text("state"),
                answer,
                lane: None,
                nodes: tip.map_or(0, |tip| tip.items("nodes").len() as u64),
            }
        };
        let mut forks = Self {
            blocks: read("blocks", READ.0).iter().map(block).collect(),
            tips,
            rows: Vec::new(),
            newer: (0, 0),
        };
        forks.choose_lanes();
        forks.choose_rows();
        forks
    }

    /// The block before one. A node can say what it likes, so the height is looked at, or some blocks could form a ring.
    fn parent(&self, index: usize) -> Option<usize> {
        let Block { previous, height, .. } = self.blocks[index];
        let is_parent = |block: &Block<'_>| block.height.checked_add(1) == Some(height) && block.hash == previous;
        self.blocks.iter().position(is_parent)
    }

    /// The chain has the first lane, and each branch that leaves it one of its own, the highest first.
    fn choose_lanes(&mut self) {
        let mut top = 0;
        for block in self.blocks.iter_mut().filter(|block| block.state == "chain") {
            block.lane = Some(0);
            top = block.height.max(top);
        }
        for lane in 1..LANES {
            let free = (0..self.blocks.len()).filter(|&index| self.blocks[index].lane.is_none());
            let mut next = free.max_by_key(|&index| self.blocks[index].height);
            let (mut length, mut state) = (0, "");
            while let Some(index) = next.filter(|&index| self.blocks[index].lane.is_none()) {
                (length, state) = (length + 1, self.blocks[index].state);
                self.blocks[index].lane = Some(lane);
                next = self.parent(index);
            }
            let is_tip = |index: usize| (self.blocks[index].lane, self.blocks[index].height) == (Some(0), top);
            if state == "header" && next.is_some_and(is_tip) {
                self.newer = (self.newer.0 + 1, self.newer.1 + length);
            }
        }
    }

    fn choose_rows(&mut self) {
        let mut tops = [0; LANES];
        for block in &self.blocks {
            if let Some(lane) = block.lane {
                tops[lane] = block.height.max(tops[lane]);
            }
        }
        let is_new = |block: &Block<'_>| {
            block
                .lane
                .is_some_and(|lane| block.height.saturating_add(NEWEST) > tops[lane])
        };
        let mut kept: Vec<bool> = self
            .blocks
            .iter()
            .map(|block| is_new(block) || block.nodes > 0)
            .collect();
        for index in 0..self.blocks.len() {
            if let Some(parent) = self.parent(index)
                && self.blocks[index].lane.is_some()
                && self.blocks[index].lane != self.blocks[parent].lane
            {
                (kept[index], kept[parent]) = (true, true);
            }
        }
        // The highest first, and of one height the chain's.
        let key = |index: usize| {
            let block: &Block<'_> = &self.blocks[index];
            (u64::MAX - block.height, block.lane, index)
        };
        let mut next = None;
        while self.rows.len() < ROWS {
            let left = (0..kept.len()).filter(|&index| kept[index] && self.blocks[index].lane.is_some());
            next = left.map(key).filter(|&key| Some(key) > next).min();
            let Some((_, _, index)) = next else { break };
            self.rows.push(index);
        }
    }

    /// How many branches are drawn, the chain among them.
    fn branches(&self) -> usize {
        let lanes = self.blocks.iter().filter_map(|block| block.lane);
        lanes.max().map_or(0, |lane| lane + 1)
    }

    /// All of it.
    #[must_use]
    pub fn markup(&self) -> Markup {
        let mut markup = Markup::default();
        let (lanes, newer) = self.newer;
        match (self.branches() as u64).saturating_sub(lanes + 1) {
            _ if self.blocks.iter().any(|block| block.lane.is_none()) => {
                markup.tag("<p>More branches leave the chain than are drawn here; these are the highest.")
            }
            0 => markup.tag("<p>The newest blocks form one chain."),
            others => {
                let others = count(others, "branch leaves", "branches leave");
                markup
                    .tag("<p>")
                    .text(&others)
                    .tag(" the chain. The valid one with the most work counts.")
            }
        };
        if newer > 0 {
            markup.tag(if newer < DEPTH { " " } else { " At least " });
            let newer = count(newer, "newer block is", "newer blocks are");
            markup.text(&newer).tag(" not here yet.");
        }
        let (width, height) = (LANE * self.branches() as f64, ROW * self.rows.len() as f64);
        markup.tag("</p><div class=\"forks\"><svg width=\"").number(width);
        markup
            .tag("\" height=\"")
            .number(height)
            .tag("\" aria-hidden=\"true\">");
        let (mut lines, mut gaps) = (Markup::default(), Markup::default());
        for row in 0..self.rows.len() {
            self.connect(row, &mut lines, &mut gaps);
        }
        markup.tag("<path class=\"fork-line\" d=\"").all(&lines);
        markup.tag("\"/><path class=\"fork-gap\" d=\"").all(&gaps).tag("\"/>");
        for row in 0..self.rows.len() {
            self.draw(row, &mut markup);
        }
        markup.tag("</svg><ol class=\"fork-rows\">");
        for &index in &self.rows {
            list(&self.blocks[index], &mut markup);
        }
        markup.tag("</ol></div>");
        let unknown = || self.tips.iter().filter(|tip| tip["known"].as_bool() == Some(false));
        for tip in unknown().take(UNKNOWN) {
            let nodes = count(tip.items("nodes").len() as u64, "node", "nodes");
            let height = grouped(tip.number("height").unwrap_or_default());
            markup.tag("<p>").text(&nodes).tag(" on block ").text(&height);
            // Too old to be among the blocks, or of a branch of which this node knows nothing.
            markup.tag(match tip.number("branch_height") {
                Some(_) => ", further down this chain.</p>",
                None => ", whose branch is not known here.</p>",
            });
        }
        if let more @ 1.. = unknown().count().saturating_sub(UNKNOWN) {
            markup
                .tag("<p>And ")
                .text(&grouped(more as u64))
                .tag(" more such blocks.</p>");
        }
        markup
    }

    /// The middle of a row's stone.
    fn spot(&self, row: usize) -> (f64, f64) {
        let lane = self.blocks[self.rows[row]].lane.unwrap_or_default();
        ((lane as f64 + 0.5) * LANE, (row as f64 + 0.5) * ROW)
    }

    /// Draws the way to the nearest block below that has a row: down its own lane, then over to the one it grew out of.
    fn connect(&self, row: usize, lines: &mut Markup, gaps: &mut Markup) {
        let nearest = self.parent(self.rows[row]);
        let mut below = nearest;
        let at = loop {
            let Some(index) = below else { return };
            if let Some(at) = self.rows.iter().position(|&shown| shown == index) {
                break at;
            }
            below = self.parent(index);
        };
        let path = if below == nearest { lines } else { gaps };
        let ((x, y), (to_x, to_y)) = (self.spot(row), self.spot(at));
        path.step("M", x, y);
        if x != to_x {
            let bend = to_y - ROW;
            path.step("L", x, bend)
                .step("C", x, to_y)
                .step(" ", to_x, bend)
                .step(" ", to_x, to_y);
        } else {
            path.step("L", to_x, to_y);
        }
    }

    fn draw(&self, row: usize, markup: &mut Markup) {
        let block = &self.blocks[self.rows[row]];
        let (x, y) = self.spot(row);
        let hash: Hash = block.hash.parse().unwrap_or(Hash::ZERO);
        let area = Area {
            x: x - 11.0,
            y: y - 8.0,
            width: 22.0,
            height: 16.0,
        };
        // The first bytes of a hash are mostly zeros: that is the work.
        let outline = outline(area, &mut Grain::new(&hash.0[8..]));
        let miner = match block.answer.text("miner") {
            "" => 0,
            miner => tint_of_address(miner),
        };
        markup.tag("<path class=\"");
        match block.state {
            "chain" | "beside" => markup.tag("tint-").text(&miner.to_string()),
            "refused" => markup.tag("fork-refused"),
            _ => markup.tag("fork-header"),
        };
        markup.tag("\" d=\"").text(&outline).tag("\"/>");
    }
}

fn list(block: &Block<'_>, markup: &mut Markup) {
    // The node answers questions about blocks of its chain only.
    let is_chain = block.state == "chain";
    markup.tag("<li><span>");
    if is_chain {
        markup.tag("<a href=\"/explorer/blocks/").text(block.hash).tag("\">");
    }
    markup
        .tag("Block ")
        .text(&grouped(block.height))
        .tag(" · ")
        .text(hash_end(block.hash).unwrap_or_default());
    markup.tag(if is_chain { "</a>" } else { "" });
    markup.tag("</span><span class=\"quiet\">");
    // What matters most first, as the rest may have no room.
    let transfers = block.answer.number("transfers");
    markup.tag(match (block.state, transfers) {
        ("chain", _) => "",
        ("beside", _) => "beside the chain",
        ("refused", _) => "breaks a rule",
        (_, Some(_)) => "not on this node",
        (_, None) => "its contents are not here",
    });
    if block.nodes > 0 {
        let nodes = count(block.nodes, "node stands here", "nodes stand here");
        markup.tag(if is_chain { "<b>" } else { " · <b>" });
        markup.text(&nodes).tag("</b>");
    }
    if let Some(transfers) = transfers {
        markup.tag(if is_chain && block.nodes == 0 { "" } else { " · " });
        markup.text(&count(transfers, "transfer", "transfers"));
    }
    markup.tag("</span></li>");
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value as Json, json};

    fn hash(branch: u8, height: u64) -> String {
        Hash([branch ^ (height as u8); 32]).to_string()
    }

    /// A block of a branch, on one of the same branch or of another.
    fn block(branch: u8, height: u64, on: u8, state: &str) -> Json {
        let previous = hash(on, height.wrapping_sub(1));
        json!({"hash": hash(branch, height), "previous_hash": previous, "height": height, "state": state,
               "miner": null, "transfers": 0})
    }

    fn tip(branch: u8, height: u64, is_known: bool) -> Json {
        json!({"hash": hash(branch, height), "height": height, "known": is_known, "nodes": ["12D3", "12D4"]})
    }

    fn answer(tips: &[Json]) -> Json {
        let mut blocks: Vec<Json> = (0..=20).map(|height| block(64, height, 64, "chain")).collect();
        blocks.push(block(128, 11, 64, "beside"));
        blocks.extend((12..=14).map(|height| block(128, height, 128, "beside")));
        let mut header = block(192, 21, 64, "header");
        header["transfers"] = json!(null);
        blocks.push(header);
        json!({"blocks": blocks, "tips": tips})
    }

    #[test]
    fn branches_stand_beside_the_chain_and_what_is_old_is_left_out() {
        let answer = answer(&[tip(64, 20, true), tip(64, 8, true)]).into();
        let forks = Forks::of(&answer);
        assert_eq!(forks.branches(), 3);
        let heights: Vec<u64> = forks.rows.iter().map(|&row| forks.blocks[row].height).collect();
        // The newest five of the chain, where another grew out of it, where a node stands.
        assert_eq!(heights, [21, 20, 19, 18, 17, 16, 14, 13, 12, 11, 10, 8]);
        let (mut lines, mut gaps) = (Markup::default(), Markup::default());
        (0..forks.rows.len()).for_each(|row| forks.connect(row, &mut lines, &mut gaps));
        let (lines, gaps) = (lines.to_string(), gaps.to_string());
        // From 16 to 10, and from 10 to 8, others lie between.
        assert_eq!((gaps.matches('M').count(), lines.matches('M').count()), (2, 9));
        // Two leave the chain.
        assert_eq!(lines.matches('C').count(), 2);
        let markup = forks.markup().to_string();
        // What follows the chain leaves it nowhere.
        let said =
            "<p>1 branch leaves the chain. The valid one with the most work counts. 1 newer block is not here yet.</p>";
        assert!(markup.starts_with(said) && markup.contains("width=\"72\""), "{markup}");
        assert_eq!(markup.matches("2 nodes stand here").count(), 2);
        assert_eq!(markup.matches("beside the chain · 0 transfers<").count(), 4);
        assert_eq!(
            markup
                .matches("\"quiet\"><b>2 nodes stand here</b> · 0 transfers<")
                .count(),
            2
        );
        assert!(markup.contains("its contents are not here<"), "{markup}");
        assert_eq!(markup.matches("<a href=\"/explorer/blocks/").count(), 7);
    }

    #[test]
    fn a_chain_alone_is_one_lane() {
        let mut answer = answer(&[]);
        let blocks = answer["blocks"].as_array_mut().unwrap();
        blocks.retain(|block| block["state"] == "chain");
        let answer = answer.into();
        let forks = Forks::of(&answer);
        assert_eq!((forks.branches(), forks.rows.len()), (1, 5));
        let (mut lines, mut gaps) = (Markup::default(), Markup::default());
        (0..5).for_each(|row| forks.connect(row, &mut lines, &mut gaps));
        assert!(forks.markup().to_string().contains("one chain") && !lines.to_string().contains('C'));
    }

    #[test]
    fn blocks_on_their_way_are_no_branch() {
        let said = |change: fn(&mut Vec<Json>)| {
            let mut answer = answer(&[]);
            let blocks = answer["blocks"].as_array_mut().unwrap();
            blocks.retain(|block| block["state"] != "beside");
            change(blocks);
            let markup = Forks::of(&answer.into()).markup().to_string();
            markup[3..markup.find("</p>").unwrap()].to_owned()
        };
        let one = "The newest blocks form one chain.";
        let more = |blocks: &mut Vec<Json>| blocks.extend((22..=25).map(|height| block(192, height, 192, "header")));
        assert_eq!(said(|_| {}), format!("{one} 1 newer block is not here yet."));
        assert_eq!(said(more), format!("{one} 5 newer blocks are not here yet."));
        // The node tells of no more than these.
        let most = |blocks: &mut Vec<Json>| blocks.extend((22..=52).map(|height| block(192, height, 192, "header")));
        assert_eq!(said(most), format!("{one} At least 32 newer blocks are not here yet."));
        assert_eq!(said(|blocks| blocks.clear()), one);
        // Neither a block that is refused is on its way, nor what follows an older one.
        let branch = "1 branch leaves the chain. The valid one with the most work counts.";
        assert_eq!(said(|blocks| blocks[21]["state"] = json!("refused")), branch);
        assert_eq!(said(|blocks| blocks[21] = block(192, 20, 64, "header")), branch);
    }

    #[test]
    fn however_many_branches_there_are_the_drawing_stays_small() {
        let mut answer = answer(&[]);
        for branch in 0..60_u8 {
            let mut odd = block(64, 12, 64, "beside");
            odd["hash"] = json!(Hash([branch; 32]).to_string().replacen("00", "f7", 1));
            answer["blocks"].as_array_mut().unwrap().push(odd);
        }
        let answer = answer.into();
        let forks = Forks::of(&answer);
        assert_eq!(forks.branches(), LANES);
        assert!(forks.rows.len() <= ROWS);
        let said = "More branches leave the chain than are drawn here; these are the highest.";
        assert!(forks.markup().to_string().contains(said));
    }

    #[test]
    fn tips_that_are_not_known_are_told_apart() {
        let answer = answer(&[tip(64, 20, true), tip(99, 30, false)]).into();
        let markup = Forks::of(&answer).markup().to_string();
        assert!(
            markup.ends_with("2 nodes on block 30, whose branch is not known here.</p>"),
            "{markup}"
        );
        let mut old = tip(99, 8, false);
        old["branch_height"] = json!(8);
        let answer = self::answer(&[old]).into();
        let markup = Forks::of(&answer).markup().to_string();
        assert!(
            markup.ends_with("2 nodes on block 8, further down this chain.</p>"),
            "{markup}"
        );
        let tips: Vec<Json> = (0..5000).map(|height| tip(99, height, false)).collect();
        let answer = self::answer(&tips).into();
        let markup = Forks::of(&answer).markup().to_string();
        assert_eq!(markup.matches("not known here").count(), UNKNOWN);
        assert!(markup.ends_with("<p>And 248 more such blocks.</p>"), "{markup}");
    }

    #[test]
    fn whatever_a_node_says_ends_and_is_no_markup() {
        let mut ring = answer(&[]);
        let blocks = ring["blocks"].as_array_mut().unwrap();
        let hashes: Vec<Json> = blocks.iter().map(|block| block["hash"].clone()).collect();
        for (index, block) in blocks.iter_mut().enumerate() {
            block["height"] = json!(u64::MAX);
            block["previous_hash"] = hashes[(index + 1) % hashes.len()].clone();
        }
        assert!(Forks::of(&ring.into()).markup().to_string().contains("<ol"));
        let evil =
            json!({"blocks": [{"hash": "<script>", "state": "chain", "height": -1}, 7], "tips": [{"known": false}, 3]});
        assert!(!Forks::of(&evil.into()).markup().to_string().contains("<script"));
        assert!(Forks::of(&Value::Null).markup().to_string().contains("one chain"));
    }
}
