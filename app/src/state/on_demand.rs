//! Data that is requested after a user action, in the browser only.
//!
//! Not a resource: a loading resource makes the nearest `Transition` show its fallback, which would replace the whole
//! page under an opening dialog.

use std::future::IntoFuture;

use leptos::{prelude::*, task::spawn_local};
use protocol::Problem;

/// The result of a request; `None` until it completes.
pub(crate) type OnDemand<T> = RwSignal<Option<Result<T, Problem>>>;

/// Sends the request when the component is mounted.
pub(crate) fn on_demand<T, F>(request: impl Fn() -> F + 'static) -> OnDemand<T>
where
    T: Send + Sync + 'static,
    F: IntoFuture<Output = Result<T, Problem>> + 'static,
{
    let result = RwSignal::new(None);
    Effect::new(move |_| {
        let request = request().into_future();
        spawn_local(async move {
            let outcome = request.await;
            let _ = result.try_set(Some(outcome));
        });
    });
    result
}
