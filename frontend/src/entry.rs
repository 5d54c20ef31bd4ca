//! Where the page starts. It refuses to know what a page looks like and how bytes travel.

use app::mount::TerminalMount;
use leptos::prelude::*;
use wasm_bindgen::prelude::wasm_bindgen;

/// Called by the page's start script.
#[wasm_bindgen]
pub fn hydrate() {
    std::panic::set_hook(Box::new(|info| {
        console_error_panic_hook::hook(info);
        // The style sheet shows a plain message instead of the page; the program cannot be trusted to draw any more.
        if let Some(root) = document().document_element() {
            let _ = root.set_attribute("data-broken", "");
        }
    }));
    leptos::mount::hydrate_body(|| {
        provide_context(TerminalMount::new(crate::bridge::mount));
        view! { <app::App/> }
    });
}
