//! A modal dialog. Focus trap, Escape and backdrop come from the browser's `<dialog>`.

use leptos::{html, prelude::*};

use super::show::Show;

use super::{Glyph, Icon, unique_id};
use crate::browser;

/// The control that gets the focus when a dialog opens. In confirmations this is the button that cancels.
const FIRST_CONTROL: &str = ".dialog-head ~ * :is(input, button, a[href]):not(:disabled)";

/// Open while `open` is true. The content exists only then, so no input of an earlier use remains.
#[component]
pub(crate) fn Dialog(
    /// Whether it is open; set to false when the user closes it.
    open: RwSignal<bool>,
    /// Heading.
    #[prop(into)]
    title: Signal<String>,
    /// A click on the backdrop does not close it.
    #[prop(optional)]
    persistent: bool,
    /// Whether Escape and the close button close it; by default they do unless it is persistent.
    #[prop(into, optional)]
    closable: Option<Signal<bool>>,
    /// Wide layout.
    #[prop(optional)]
    wide: bool,
    /// `data-testid`.
    #[prop(default = "dialog")]
    testid: &'static str,
    /// Content.
    children: ChildrenFn,
) -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    show_while_open(dialog, open);
    let closable = move || closable.map_or(!persistent, |closable| closable.get());
    let heading = unique_id(testid);
    let labelled = heading.clone();
    view! {
        <dialog
            node_ref=dialog
            class="dialog"
            class:dialog-wide=wide
            aria-labelledby=labelled
            closedby=move || (!closable()).then_some("none")
            // Browsers fire `cancel` only once before they close; preventing the key avoids that.
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
                if on_backdrop && !persistent {
                    open.set(false);
                }
            }
            data-testid=testid
        >
            <div class="dialog-box">
                <Head id=heading.clone() title open closable=Signal::derive(closable) />
                <Show when=move || open.get()>{children()}</Show>
            </div>
        </dialog>
    }
    .into_any()
}

#[component]
fn Head(id: String, title: Signal<String>, open: RwSignal<bool>, closable: Signal<bool>) -> impl IntoView {
    view! {
        <header class="dialog-head">
            <h2 id=id class="dialog-title">
                {move || title.get()}
            </h2>
            <Show when=move || closable.get()>
                <button
                    r#type="button"
                    class="btn btn-icon btn-ghost"
                    aria-label="Close"
                    on:click=move |_| open.set(false)
                    data-testid="dialog-close"
                >
                    <Icon glyph=Glyph::Close />
                </button>
            </Show>
        </header>
    }
    .into_any()
}

fn show_while_open(dialog: NodeRef<html::Dialog>, open: RwSignal<bool>) {
    Effect::new(move |_| {
        let Some(dialog) = dialog.get() else { return };
        match (open.get(), dialog.open()) {
            (true, false) => {
                let _ = dialog.show_modal();
                // The content is rendered later; until then only the close button could get the focus.
                request_animation_frame(move || {
                    let first = dialog.query_selector(FIRST_CONTROL).ok().flatten();
                    let focused = dialog.query_selector(".dialog-head ~ * :focus").is_ok_and(|found| found.is_some());
                    browser::focus(first.filter(|_| !focused));
                });
            }
            (false, true) => dialog.close(),
            _ => {}
        }
    });
}
