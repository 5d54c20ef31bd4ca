//! Placeholder.

use leptos::prelude::*;
/// `/admin/:section?`.
#[component]
pub(crate) fn Admin() -> impl IntoView {}
