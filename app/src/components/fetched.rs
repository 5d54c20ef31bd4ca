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

/// Tells the lists below to read themselves again after something in them changed.
#[derive(Clone, Copy)]
pub(crate) struct Again(RwSignal<u32>);

impl Again {
    /// Puts one into the context.
    pub(crate) fn provide() -> Self {
        let again = Self(RwSignal::new(0));
        provide_context(again);
        again
    }

    /// The one from the context.
    pub(crate) fn get() -> Self {
        expect_context()
    }

    /// Something changed.
    pub(crate) fn now(self) {
        let _ = self.0.try_update(|count| *count += 1);
    }
}

/// Asks now, and again whenever `again` says so.
pub(super) fn ask(again: Option<Again>, question: impl Fn() -> TextAnswer + Send + Sync + 'static) -> Answered {
    erased(again, Arc::new(question))
}

/// Asks once.
pub(crate) fn ask_once(question: impl Fn() -> TextAnswer + Send + Sync + 'static) -> Answered {
    erased(None, Arc::new(question))
}

fn erased(again: Option<Again>, question: Arc<dyn Fn() -> TextAnswer + Send + Sync>) -> Answered {
    Resource::new(move || again.map(|again| again.0.get()), move |_| question())
}

/// Reads the text of an answer.
///
/// # Errors
/// The page and the server are of different age.
pub(super) fn read<T: DeserializeOwned>(text: &str) -> Result<T, Problem> {
    serde_json::from_str(text).map_err(|_| {
        Problem::new(ProblemKind::Internal, "The page and the server are of different age. Reload the page.")
    })
}

/// What to do with an answer.
#[derive(Clone)]
pub(crate) struct Shown(Arc<dyn Fn(Result<String, Problem>) -> AnyView + Send + Sync>);

/// Shows an answer of type `T`; a refusal becomes a page of its own.
pub(crate) fn shown<T: DeserializeOwned>(show: impl Fn(T) -> AnyView + Send + Sync + 'static) -> Shown {
    shown_either(move |answer| match answer {
        Ok(answer) => show(answer),
        Err(problem) => view! { <ProblemPage problem/> }.into_any(),
    })
}

/// Shows the text of an answer; a refusal becomes a page of its own.
pub(super) fn answered(show: impl Fn(String) -> AnyView + Send + Sync + 'static) -> Shown {
    Shown(Arc::new(move |answer| match answer {
        Ok(text) => show(text),
        Err(problem) => view! { <ProblemPage problem/> }.into_any(),
    }))
}

/// Shows an answer or a refusal in its own way.
pub(crate) fn shown_either<T: DeserializeOwned>(
    show: impl Fn(Result<T, Problem>) -> AnyView + Send + Sync + 'static,
) -> Shown {
    Shown(Arc::new(move |answer| show(answer.and_then(|text| read(&text)))))
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
