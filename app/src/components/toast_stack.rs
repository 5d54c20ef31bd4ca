//! The visible toasts.

use leptos::prelude::*;

use super::{Glyph, Icon};
use crate::state::{Toast, Toasts, Tone};

/// Shows [`Toasts`] in a polite live region.
#[component]
pub(crate) fn ToastStack() -> impl IntoView {
    let toasts = Toasts::get();
    view! {
        <div class="toasts" role="status" aria-live="polite" data-testid="toasts">
            <For each=move || toasts.list.get() key=|toast| toast.id let:toast>
                <ToastCard toast />
            </For>
        </div>
    }
    .into_any()
}

#[component]
fn ToastCard(toast: Toast) -> impl IntoView {
    let toasts = Toasts::get();
    let (glyph, class) = match toast.tone {
        Tone::Success => (Glyph::Check, "toast toast-good"),
        Tone::Info => (Glyph::Pulse, "toast"),
        Tone::Error => (Glyph::Warning, "toast toast-bad"),
    };
    let id = toast.id;
    view! {
        <div class=class data-testid="toast">
            <Icon glyph />
            <div class="toast-body">
                <p class="toast-title">{toast.title}</p>
                {(!toast.detail.is_empty()).then(|| view! { <p>{toast.detail}</p> })}
            </div>
            <button
                r#type="button"
                class="btn btn-icon btn-ghost btn-small"
                aria-label="Dismiss"
                on:click=move |_| toasts.dismiss(id)
            >
                <Icon glyph=Glyph::Close />
            </button>
        </div>
    }
    .into_any()
}
