//! Elements, focus and text.

use js_sys::{JsString, Reflect};
use leptos::{html::Div, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::{Document, Element, HtmlElement, Window};

/// The window.
pub(crate) fn window() -> Window {
    web_sys::window().expect("called in the browser")
}

/// The document.
pub(crate) fn document() -> Document {
    window().document().expect("a window of the browser has a document")
}

/// Whether a media query matches now.
pub(crate) fn media_matches(query: &str) -> bool {
    window().match_media(query).ok().flatten().is_some_and(|list| list.matches())
}

/// Focuses an element.
pub(crate) fn focus(element: Option<Element>) {
    if let Some(element) = element.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        let _ = element.focus();
    }
}

/// Sets an attribute, or removes it for `None`.
pub(crate) fn set_or_remove_attribute(element: &Element, name: &str, value: Option<&str>) {
    let _ = match value {
        Some(value) => element.set_attribute(name, value),
        None => element.remove_attribute(name),
    };
}

/// The descendants of `root` that match, in document order.
pub(crate) fn query_all(root: &HtmlElement, selector: &str) -> Vec<HtmlElement> {
    let Ok(found) = root.query_selector_all(selector) else { return Vec::new() };
    (0..found.length()).filter_map(|i| found.item(i)?.dyn_into().ok()).collect()
}

/// Index of the focused element among `elements`.
pub(crate) fn focused_index(elements: &[HtmlElement]) -> Option<usize> {
    let active = document().active_element()?;
    elements.iter().position(|element| **element == active)
}

/// Whether no form field has the focus.
pub(crate) fn no_field_has_focus() -> bool {
    let active = document().active_element();
    !active.is_some_and(|active| matches!(active.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT"))
}

/// Focuses an element in the next animation frame, when the view is updated.
pub(crate) fn focus_next_frame(selector: impl Into<String>) {
    let selector = selector.into();
    request_animation_frame(move || focus(document().query_selector(&selector).ok().flatten()));
}

/// Scrolls an element into view after the next animation frame, no further than needed.
pub(crate) fn scroll_into_view(element: NodeRef<Div>) {
    request_animation_frame(move || {
        let Some(element) = element.try_get_untracked().flatten() else { return };
        let options = js_sys::Object::new();
        let _ = Reflect::set(&options, &"block".into(), &"nearest".into());
        // Called through reflection: the typed binding would enlarge the WASM file.
        if let Ok(scroll) = Reflect::get(&element, &"scrollIntoView".into()) {
            let _ = scroll.unchecked_into::<js_sys::Function>().call1(&element, &options);
        }
    });
}

/// Whether `text` contains `wanted`, ignoring case. Uses the browser's case mapping, which keeps Unicode tables out of
/// the WASM file.
pub(crate) fn contains_ignore_case(text: &str, wanted: &str) -> bool {
    let plain = |text: &str| JsString::from(text).to_lower_case();
    plain(text).includes(&String::from(plain(wanted)), 0)
}
