//! A button that opens a menu. Arrow keys move, Escape and a click outside close it.

use leptos::{
    ev::{KeyboardEvent, MouseEvent},
    html::Div,
    prelude::*,
};

use super::show::Show;
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, Node};

use crate::{browser, state::Hydrated};

/// The enabled items.
const ITEMS: &str = "[role=menuitem]:not(:disabled)";

/// The menu. Items are buttons or links with `role="menuitem"` and class `menu-item`.
#[component]
pub(crate) fn Menu(
    /// `aria-label` of the button.
    #[prop(into)]
    label: Signal<String>,
    /// Class of the button.
    #[prop(default = "btn btn-icon btn-ghost")]
    class: &'static str,
    /// `data-testid`.
    #[prop(default = "menu")]
    testid: &'static str,
    /// Content of the button.
    #[prop(into)]
    button: ViewFn,
    /// The items.
    children: ChildrenFn,
) -> impl IntoView {
    let open = RwSignal::new(false);
    let root = NodeRef::<Div>::new();
    let pending = Hydrated::pending();
    close_on_outside_click(root, open);
    let (list, by_keyboard) = (NodeRef::<Div>::new(), StoredValue::new(false));
    focus_first_item(list, by_keyboard);
    let keys = move |event: KeyboardEvent| {
        if let Some(root) = root.get_untracked().filter(|_| open.get_untracked()) {
            handle_key(&event, &root, open);
        }
    };
    // The focus returns to the button before the item acts, so that a dialog opened by the item restores it to the
    // button.
    let on_choose = move |_| {
        browser::focus(root.get_untracked().and_then(|root| root.query_selector("button").ok().flatten()));
    };
    let toggle = move |event: MouseEvent| {
        // A click count of zero means that the keyboard triggered the click.
        by_keyboard.set_value(event.detail() == 0);
        open.update(|open| *open = !*open);
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
                on:click=toggle
                data-testid=testid
            >
                {button.run()}
            </button>
            <Show when=move || open.get()>
                <div
                    class="menu-list"
                    role="menu"
                    node_ref=list
                    on:click:capture=on_choose
                    on:click=move |_| open.set(false)
                >
                    {children()}
                </div>
            </Show>
        </div>
    }
    .into_any()
}

fn close_on_outside_click(root: NodeRef<Div>, open: RwSignal<bool>) {
    Effect::new(move |_| {
        browser::on_document("mousedown", move |event| {
            let target = event.target().and_then(|target| target.dyn_into::<Node>().ok());
            let inside = root.try_get_untracked().flatten().is_some_and(|root| root.contains(target.as_ref()));
            if !inside && open.try_get_untracked() == Some(true) {
                open.set(false);
            }
        });
    });
}

/// Focus moves when the list is mounted, not one frame later: a key pressed in between would find no focused item.
fn focus_first_item(list: NodeRef<Div>, by_keyboard: StoredValue<bool>) {
    Effect::new(move |_| {
        if let Some(list) = list.get().filter(|_| by_keyboard.get_value()) {
            browser::focus(list.query_selector(ITEMS).ok().flatten());
        }
    });
}

fn handle_key(event: &KeyboardEvent, root: &HtmlElement, open: RwSignal<bool>) {
    let items = browser::query_all(root, ITEMS);
    let at = browser::focused_index(&items);
    let step: i32 = match event.key().as_str() {
        "Escape" => {
            open.set(false);
            browser::focus(root.query_selector("button").ok().flatten());
            return event.stop_propagation();
        }
        "ArrowDown" | "Home" => 1,
        "ArrowUp" | "End" => -1,
        "Tab" => return open.set(false),
        // Left and right move between the controls of a surrounding toolbar.
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
