//! Parts of a page that come and go. Boxed at the door, so that each further use adds a closure to the page and not
//! another copy of the machinery behind it.

use std::sync::Arc;

use leptos::prelude::*;

/// When a part is shown.
pub(crate) struct Condition(Arc<dyn Fn() -> bool + Send + Sync>);

impl<F: Fn() -> bool + Send + Sync + 'static> From<F> for Condition {
    fn from(condition: F) -> Self {
        Self(Arc::new(condition))
    }
}

/// Shows its children while the condition holds, else the fallback. Rebuilt only when the answer changes.
#[component]
pub(crate) fn When(
    /// The condition.
    #[prop(into)]
    when: Condition,
    /// What stands there otherwise.
    #[prop(into, optional)]
    fallback: ViewFn,
    /// What is shown.
    children: ChildrenFn,
) -> impl IntoView {
    let holds = Memo::new(move |_| (when.0)());
    dynamic(move || if holds.get() { children() } else { fallback.run() })
}

/// A part that is made anew whenever a signal in it changes.
pub(crate) fn dynamic(view: impl Fn() -> AnyView + Send + 'static) -> AnyView {
    erased(Box::new(view))
}

fn erased(view: Box<dyn Fn() -> AnyView + Send>) -> AnyView {
    (move || view()).into_any()
}
