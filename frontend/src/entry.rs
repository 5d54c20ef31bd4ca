//! The entry point that the page's start script calls.

use app::mount::TerminalMount;
use leptos::prelude::*;
use wasm_bindgen::prelude::wasm_bindgen;

/// Hydrates the page.
#[wasm_bindgen]
pub fn hydrate() {
    std::panic::set_hook(Box::new(|info| {
        console_error_panic_hook::hook(info);
        // After a panic the program cannot render any more; with this attribute the style sheet shows a message.
        if let Some(root) = document().document_element() {
            let _ = root.set_attribute("data-broken", "");
        }
    }));
    leptos::mount::hydrate_body(|| {
        provide_context(TerminalMount::new(crate::client::mount));
        view! { <app::App/> }
    });
}
