//! The chain worker: fetches proofs and headers, and has them verified away from the screen.
//!
//! Orders are carried out one after another. What a node answers goes to the [`Follower`], whatever it is.

use std::cell::RefCell;
use std::collections::VecDeque;

use frontend::chain::{Follower, MOST_HEADERS, Order, Report, Word};
use frontend::keyworker::envelope;
use shared::chain_proof;
use shared::codec::{Decode, Encode};
use wasm_bindgen::prelude::*;
use web_sys::{AbortSignal, DedicatedWorkerGlobalScope};
use zeroize::Zeroizing;

use crate::fetch;

/// What the page calls the worker that is this one, and not the key worker.
pub(crate) const NAME: &str = "chain";

/// How long a node may take for an answer, in milliseconds.
const PATIENCE_MS: u32 = 30_000;

#[derive(Default)]
struct Desk {
    waiting: VecDeque<Order>,
    /// Taken out while it works.
    follower: Option<Follower>,
    is_busy: bool,
}

thread_local! {
    static DESK: RefCell<Desk> = RefCell::default();
}

/// Takes an order of the page.
pub(crate) fn take(bytes: Zeroizing<Vec<u8>>) {
    let Ok(order) = Order::from_bytes(&bytes) else {
        return;
    };
    let is_busy = DESK.with_borrow_mut(|desk| {
        if !desk.waiting.contains(&order) {
            desk.waiting.push_back(order);
        }
        std::mem::replace(&mut desk.is_busy, true)
    });
    if !is_busy {
        wasm_bindgen_futures::spawn_local(work());
    }
}

async fn work() {
    while let Some((order, follower)) = DESK.with_borrow_mut(|desk| {
        let next = desk.waiting.pop_front();
        desk.is_busy = next.is_some();
        Some((next?, desk.follower.take()))
    }) {
        let follower = carry_out(order, follower).await;
        DESK.with_borrow_mut(|desk| desk.follower = follower);
    }
}

async fn carry_out(order: Order, follower: Option<Follower>) -> Option<Follower> {
    let (mut follower, show) = match (order, follower) {
        (Order::Begin { genesis, kept }, _) => {
            let parameters = match fetch("/blockchain/parameters", "application/json").await {
                Ok(bytes) => bytes,
                Err(why) => return say(Word::Silence(why)),
            };
            match Follower::begin(&String::from_utf8_lossy(&parameters), &genesis, kept) {
                Ok(follower) => (follower, None),
                Err(lie) => return say(Word::Lie(lie)),
            }
        }
        (Order::Follow, Some(mut follower)) => {
            let (from, limit) = (follower.tip_height().to_string(), MOST_HEADERS.to_string());
            let path = ["/blockchain/headers?from=", &from, "&limit=", &limit].concat();
            let headers = match fetch(&path, OCTETS).await {
                Ok(bytes) => bytes,
                Err(why) => {
                    say(Word::Silence(why));
                    return Some(follower);
                }
            };
            let begun = now();
            match follower.take_headers(&headers, begun) {
                Ok(Some(report)) => {
                    tell(report, headers.len(), begun);
                    return Some(follower);
                }
                Ok(None) => (follower, None),
                Err(lie) => {
                    say(Word::Lie(lie));
                    return Some(follower);
                }
            }
        }
        (Order::Show(height), Some(follower)) => (follower, Some(height)),
        (Order::Compare(url), Some(mut follower)) => {
            let answer = fetch(&[&*url, &proof_path(&follower)].concat(), OCTETS).await;
            let begun = now();
            let (report, said) = match &answer {
                Ok(bytes) => follower.compare(bytes, begun),
                Err(why) => (None, why.clone()),
            };
            say(Word::Compared([&url, "\n", &said].concat()));
            let Some(report) = report else {
                return Some(follower);
            };
            tell(report, answer.map_or(0, |bytes| bytes.len()), begun);
            // Whether the page's own node has it as well is looked at now.
            (follower, None)
        }
        // Nothing is followed yet.
        (_, None) => return None,
    };
    let mut path = proof_path(&follower);
    if let Some(height) = show {
        path.push(',');
        path.push_str(&height.to_string());
    }
    match fetch(&path, OCTETS).await {
        Ok(proof) => {
            let begun = now();
            match follower.take_proof(&proof, begun) {
                Ok(mut report) => {
                    report.answers = show;
                    tell(report, proof.len(), begun);
                }
                Err(lie) => {
                    say(Word::Lie(lie));
                }
            }
        }
        Err(why) => {
            say(Word::Silence(why));
        }
    }
    Some(follower)
}

fn proof_path(follower: &Follower) -> String {
    ["/blockchain/proof?known=", &follower.wanted().to_string()].concat()
}

const OCTETS: &str = "application/octet-stream";

fn now() -> u64 {
    js_sys::Date::now() as u64
}

fn tell(mut report: Report, bytes: usize, begun: u64) {
    report.bytes = bytes as u64;
    report.millis = now().saturating_sub(begun);
    say(Word::Proved(report));
}

/// Posts a word. There is no follower after those that end a beginning.
fn say(word: Word) -> Option<Follower> {
    let scope: DedicatedWorkerGlobalScope = js_sys::global().unchecked_into();
    envelope::hand_over(&word.to_bytes(), |message, buffer| {
        scope.post_message_with_transfer(message, buffer)
    });
    None
}

/// What a node answers, or why nothing that can be looked at.
async fn fetch(url: &str, kind: &str) -> Result<Vec<u8>, String> {
    let signal = AbortSignal::timeout_with_u32(PATIENCE_MS);
    let silent = |_| "it does not answer".to_owned();
    let response = fetch::fetch(url, None, kind, Some(&signal)).await.map_err(silent)?;
    let length = response.headers().get("content-length").ok().flatten();
    if length.and_then(|length| length.parse().ok()).unwrap_or(0) > chain_proof::MAX_LEN {
        return Err("its answer is far too long".to_owned());
    }
    if !response.ok() {
        return Err(["it answers with HTTP status ", &response.status().to_string()].concat());
    }
    fetch::bytes(&response).await.map_err(silent)
}
