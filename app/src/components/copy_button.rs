//! A button that copies a text.

use std::time::Duration;

use leptos::{prelude::*, task::spawn_local};

use super::{Glyph, Icon};
use crate::{browser, state::Toasts};

/// Copies `text`; the label confirms it for two seconds.
#[component]
pub(crate) fn CopyButton(
    /// The text to copy.
    #[prop(into)]
    text: Signal<String>,
    /// Label.
    #[prop(default = "Copy")]
    label: &'static str,
    /// Class of the button.
    #[prop(default = "btn btn-small")]
    class: &'static str,
    /// `data-testid`.
    #[prop(default = "copy")]
    testid: &'static str,
) -> impl IntoView {
    let copied = RwSignal::new(false);
    let toasts = Toasts::get();
    let copy = move |_| {
        spawn_local(async move {
            if browser::copy_text(&text.get_untracked()).await {
                copied.set(true);
                set_timeout(
                    move || {
                        let _ = copied.try_set(false);
                    },
                    Duration::from_secs(2),
                );
            } else {
                toasts.info("Not copied", "The browser did not allow it. Select the text and copy it by hand.");
            }
        });
    };
    view! {
        <button r#type="button" class=class on:click=copy data-testid=testid>
            {move || {
                if copied.get() {
                    view! { <Icon glyph=Glyph::Check /> }
                } else {
                    view! { <Icon glyph=Glyph::Copy /> }
                }
            }}
            <span aria-live="polite">{move || if copied.get() { "Copied" } else { label }}</span>
        </button>
    }
    .into_any()
}
