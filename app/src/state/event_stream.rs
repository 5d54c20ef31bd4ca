//! The event stream: one connection while the page is visible, none while it is hidden. Browsers limit the connections
//! per server, and hidden tabs must not use them up.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    time::Duration,
};

use leptos::prelude::*;
use protocol::events::Event;
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{EventSource, MessageEvent, VisibilityState};

use super::{Clock, Terminals};
use crate::browser::{document, on_document, on_window};

/// Delay until a stream that was rejected after a working one is opened again. Further attempts are made every quarter
/// minute, so a server that rejects all of them is not flooded.
const RETRY_DELAY: Duration = Duration::from_secs(2);

type OnMessage = Closure<dyn FnMut(MessageEvent)>;

/// Follows `GET /api/events` until the owner is disposed.
pub(crate) fn follow_events(terminals: Terminals) {
    let retry = ArcTrigger::new();
    let retried = retry.clone();
    let may_retry = Cell::new(true);
    let on_message: Rc<OnMessage> = Rc::new(Closure::new(move |message: MessageEvent| {
        match message.type_().as_str() {
            "open" => {
                may_retry.set(true);
                return terminals.reload();
            }
            // Rejected, and the browser will not reconnect. Reloading the list detects an expired login. A cookie that
            // was replaced while the stream was being opened is rejected as well, and the new one is there soon.
            "error" if message.target().is_some_and(|source| is_closed(source.unchecked_ref())) => {
                if may_retry.replace(false) {
                    let retry = retry.clone();
                    set_timeout(move || retry.notify(), RETRY_DELAY);
                }
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
    let update_connection = {
        let (source, on_message) = (source.clone(), on_message.clone());
        move || {
            let visible = document().visibility_state() == VisibilityState::Visible;
            let mut source = source.borrow_mut();
            match source.take() {
                Some(open) if visible && !is_closed(&open) => *source = Some(open),
                Some(_) if visible => *source = open(&on_message),
                Some(open) => open.close(),
                None if visible => *source = open(&on_message),
                None => {}
            }
        }
    };
    update_connection();
    // The browser stops reconnecting after any response that is not a stream, for example one of a proxy while the
    // server restarts.
    let quarter_minute = expect_context::<Clock>().quarter_minute;
    let reconnect = update_connection.clone();
    Effect::new(move |_| {
        quarter_minute.track();
        retried.track();
        reconnect();
    });
    on_document("visibilitychange", move |_| update_connection());
    on_window("storage", move |event| terminals.on_storage_event(event.unchecked_ref()));
    let source = send_wrapper::SendWrapper::new((source, on_message));
    on_cleanup(move || {
        if let Some(open) = source.0.borrow_mut().take() {
            open.close();
        }
    });
}

fn open(on_message: &OnMessage) -> Option<EventSource> {
    let source = EventSource::new("/api/events").ok()?;
    // "open" is sent at first and after each reconnect; reloading the list replaces the events missed in between.
    for kind in ["open", "error", "terminal", "progress", "deleted", "resync"] {
        let _ = source.add_event_listener_with_callback(kind, on_message.as_ref().unchecked_ref());
    }
    Some(source)
}

/// Whether the browser no longer reconnects.
fn is_closed(source: &EventSource) -> bool {
    source.ready_state() == EventSource::CLOSED
}

fn apply(terminals: Terminals, event: Event) {
    match event {
        Event::Terminal { terminal } => terminals.put(terminal),
        Event::Progress { id, stage } => terminals.set_progress(id, stage),
        Event::Deleted { id, error } => {
            if let Some(reason) = error {
                terminals.set_failure(id, reason);
            }
            terminals.remove(id);
        }
        Event::Resync => terminals.reload(),
    }
}
