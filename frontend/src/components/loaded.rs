//! What was asked for, in every state: coming, there, failed, kept while the node is away.

use std::cell::Cell;
use std::rc::Rc;

use frontend::json::{FromJson, Value};
use frontend::view::markup::Markup;
use leptos::html::Div;
use leptos::prelude::*;

use crate::api::{self, Failure};
use crate::browser::while_here;
use crate::components::failure::FailureNotice;
use crate::components::markup;
use crate::follow::{computed, effect};

/// A question to the node, and its answer with the path that it belongs to: while a page goes from one thing to another,
/// the answer about the first is no answer about the second.
#[derive(Clone, Copy)]
pub(crate) struct Question {
    path: Memo<String>,
    answer: RwSignal<Option<(String, Result<String, Failure>)>>,
    /// Grows when it is to be asked again.
    tries: RwSignal<u64>,
}

/// Whether an answer is on its way.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    No,
    Yes,
    /// It is, and there was news since it was asked for.
    Stale,
}

/// Asks for a path, anew whenever the path changes or something that `follow` reads.
pub(crate) fn question(path: impl Fn() -> String + Send + Sync + 'static, follow: impl Fn() + 'static) -> Question {
    ask(computed(path), Box::new(follow))
}

/// The same for all paths.
fn ask(path: Memo<String>, follow: Box<dyn Fn()>) -> Question {
    let question = Question {
        path,
        answer: RwSignal::new(None),
        tries: RwSignal::new(0),
    };
    let asked = Rc::new(Cell::new(Asked::No));
    let news = Rc::clone(&asked);
    // News wait for the answer that is on its way: ended by each of them, none would ever come from a slow or busy node.
    effect(move || {
        follow();
        match news.get() {
            Asked::No => question.again(),
            _ => news.set(Asked::Stale),
        }
    });
    // Another path, or a person who asks again, ends it. A resource would do the same, for 5 KB in brotli.
    effect(move || {
        question.tries.track();
        let (path, asked) = (question.path.get(), Rc::clone(&asked));
        asked.set(Asked::Yes);
        while_here(async move {
            let answer = api::text(path.clone()).await;
            question.take(path, answer);
            if asked.replace(Asked::No) == Asked::Stale {
                question.again();
            }
        });
    });
    question
}

impl Question {
    /// The last answer, if there is one and it is what it should be.
    pub(crate) fn get<T: FromJson>(self) -> Option<T> {
        api::decode(&self.answer()?.ok()?).ok()
    }

    /// Reads the last answer, if there is one.
    pub(crate) fn read<T>(self, read: impl FnOnce(&Value) -> T) -> Option<T> {
        self.get().as_ref().map(read)
    }

    /// Takes an answer. While the node is away, the last one to the same path stays.
    fn take(self, path: String, answer: Result<String, Failure>) {
        let is_kept = answer == Err(Failure::Unreachable)
            && self
                .answer
                .with_untracked(|last| matches!(last, Some((known, Ok(_))) if *known == path));
        if !is_kept {
            self.answer.set(Some((path, answer)));
        }
    }

    /// The answer, if it is one about the present path.
    fn answer(self) -> Option<Result<String, Failure>> {
        let path = self.path.get();
        let (asked, answer) = self.answer.get()?;
        (asked == path).then_some(answer)
    }

    /// Asks again.
    pub(crate) fn again(self) {
        self.tries.update(|tries| *tries += 1);
    }

    /// Whether the node says that there is no such thing.
    pub(crate) fn is_absent(self) -> bool {
        matches!(self.answer(), Some(Err(failure)) if failure.is_absence())
    }
}

/// An answer of the node on the screen. While it is asked for again, or the node is away, the last one to the same path
/// stays.
pub(crate) fn loaded<T, V>(
    question: Question,
    skeleton: fn() -> AnyView,
    draw: impl Fn(T) -> V + Send + 'static,
) -> impl IntoView
where
    T: FromJson,
    V: IntoView + 'static,
{
    let draw = move |text: &str| api::decode(text).map(|answer| draw(answer).into_any());
    drawn(question, skeleton, Box::new(draw))
}

/// An answer that holds a list of this name, as markup. When it is another, what is alike in both stays on the screen.
pub(crate) fn written(
    question: Question,
    skeleton: fn() -> AnyView,
    list: &'static str,
    write: fn(&Value) -> Markup,
) -> AnyView {
    let place = NodeRef::<Div>::new();
    let shown = StoredValue::new(String::new());
    effect(move || {
        let Some((place, Ok(text))) = place.get().zip(question.answer()) else {
            return;
        };
        let is_shown = place.first_child().is_some() && shown.with_value(|shown| *shown == text);
        if let (false, Ok(answer)) = (is_shown, api::decode::<Value>(&text)) {
            markup::build(&place, &write(&answer));
            shown.set_value(text);
        }
    });
    let frame = move |text: &str| {
        // Whether it is an answer at all: of one that holds nothing, firm words would be made.
        if !matches!(api::decode::<Value>(text)?[list], Value::Array(_)) {
            return Err(Failure::Unreadable("A list is missing.".to_owned()));
        }
        Ok(view! { <div class="written" node_ref=place></div> }.into_any())
    };
    drawn(question, skeleton, Box::new(frame)).into_any()
}

/// Draws an answer's text.
type Draw = Box<dyn Fn(&str) -> Result<AnyView, Failure> + Send>;

/// The same for all types.
fn drawn(question: Question, skeleton: fn() -> AnyView, draw: Draw) -> impl IntoView {
    // An answer that says the same again is not drawn anew.
    let latest = computed(move || question.answer());
    move || match latest.get() {
        None => skeleton(),
        Some(answer) => answer
            .and_then(|text| draw(&text))
            .unwrap_or_else(|failure| failed(failure, question)),
    }
}

fn failed(failure: Failure, question: Question) -> AnyView {
    let retry = Callback::new(move |()| question.again());
    view! { <FailureNotice failure=failure retry=retry /> }.into_any()
}
