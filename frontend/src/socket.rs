//! One WebSocket: its address, its frames out, its messages in. It refuses to know what they mean.

use js_sys::{ArrayBuffer, Uint8Array};
use protocol::{
    TerminalId,
    frame::{ClientFrame, SUBPROTOCOL, ServerFrame},
};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{BinaryType, CloseEvent, MessageEvent, WebSocket};

/// What a socket says.
pub(crate) enum Heard {
    /// One frame.
    Frame(ServerFrame),
    /// It is over, with code and reason.
    Closed(u16, String),
}

/// An open or opening socket. Dropping it closes it and silences it at once.
pub(crate) struct Socket {
    raw: WebSocket,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_close: Closure<dyn FnMut(CloseEvent)>,
}

/// Where a terminal is attached.
pub(crate) struct Address<'a> {
    pub(crate) id: TerminalId,
    pub(crate) pane: &'a str,
    pub(crate) cols: u16,
    pub(crate) rows: u16,
    /// Position already held.
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
    /// The browser refused the address (never in practice).
    pub(crate) fn open(address: &Address<'_>, hear: impl Fn(Heard) + Clone + 'static) -> Result<Self, JsValue> {
        let raw = WebSocket::new_with_str(&address.url(), SUBPROTOCOL)?;
        raw.set_binary_type(BinaryType::Arraybuffer);
        let on_message = {
            let hear = hear.clone();
            Closure::new(move |event: MessageEvent| {
                let Ok(buffer) = event.data().dyn_into::<ArrayBuffer>() else { return };
                // A frame of a newer server that this page does not know is left out, not a reason to break.
                if let Ok(frame) = ServerFrame::decode(&Uint8Array::new(&buffer).to_vec()) {
                    hear(Heard::Frame(frame));
                }
            })
        };
        let on_close = Closure::new(move |event: CloseEvent| hear(Heard::Closed(event.code(), event.reason())));
        raw.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        raw.set_onclose(Some(on_close.as_ref().unchecked_ref()));
        Ok(Self { raw, _on_message: on_message, _on_close: on_close })
    }

    /// Sends one frame; false when the socket is not open.
    pub(crate) fn send(&self, frame: &ClientFrame<'_>) -> bool {
        self.raw.ready_state() == WebSocket::OPEN && self.raw.send_with_u8_array(&frame.encode()).is_ok()
    }

    /// Bytes the browser holds back because the network is slower.
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
