//! The key worker: joins the keeper of keys to the page's messages, the browser's database and its randomness.
//!
//! Questions are answered one after another. Ending the worker, which the page does on every lock, gives all of its
//! memory back to the browser.

use std::cell::RefCell;
use std::collections::VecDeque;

use frontend::keyworker::envelope;
use frontend::keyworker::keeper::{Keeper, World};
use frontend::keyworker::store::Store;
use frontend::wallet::messages::{self, Answer, Failure, Question, Reply};
use frontend::wallet::secret::Secret;
use wasm_bindgen::prelude::*;
use web_sys::DedicatedWorkerGlobalScope;
use zeroize::Zeroizing;

/// What the page posts, waiting for its turn; and the keeper, which is taken out while it works.
#[derive(Default)]
struct Desk {
    waiting: VecDeque<Zeroizing<Vec<u8>>>,
    keeper: Option<Keeper>,
    is_busy: bool,
}

thread_local! {
    static DESK: RefCell<Desk> = RefCell::default();
}

/// What the page calls the worker that is this one.
pub(crate) const NAME: &str = "keys";

/// Takes a question of the page.
pub(crate) fn take(bytes: Zeroizing<Vec<u8>>) {
    let is_busy = DESK.with_borrow_mut(|desk| {
        desk.waiting.push_back(bytes);
        std::mem::replace(&mut desk.is_busy, true)
    });
    if !is_busy {
        wasm_bindgen_futures::spawn_local(work());
    }
}

async fn work() {
    while let Some(bytes) = DESK.with_borrow_mut(|desk| {
        let next = desk.waiting.pop_front();
        desk.is_busy = next.is_some();
        next
    }) {
        let Some(question) = messages::from_bytes::<Question>(&bytes) else {
            continue;
        };
        drop(bytes);
        let number = question.number;
        let answer = Answer {
            number,
            result: answer(question).await,
        };
        let scope: DedicatedWorkerGlobalScope = js_sys::global().unchecked_into();
        envelope::hand_over(&messages::to_bytes(&answer), |message, buffer| {
            scope.post_message_with_transfer(message, buffer)
        });
    }
}

async fn answer(mut question: Question) -> Result<Reply, Failure> {
    let genesis = question.genesis;
    question.request.typed_mut().for_each(normalise);
    // Another chain has another wallet: what was open is dropped, and wiped by that.
    let kept = DESK.with_borrow_mut(|desk| desk.keeper.take());
    let mut keeper = kept
        .filter(|keeper| keeper.genesis() == genesis)
        .unwrap_or_else(|| Keeper::new(genesis));
    let result = take_step(&mut keeper, question).await;
    DESK.with_borrow_mut(|desk| desk.keeper = Some(keeper));
    result
}

async fn take_step(keeper: &mut Keeper, question: Question) -> Result<Reply, Failure> {
    let store = Store::open().await?;
    let stored = store.read(&question.genesis).await?;
    let seen = stored.vault.as_deref();
    match keeper.plan(question.request, &stored, &mut Browser) {
        Ok(plan) => {
            store.write(&question.genesis, &plan.change, seen).await?;
            Ok(keeper.apply(plan))
        }
        Err(refusal) => {
            // Why it is refused matters more than whether that could be written down.
            let _ = store.write(&question.genesis, &refusal.change, seen).await;
            Err(refusal.failure)
        }
    }
}

/// Brings a password or passphrase into the form NFKD, in which one text is the same bytes from every keyboard. The browser
/// has the tables for it.
fn normalise(typed: &mut Secret) {
    let normal = js_sys::JsString::from(typed.expose()).normalize("NFKD");
    *typed = Secret::new(normal.into());
}

/// `crypto.getRandomValues` and the clock.
struct Browser;

impl World for Browser {
    fn random(&mut self, bytes: &mut [u8]) -> Result<(), Failure> {
        getrandom::fill(bytes).map_err(|_| Failure::Randomness)
    }

    fn now_ms(&self) -> u64 {
        js_sys::Date::now() as u64
    }
}
