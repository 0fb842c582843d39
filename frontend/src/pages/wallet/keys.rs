//! The page's side of the key worker: starts it, asks it, ends it.

use std::cell::RefCell;
use std::rc::{Rc, Weak};

use frontend::keyworker::envelope;
use frontend::wallet::messages::{self, Answer, Failure, Question, Reply, Request};
use futures_channel::oneshot;
use shared::hash::Hash;
use wasm_bindgen::prelude::*;
use web_sys::{MessageEvent, Worker};
use zeroize::Zeroizing;

use crate::{thread, worker};

/// The key worker. It is started by the first question, so that who only looks at blocks never loads it.
#[derive(Clone, Default)]
pub(super) struct Keys(Rc<RefCell<Slot>>);

/// The place of one worker, which its callbacks find it by.
type Slot = Rc<RefCell<Option<Running>>>;

struct Running {
    worker: Worker,
    is_ready: bool,
    was_restarted: bool,
    /// Questions from before the worker was ready.
    unsent: Vec<Zeroizing<Vec<u8>>>,
    /// The few questions that wait for their answers, by their numbers.
    waiting: Vec<(u32, oneshot::Sender<Result<Reply, Failure>>)>,
    next_number: u32,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_error: Closure<dyn FnMut(JsValue)>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.worker.set_onmessage(None);
        self.worker.set_onerror(None);
        // Takes the worker's memory with it.
        self.worker.terminate();
    }
}

impl Keys {
    /// Asks the worker, and waits for its answer.
    pub(super) async fn ask(&self, genesis: Hash, request: Request) -> Result<Reply, Failure> {
        let slot = self.0.borrow().clone();
        ask(&slot, genesis, request).await
    }

    /// Lets the worker wipe its secrets, and ends it then. Questions that come meanwhile go to a fresh one.
    pub(super) async fn retire(&self, genesis: Hash) {
        let old = self.0.replace(Slot::default());
        if old.borrow().is_some() {
            let _ = ask(&old, genesis, Request::Lock).await;
        }
    }

    /// Ends the worker, whatever it does; the next question starts a fresh one.
    pub(super) fn end(&self) {
        let old = self.0.replace(Slot::default());
        drop(old.take());
    }
}

async fn ask(slot: &Slot, genesis: Hash, request: Request) -> Result<Reply, Failure> {
    let (answer, answered) = oneshot::channel();
    post(slot, genesis, request, answer)?;
    // Nobody answers any more when the worker was ended.
    answered.await.unwrap_or(Err(Failure::Stopped))
}

fn post(
    slot: &Slot,
    genesis: Hash,
    request: Request,
    answer: oneshot::Sender<Result<Reply, Failure>>,
) -> Result<(), Failure> {
    let mut place = slot.borrow_mut();
    let running = match &mut *place {
        Some(running) => running,
        empty => empty.insert(Running::start(&Rc::downgrade(slot))?),
    };
    let number = running.next_number;
    running.next_number = number.wrapping_add(1);
    let question = Question {
        number,
        genesis,
        request,
    };
    running.waiting.push((number, answer));
    running.unsent.push(messages::to_bytes(&question));
    running.flush();
    Ok(())
}

impl Running {
    fn start(slot: &Weak<RefCell<Option<Self>>>) -> Result<Self, Failure> {
        let worker = thread::start(worker::NAME).ok_or(Failure::Stopped)?;
        let for_messages = slot.clone();
        let on_message = Closure::new(move |event: MessageEvent| {
            if let Some(slot) = for_messages.upgrade()
                && let Some(running) = &mut *slot.borrow_mut()
            {
                running.receive(envelope::received(&event));
            }
        });
        let for_errors = slot.clone();
        let on_error = Closure::new(move |_| {
            if let Some(slot) = for_errors.upgrade() {
                if slot.borrow_mut().as_mut().is_some_and(Self::restart) {
                    return;
                }
                // Dropping it answers everybody who waits.
                let running = slot.borrow_mut().take();
                if let Some(running) = running {
                    // The callback that runs now belongs to it: it is dropped after this turn.
                    wasm_bindgen_futures::spawn_local(async move { drop(running) });
                }
            }
        });
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        Ok(Self {
            worker,
            is_ready: false,
            was_restarted: false,
            unsent: Vec::new(),
            waiting: Vec::new(),
            next_number: 0,
            _on_message: on_message,
            _on_error: on_error,
        })
    }

    /// Starts it once more when it failed before it was ready, as when a file of it did not arrive: nothing is lost by that.
    fn restart(&mut self) -> bool {
        if self.is_ready || std::mem::replace(&mut self.was_restarted, true) {
            return false;
        }
        let Some(worker) = thread::start(worker::NAME) else {
            return false;
        };
        worker.set_onmessage(self.worker.onmessage().as_ref());
        worker.set_onerror(self.worker.onerror().as_ref());
        let old = std::mem::replace(&mut self.worker, worker);
        old.set_onmessage(None);
        old.set_onerror(None);
        old.terminate();
        true
    }

    /// Takes an answer; without bytes, the worker says that it is ready.
    fn receive(&mut self, bytes: Option<Zeroizing<Vec<u8>>>) {
        let Some(bytes) = bytes else {
            self.is_ready = true;
            self.flush();
            return;
        };
        if let Some(Answer { number, result }) = messages::from_bytes(&bytes)
            && let Some(index) = self.waiting.iter().position(|(waiting, _)| *waiting == number)
        {
            let (_, waiting) = self.waiting.swap_remove(index);
            let _ = waiting.send(result);
        }
    }

    fn flush(&mut self) {
        if self.is_ready {
            for bytes in self.unsent.drain(..) {
                envelope::hand_over(&bytes, |message, buffer| {
                    self.worker.post_message_with_transfer(message, buffer)
                });
            }
        }
    }
}
