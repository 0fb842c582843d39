//! What was asked for, in every state: coming, there, failed, kept while the node is away.

use leptos::prelude::*;
use serde::de::DeserializeOwned;

use crate::api::{self, Failure};
use crate::components::failure::FailureNotice;

/// An answer of the node on the screen. While it is asked for again, or the node is away, the last one stays.
pub(crate) fn loaded<T, V>(
    resource: LocalResource<Result<String, Failure>>,
    skeleton: fn() -> AnyView,
    draw: impl Fn(T) -> V + Send + 'static,
) -> impl IntoView
where
    T: DeserializeOwned,
    V: IntoView + 'static,
{
    let known = Known(StoredValue::new(None));
    move || match known.latest(resource.get()) {
        None => skeleton(),
        Some(answer) => match answer.and_then(|text| api::decode(&text)) {
            Ok(answer) => draw(answer).into_any(),
            Err(failure) => failed(failure, resource),
        },
    }
}

fn failed(failure: Failure, resource: LocalResource<Result<String, Failure>>) -> AnyView {
    let retry = Callback::new(move |()| resource.refetch());
    view! { <FailureNotice failure=failure retry=retry /> }.into_any()
}

/// The last answer that came.
#[derive(Clone, Copy)]
struct Known(StoredValue<Option<String>>);

impl Known {
    /// What to show: the answer, or the one before while the node is away.
    fn latest(self, answer: Option<Result<String, Failure>>) -> Option<Result<String, Failure>> {
        match answer {
            Some(Ok(text)) => {
                self.0.set_value(Some(text.clone()));
                Some(Ok(text))
            }
            Some(Err(Failure::Unreachable)) => Some(self.0.get_value().ok_or(Failure::Unreachable)),
            other => other,
        }
    }
}
