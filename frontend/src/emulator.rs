//! Bindings of the emulator's JavaScript (`frontend/xterm`).
//!
//! The `Terminal` type of xterm-js-rs is used for method calls only. Its constructors import npm modules of an old
//! major version, which would break the module graph of the page, so the bundle creates the object. Newer parts
//! (writes with a callback, search, appearance) are bound here.

use js_sys::{Function, Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue, closure::Closure, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;
use web_sys::HtmlElement;
use xterm_js_rs::Terminal;

// The address is an argument, so that no bundler resolves it: the bundle is fetched when the first terminal opens.
#[wasm_bindgen(inline_js = "export function load_module(url) { return import(url); }")]
extern "C" {
    fn load_module(url: &str) -> Promise;
}

#[wasm_bindgen]
extern "C" {
    /// `RexecTerminal` of `xterm/terminal.ts`.
    pub(crate) type Emulator;

    /// xterm's own object. Do not use `instanceof` or casts on it: they would import the module of its old name.
    #[wasm_bindgen(method, getter)]
    pub(crate) fn term(this: &Emulator) -> Terminal;
    #[wasm_bindgen(method)]
    pub(crate) fn write(this: &Emulator, bytes: &Uint8Array, parsed: &Function);
    /// Replaces the content by a screen that was rendered for this many columns and rows.
    #[wasm_bindgen(method)]
    pub(crate) fn redraw(this: &Emulator, bytes: &Uint8Array, cols: u16, rows: u16, parsed: &Function);
    #[wasm_bindgen(method, js_name = setFont)]
    pub(crate) fn set_font(this: &Emulator, px: u16);
    #[wasm_bindgen(method)]
    pub(crate) fn copy(this: &Emulator) -> bool;
    #[wasm_bindgen(method, js_name = copyVisible)]
    pub(crate) fn copy_visible(this: &Emulator);
    #[wasm_bindgen(method, js_name = pasteClipboard)]
    pub(crate) fn paste_clipboard(this: &Emulator);
    #[wasm_bindgen(method)]
    pub(crate) fn find(this: &Emulator, text: &str, backwards: bool);
    #[wasm_bindgen(method, js_name = endSearch)]
    pub(crate) fn end_search(this: &Emulator);
    #[wasm_bindgen(method)]
    pub(crate) fn dispose(this: &Emulator);
}

/// Elements that keep the focus when a terminal opens.
const FOCUS_KEEPERS: &str = "input, select, textarea, dialog *, [role=menu] *, [aria-expanded=true]";

impl Emulator {
    /// Columns and rows, clamped to 16 bits.
    pub(crate) fn size(&self) -> (u16, u16) {
        let term = self.term();
        let bounded = |n: u32| u16::try_from(n).unwrap_or(u16::MAX);
        (bounded(term.get_cols()), bounded(term.get_rows()))
    }

    /// Focuses the terminal, unless a control of the page that the user is using has the focus.
    pub(crate) fn focus_if_idle(&self) {
        let active = web_sys::window().and_then(|window| window.document()).and_then(|page| page.active_element());
        let busy = active.is_some_and(|active| active.matches(FOCUS_KEEPERS).unwrap_or(false));
        if !busy {
            self.term().focus();
        }
    }
}

/// What the emulator reports.
pub(crate) enum EmulatorEvent {
    /// Bytes for the shell that the user typed or pasted.
    Input(Vec<u8>),
    /// Bytes for the shell that the emulator sends by itself.
    Reply(Vec<u8>),
    /// The size changed to these columns and rows.
    Resized(u16, u16),
    /// Whether text is selected.
    Selected(bool),
    /// Search: index of the shown match (-1: none) and the number of matches.
    SearchResult(i32, u32),
    /// Name of another event; see `Events.notify`.
    Notification(String),
}

/// `Events` of `xterm/terminal.ts`. The emulator owns these functions, because scheduled work of its own may call them
/// after it was disposed.
fn callbacks(on_event: impl Fn(EmulatorEvent) + Clone + 'static) -> Object {
    let object = Object::new();
    macro_rules! callback {
        ($name:literal, |$($arg:ident: $ty:ty),*| $event:expr) => {{
            let on_event = on_event.clone();
            let closure = Closure::<dyn Fn($($ty),*)>::new(move |$($arg: $ty),*| on_event($event));
            let _ = Reflect::set(&object, &$name.into(), &closure.into_js_value());
        }};
    }
    callback!("input", |bytes: Vec<u8>| EmulatorEvent::Input(bytes));
    callback!("reply", |bytes: Vec<u8>| EmulatorEvent::Reply(bytes));
    callback!("resize", |cols: u16, rows: u16| EmulatorEvent::Resized(cols, rows));
    callback!("selected", |any: bool| EmulatorEvent::Selected(any));
    callback!("searchResult", |index: i32, count: u32| EmulatorEvent::SearchResult(index, count));
    callback!("notify", |name: String| EmulatorEvent::Notification(name));
    object
}

/// Creates emulators.
pub(crate) struct EmulatorFactory(Function);

impl EmulatorFactory {
    /// Loads the bundle (once per page) and the font that the cells are measured with.
    ///
    /// # Errors
    /// The script could not be fetched or evaluated.
    pub(crate) async fn load(font_px: u16) -> Result<Self, JsValue> {
        let module = JsFuture::from(load_module("/pkg/terminal.js")).await?;
        let function = |name: &str| Reflect::get(&module, &name.into())?.dyn_into::<Function>();
        let ready: Promise = function("prepare")?.call1(&JsValue::UNDEFINED, &font_px.into())?.dyn_into()?;
        JsFuture::from(ready).await?;
        Ok(Self(function("createTerminal")?))
    }

    /// Creates an emulator inside `host`.
    ///
    /// # Errors
    /// The script threw an exception.
    pub(crate) fn create(
        &self,
        host: &HtmlElement,
        font_px: u16,
        on_event: impl Fn(EmulatorEvent) + Clone + 'static,
    ) -> Result<Emulator, JsValue> {
        let emulator = self.0.call3(&JsValue::UNDEFINED, host, &font_px.into(), &callbacks(on_event))?;
        Ok(emulator.unchecked_into())
    }
}
