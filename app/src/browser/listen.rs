//! Event listeners that are removed with their owner.

use leptos::prelude::on_cleanup;
use send_wrapper::SendWrapper;
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{Event, EventTarget};

use super::dom::{document, window};

/// Listens on the document until the owner is disposed.
pub(crate) fn on_document(name: &'static str, handler: impl FnMut(Event) + 'static) {
    listen(document().into(), name, Box::new(handler));
}

/// Listens on the window until the owner is disposed.
pub(crate) fn on_window(name: &'static str, handler: impl FnMut(Event) + 'static) {
    listen(window().into(), name, Box::new(handler));
}

fn listen(target: EventTarget, name: &'static str, handler: Box<dyn FnMut(Event)>) {
    let closure = Closure::wrap(handler);
    let _ = target.add_event_listener_with_callback(name, closure.as_ref().unchecked_ref());
    let held = SendWrapper::new((target, closure));
    on_cleanup(move || {
        let (target, closure) = &*held;
        let _ = target.remove_event_listener_with_callback(name, closure.as_ref().unchecked_ref());
    });
}
