//! The network as the node knows it, drawn and listed: nodes in a ring, and who talks to whom.

use super::cairn::stones_of_address;
use super::markup::Markup;
use super::text::{count, grouped, hash_end, shorten};
use crate::json::Value;

/// The most nodes that are read: more are in no node's answer, and it takes their square to put them in order.
const READ: usize = 256;
/// The greatest number of nodes that have room for their names.
const NAMED: usize = 8;
/// The most neighbours of a node that are named.
const NEIGHBOURS: u64 = 8;
/// The middle of the drawing.
const MIDDLE: (f64, f64) = (180.0, 150.0);

/// What the node says of the network: the answer of `/blockchain/nodes/map`.
#[derive(Debug)]
pub struct NetworkMap<'a> {
    answer: &'a Value,
    /// The node's own place among them.
    own: usize,
    /// In an order of their own, so that each keeps its place from one answer to the next.
    nodes: Vec<&'a Value>,
    /// How many of them, the first, are known by more than the word of peers.
    near: usize,
    /// Which are connected, and how long an answer takes.
    links: Vec<(usize, usize, Option<u64>)>,
}

fn place(value: &Value) -> usize {
    value
        .as_u64()
        .and_then(|place| place.try_into().ok())
        .unwrap_or(usize::MAX)
}

impl<'a> NetworkMap<'a> {
    /// Reads an answer. What is missing is not drawn.
    #[must_use]
    pub fn of(answer: &'a Value) -> Self {
        let read = answer.items("nodes");
        let read = &read[..read.len().min(READ)];
        let own = place(&answer["own"]);
        // By number, then the node itself, then by id; behind them those that peers tell of, as many as they like.
        let key = |(index, node): (usize, &'a Value)| {
            let number = node.number("number").unwrap_or(u64::MAX);
            let is_told = number == u64::MAX && node.text("known") == "told";
            (is_told, number, index != own, node.text("peer"), index)
        };
        let keys: Vec<_> = read.iter().enumerate().map(key).collect();
        let ranks = keys.iter().map(|key| keys.iter().filter(|other| *other < key).count());
        let ranks: Vec<usize> = ranks.collect();
        let mut nodes: Vec<&Value> = read.iter().collect();
        for (node, &rank) in read.iter().zip(&ranks) {
            nodes[rank] = node;
        }
        let mut links = Vec::new();
        for link in answer.items("links").iter().take(8 * READ) {
            let ends = ranks.get(place(&link["a"])).zip(ranks.get(place(&link["b"])));
            links.extend(ends.map(|(a, b)| (*a, *b, link.number("latency_ms"))));
        }
        Self {
            answer,
            own: ranks.get(own).copied().unwrap_or(usize::MAX),
            nodes,
            near: keys.iter().filter(|(is_told, ..)| !is_told).count(),
            links,
        }
    }

    /// All of it.
    #[must_use]
    pub fn markup(&self) -> Markup {
        let mut markup = Markup::default();
        markup.tag("<p role=\"status\">").text(&self.sentence()).tag("</p>");
        self.progress(&mut markup);
        markup.tag("<svg class=\"map\" viewBox=\"0 0 360 300\" aria-hidden=\"true\">");
        for (class, is_own) in [
            ("<path class=\"map-told\" d=\"", false),
            ("<path class=\"map-own\" d=\"", true),
        ] {
            markup.tag(class);
            for &(a, b, _) in &self.links {
                if (a == self.own || b == self.own) == is_own && a.max(b) < self.drawn() {
                    let (from, to) = (self.spot(a), self.spot(b));
                    markup.step("M", from.0, from.1).step("L", to.0, to.1);
                }
            }
            markup.tag("\"/>");
        }
        for index in 0..self.drawn() {
            self.draw(index, &mut markup);
        }
        markup.tag("</svg><ul class=\"rows map-list\">");
        for index in 0..self.nodes.len() {
            self.list(index, &mut markup);
        }
        markup.tag("</ul>");
        markup
    }

