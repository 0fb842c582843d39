//! What was asked for, in every state: coming, there, failed, kept while the node is away.

use leptos::prelude::*;

use crate::api::Failure;
use crate::components::failure::FailureNotice;

/// An answer of the node on the screen. While it is asked for again, or the node is away, the last one stays.
#[component]
pub(crate) fn Loaded<T, V>(
    /// The answer.
    resource: LocalResource<Result<T, Failure>>,
    /// The shape of what comes.
    #[prop(into)]
    skeleton: ViewFn,
    /// Draws the answer.
    children: impl Fn(T) -> V + Send + Sync + 'static,
) -> impl IntoView
where
    T: Clone + Send + Sync + 'static,
    V: IntoView + 'static,
{
    let known = StoredValue::new(None::<T>);
    move || match resource.get() {
        None => skeleton.run(),
        Some(Ok(answer)) => {
            known.set_value(Some(answer.clone()));
            children(answer).into_any()
        }
        Some(Err(failure)) => match known.get_value().filter(|_| failure == Failure::Unreachable) {
            Some(answer) => children(answer).into_any(),
            None => {
                view! { <FailureNotice failure=failure retry=Callback::new(move |()| resource.refetch()) /> }.into_any()
            }
        },
    }
}
