//! The few things pages need from the browser beyond elements: address bar, clipboard, downloads, listeners.
//! Called from events and effects only; nothing here runs on the server.

mod listen;
mod save;

pub(crate) use listen::{on_document, on_window};
pub(crate) use save::{copy_text, download_text, load_setting, save_setting, setting_key};

use js_sys::{JsString, Reflect};
use leptos::{html::Div, prelude::*};
use protocol::{Problem, ProblemKind};
use wasm_bindgen::JsCast;
use web_sys::{Document, Element, FormData, HtmlElement, HtmlFormElement, Window};

use crate::api::Encoded;

/// The window.
pub(crate) fn window() -> Window {
    web_sys::window().expect("called in the browser")
}

/// The document.
pub(crate) fn document() -> Document {
    window().document().expect("a window of the browser has a document")
}

/// Whether a media query holds now.
pub(crate) fn matches(query: &str) -> bool {
    window().match_media(query).ok().flatten().is_some_and(|list| list.matches())
}

/// Gives the keyboard to an element.
pub(crate) fn focus(element: Option<Element>) {
    if let Some(element) = element.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        let _ = element.focus();
    }
}

/// Gives an element an attribute, or takes it away.
pub(crate) fn set_or_remove(element: &Element, name: &str, value: Option<&str>) {
    let _ = match value {
        Some(value) => element.set_attribute(name, value),
        None => element.remove_attribute(name),
    };
}

/// The elements below one that fit, in their order.
pub(crate) fn all(root: &HtmlElement, selector: &str) -> Vec<HtmlElement> {
    let Ok(found) = root.query_selector_all(selector) else { return Vec::new() };
    (0..found.length()).filter_map(|i| found.item(i)?.dyn_into().ok()).collect()
}

/// Where among elements the keyboard is.
pub(crate) fn focused_of(elements: &[HtmlElement]) -> Option<usize> {
    let active = document().active_element()?;
    elements.iter().position(|element| **element == active)
}

/// Whether a text has another in it, whatever the case of either. The browser's own search: ours would bring its tables along.
pub(crate) fn tells(text: &str, wanted: &str) -> bool {
    let plain = |text: &str| JsString::from(text).to_lower_case();
    plain(text).includes(&String::from(plain(wanted)), 0)
}

/// Whether no field has the keyboard.
pub(crate) fn nothing_is_typed_into() -> bool {
    let active = document().active_element();
    !active.is_some_and(|active| matches!(active.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT"))
}

/// Gives the keyboard to an element that is there in a moment, when what had it goes away.
pub(crate) fn focus_soon(selector: impl Into<String>) {
    let selector = selector.into();
    request_animation_frame(move || focus(document().query_selector(&selector).ok().flatten()));
}

/// Scrolls an element into sight once it is drawn, no further than needed.
pub(crate) fn bring_into_sight(element: NodeRef<Div>) {
    request_animation_frame(move || {
        let Some(element) = element.try_get_untracked().flatten() else { return };
        let options = js_sys::Object::new();
        let _ = Reflect::set(&options, &"block".into(), &"nearest".into());
        // Called by its name: the bindings' own form of it would widen what is compiled of the browser's interface.
        if let Ok(scroll) = Reflect::get(&element, &"scrollIntoView".into()) {
            let _ = scroll.unchecked_into::<js_sys::Function>().call1(&element, &options);
        }
    });
}

/// Leaves this program for a page loaded anew: after login and logout nothing of the old session may stay in memory.
pub(crate) fn load_page(path: &str) {
    let _ = window().location().replace(path);
}

/// The last step of a form that leads to another page. It never ends: the form stays busy until that page is there.
///
/// # Errors
/// Never.
pub(crate) async fn leave_for(path: &str) -> Result<(), Problem> {
    load_page(path);
    std::future::pending().await
}

/// Replaces the address without loading, to take a one-time token out of the address bar and the history.
pub(crate) fn hide_query() {
    let window = window();
    let path = window.location().pathname().unwrap_or_default();
    if let Ok(history) = window.history() {
        let _ = history.replace_state_with_url(&wasm_bindgen::JsValue::NULL, "", Some(&path));
    }
}

/// When the login ended: goes to the login page and comes back here afterwards. True when it did; on the login page
/// itself there is nowhere to go.
pub(crate) fn left_for_login(problem: &Problem) -> bool {
    if problem.kind != ProblemKind::NotLoggedIn {
        return false;
    }
    let location = window().location();
    let here = location.pathname().unwrap_or_default();
    let leaves = here != "/login";
    if leaves {
        let here = here + &location.search().unwrap_or_default();
        load_page(&format!("/login?next={}&ended", Encoded(&here)));
    }
    leaves
}

/// A field of a form as it stands in the page: also right when a password manager or a person filled it in before the
/// program ran.
pub(crate) fn form_value(form: &HtmlFormElement, name: &str) -> String {
    FormData::new_with_form(form).ok().and_then(|data| data.get(name).as_string()).unwrap_or_default()
}

/// Puts a value into a field of a form.
pub(crate) fn set_form_value(form: &HtmlFormElement, name: &str, value: &str) {
    if let Ok(Some(field)) = form.query_selector(&format!("[name={name}]")) {
        let _ = Reflect::set(&field, &"value".into(), &value.into());
    }
}

/// Only paths of this site are followed after login. Browsers drop tabs and line ends from an address and take a backslash
/// for a slash, so what looks like a path with one of these may be another site; ours have none.
pub(crate) fn safe_next(next: Option<String>) -> String {
    let plain = |path: &String| path.bytes().all(|b| (0x21..0x7f).contains(&b) && b != b'\\');
    next.filter(|path| path.starts_with('/') && !path.starts_with("//")).filter(plain).unwrap_or_else(|| "/".to_owned())
}