    /// How far the node has come in following others, while it does. A block on its way is nothing to be told of. The place
    /// is always there, so that what lies below it stays.
    fn progress(&self, markup: &mut Markup) {
        markup.tag("<div class=\"sync\">");
        let sync = &self.answer["sync"];
        let (height, target) = (sync.number("height"), sync.number("target"));
        if let Some((height, target)) = height
            .zip(target)
            .filter(|(height, target)| target.saturating_sub(*height) > 1)
        {
            markup
                .tag("<progress aria-label=\"Blocks fetched\" max=\"")
                .text(&target.to_string())
                .tag("\" value=\"")
                .text(&height.to_string())
                .tag("\"></progress>Block ")
                .text(&grouped(height))
                .tag("; peers claim ")
                .text(&grouped(target))
                .tag(".");
        }
        markup.tag("</div>");
    }

    fn sentence(&self) -> String {
        let near = &self.nodes[..self.near];
        if near.len() < 2 {
            return "This node stands alone: what it mines and what you send stays on it until a node that is registered below answers."
                .to_owned();
        }
        let (mut tips, mut unknown) = (0, 0);
        for (index, node) in near.iter().enumerate() {
            let tip = node.text("tip_hash");
            // As many tips as there are nodes whose tip no node before them has.
            match near[..index].iter().any(|before| before.text("tip_hash") == tip) {
                _ if tip.is_empty() => unknown += 1,
                is_told => tips += u64::from(!is_told),
            }
        }
        let told = (self.nodes.len() - near.len()) as u64;
        let mut said = count(near.len() as u64 - 1, "other node", "other nodes");
        if tips > 1 {
            say(&mut said, ", on ", tips, " different newest blocks");
        } else if unknown == 0 {
            said.push_str("; all have the same newest block");
        }
        if unknown > 0 {
            say(&mut said, "; the newest block of ", unknown, " is unknown");
        }
        if told > 0 {
            say(&mut said, "; peers tell of ", told, " more");
        }
        said.push('.');
        said
    }

    /// How many nodes are in the drawing. What peers tell takes nobody's name away.
    fn drawn(&self) -> usize {
        self.near.max(self.nodes.len().min(NAMED))
    }

    /// Where a node is in the drawing. The first is on top.
    fn spot(&self, index: usize) -> (f64, f64) {
        let (x, y) = match self.drawn() {
            0 | 1 => (0.0, 0.0),
            count => around(index as f64 / count as f64),
        };
        // Names need room on both sides, and below.
        match self.is_named() {
            true => (MIDDLE.0 + 128.0 * x, MIDDLE.1 - 14.0 + 104.0 * y),
            false => (MIDDLE.0 + 160.0 * x, MIDDLE.1 + 130.0 * y),
        }
    }

    fn is_named(&self) -> bool {
        self.drawn() <= NAMED
    }

    /// The radius of a node, so that two neighbours do not touch.
    fn radius(&self) -> usize {
        match self.is_named() {
            true => 20,
            false => (404 / self.drawn()).clamp(2, 14) - 1,
        }
    }

    fn draw(&self, index: usize, markup: &mut Markup) {
        let node = self.nodes[index];
        let ((x, y), radius) = (self.spot(index), self.radius() as f64);
        let own = self.nodes.get(self.own).map_or("", |node| node.text("tip_hash"));
        markup.tag(match own == node.text("tip_hash") && !own.is_empty() {
            true => "<g class=\"map-node\" transform=\"translate(",
            false => "<g class=\"map-node is-elsewhere\" transform=\"translate(",
        });
        markup.number(x).tag(" ").number(y).tag(")\"><title>");
        markup
            .text(&self.name(index))
            .tag("</title><circle r=\"")
            .number(radius)
            .tag("\"/><g transform=\"scale(")
            .number(2.5 * radius)
            .tag("e-2) translate(-32 -32)\">");
        for stone in stones_of_address(node.text("peer")) {
            markup.tag("<path class=\"tint-").text(&stone.tint.to_string());
            markup.tag("\" d=\"").text(&stone.path).tag("\"/>");
        }
        markup.tag("</g>");
        if self.is_named() {
            markup.tag("<text y=\"32\">").text(&self.name(index)).tag("</text>");
            markup
                .tag("<text class=\"map-stand\" y=\"46\">")
                .text(&stand(node, "", " · ", ""))
                .tag("</text>");
        }
        markup.tag("</g>");
    }

