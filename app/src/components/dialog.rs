//! A modal dialog on the browser's own `<dialog>`: focus trap, Escape and the backdrop come from there.

use leptos::{html, prelude::*};

use super::when::When;

use super::{Glyph, Icon};

/// Opens while `open` is true. Its content exists only then, so every opening starts afresh and nothing typed stays.
#[component]
pub(crate) fn Dialog(
    /// Whether it is open; set to false when the person closes it.
    open: RwSignal<bool>,
    /// Heading.
    #[prop(into)]
    title: Signal<String>,
    /// It holds something that is shown once: only its own buttons close it.
    #[prop(optional)]
    firm: bool,
    /// More room.
    #[prop(optional)]
    wide: bool,
    /// For tests.
    #[prop(default = "dialog")]
    testid: &'static str,
    /// Content.
    children: ChildrenFn,
) -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    Effect::new(move |_| {
        let Some(dialog) = dialog.get() else { return };
        match (open.get(), dialog.open()) {
            (true, false) => drop(dialog.show_modal()),
            (false, true) => dialog.close(),
            _ => {}
        }
    });
    let heading = format!("{testid}-title");
    let labelled = heading.clone();
    view! {
        <dialog
            node_ref=dialog
            class="dialog"
            class:dialog-wide=wide
            aria-labelledby=labelled
            on:close=move |_| open.set(false)
            on:cancel=move |event: web_sys::Event| {
                if firm {
                    event.prevent_default();
                }
            }
            on:mousedown=move |event| {
                let on_backdrop = event.target() == event.current_target();
                if on_backdrop && !firm {
                    open.set(false);
                }
            }
            data-testid=testid
        >
            <div class="dialog-box">
                <header class="dialog-head">
                    <h2 id=heading.clone() class="dialog-title">{move || title.get()}</h2>
                    <button r#type="button" class="btn btn-icon btn-ghost" aria-label="Close" on:click=move |_| open.set(false) data-testid="dialog-close">
                        <Icon glyph=Glyph::Close/>
                    </button>
                </header>
                <When when=move || open.get()>{children()}</When>
            </div>
        </dialog>
    }
    .into_any()
}
