//! One WebSocket: its address, and frames in both directions.

use js_sys::{ArrayBuffer, Uint8Array};
use protocol::{
    TerminalId,
    frame::{ClientFrame, SUBPROTOCOL, ServerFrame},
};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{BinaryType, CloseEvent, MessageEvent, WebSocket};

/// What a socket reports.
pub(crate) enum SocketEvent {
    /// A frame arrived.
    Frame(ServerFrame),
    /// The socket closed, with code and reason.
    Closed(u16, String),
}

/// An open or opening socket. Dropping it closes it; no event follows.
pub(crate) struct Socket {
    raw: WebSocket,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_close: Closure<dyn FnMut(CloseEvent)>,
}

/// What to attach to.
pub(crate) struct Address<'a> {
    pub(crate) id: TerminalId,
    pub(crate) pane: &'a str,
    pub(crate) cols: u16,
    pub(crate) rows: u16,
    /// Position to resume from.
    pub(crate) from: Option<u64>,
}

impl Address<'_> {
    fn url(&self) -> String {
        let location = web_sys::window().map(|window| window.location());
        let read = |part: fn(&web_sys::Location) -> Result<String, JsValue>| {
            location.as_ref().and_then(|location| part(location).ok()).unwrap_or_default()
        };
        let scheme = if read(web_sys::Location::protocol) == "https:" { "wss" } else { "ws" };
        let Self { id, pane, cols, rows, from } = self;
        let from = from.map(|from| format!("&from={from}")).unwrap_or_default();
        let host = read(web_sys::Location::host);
        format!("{scheme}://{host}/api/terminals/{id}/attach?cols={cols}&rows={rows}&pane={pane}{from}")
    }
}

impl Socket {
    /// Starts to connect.
    ///
    /// # Errors
    /// The browser rejected the address.
    pub(crate) fn open(
        address: &Address<'_>,
        on_event: impl Fn(SocketEvent) + Clone + 'static,
    ) -> Result<Self, JsValue> {
        let raw = WebSocket::new_with_str(&address.url(), SUBPROTOCOL)?;
        raw.set_binary_type(BinaryType::Arraybuffer);
        let on_message = {
            let on_event = on_event.clone();
            Closure::new(move |event: MessageEvent| {
                let Ok(buffer) = event.data().dyn_into::<ArrayBuffer>() else { return };
                // Unknown frames of a newer server are ignored.
                if let Ok(frame) = ServerFrame::decode(&Uint8Array::new(&buffer).to_vec()) {
                    on_event(SocketEvent::Frame(frame));
                }
            })
        };
        let on_close =
            Closure::new(move |event: CloseEvent| on_event(SocketEvent::Closed(event.code(), event.reason())));
        raw.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        raw.set_onclose(Some(on_close.as_ref().unchecked_ref()));
        Ok(Self { raw, _on_message: on_message, _on_close: on_close })
    }

    /// Sends one frame. False when the socket is not open.
    pub(crate) fn send(&self, frame: &ClientFrame<'_>) -> bool {
        self.raw.ready_state() == WebSocket::OPEN && self.raw.send_with_u8_array(&frame.encode()).is_ok()
    }

    /// Bytes that the browser has queued for sending.
    pub(crate) fn buffered(&self) -> u32 {
        self.raw.buffered_amount()
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.raw.set_onmessage(None);
        self.raw.set_onclose(None);
        let _ = self.raw.close();
    }
}
