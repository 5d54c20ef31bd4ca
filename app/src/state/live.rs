//! The event stream: one connection while the page is in front, none while it is hidden. Browsers allow few
//! connections to one server, and a dozen forgotten tabs must not use them up.

use std::{cell::RefCell, rc::Rc};

use leptos::prelude::*;
use protocol::events::Event;
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{EventSource, MessageEvent, VisibilityState};

use super::{Clock, Terminals};
use crate::browser::{document, on_document, on_window};

type OnMessage = Closure<dyn FnMut(MessageEvent)>;

/// Follows `GET /api/events` until the owner is disposed.
pub(crate) fn listen(terminals: Terminals) {
    let on_message: Rc<OnMessage> = Rc::new(Closure::new(move |message: MessageEvent| {
        match message.type_().as_str() {
            "open" => return terminals.reload(),
            // Refused, and the browser will not try again: a login that ended is told by the list.
            "error" if message.target().is_some_and(|source| given_up(source.unchecked_ref())) => {
                return terminals.reload();
            }
            "error" => return,
            _ => {}
        }
        let text = message.data().as_string().unwrap_or_default();
        if let Ok(event) = serde_json::from_str::<Event>(&text) {
            apply(terminals, event);
        }
    }));
    let source: Rc<RefCell<Option<EventSource>>> = Rc::default();
    let follow = {
        let (source, on_message) = (source.clone(), on_message.clone());
        move || {
            let visible = document().visibility_state() == VisibilityState::Visible;
            let mut source = source.borrow_mut();
            match source.take() {
                Some(open) if visible && !given_up(&open) => *source = Some(open),
                Some(_) if visible => *source = open(&on_message),
                Some(open) => open.close(),
                None if visible => *source = open(&on_message),
                None => {}
            }
        }
    };
    follow();
    // Any answer but a stream ends it for the browser, also that of a proxy whose server is just being started again.
    let quarter = expect_context::<Clock>().quarter;
    let again = follow.clone();
    Effect::new(move |_| {
        quarter.track();
        again();
    });
    on_document("visibilitychange", move |_| follow());
    on_window("storage", move |event| terminals.hear(event.unchecked_ref()));
    let source = send_wrapper::SendWrapper::new((source, on_message));
    on_cleanup(move || {
        if let Some(open) = source.0.borrow_mut().take() {
            open.close();
        }
    });
}

fn open(on_message: &OnMessage) -> Option<EventSource> {
    let source = EventSource::new("/api/events").ok()?;
    // "open" comes first and again after every lost connection: what happened in between is read from the list.
    for kind in ["open", "error", "terminal", "progress", "deleted", "resync"] {
        let _ = source.add_event_listener_with_callback(kind, on_message.as_ref().unchecked_ref());
    }
    Some(source)
}

/// Whether the browser will not connect again by itself.
fn given_up(source: &EventSource) -> bool {
    source.ready_state() == EventSource::CLOSED
}

fn apply(terminals: Terminals, event: Event) {
    match event {
        Event::Terminal { terminal } => terminals.put(terminal),
        Event::Progress { id, stage } => terminals.advance(id, stage),
        Event::Deleted { id, error } => {
            if let Some(reason) = error {
                terminals.fail(id, reason);
            }
            terminals.remove(id);
        }
        Event::Resync => terminals.reload(),
    }
}
