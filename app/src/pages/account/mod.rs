//! Placeholder.

use leptos::prelude::*;
/// `/account/:section?`.
#[component]
pub(crate) fn Account() -> impl IntoView {}
