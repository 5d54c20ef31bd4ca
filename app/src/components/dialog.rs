//! A modal dialog on the browser's own `<dialog>`: focus trap, Escape and the backdrop come from there.

use leptos::{html, prelude::*};

use super::when::When;

use super::{Glyph, Icon, unique};
use crate::browser;

/// What has the keyboard when a dialog opens: the first thing below its head. Of the buttons of a
/// question the safe one comes first.
const FIRST: &str = ".dialog-head ~ * :is(input, button, a[href]):not(:disabled)";

/// Opens while `open` is true. Its content exists only then, so every opening starts afresh and nothing typed stays.
#[component]
pub(crate) fn Dialog(
    /// Whether it is open; set to false when the person closes it.
    open: RwSignal<bool>,
    /// Heading.
    #[prop(into)]
    title: Signal<String>,
    /// A click beside it does not close it.
    #[prop(optional)]
    firm: bool,
    /// Escape and the cross close it; without a word they do unless it is firm. What is shown once has only its own buttons.
    #[prop(into, optional)]
    closable: Option<Signal<bool>>,
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
            (true, false) => {
                let _ = dialog.show_modal();
                // Its content comes a moment later; until then only Close can have the keyboard.
                request_animation_frame(move || {
                    let first = dialog.query_selector(FIRST).ok().flatten();
                    let taken = dialog.query_selector(".dialog-head ~ * :focus").is_ok_and(|found| found.is_some());
                    browser::focus(first.filter(|_| !taken));
                });
            }
            (false, true) => dialog.close(),
            _ => {}
        }
    });
    let closable = move || closable.map_or(!firm, |closable| closable.get());
    let heading = unique(testid);
    let labelled = heading.clone();
    view! {
        <dialog
            node_ref=dialog
            class="dialog"
            class:dialog-wide=wide
            aria-labelledby=labelled
            closedby=move || (!closable()).then_some("none")
            // A browser asks only once before it closes; a key that was taken never reaches it.
            on:keydown=move |event: web_sys::KeyboardEvent| {
                if !closable() && event.key() == "Escape" {
                    event.prevent_default();
                }
            }
            on:close=move |_| open.set(false)
            on:cancel=move |event: web_sys::Event| {
                if !closable() {
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
                    <When when=closable>
                        <button r#type="button" class="btn btn-icon btn-ghost" aria-label="Close" on:click=move |_| open.set(false) data-testid="dialog-close">
                            <Icon glyph=Glyph::Close/>
                        </button>
                    </When>
                </header>
                <When when=move || open.get()>{children()}</When>
            </div>
        </dialog>
    }
    .into_any()
}
