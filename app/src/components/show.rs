//! Conditional parts of a view. They are type-erased, so that each use adds a closure to the WASM file instead of
//! another instance of the generic code.

use std::sync::Arc;

use leptos::prelude::*;

/// A boxed condition.
pub(crate) struct Condition(Arc<dyn Fn() -> bool + Send + Sync>);

impl<F: Fn() -> bool + Send + Sync + 'static> From<F> for Condition {
    fn from(condition: F) -> Self {
        Self(Arc::new(condition))
    }
}

/// Shows its children while the condition holds, else the fallback. Rendered again only when the condition changes.
#[component]
pub(crate) fn Show(
    /// The condition.
    #[prop(into)]
    when: Condition,
    /// Shown otherwise.
    #[prop(into, optional)]
    fallback: ViewFn,
    /// The conditional content.
    children: ChildrenFn,
) -> impl IntoView {
    let holds = Memo::new(move |_| (when.0)());
    dynamic(move || if holds.get() { children() } else { fallback.run() })
}

/// A part that is rendered again whenever a signal it reads changes.
pub(crate) fn dynamic(view: impl Fn() -> AnyView + Send + 'static) -> AnyView {
    erased(Box::new(view))
}

fn erased(view: Box<dyn Fn() -> AnyView + Send>) -> AnyView {
    (move || view()).into_any()
}
