//! An error: what happened, what it means for the money, what to do.

use leptos::prelude::*;

use crate::api::Failure;

/// A failure with its way out.
#[component]
pub(crate) fn FailureNotice(
    /// What went wrong.
    failure: Failure,
    /// What a press on "Try again" does.
    #[prop(optional, into)]
    retry: Option<Callback<()>>,
) -> impl IntoView {
    let class = if failure.is_absence() {
        "notice"
    } else {
        "notice notice-bad"
    };
    let detail = failure.detail();
    view! {
        <section class=class role="alert">
            <p class="notice-title">{failure.title()}</p>
            {(!detail.is_empty()).then(|| view! { <p>{detail}</p> })}
            <p>{failure.meaning()}</p>
            <p>{failure.remedy()}</p>
            {failure.code().map(|code| view! { <p class="quiet">"Code " <code>{code.to_owned()}</code></p> })}
            {retry
                .map(|retry| {
                    view! {
                        <button class="button button-quiet" type="button" on:click=move |_| retry.run(())>
                            "Try again"
                        </button>
                    }
                })}
        </section>
    }
}
