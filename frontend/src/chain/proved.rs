//! The page's part: what is known of the proved chain, and what that says about an answer.

use shared::chain_proof::ShownHeader;
use shared::hash::Hash;
use shared::light::MAX_BEHIND;

use super::message::{Report, Word};
use crate::view::text::grouped;
use crate::view::verify::{Findings, Outcome, Step};

/// How many headers of the newest that were followed are kept at most.
const MOST: usize = 8_192;
/// How many that were replaced or asked about are remembered.
const MOST_REPLACED: usize = 256;

/// What this page knows of the node's chain by proof.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Proved {
    /// What was proved last; its places are [`Self::places`].
    pub last: Option<Report>,
    /// The headers that are known, in order.
    pub places: Vec<ShownHeader>,
    /// A claim that does not hold, in words, until a proof holds again.
    pub lie: Option<String>,
    /// Why there is no proof, until there is one.
    pub silence: Option<String>,
    /// What further nodes' proofs showed, by their URL.
    pub others: Vec<(String, String)>,
    /// Headers that were proved once, and that a chain with more work has replaced.
    replaced: Vec<Hash>,
    /// Headers of answers that the worker was asked about, and what the proof since then showed: whether they stand there
    /// is known by now.
    asked: Vec<(u64, Hash, bool)>,
}

impl Proved {
    /// Takes what the worker says.
    pub fn take(&mut self, word: Word) {
        match word {
            Word::Proved(mut report) => {
                // It stays said while the chain goes on.
                let before = self.last.as_ref().map_or(0, |last| last.undone);
                report.undone = report.undone.max(before);
                if self.lie.is_some() || self.silence.is_some() {
                    // What was asked meanwhile was not answered.
                    self.asked.retain(|(.., is_known)| *is_known);
                }
                let (from, places) = (report.from, std::mem::take(&mut report.places));
                let is_in = |old: &ShownHeader| at(&places, old.height).is_some_and(|new| new.hash == old.hash);
                let end = places.last().map_or(0, |tip| tip.height);
                // What a sample leaves out may stand nevertheless.
                let is_replaced = |old: &&ShownHeader| {
                    old.height >= from && !is_in(old) && (old.height > end || at(&places, old.height).is_some())
                };
                self.replaced
                    .extend(self.places.iter().filter(is_replaced).map(|old| old.hash));
                let surplus = self.replaced.len().saturating_sub(MOST_REPLACED);
                self.replaced.drain(..surplus);
                self.places.retain(|place| place.height < from);
                self.places.extend(places);
                let surplus = self.places.len().saturating_sub(MOST);
                self.places.drain(..surplus);
                for (height, _, is_known) in &mut self.asked {
                    *is_known |= report.answers == Some(*height);
                }
                // What is forgotten since may be asked for again.
                let places = &self.places;
                self.asked.retain(|(height, _, is_known)| {
                    !is_known || report.answers == Some(*height) || at(places, *height).is_some()
                });
                self.last = Some(report);
                self.lie = None;
                self.silence = None;
            }
            Word::Lie(lie) => self.lie = Some(lie),
            Word::Silence(why) => self.silence = Some(why),
            Word::Compared(text) => {
                let (url, said) = text.split_once('\n').unwrap_or_default();
                self.others.retain(|(other, _)| other != url);
                self.others.push((url.to_owned(), said.to_owned()));
            }
        }
    }

    /// The newest header of the proved chain.
    #[must_use]
    pub fn tip(&self) -> Option<&ShownHeader> {
        self.places.last()
    }

    /// The height that the worker has to be asked for, so that findings can be judged; for each header once. An honest
    /// node's answer may rest on a chain that was not proved yet, so a header is refuted only by a proof that came after it.
    pub fn to_ask(&mut self, findings: &Findings) -> Option<u64> {
        let ShownHeader { height, hash, .. } = findings.header?;
        let stands = at(&self.places, height).is_some_and(|place| place.hash == hash);
        let is_newer = self.tip().is_none_or(|tip| height > tip.height);
        let was_asked = self.asked.iter().any(|(_, asked, _)| *asked == hash);
        if stands || is_newer || was_asked || self.replaced.contains(&hash) {
            return None;
        }
        let surplus = self.asked.len().saturating_sub(MOST_REPLACED);
        self.asked.drain(..surplus);
        self.asked.push((height, hash, false));
        Some(height)
    }

    /// What was found in an answer, with what the proved chain says of the header that it rests on.
    #[must_use]
    pub fn judge(&self, mut findings: Findings) -> Findings {
        let Some(header) = findings.header else {
            return findings;
        };
        let step = self.judge_place(&header);
        let age = self.tip().map_or(0, |tip| tip.height.saturating_sub(header.height));
        if findings.outcome == Outcome::Proved || step.outcome == Outcome::Refuted {
            findings.outcome = step.outcome;
        }
        findings.steps.push(step);
        if findings.is_present && age > MAX_BEHIND {
            if findings.outcome == Outcome::Proved {
                findings.outcome = Outcome::Claimed;
            }
            let age = grouped(age);
            findings.steps.push(Step::claimed(
                [
                    "The answer is ",
                    &age,
                    " blocks old: what happened since, it leaves out.",
                ]
                .concat(),
            ));
        }
        findings
    }

    fn judge_place(&self, ShownHeader { height, hash, work }: &ShownHeader) -> Step {
        if let Some(lie) = &self.lie {
            return Step::refuted(["The node’s chain was refused: ", lie, ". “Network” has more."].concat());
        }
        let Some(tip) = self.tip() else {
            return Step::claimed("That this block is on the heaviest chain was not proved yet.");
        };
        match at(&self.places, *height) {
            Some(place) if place.hash == *hash && place.work != *work => {
                Step::refuted("The chain up to this header has not the work that the node claims.")
            }
            Some(place) if place.hash == *hash => Step {
                outcome: Outcome::Proved,
                text: [
                    "The proof of the chain with the most work, up to block ",
                    &grouped(tip.height),
                    ", has this header in its place.",
                ]
                .concat(),
            },
            Some(place) if self.asked.contains(&(*height, *hash, true)) => Step::refuted(
                [
                    "At this height the proved chain has ",
                    &place.hash.to_string(),
                    ", not the header that the node shows.",
                ]
                .concat(),
            ),
            _ if self.replaced.contains(hash) => Step::claimed("A chain with no less work has replaced this block."),
            _ => Step::claimed(if *height > tip.height {
                "This block is newer than the chain that was proved last."
            } else {
                "A proof that shows this block is asked for."
            }),
        }
    }
}

fn at(places: &[ShownHeader], height: u64) -> Option<&ShownHeader> {
    let place = places.binary_search_by_key(&height, |place| place.height).ok()?;
    places.get(place)
}
