//! Keyboard shortcuts of the pages, and the dialog that lists them. The keys of the terminal are handled in
//! `frontend/xterm`.

use leptos::prelude::*;
use leptos_router::{NavigateOptions, hooks::use_navigate};
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, KeyboardEvent};

use crate::{browser, components::Dialog};

/// Handles single-key shortcuts while no text input has the focus.
#[component]
pub(super) fn Shortcuts(
    /// Set to open the dialog.
    help: RwSignal<bool>,
) -> impl IntoView {
    let navigate = use_navigate();
    Effect::new(move |_| {
        let navigate = navigate.clone();
        browser::on_document("keydown", move |event| {
            let event: KeyboardEvent = event.unchecked_into();
            if event.ctrl_key() || event.meta_key() || event.alt_key() || keys_are_in_use() {
                return;
            }
            match event.key().as_str() {
                _ if browser::load_setting(DISABLED_SETTING).is_some() => return,
                "?" => help.set(true),
                "/" => focus_and_click("[data-testid=filter]", false),
                "n" => focus_and_click("[data-testid=new-terminal]", true),
                "t" => navigate("/", NavigateOptions::default()),
                _ => return,
            }
            event.prevent_default();
        });
    });
}

fn keys_are_in_use() -> bool {
    let Some(active) = browser::document().active_element() else { return false };
    let tag = active.tag_name();
    // On the terminal page, a key without a focused element is meant for the terminal and must not leave the page.
    let in_terminal = browser::document().query_selector(".terminal-host").is_ok_and(|found| found.is_some());
    if in_terminal && tag == "BODY" {
        return true;
    }
    let ticked = matches!(active.get_attribute("type").as_deref(), Some("checkbox" | "radio"));
    let editable = matches!(tag.as_str(), "INPUT" | "TEXTAREA" | "SELECT") && !ticked;
    // A dialog that was just closed keeps the focus until the next frame.
    editable || active.closest("dialog[open], .terminal-host").ok().flatten().is_some()
}

fn focus_and_click(selector: &str, click: bool) {
    let found = browser::document().query_selector(selector).ok().flatten();
    if let Some(element) = found.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        let _ = element.focus();
        if click {
            element.click();
        }
    }
}

/// Setting that turns single-key shortcuts off. Speech input types letters (WCAG 2.1.4).
const DISABLED_SETTING: &str = "keys-off";

const SHORTCUTS: [(&str, &[(&str, &str)]); 3] = [
    (
        "Everywhere",
        &[("?", "This sheet"), ("T", "To the terminals"), ("N", "New terminal"), ("/", "Filter the terminals")],
    ),
    (
        "In a terminal",
        &[
            ("Ctrl + Shift + C", "Copy the selection"),
            ("Ctrl + C", "Copy when text is selected, else interrupt"),
            ("Ctrl + Shift + V", "Paste"),
            ("Ctrl + Shift + F", "Search"),
            ("Ctrl + F6", "Leave the terminal for the toolbar (also Ctrl + Shift + Esc)"),
        ],
    ),
    ("In menus, toolbars and dialogs", &[("↑ ↓ ← →", "Move"), ("Esc", "Close")]),
];

/// The dialog.
#[component]
pub(super) fn ShortcutsDialog(
    /// Whether it is open.
    open: RwSignal<bool>,
) -> impl IntoView {
    let toggle = |event: web_sys::Event| {
        browser::save_setting(DISABLED_SETTING, (!event_target_checked(&event)).then_some("yes"))
    };
    view! {
        <Dialog open title="Keyboard shortcuts".to_owned() testid="shortcuts-sheet">
            <label class="check">
                <input
                    r#type="checkbox"
                    prop:checked=move || browser::load_setting(DISABLED_SETTING).is_none()
                    on:change=toggle
                    data-testid="single-keys"
                />
                <span>"Single keys work as shortcuts"</span>
            </label>
            {SHORTCUTS
                .into_iter()
                .map(|(title, rows)| {
                    view! {
                        <section class="keys">
                            <h3 class="keys-title">{title}</h3>
                            <dl>
                                {rows
                                    .iter()
                                    .map(|(key, description)| {
                                        view! {
                                            <div>
                                                <dt>
                                                    <kbd>{*key}</kbd>
                                                </dt>
                                                <dd>{*description}</dd>
                                            </div>
                                        }
                                    })
                                    .collect_view()}
                            </dl>
                        </section>
                    }
                })
                .collect_view()}
        </Dialog>
    }
    .into_any()
}
