//! A route's response as a part of a page: a placeholder while it loads, the error, or the content.
//!
//! The resource holds the JSON text of the response and decodes it where it is shown. With one resource type for all
//! routes the WASM file contains the loading code once instead of once per type.

use std::sync::Arc;

use leptos::prelude::*;
use protocol::Problem;
use serde::de::DeserializeOwned;

use super::{Loading, ProblemPage};
use crate::{api::Read, backend::ResponseFuture};

/// Reloads the lists in its scope after one of their items changed.
#[derive(Clone, Copy)]
pub(crate) struct Refetch(RwSignal<u32>);

impl Refetch {
    /// Provides a handle to the components below.
    pub(crate) fn provide() -> Self {
        let refetch = Self(RwSignal::new(0));
        provide_context(refetch);
        refetch
    }

    /// The handle from the context.
    pub(crate) fn get() -> Self {
        expect_context()
    }

    /// Reloads the lists.
    pub(crate) fn trigger(self) {
        let _ = self.0.try_update(|count| *count += 1);
    }
}

/// A read that starts with the page and the view of its result. The response is part of the first HTML.
pub(crate) struct Fetch {
    text: Resource<Result<String, Problem>>,
    view: Arc<dyn Fn(Result<String, Problem>) -> AnyView + Send + Sync>,
}

impl Fetch {
    /// Shows the decoded response with `view`, or an error page.
    pub(crate) fn new<T: DeserializeOwned + 'static>(
        read: impl Fn() -> Read<T> + Send + Sync + 'static,
        view: impl Fn(T) -> AnyView + Send + Sync + 'static,
    ) -> Self {
        Self::with_errors(read, move |result| match result {
            Ok(value) => view(value),
            Err(problem) => view! { <ProblemPage problem /> }.into_any(),
        })
    }

    /// Shows the decoded response or the error with `view`.
    pub(crate) fn with_errors<T: DeserializeOwned + 'static>(
        read: impl Fn() -> Read<T> + Send + Sync + 'static,
        view: impl Fn(Result<T, Problem>) -> AnyView + Send + Sync + 'static,
    ) -> Self {
        Self::of_text(
            None,
            Arc::new(move || read().text()),
            Arc::new(move |text| view(text.and_then(|text| Read::decode(&text)))),
        )
    }

    /// Loads now, and again whenever `refetch` is triggered.
    pub(super) fn of_text(
        refetch: Option<Refetch>,
        read: Arc<dyn Fn() -> ResponseFuture<String> + Send + Sync>,
        view: Arc<dyn Fn(Result<String, Problem>) -> AnyView + Send + Sync>,
    ) -> Self {
        let text = Resource::new(move || refetch.map(|refetch| refetch.0.get()), move |_| read());
        Self { text, view }
    }
}

/// Shows a [`Fetch`].
#[component]
pub(crate) fn Fetched(
    /// What to load and how to show it.
    fetch: Fetch,
    /// Shown while it loads.
    #[prop(into, default = ViewFn::from(|| view! { <Loading rows=5/> }))]
    placeholder: ViewFn,
) -> impl IntoView {
    let Fetch { text, view } = fetch;
    view! {
        <Transition fallback=move || {
            placeholder.run()
        }>
            {move || {
                let view = view.clone();
                Suspend::new(async move { view(text.await) })
            }}
        </Transition>
    }
    .into_any()
}
