//! The WASM entry point.
use wasm_bindgen::prelude::wasm_bindgen;

/// Called by the page's hydration script.
#[wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_body(app::App);
}
