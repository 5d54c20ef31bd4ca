//! Keys that are pressed while the emulator is being loaded.

use std::rc::Rc;

use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{Document, KeyboardEvent};

use super::state::Client;

/// Elements that use keys themselves.
const KEY_USERS: &str = "a, button, input, select, textarea, dialog *, [role=menu] *";

/// Passes text, Enter and Backspace to the client until it is dropped, unless an element with the focus uses them.
pub(super) struct EarlyKeys {
    document: Document,
    listener: Closure<dyn Fn(KeyboardEvent)>,
}

impl EarlyKeys {
    pub(super) fn listen(client: &Rc<Client>) -> Option<Self> {
        let document = web_sys::window()?.document()?;
        let (me, page) = (client.me.clone(), document.clone());
        let listener = Closure::<dyn Fn(KeyboardEvent)>::new(move |event: KeyboardEvent| {
            let used = page.active_element().is_some_and(|active| active.matches(KEY_USERS).unwrap_or(false));
            let client = me.upgrade().filter(|client| !used && !client.closed.get());
            if let (Some(text), Some(client)) = (text(&event), client) {
                event.prevent_default();
                client.on_input(text.into_bytes());
            }
        });
        document.add_event_listener_with_callback("keydown", listener.as_ref().unchecked_ref()).ok()?;
        Some(Self { document, listener })
    }
}

impl Drop for EarlyKeys {
    fn drop(&mut self) {
        let listener = self.listener.as_ref().unchecked_ref();
        let _ = self.document.remove_event_listener_with_callback("keydown", listener);
    }
}

fn text(event: &KeyboardEvent) -> Option<String> {
    if event.ctrl_key() || event.alt_key() || event.meta_key() || event.is_composing() {
        return None;
    }
    match event.key().as_str() {
        "Enter" => Some("\r".to_owned()),
        "Backspace" => Some("\x7f".to_owned()),
        key if key.chars().nth(1).is_none() => Some(key.to_owned()),
        _ => None,
    }
}
