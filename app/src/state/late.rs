//! Answers that are asked for only after a click. Deliberately not a resource: a resource that loads makes the
//! nearest boundary around it show its fallback, which would take the whole page away under an opening dialog.

use std::future::Future;

use leptos::{prelude::*, task::spawn_local};
use protocol::Problem;

/// What a route answers, once it has.
pub(crate) type Late<T> = RwSignal<Option<Result<T, Problem>>>;

/// Asks in the browser as soon as the component is there.
pub(crate) fn late<T, F>(ask: impl Fn() -> F + 'static) -> Late<T>
where
    T: Send + Sync + 'static,
    F: Future<Output = Result<T, Problem>> + 'static,
{
    let answer = RwSignal::new(None);
    Effect::new(move |_| {
        let asked = ask();
        spawn_local(async move {
            let got = asked.await;
            let _ = answer.try_set(Some(got));
        });
    });
    answer
}