    fn list(&self, index: usize, markup: &mut Markup) {
        let node = self.nodes[index];
        // The same page of another node.
        let page = node.text("page");
        let page = (index != self.own && page.starts_with("http")).then_some(page);
        markup.tag("<li class=\"row\"><span class=\"row-name\">");
        if let Some(page) = page {
            markup.tag("<a rel=\"external\" href=\"").text(page).tag("/network\">");
        }
        markup
            .text(&self.name(index))
            .tag(if page.is_some() { "</a>" } else { "" });
        let (mut links, mut others) = (0, Markup::default());
        for (a, b, _) in self.links.iter().filter(|(a, b, _)| *a == index || *b == index) {
            if links < NEIGHBOURS {
                let other = self.name(a + b - index);
                others.tag(if links == 0 { ": " } else { ", " }).text(&other);
            }
            links += 1;
        }
        others.tag(if links > NEIGHBOURS { ", …" } else { "" });
        let links = count(links, "connection", "connections");
        markup
            .tag("</span><span class=\"row-note quiet\">")
            .text(&stand(node, "block ", " (…", ")"))
            .tag(" · ")
            .text(&links)
            .all(&others);
        if let Some(latency) = self.latency_ms(index) {
            markup.tag(" · ").text(&grouped(latency)).tag(" ms");
        }
        markup.tag(match node.text("known") {
            "self" => " · this node",
            // A node of this machine that is cut off is known all the same.
            "told" if node.number("number").is_none() => " · known from peers",
            _ => "",
        });
        markup.tag("</span></li>");
    }

    /// What people call a node: its number where it has one, or where it is, or its id.
    fn name(&self, index: usize) -> String {
        let node = self.nodes[index];
        if let Some(number) = node.number("number") {
            return ["Node ", &number.to_string()].concat();
        }
        if index == self.own {
            return "This node".to_owned();
        }
        place_of(node.text("address")).unwrap_or_else(|| shorten(node.text("peer"), 4, 6))
    }

    /// How long an answer takes of a node that this one is connected to.
    fn latency_ms(&self, index: usize) -> Option<u64> {
        let ends = (self.own.min(index), self.own.max(index));
        let link = self.links.iter().find(|(a, b, _)| ends == (*a.min(b), *a.max(b)));
        link.and_then(|(_, _, latency)| *latency)
    }

    /// The greatest number of a node of a network on one machine, which can be cut and joined; nothing of another's, or
    /// of a single node.
    #[must_use]
    pub fn last(&self) -> Option<u64> {
        let numbers = self.nodes.iter().filter_map(|node| node.number("number"));
        // A node can say what it likes, and all numbers up to this one are told.
        let numbers = numbers.filter(|number| *number <= READ as u64);
        numbers.max().filter(|last| *last > 1)
    }

    /// Into which parts it is cut, as it is said: `1, 2 | 3`; nothing while it is whole.
    #[must_use]
    pub fn parts(&self) -> Option<String> {
        let mut said = String::new();
        let part = |node: &&'a Value| node.number("part");
        for (index, first) in self.nodes.iter().enumerate() {
            // Each part is told at its first node.
            if part(first).is_none() || self.nodes[..index].iter().any(|before| part(before) == part(first)) {
                continue;
            }
            said.push_str(if said.is_empty() { "" } else { " | " });
            let members = self.nodes[index..].iter().filter(|node| part(node) == part(first));
            for (place, node) in members.enumerate() {
                said.push_str(if place == 0 { "" } else { ", " });
                said.push_str(&node.number("number").unwrap_or_default().to_string());
            }
        }
        (!said.is_empty()).then_some(said)
    }
}

/// The body of a request to cut off the nodes whose numbers a person typed; nothing if they are no numbers.
#[must_use]
pub fn cut(typed: &str) -> Option<String> {
    let numbers = typed.split([',', ' ']).filter(|number| !number.is_empty());
    let mut part = String::new();
    for number in numbers {
        let number: u64 = number.parse().ok()?;
        part.push_str(if part.is_empty() { "" } else { "," });
        part.push_str(&number.to_string());
    }
    (!part.is_empty()).then(|| ["{\"parts\":[[", &part, "]]}"].concat())
}

/// The later half of the numbers up to one, as a person would type them.
#[must_use]
pub fn halves(last: u64) -> String {
    let later: Vec<String> = (last / 2 + 1..=last).map(|number| number.to_string()).collect();
    later.join(", ")
}

fn say(said: &mut String, before: &str, number: u64, behind: &str) {
    for part in [before, &grouped(number), behind] {
        said.push_str(part);
    }
}

