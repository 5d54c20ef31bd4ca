//! A button that opens a short list of actions. Arrow keys move, Escape and a click elsewhere close.

use leptos::{ev::KeyboardEvent, html::Div, prelude::*};

use super::when::When;
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, Node};

use crate::{browser, state::Hydrated};

/// The items that can be chosen.
const ITEMS: &str = "[role=menuitem]:not(:disabled)";

/// The menu. Its items are buttons or links with `role="menuitem"` and class `menu-item`.
#[component]
pub(crate) fn Menu(
    /// Name of the button for people who do not see it.
    #[prop(into)]
    label: Signal<String>,
    /// Class of the button.
    #[prop(default = "btn btn-icon btn-ghost")]
    class: &'static str,
    /// For tests.
    #[prop(default = "menu")]
    testid: &'static str,
    /// What the button shows.
    #[prop(into)]
    face: ViewFn,
    /// The items.
    children: ChildrenFn,
) -> impl IntoView {
    let open = RwSignal::new(false);
    let root = NodeRef::<Div>::new();
    let pending = Hydrated::pending();
    Effect::new(move |_| {
        browser::on_document("mousedown", move |event| {
            let target = event.target().and_then(|target| target.dyn_into::<Node>().ok());
            let inside = root.try_get_untracked().flatten().is_some_and(|root| root.contains(target.as_ref()));
            if !inside && open.try_get_untracked() == Some(true) {
                open.set(false);
            }
        });
    });
    // Not in the next frame: a key that comes before it would move from an item that has no focus yet.
    let (list, by_keyboard) = (NodeRef::<Div>::new(), StoredValue::new(false));
    Effect::new(move |_| {
        if let Some(list) = list.get().filter(|_| by_keyboard.get_value()) {
            browser::focus(list.query_selector(ITEMS).ok().flatten());
        }
    });
    let keys = move |event: KeyboardEvent| {
        if let Some(root) = root.get_untracked().filter(|_| open.get_untracked()) {
            steer(&event, &root, open);
        }
    };
    // The keyboard goes back to the button before the item does anything: a dialog that it opens gives it back there.
    let chosen = move |_| {
        browser::focus(root.get_untracked().and_then(|root| root.query_selector("button").ok().flatten()));
    };
    view! {
        <div class="menu" node_ref=root on:keydown=keys>
            <button
                r#type="button"
                class=class
                aria-label=move || label.get()
                aria-haspopup="menu"
                aria-expanded=move || open.get().to_string()
                disabled=pending
                on:click=move |event| {
                    // No button of a mouse was counted.
                    by_keyboard.set_value(event.detail() == 0);
                    open.update(|open| *open = !*open);
                }
                data-testid=testid
            >
                {face.run()}
            </button>
            <When when=move || open.get()>
                <div class="menu-list" role="menu" node_ref=list on:click:capture=chosen on:click=move |_| open.set(false)>{children()}</div>
            </When>
        </div>
    }
    .into_any()
}

fn steer(event: &KeyboardEvent, root: &HtmlElement, open: RwSignal<bool>) {
    let items = browser::all(root, ITEMS);
    let at = browser::focused_of(&items);
    let step: i32 = match event.key().as_str() {
        "Escape" => {
            open.set(false);
            browser::focus(root.query_selector("button").ok().flatten());
            return event.stop_propagation();
        }
        "ArrowDown" | "Home" => 1,
        "ArrowUp" | "End" => -1,
        "Tab" => return open.set(false),
        // Along the bar that the button stands in.
        "ArrowLeft" | "ArrowRight" if at.is_none() => return open.set(false),
        _ => return,
    };
    event.prevent_default();
    let count = items.len() as i32;
    if count == 0 {
        return;
    }
    let at = at.filter(|_| !matches!(event.key().as_str(), "Home" | "End"));
    let next = at.map_or(if step > 0 { 0 } else { count - 1 }, |at| (at as i32 + step).rem_euclid(count));
    let _ = items[next as usize].focus();
}
