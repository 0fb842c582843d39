//! Questions to the node, and what can go wrong with them in words for people.

use std::pin::Pin;
use std::time::Duration;

use frontend::json::{self, FromJson};
use leptos::prelude::{TimeoutHandle, set_timeout_with_handle};
use serde::Serialize;
use shared::api::{MineRequest, Mined, Problem};
use web_sys::AbortController;

use crate::fetch::{self, fetch};

/// How long an answer may take, and what it is called when there is none by then.
#[derive(Clone, Copy)]
struct Limit {
    time: Duration,
    over: fn() -> Failure,
}

const USUAL: Limit = Limit {
    time: Duration::from_secs(30),
    over: || Failure::Unreachable,
};
/// Longer than the node itself tries, so that it is the node that says why it found nothing.
const MINING: Limit = Limit {
    time: Duration::from_secs(75),
    over: || Failure::NotMined,
};

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The node was not reached, or did not answer in time.
    Unreachable,
    /// The node was asked to mine, and did not answer in time.
    NotMined,
    /// The node refused, and said why.
    Refused(Box<Problem>),
    /// The node answered something that is no answer: the reason.
    Unreadable(String),
}

impl Failure {
    /// The stable name of the rule by which the node refused.
    pub(crate) fn code(&self) -> Option<&str> {
        match self {
            Self::Refused(problem) => Some(&problem.code),
            _ => None,
        }
    }

    /// Whether what was asked for does not exist.
    pub(crate) fn is_absence(&self) -> bool {
        matches!(self, Self::Refused(problem) if problem.status == 404)
    }

    /// What happened.
    pub(crate) fn title(&self) -> String {
        match self {
            Self::Unreachable => "The node does not answer.".to_owned(),
            Self::NotMined => "No block was found in time.".to_owned(),
            Self::Refused(problem) if problem.status == 404 => "The node knows no such thing.".to_owned(),
            Self::Refused(problem) if problem.status == 429 => "The node is busy.".to_owned(),
            Self::Refused(_) => "The node refused.".to_owned(),
            Self::Unreadable(_) => "The node’s answer makes no sense.".to_owned(),
        }
    }

    /// The particulars, in the node's own words where it has any.
    pub(crate) fn detail(&self) -> String {
        match self {
            Self::Unreachable | Self::NotMined => String::new(),
            Self::Refused(problem) => problem.detail.clone(),
            Self::Unreadable(reason) => reason.clone(),
        }
    }

    /// What it means for the money.
    pub(crate) fn meaning(&self) -> &'static str {
        "No money moved: keys stay in this browser, and coins stay where the chain has them."
    }

    /// What to do.
    pub(crate) fn remedy(&self) -> &'static str {
        match self {
            Self::Unreachable => "Check that the node runs, then try again.",
            Self::NotMined => "Try again; the node may be busy with other requests to mine.",
            Self::Refused(problem) if problem.status == 404 => {
                "Check for a missing letter. A new transaction may not have arrived yet."
            }
            Self::Refused(problem) if problem.status == 429 || problem.status >= 500 => {
                "Wait a moment, then try again."
            }
            Self::Refused(problem) if problem.code == "peers-unsupported" => {
                "Nothing to do: this node was started to work alone."
            }
            Self::Refused(_) => "Change what the node names, then try again.",
            Self::Unreadable(_) => "Page and node may be of different versions: reload the page.",
        }
    }
}

/// Asks with GET.
///
/// # Errors
/// Why there is no answer.
pub(crate) async fn get<T: FromJson>(path: &str) -> Result<T, Failure> {
    decode(&text(path.to_owned()).await?)
}

/// Asks with POST and a JSON body.
///
/// # Errors
/// Why there is no answer.
pub(crate) async fn post<T: FromJson>(path: &str, body: &impl Serialize) -> Result<T, Failure> {
    send(path, body, USUAL).await
}

async fn send<T: FromJson>(path: &str, body: &impl Serialize, limit: Limit) -> Result<T, Failure> {
    let body = serde_json::to_string(body).map_err(|error| Failure::Unreadable(error.to_string()))?;
    decode(&ask(path.to_owned(), Some(body), limit).await?)
}

/// The text of the answer to GET. What does not depend on the answer's type is compiled once for all types.
///
/// # Errors
/// Why there is no answer.
pub(crate) fn text(path: String) -> Pin<Box<dyn Future<Output = Result<String, Failure>>>> {
    ask(path, None, USUAL)
}

/// The text of the answer to POST with a body of JSON, or to GET without one.
///
/// # Errors
/// Why there is no answer.
pub(crate) fn exchange(path: String, body: Option<String>) -> Pin<Box<dyn Future<Output = Result<String, Failure>>>> {
    ask(path, body, USUAL)
}

/// Asks the node to mine.
///
/// # Errors
/// Why there is no block.
pub(crate) async fn mine(request: &MineRequest) -> Result<Mined, Failure> {
    send("/blockchain/mine", request, MINING).await
}

/// Reads an answer.
///
/// # Errors
/// When it is not what was asked for.
pub(crate) fn decode<T: FromJson>(text: &str) -> Result<T, Failure> {
    json::read(text).map_err(|error| Failure::Unreadable(error.to_string()))
}

fn ask(path: String, body: Option<String>, limit: Limit) -> Pin<Box<dyn Future<Output = Result<String, Failure>>>> {
    Box::pin(async move {
        let patience = Patience::new(limit.time);
        let signal = patience.signal();
        let lost = || {
            if patience.is_over() {
                (limit.over)()
            } else {
                Failure::Unreachable
            }
        };
        let asked = fetch(&path, body.as_deref(), "application/json", signal.as_ref()).await;
        let response = asked.map_err(|_| lost())?;
        let text = fetch::text(&response).await.map_err(|_| lost())?;
        if response.ok() {
            return Ok(text);
        }
        match decode::<Problem>(&text) {
            Ok(problem) => Err(Failure::Refused(Box::new(problem))),
            // A proxy before a node that is down answers for it.
            Err(_) if response.status() >= 502 => Err(Failure::Unreachable),
            Err(_) => Err(Failure::Unreadable(format!("HTTP status {}", response.status()))),
        }
    })
}

/// Ends a request that takes too long, or whose asker is gone: it is dropped with the page that asked.
struct Patience {
    controller: Option<AbortController>,
    handle: Option<TimeoutHandle>,
}

impl Patience {
    fn new(time_out: Duration) -> Self {
        let controller = AbortController::new().ok();
        let ended = controller.clone();
        let abort = move || {
            if let Some(controller) = ended {
                controller.abort();
            }
        };
        Self {
            controller,
            handle: set_timeout_with_handle(abort, time_out).ok(),
        }
    }

    fn signal(&self) -> Option<web_sys::AbortSignal> {
        self.controller.as_ref().map(AbortController::signal)
    }

    fn is_over(&self) -> bool {
        self.signal().is_some_and(|signal| signal.aborted())
    }
}

impl Drop for Patience {
    fn drop(&mut self) {
        if let Some(handle) = self.handle {
            handle.clear();
        }
        if let Some(controller) = &self.controller {
            controller.abort();
        }
    }
}

/// A part of a path or query: what a person typed into the address bar may hold anything.
pub(crate) fn encoded(text: &str) -> String {
    js_sys::encode_uri_component(text).into()
}
