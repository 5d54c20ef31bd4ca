//! A list or form that shows what a route answered: loading, refused, or there.

use leptos::prelude::*;
use protocol::Problem;
use serde::{Serialize, de::DeserializeOwned};

use super::{Loading, ProblemPage};

/// Shows `show` once the answer is there. In the first HTML the answer is there already.
#[component]
pub(crate) fn Fetched<T>(
    /// The answer.
    of: Resource<Result<T, Problem>>,
    /// What it looks like.
    show: fn(T) -> AnyView,
) -> impl IntoView
where
    T: Clone + Serialize + DeserializeOwned + Send + Sync + 'static,
{
    view! {
        <Transition fallback=|| view! { <Loading rows=5/> }>
            {move || Suspend::new(async move {
                match of.await {
                    Ok(answer) => show(answer),
                    Err(problem) => view! { <ProblemPage problem/> }.into_any(),
                }
            })}
        </Transition>
    }
    .into_any()
}
