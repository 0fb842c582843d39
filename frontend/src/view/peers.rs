//! What the node says of its peers, as sentences and rows.

use super::map::place_of;
use super::markup::Markup;
use super::text::grouped;
use super::time::exact;
use crate::json::Value;

/// The nodes that were registered, the peers that came by themselves, and who is banned: the answer of
/// `/blockchain/nodes/get`.
#[must_use]
pub fn list(answer: &Value) -> Markup {
    let (nodes, bans) = (answer.items("nodes"), answer.items("bans"));
    let mut markup = Markup::default();
    if nodes.is_empty() {
        markup.tag("<p>It knows no other node.</p>");
    }
    markup.tag("<ul class=\"rows\">");
    for node in nodes {
        let place = place_of(node.text("address")).unwrap_or_default();
        row(&place, &notes(node).join(" · "), &mut markup);
    }
    markup.tag("</ul>");
    if !bans.is_empty() {
        markup.tag("<h3>Banned</h3><ul class=\"rows\">");
        // The newest first.
        for ban in bans.iter().rev() {
            let until = exact(ban.number("until").unwrap_or_default());
            row(
                ban.text("banned"),
                &[ban.text("reason"), ", until ", &until].concat(),
                &mut markup,
            );
        }
        markup.tag("</ul>");
    }
    markup
}

fn row(name: &str, note: &str, markup: &mut Markup) {
    markup
        .tag("<li class=\"row\"><span class=\"row-name mono\">")
        .text(name);
    markup
        .tag("</span><span class=\"row-note quiet\">")
        .text(note)
        .tag("</span></li>");
}

fn notes(node: &Value) -> Vec<String> {
    // The reason says more than the state alone, except of a ban, before which something else may have failed.
    let state = match (node.text("state"), node.text("reason")) {
        (state, reason) if !reason.is_empty() && state != "banned" => reason,
        ("connecting", _) => "looking for it",
        ("unreachable", _) => "does not answer",
        ("other_chain", _) => "follows another chain",
        (other, _) => other,
    };
    let connection = &node["connection"];
    let number = |name: &str| connection.number(name);
    let mut notes = vec![state.to_owned()];
    notes.extend(number("height").map(|height| ["block ", &grouped(height)].concat()));
    notes.extend(number("latency_ms").map(|latency| [&grouped(latency), " ms"].concat()));
    let score = number("score").filter(|score| *score > 0);
    notes.extend(score.map(|score| [&grouped(score), " of 100 points to a ban"].concat()));
    let offence = connection.text("offence");
    if !offence.is_empty() {
        notes.push(offence.to_owned());
    }
    notes
}

/// What became of nodes that were to be registered; nothing if that is not said.
#[must_use]
pub fn registered(answer: &Value) -> Option<String> {
    let mut said = answer.text("message").to_owned();
    if said.is_empty() {
        return None;
    }
    for refused in answer.items("refused") {
        for part in [
            ". Not ",
            refused.text("node"),
            ": ",
            refused.text("reason").trim_end_matches('.'),
        ] {
            said.push_str(part);
        }
    }
    said.push('.');
    Some(said)
}

/// What came of going after the chain with the most work; nothing if that is not said.
#[must_use]
pub fn resolved(answer: &Value) -> Option<String> {
    let (old, new) = (&answer["old_tip"], &answer["new_tip"]);
    let height = |tip: &Value| tip.number("height").map(grouped);
    let new_height = height(new)?;
    let is_fetching = answer["complete"].as_bool() == Some(false);
    if old.text("hash") != new.text("hash") {
        let more = if is_fetching { " More is being fetched." } else { "" };
        let tips = [&new_height, ", in place of block ", &height(old)?].concat();
        return Some(["The chain with the most work now ends with block ", &tips, ".", more].concat());
    }
    let said = match answer.number("answered") {
        Some(0) => "No peer answered. This node stays",
        _ if is_fetching => "A chain with more work is being fetched. This node is still",
        _ => "No peer that answered has more work: this node stays",
    };
    Some([said, " at block ", &new_height, "."].concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn peers_and_bans_are_listed() {
        let answer = json!({
            "nodes": [
                {"address": "a:1", "state": "far"},
                {"address": "<b>", "state": "other_chain", "reason": "it follows <i>", "connection": null},
                {"address": "/ip4/10.0.0.9/tcp/7331", "state": "banned", "reason": "it did not answer"},
                {"address": "c:3", "state": "connected",
                 "connection": {"height": 1700, "latency_ms": 4, "score": 20, "offence": "it stalled"}},
                7,
            ],
            "bans": [{"banned": "12D3", "code": "malformed", "reason": "no sense", "until": 0}, {"banned": "12D4"}],
        });
        let list = list(&answer.into()).to_string();
        for said in [
            ">a:1</span><span class=\"row-note quiet\">far<",
            ">&lt;b&gt;</span><span class=\"row-note quiet\">it follows &lt;i&gt;<",
            ">10.0.0.9:7331</span><span class=\"row-note quiet\">banned<",
            "connected · block 1,700 · 4 ms · 20 of 100 points to a ban · it stalled<",
            ">12D3</span><span class=\"row-note quiet\">no sense, until ",
        ] {
            assert!(list.contains(said), "{said}: {list}");
        }
        assert!(list.find("12D4") < list.find("12D3"), "the newest ban first: {list}");
        assert!(super::list(&Value::Null).to_string().contains("It knows no other"));
    }

    #[test]
    fn what_became_of_a_question_is_said_in_a_sentence() {
        let answer =
            json!({"message": "New nodes have been added", "refused": [{"node": "b:2", "reason": "It is down."}]});
        assert_eq!(
            registered(&answer.into()).as_deref(),
            Some("New nodes have been added. Not b:2: It is down.")
        );
        let answer = |old: u64, new: u64, answered: u64, complete: bool| {
            let tip = |height: u64| json!({"height": height, "hash": height.to_string()});
            json!({"old_tip": tip(old), "new_tip": tip(new), "answered": answered, "complete": complete})
        };
        for (answer, said) in [
            (
                answer(3, 3, 1, true),
                "No peer that answered has more work: this node stays at block 3.",
            ),
            (answer(3, 3, 0, true), "No peer answered. This node stays at block 3."),
            (
                answer(3, 3, 2, false),
                "A chain with more work is being fetched. This node is still at block 3.",
            ),
            (
                answer(3, 5, 1, true),
                "The chain with the most work now ends with block 5, in place of block 3.",
            ),
            (
                answer(3, 4, 2, false),
                "The chain with the most work now ends with block 4, in place of block 3. More is being fetched.",
            ),
        ] {
            assert_eq!(resolved(&answer.into()).as_deref(), Some(said));
        }
        for nothing in [json!({}), json!([]), json!({"message": 7, "new_tip": {"hash": "a"}})] {
            assert_eq!(
                (registered(&nothing.clone().into()), resolved(&nothing.into())),
                (None, None)
            );
        }
    }
}
