//! What a route answered, as a part of a page: loading, refused, or there.
//!
//! The answer travels as its JSON text and is read where it is shown. One kind of resource for every route keeps the
//! page small: each further type would bring a copy of the whole loading machinery.

use std::sync::Arc;

use leptos::prelude::*;
use protocol::{Problem, ProblemKind};
use serde::de::DeserializeOwned;

use super::{Loading, ProblemPage};
use crate::api::TextAnswer;

/// A route's answer that the first HTML already holds.
pub(crate) type Answered = Resource<Result<String, Problem>>;

/// Asks now, and again whenever `again` moves.
pub(crate) fn ask(again: RwSignal<u32>, question: impl Fn() -> TextAnswer + Send + Sync + 'static) -> Answered {
    erased(again, Arc::new(question))
}

/// Asks once.
pub(crate) fn ask_once(question: impl Fn() -> TextAnswer + Send + Sync + 'static) -> Answered {
    erased(RwSignal::new(0), Arc::new(question))
}

fn erased(again: RwSignal<u32>, question: Arc<dyn Fn() -> TextAnswer + Send + Sync>) -> Answered {
    Resource::new(move || again.get(), move |_| question())
}

/// Reads the text of an answer.
///
/// # Errors
/// The refusal itself, or that page and server are of different age.
pub(crate) fn read<T: DeserializeOwned>(answer: Result<String, Problem>) -> Result<T, Problem> {
    serde_json::from_str(&answer?).map_err(|_| {
        Problem::new(ProblemKind::Internal, "The page and the server are of different age. Reload the page.")
    })
}

/// What to do with an answer.
#[derive(Clone)]
pub(crate) struct Shown(Arc<dyn Fn(Result<String, Problem>) -> AnyView + Send + Sync>);

/// Shows an answer of type `T`; a refusal becomes a page of its own.
pub(crate) fn shown<T: DeserializeOwned>(show: impl Fn(T) -> AnyView + Send + Sync + 'static) -> Shown {
    Shown(Arc::new(move |answer| match read(answer) {
        Ok(answer) => show(answer),
        Err(problem) => view! { <ProblemPage problem/> }.into_any(),
    }))
}

/// Shows an answer or a refusal in its own way.
pub(crate) fn shown_either<T: DeserializeOwned>(
    show: impl Fn(Result<T, Problem>) -> AnyView + Send + Sync + 'static,
) -> Shown {
    Shown(Arc::new(move |answer| show(read(answer))))
}

/// Shows the answer once it is there.
#[component]
pub(crate) fn Fetched(
    /// The answer.
    of: Answered,
    /// What it looks like.
    show: Shown,
    /// What stands there until then.
    #[prop(into, default = ViewFn::from(|| view! { <Loading rows=5/> }))]
    waiting: ViewFn,
) -> impl IntoView {
    view! {
        <Transition fallback=move || waiting.run()>
            {move || {
                let show = show.clone();
                Suspend::new(async move { (show.0)(of.await) })
            }}
        </Transition>
    }
    .into_any()
}
