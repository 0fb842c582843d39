//! The chain worker at the page's side: started once, told of every new tip, and asked what its proof says.

use std::cell::RefCell;

use frontend::chain::{Order, Proved, Word, read_kept, write_kept};
use frontend::keyworker::envelope;
use frontend::view::verify::{Findings, Outcome, Step};
use leptos::prelude::*;
use shared::codec::{Decode, Encode};
use shared::hash::Hash;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{MessageEvent, Worker};

use crate::browser::{store, stored};
use crate::chain_worker::NAME;
use crate::follow::{computed, effect};
use crate::live::Live;
use crate::thread;

/// Where a person's further nodes are kept, one URL on a line.
const NODES: &str = "cairn.nodes";

#[derive(Default)]
struct Proving {
    proved: Proved,
    worker: Option<Worker>,
    is_ready: bool,
    unsent: Vec<Order>,
    genesis: Option<Hash>,
}

thread_local! {
    static PROVING: RefCell<Proving> = RefCell::default();
}

impl Proving {
    fn send(&mut self, order: Order) {
        self.unsent.push(order);
        self.flush();
    }

    fn flush(&mut self) {
        if let Some(worker) = self.worker.as_ref().filter(|_| self.is_ready) {
            for order in self.unsent.drain(..) {
                envelope::hand_over(&order.to_bytes(), |message, buffer| {
                    worker.post_message_with_transfer(message, buffer)
                });
            }
        }
    }

    fn begin(&mut self, genesis: Hash) {
        self.genesis = Some(genesis);
        self.proved = Proved::default();
        let kept = stored(&name_of(&genesis)).and_then(|text| read_kept(&text));
        // What waits for a worker that is slow to load was for the chain before.
        self.unsent.clear();
        self.send(Order::Begin { genesis, kept });
    }

    fn compare(&mut self) {
        for url in nodes().lines() {
            self.send(Order::Compare(url.to_owned()));
        }
    }
}

fn name_of(genesis: &Hash) -> String {
    ["cairn.", &genesis.to_string(), ".proved"].concat()
}

/// What was found in an answer, and what the proved chain says of the header beneath it.
fn judge(findings: Findings) -> Findings {
    PROVING.with_borrow_mut(|proving| {
        if let Some(height) = proving.proved.to_ask(&findings) {
            proving.send(Order::Show(height));
        }
        proving.proved.judge(findings)
    })
}

/// Why an answer is not to be acted on, when it is not proved.
pub(crate) fn doubt(findings: &Findings) -> Option<Step> {
    let judged = judge(findings.clone());
    let decides = |step: &Step| step.outcome == judged.outcome && step.outcome != Outcome::Proved;
    judged.steps.into_iter().find(decides)
}

/// Whether an answer was refuted.
pub(crate) fn is_lie(findings: &Findings) -> bool {
    judge(findings.clone()).outcome == Outcome::Refuted
}

/// Whether what the wallet follows may be taken from an answer: one that rests on a header has to be proved, and is asked
/// for again when it is.
pub(crate) fn holds(findings: &Findings) -> bool {
    match findings.header {
        Some(_) => judge(findings.clone()).outcome == Outcome::Proved,
        None => !is_lie(findings),
    }
}

/// The further nodes, one URL on a line.
pub(crate) fn nodes() -> String {
    stored(NODES).unwrap_or_default()
}

impl Live {
    /// Follows the chain by proofs from now on.
    pub(crate) fn follow_proofs(self) {
        let Some(worker) = thread::start(NAME) else {
            return;
        };
        let heard = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            let word = envelope::received(&event);
            PROVING.with_borrow_mut(|proving| match word {
                // Without bytes, the worker says that it is ready.
                None => {
                    proving.is_ready = true;
                    proving.flush();
                }
                Some(bytes) => {
                    if let Ok(word) = Word::from_bytes(&bytes) {
                        take(proving, word);
                    }
                }
            });
            self.mark_proved();
        });
        worker.set_onmessage(Some(heard.as_ref().unchecked_ref()));
        heard.forget();
        PROVING.with_borrow_mut(|proving| proving.worker = Some(worker));
        // The status changes with every block and transfer, and the chain's name never.
        let genesis = computed(move || self.with(|status| status.genesis_hash.to_string()).unwrap_or_default());
        effect(move || {
            self.track_chain();
            if let Ok(genesis) = genesis.with(|genesis| genesis.parse::<Hash>()) {
                PROVING.with_borrow_mut(|proving| {
                    // A beginning that failed is tried again.
                    if proving.genesis != Some(genesis) || proving.proved.last.is_none() {
                        proving.begin(genesis);
                        proving.compare();
                    } else {
                        proving.send(Order::Follow);
                    }
                });
            }
        });
    }

    /// What was found in an answer, with what the proved chain says of it, for those who follow.
    pub(crate) fn judge(self, findings: Findings) -> Findings {
        self.track_proved();
        judge(findings)
    }

    /// The height of the chain: as it was proved, or else as the node says.
    pub(crate) fn height(self) -> u64 {
        let proved = self.with_proved(|proved| proved.tip().map(|tip| tip.height));
        proved.or_else(|| self.with(|status| status.height)).unwrap_or_default()
    }

    /// Reads what is known of the proved chain, and follows it.
    pub(crate) fn with_proved<T>(self, read: impl FnOnce(&Proved) -> T) -> T {
        self.track_proved();
        PROVING.with_borrow(|proving| read(&proving.proved))
    }

    /// Begins anew: what was proved before is forgotten.
    pub(crate) fn prove_anew(self) {
        PROVING.with_borrow_mut(|proving| {
            if let Some(genesis) = proving.genesis {
                store(&name_of(&genesis), "");
                proving.begin(genesis);
                proving.compare();
            }
        });
        self.mark_proved();
    }

    /// Keeps the further nodes, and asks them.
    pub(crate) fn name_nodes(self, text: &str) {
        let urls: Vec<&str> = text.split_whitespace().map(|url| url.trim_end_matches('/')).collect();
        store(NODES, &urls.join("\n"));
        PROVING.with_borrow_mut(|proving| {
            proving.proved.others.clear();
            proving.compare();
        });
        self.mark_proved();
    }
}

fn take(proving: &mut Proving, word: Word) {
    proving.proved.take(word);
    if let (Some(genesis), Some(tip)) = (proving.genesis, proving.proved.tip())
        && proving.proved.lie.is_none()
    {
        store(&name_of(&genesis), &write_kept(tip));
    }
}
