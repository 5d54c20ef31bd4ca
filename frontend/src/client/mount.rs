//! Mounting: the emulator is loaded first, so that the first connection has the real size.

use std::rc::Rc;

use app::mount::{MountRequest, TerminalEvent, TerminalHandle};
use leptos::task::spawn_local;
use protocol::{Problem, ProblemKind};
use wasm_bindgen::{JsCast, closure::Closure};

use super::{early_keys::EarlyKeys, handle::Handle, state::Client};
use crate::emulator::EmulatorFactory;

/// Mounts a terminal.
pub(crate) fn mount(request: MountRequest) -> Rc<dyn TerminalHandle> {
    let client = Client::new(request);
    spawn_local(start(client.clone()));
    Rc::new(Handle(client))
}

async fn start(client: Rc<Client>) {
    let early_keys = EarlyKeys::listen(&client);
    let on_event = {
        let me = client.me.clone();
        move |event| {
            if let Some(client) = me.upgrade() {
                client.on_emulator_event(event);
            }
        }
    };
    let factory = EmulatorFactory::load(client.font_px.get()).await;
    drop(early_keys);
    if client.closed.get() {
        return; // The host element may hold another terminal by now.
    }
    match factory.and_then(|factory| factory.create(&client.host, client.font_px.get(), on_event)) {
        Ok(emulator) => {
            let (cols, rows) = emulator.size();
            client.emit(TerminalEvent::Size { cols, rows });
            emulator.focus_if_idle();
            client.emulator.replace(Some(emulator));
            let closure = Closure::<dyn Fn()>::new(client.callback(Client::on_chunk_parsed));
            client.on_parsed.replace(Some(closure.into_js_value().unchecked_into()));
            client.connect();
        }
        Err(error) => {
            web_sys::console::error_1(&error);
            client.close_with(Problem::new(
                ProblemKind::Unavailable,
                "The terminal's script could not be loaded. Check your connection and try again.",
            ));
        }
    }
}
