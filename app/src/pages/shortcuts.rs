//! Keyboard shortcuts of the pages, and the sheet that lists them. The terminal's own keys are its own.

use leptos::prelude::*;
use leptos_router::{NavigateOptions, hooks::use_navigate};
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, KeyboardEvent};

use crate::{browser, components::Dialog};

/// Listens for single keys while nobody is typing anywhere.
#[component]
pub(super) fn Shortcuts(
    /// Opens the sheet.
    help: RwSignal<bool>,
) -> impl IntoView {
    let navigate = use_navigate();
    Effect::new(move |_| {
        let navigate = navigate.clone();
        browser::on_document("keydown", move |event| {
            let event: KeyboardEvent = event.unchecked_into();
            if event.ctrl_key() || event.meta_key() || event.alt_key() || is_typing() {
                return;
            }
            match event.key().as_str() {
                _ if browser::load_setting(SETTING).is_some() => return,
                "?" => help.set(true),
                "/" => press("[data-testid=filter]", false),
                "n" => press("[data-testid=new-terminal]", true),
                "t" => navigate("/", NavigateOptions::default()),
                _ => return,
            }
            event.prevent_default();
        });
    });
}

fn is_typing() -> bool {
    let Some(active) = browser::document().active_element() else { return false };
    let tag = active.tag_name();
    // Beside a terminal that lost the keyboard a key is meant for it; nobody wants to be thrown out by a letter.
    let in_terminal = browser::document().query_selector(".terminal-host").is_ok_and(|found| found.is_some());
    if in_terminal && tag == "BODY" {
        return true;
    }
    let ticked = matches!(active.get_attribute("type").as_deref(), Some("checkbox" | "radio"));
    let editable = matches!(tag.as_str(), "INPUT" | "TEXTAREA" | "SELECT") && !ticked;
    // A dialog that was just closed keeps the focus until the next frame is drawn.
    editable || active.closest("dialog[open], .terminal-host").ok().flatten().is_some()
}

fn press(selector: &str, click: bool) {
    let found = browser::document().query_selector(selector).ok().flatten();
    if let Some(element) = found.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        let _ = element.focus();
        if click {
            element.click();
        }
    }
}

/// Kept in this browser when single keys shall do nothing: some people speak to their computer, which types.
const SETTING: &str = "keys-off";

const SHEET: [(&str, &[(&str, &str)]); 3] = [
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

/// The sheet.
#[component]
pub(super) fn ShortcutsHelp(
    /// Whether it is open.
    open: RwSignal<bool>,
) -> impl IntoView {
    let switch =
        |event: web_sys::Event| browser::save_setting(SETTING, (!event_target_checked(&event)).then_some("yes"));
    view! {
        <Dialog open title="Keyboard shortcuts".to_owned() testid="shortcuts-sheet">
            <label class="check">
                <input r#type="checkbox" prop:checked=move || browser::load_setting(SETTING).is_none() on:change=switch data-testid="single-keys"/>
                <span>"Single keys work as shortcuts"</span>
            </label>
            {SHEET.into_iter().map(|(title, rows)| view! {
                <section class="keys">
                    <h3 class="keys-title">{title}</h3>
                    <dl>
                        {rows.iter().map(|(key, does)| view! { <div><dt><kbd>{*key}</kbd></dt><dd>{*does}</dd></div> }).collect_view()}
                    </dl>
                </section>
            }).collect_view()}
        </Dialog>
    }
    .into_any()
}