/// Where a node stands: height and a little of the tip's hash, so that two tips of one height are told apart, with words
/// before, between and behind.
fn stand(node: &Value, before: &str, between: &str, behind: &str) -> String {
    match node.number("height").zip(hash_end(node.text("tip_hash"))) {
        Some((height, end)) => [before, &grouped(height), between, end, behind].concat(),
        None => "block unknown".to_owned(),
    }
}

/// Host and port of an address, of whatever form it is.
pub(super) fn place_of(address: &str) -> Option<String> {
    if let Some(parts) = address.strip_prefix('/') {
        let mut parts = parts.split('/');
        let (_, host, _, port) = (parts.next(), parts.next()?, parts.next(), parts.next()?);
        return Some([host, ":", port].concat());
    }
    let place = address.split("://").last()?.trim_end_matches('/');
    (!place.is_empty()).then(|| place.to_owned())
}

/// A point of the circle after a share of a turn, clockwise from the top. Bhaskara's sine is within 0.002 of the true one,
/// which no eye sees, and needs no tables in the page.
fn around(share: f64) -> (f64, f64) {
    let sine = |turns: f64| {
        let half = (turns - turns.floor()) * 2.0;
        let (half, sign) = if half < 1.0 { (half, 1.0) } else { (half - 1.0, -1.0) };
        let product = half * (1.0 - half);
        sign * 16.0 * product / (5.0 - 4.0 * product)
    };
    (sine(share), -sine(share + 0.25))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value as Json, json};

    fn node(peer: &str, number: Option<u64>, tip: &str) -> Json {
        json!({"peer": peer, "number": number, "height": 1200, "tip_hash": tip, "known": "connected"})
    }

    fn answer(own: usize, nodes: &[Json], links: &[(u64, u64)]) -> Value {
        let links = links.iter().map(|(a, b)| json!({"a": a, "b": b, "latency_ms": a + b}));
        json!({"own": own, "nodes": nodes, "links": links.collect::<Vec<_>>(), "sync": null}).into()
    }

    #[test]
    fn points_lie_on_the_circle() {
        for index in 0..100 {
            let share = f64::from(index) / 100.0;
            let angle = share * std::f64::consts::TAU;
            let (x, y) = around(share);
            assert!(
                (x - angle.sin()).abs() < 0.002 && (y + angle.cos()).abs() < 0.002,
                "{share}"
            );
        }
    }

    #[test]
    fn nodes_are_ordered_and_links_go_with_them() {
        let nodes = [
            node("cccccccccccccc", None, "aaaa"),
            node("b", None, "aaaa"),
            node("a", None, "00bbbb"),
        ];
        let answer = answer(1, &nodes, &[(0, 1), (1, 2), (1, 7)]);
        let map = NetworkMap::of(&answer);
        assert_eq!(
            (map.name(0), map.name(1), map.name(2)),
            ("This node".into(), "a".into(), "cccc…cccccc".into())
        );
        assert_eq!(map.links, [(2, 0, Some(1)), (0, 1, Some(3))]);
        assert_eq!((map.latency_ms(1), map.latency_ms(2)), (Some(3), Some(1)));
        assert_eq!(map.sentence(), "2 other nodes, on 2 different newest blocks.");
        let markup = map.markup().to_string();
        for said in [
            "block 1,200 (…bbbb) · 1 connection: This node · 3 ms",
            "block 1,200 (…aaaa) · 2 connections: cccc…cccccc, a</span>",
        ] {
            assert!(markup.contains(said), "{markup}");
        }
        assert_eq!(markup.matches("<title>cccc…cccccc</title>").count(), 1);
        assert_eq!(markup.matches(">1,200 · aaaa</text>").count(), 2);
        assert_eq!(markup.matches("is-elsewhere").count(), 1);
    }

    #[test]
    fn a_newest_block_that_is_not_known_is_no_common_one() {
        for (tips, said) in [
            (["aa", "aa", "aa"], "2 other nodes; all have the same newest block."),
            (["aa", "aa", ""], "2 other nodes; the newest block of 1 is unknown."),
            (["aa", "", ""], "2 other nodes; the newest block of 2 is unknown."),
            (
                ["aa", "", "bb"],
                "2 other nodes, on 2 different newest blocks; the newest block of 1 is unknown.",
            ),
        ] {
            let answer = answer(0, &tips.map(|tip| node("a", None, tip)), &[]);
            assert_eq!(NetworkMap::of(&answer).sentence(), said);
        }
    }

    #[test]
    fn what_a_peer_makes_up_leaves_the_others_their_places_and_names() {
        let mut nodes = vec![node("own", None, "aaaa"), node("z", None, "aaaa")];
        nodes.extend((0..5000).map(|index| {
            let mut told = node(&format!("{index:04}"), None, &format!("{index:04}"));
            told["known"] = json!("told");
            told
        }));
        let answer = answer(0, &nodes, &[(0, 1), (1, 2), (1, 200)]);
        let map = NetworkMap::of(&answer);
        assert_eq!((map.nodes.len(), map.drawn(), map.is_named()), (READ, NAMED, true));
        assert_eq!((map.name(0), map.name(1)), ("This node".to_owned(), "z".to_owned()));
        assert_eq!(
            map.sentence(),
            "1 other node; all have the same newest block; peers tell of 254 more."
        );
        let markup = map.markup().to_string();
        assert_eq!(markup.matches("<circle").count(), NAMED);
        let lines = markup.split("map-node").next().unwrap();
        assert_eq!(lines.matches('M').count(), 2, "{lines}");
    }

    #[test]
    fn every_node_has_a_place_within_the_drawing() {
        for count in [1, 2, 5, 16, 17, 40, 256] {
            let nodes: Vec<Json> = (0..count)
                .map(|index| node(&format!("{index:03}"), None, "aaaa"))
                .collect();
            let answer = answer(0, &nodes, &[(0, count - 1)]);
            let map = NetworkMap::of(&answer);
            for index in 0..map.nodes.len() {
                let (x, y) = map.spot(index);
                let (half, below) = if map.is_named() { (20.0, 46.0) } else { (13.0, 13.0) };
                assert!(x - half >= 0.0 && x + half <= 360.0, "{count}: {x}");
                assert!(y - half >= 0.0 && y + below <= 300.0, "{count}: {y}");
            }
            assert_eq!(map.markup().to_string().matches("<circle").count() as u64, count);
        }
        let alone = answer(0, &[node("a", None, "aaaa")], &[]);
        assert!(
            NetworkMap::of(&alone)
                .markup()
                .to_string()
                .contains("This node stands alone")
        );
    }

    fn many(count: usize) -> Value {
        let nodes: Vec<Json> = (1..=count)
            .map(|number| node("a", Some(number as u64), "aaaa"))
            .collect();
        answer(0, &nodes, &[])
    }

    #[test]
    fn no_name_lies_on_another_node() {
        // A host with its port, at the most that a letter takes; two lines, from 22 to 49 below the middle.
        let half = 17.0 * 7.1 / 2.0;
        for count in 2..=NAMED {
            let answer = many(count);
            let map = NetworkMap::of(&answer);
            assert!(map.is_named());
            for (index, other) in (0..count * count).map(|pair| (pair / count, pair % count)) {
                let ((x, y), (other_x, other_y)) = (map.spot(index), map.spot(other));
                let across = ((other_x - x).abs() - half).max(0.0);
                let along = (y + 22.0 - other_y).max(other_y - y - 49.0).max(0.0);
                assert!(
                    index == other || across.hypot(along) > map.radius() as f64,
                    "{count}: {index} on {other}"
                );
            }
        }
    }

    #[test]
    fn no_node_lies_on_another() {
        for count in NAMED + 1..=READ {
            let answer = many(count);
            let map = NetworkMap::of(&answer);
            // The least ones are smaller than their edge.
            let least = match map.radius() {
                1 => 2.0,
                radius => 2.0 * radius as f64 + 1.5,
            };
            for index in 1..count {
                let ((x, y), (next_x, next_y)) = (map.spot(index - 1), map.spot(index));
                assert!((next_x - x).hypot(next_y - y) > least, "{count}: {index}");
            }
        }
    }

    #[test]
    fn a_node_of_many_connections_names_the_first_of_them() {
        let nodes: Vec<Json> = (1..=12).map(|number| node("a", Some(number), "aaaa")).collect();
        let links: Vec<(u64, u64)> = (1..12).map(|other| (0, other)).collect();
        let markup = NetworkMap::of(&answer(0, &nodes, &links)).markup().to_string();
        let named: Vec<String> = (2..=9).map(|number| format!("Node {number}")).collect();
        let said = format!("11 connections: {}, …</span>", named.join(", "));
        assert!(markup.contains(&said), "{markup}");
        assert_eq!(markup.matches("1 connection: Node 1 · ").count(), 11);
    }

    #[test]
    fn a_node_of_this_machine_is_not_known_from_peers_alone() {
        let mut nodes = [
            node("own", Some(1), "aaaa"),
            node("cut", Some(2), "aaaa"),
            node("far", None, "aaaa"),
        ];
        (nodes[1]["known"], nodes[2]["known"]) = (json!("told"), json!("told"));
        let markup = NetworkMap::of(&answer(0, &nodes, &[])).markup().to_string();
        assert_eq!(
            markup.matches("0 connections · known from peers").count(),
            1,
            "{markup}"
        );
    }

    #[test]
    fn nodes_have_names_that_people_know() {
        for (address, name) in [
            ("/ip4/192.168.1.20/tcp/7331", Some("192.168.1.20:7331")),
            ("/dns/hill.example/udp/7331/quic-v1", Some("hill.example:7331")),
            ("http://hill.example:5000/", Some("hill.example:5000")),
            ("hill.example:5000", Some("hill.example:5000")),
            ("", None),
            ("/ip4", None),
        ] {
            assert_eq!(place_of(address).as_deref(), name);
        }
        for tip in [json!(null), json!("ü€")] {
            let node = json!({"height": 3, "tip_hash": tip}).into();
            assert_eq!(stand(&node, "block ", " (…", ")"), "block unknown");
        }
    }

    #[test]
    fn a_network_on_one_machine_is_cut_into_parts() {
        let mut nodes: Vec<Json> = [3, 1, 2].map(|number| node("a", Some(number), "aaaa")).into();
        let whole = answer(0, &nodes, &[]);
        let whole = NetworkMap::of(&whole);
        assert_eq!((whole.last(), whole.parts()), (Some(3), None));
        assert_eq!((halves(5), halves(2)), ("3, 4, 5".to_owned(), "2".to_owned()));
        assert_eq!(cut(" 3, 04 5").as_deref(), Some("{\"parts\":[[3,4,5]]}"));
        assert!(["", " , ", "3]", "-1", "two"].iter().all(|typed| cut(typed).is_none()));
        for number in [READ as u64 + 1, u64::MAX] {
            let claimed = answer(0, &[node("a", Some(2), "aaaa"), node("b", Some(number), "aaaa")], &[]);
            assert_eq!(NetworkMap::of(&claimed).last(), Some(2));
        }
        for (node, part) in nodes.iter_mut().zip([1, 0, 0]) {
            node["part"] = json!(part);
            node["page"] = json!("http://127.0.0.1:5001");
        }
        let cut = answer(0, &nodes, &[]);
        let cut = NetworkMap::of(&cut);
        assert_eq!(cut.parts().as_deref(), Some("1, 2 | 3"));
        let links = "<a rel=\"external\" href=\"http://127.0.0.1:5001/network\">";
        assert_eq!(cut.markup().to_string().matches(links).count(), 2);
    }

    #[test]
    fn how_far_the_node_has_come_is_told_while_it_follows() {
        for (height, is_told) in [(5, true), (18, true), (19, false), (20, false), (21, false)] {
            let sync = json!({"height": height, "target": 20, "peers": 1});
            let answer = Value::from(json!({"own": 0, "nodes": [{"peer": "a"}], "sync": sync}));
            let markup = NetworkMap::of(&answer).markup().to_string();
            let said = format!("</progress>Block {height}; peers claim 20.</div>");
            assert_eq!(markup.contains(&said), is_told, "{markup}");
            assert_eq!(markup.contains("<div class=\"sync\"></div>"), !is_told, "{markup}");
        }
    }

    #[test]
    fn whatever_a_node_says_is_no_markup_and_no_panic() {
        let evil = json!({"own": 9, "links": [7, {"a": -1, "b": 1e300}], "nodes": [
            {"peer": "<script>", "address": "<img src=x>", "tip_hash": "</svg>", "height": 1, "page": "javascript:alert(1)"},
            {"peer": 7, "height": -3}, null
        ]});
        let markup = NetworkMap::of(&evil.into()).markup().to_string();
        assert!(
            !markup.contains("<script") && !markup.contains("<img") && !markup.contains("javascript"),
            "{markup}"
        );
        for nothing in [json!(null), json!([]), json!({"nodes": {}, "links": "x"})] {
            assert!(NetworkMap::of(&nothing.into()).markup().to_string().contains("<svg"));
        }
    }
}
