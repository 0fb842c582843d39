//! What was asked for, in every state: coming, there, failed, kept while the node is away.

use frontend::json::FromJson;
use leptos::prelude::*;

use crate::api::{self, Failure};
use crate::browser::while_here;
use crate::components::failure::FailureNotice;

/// A question to the node, and its answer with the path that it belongs to: while a page goes from one thing to another,
/// the answer about the first is no answer about the second.
#[derive(Clone, Copy)]
pub(crate) struct Question {
    path: Memo<String>,
    answer: RwSignal<Option<(String, Result<String, Failure>)>>,
    /// Grows when it is to be asked again.
    tries: RwSignal<u64>,
}

/// Asks for a path, anew whenever the path changes or something that `follow` reads.
pub(crate) fn question(path: impl Fn() -> String + Send + Sync + 'static, follow: impl Fn() + 'static) -> Question {
    let path = Memo::new(move |_| path());
    let (answer, tries) = (RwSignal::new(None), RwSignal::new(0));
    // What is asked for anew takes the place of what is still on its way. A resource would do the same, for 5 KB in brotli.
    Effect::new(move || {
        follow();
        tries.track();
        let path = path.get();
        while_here(async move {
            let text = api::text(path.clone()).await;
            answer.try_set(Some((path, text)));
        });
    });
    Question { path, answer, tries }
}

impl Question {
    /// The answer, if it is one about the present path.
    fn answer(self) -> Option<Result<String, Failure>> {
        let path = self.path.get();
        let (asked, answer) = self.answer.get()?;
        (asked == path).then_some(answer)
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

/// Draws an answer's text.
type Draw = Box<dyn Fn(&str) -> Result<AnyView, Failure> + Send>;

/// The same for all types.
fn drawn(question: Question, skeleton: fn() -> AnyView, draw: Draw) -> impl IntoView {
    let known = Known(StoredValue::new(None));
    // An answer that says the same again is not drawn anew.
    let latest = Memo::new(move |_| known.latest(question.path.get(), question.answer()));
    move || match latest.get() {
        None => skeleton(),
        Some(answer) => answer
            .and_then(|text| draw(&text))
            .unwrap_or_else(|failure| failed(failure, question)),
    }
}

fn failed(failure: Failure, question: Question) -> AnyView {
    let retry = Callback::new(move |()| question.tries.update(|tries| *tries += 1));
    view! { <FailureNotice failure=failure retry=retry /> }.into_any()
}

/// The last answer that came, with its path.
#[derive(Clone, Copy)]
struct Known(StoredValue<Option<(String, String)>>);

impl Known {
    /// What to show: the answer, or the one before while the node is away.
    fn latest(self, path: String, answer: Option<Result<String, Failure>>) -> Option<Result<String, Failure>> {
        match answer {
            Some(Ok(text)) => {
                self.0.set_value(Some((path, text.clone())));
                Some(Ok(text))
            }
            Some(Err(Failure::Unreachable)) => {
                let kept = self.0.get_value().filter(|(known, _)| *known == path);
                Some(kept.map(|(_, text)| text).ok_or(Failure::Unreachable))
            }
            other => other,
        }
    }
}
