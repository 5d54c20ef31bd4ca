//! The emulator's JavaScript as Rust sees it. Of xterm's binding crate the type fits where it calls methods; its constructors
//! name npm modules of an old major version, which would break the module graph of the whole page, so the object is made by the
//! bundle, and what is newer (bytes with a callback, search, appearance) are few types of our own.

use js_sys::{Function, Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue, closure::Closure, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;
use web_sys::HtmlElement;
use xterm_js_rs::Terminal;

// The address is an argument so that no bundler resolves it: the emulator is fetched when the first terminal opens.
#[wasm_bindgen(inline_js = "export function load_module(url) { return import(url); }")]
extern "C" {
    fn load_module(url: &str) -> Promise;
}

#[wasm_bindgen]
extern "C" {
    /// `RexecTerminal` of `xterm/terminal.ts`.
    pub(crate) type Emulator;

    /// xterm's own object. Never to be asked for its class: that would import the module of its old name.
    #[wasm_bindgen(method, getter)]
    pub(crate) fn term(this: &Emulator) -> Terminal;
    #[wasm_bindgen(method)]
    pub(crate) fn write(this: &Emulator, bytes: &Uint8Array, parsed: &Function);
    /// A screen that was made for this many columns and rows, in the place of all there is.
    #[wasm_bindgen(method)]
    pub(crate) fn redraw(this: &Emulator, bytes: &Uint8Array, cols: u16, rows: u16, parsed: &Function);
    #[wasm_bindgen(method, js_name = setFont)]
    pub(crate) fn set_font(this: &Emulator, px: u16);
    #[wasm_bindgen(method)]
    pub(crate) fn copy(this: &Emulator) -> bool;
    #[wasm_bindgen(method, js_name = copyShown)]
    pub(crate) fn copy_shown(this: &Emulator);
    #[wasm_bindgen(method, js_name = pasteClipboard)]
    pub(crate) fn paste_clipboard(this: &Emulator);
    #[wasm_bindgen(method)]
    pub(crate) fn find(this: &Emulator, text: &str, backwards: bool);
    #[wasm_bindgen(method, js_name = endSearch)]
    pub(crate) fn end_search(this: &Emulator);
    #[wasm_bindgen(method)]
    pub(crate) fn dispose(this: &Emulator);
}

/// What a person is busy with when it has the keyboard.
const USED: &str = "input, select, textarea, dialog *, [role=menu] *, [aria-expanded=true]";

impl Emulator {
    /// Columns and rows; never more than a terminal can have.
    pub(crate) fn size(&self) -> (u16, u16) {
        let term = self.term();
        let bounded = |n: u32| u16::try_from(n).unwrap_or(u16::MAX);
        (bounded(term.get_cols()), bounded(term.get_rows()))
    }

    /// Takes the keyboard, unless the person uses something else of the page by now.
    pub(crate) fn take_keyboard(&self) {
        let active = web_sys::window().and_then(|window| window.document()).and_then(|page| page.active_element());
        let used = active.is_some_and(|active| active.matches(USED).unwrap_or(false));
        if !used {
            self.term().focus();
        }
    }
}

/// What the emulator tells.
pub(crate) enum Told {
    /// Bytes for the shell.
    Input(Vec<u8>),
    /// New size.
    Resized(u16, u16),
    /// Whether text is selected.
    Selected(bool),
    /// Search: index of the shown match (-1: none) and their number.
    Found(i32, u32),
    /// The person, or a program, asked for something; see `Events.asked`.
    Asked(String),
}

/// `Events` of `xterm/terminal.ts`: everything the emulator tells goes to one place. The emulator owns the functions: it still
/// calls them, from work it had planned, after it was disposed of.
fn events(tell: impl Fn(Told) + Clone + 'static) -> Object {
    let object = Object::new();
    macro_rules! callback {
        ($name:literal, |$($arg:ident: $ty:ty),*| $told:expr) => {{
            let tell = tell.clone();
            let closure = Closure::<dyn Fn($($ty),*)>::new(move |$($arg: $ty),*| tell($told));
            let _ = Reflect::set(&object, &$name.into(), &closure.into_js_value());
        }};
    }
    callback!("input", |bytes: Vec<u8>| Told::Input(bytes));
    callback!("resize", |cols: u16, rows: u16| Told::Resized(cols, rows));
    callback!("selected", |any: bool| Told::Selected(any));
    callback!("found", |index: i32, count: u32| Told::Found(index, count));
    callback!("asked", |what: String| Told::Asked(what));
    object
}

/// What makes emulators.
pub(crate) struct Maker(Function);

impl Maker {
    /// Fetches it (once per page), and what it measures with.
    ///
    /// # Errors
    /// The script could not be fetched or did not run.
    pub(crate) async fn fetch(font_px: u16) -> Result<Self, JsValue> {
        let module = JsFuture::from(load_module("/pkg/terminal.js")).await?;
        let part = |name: &str| Reflect::get(&module, &name.into())?.dyn_into::<Function>();
        let ready: Promise = part("prepare")?.call1(&JsValue::UNDEFINED, &font_px.into())?.dyn_into()?;
        JsFuture::from(ready).await?;
        Ok(Self(part("createTerminal")?))
    }

    /// Makes one inside `host`.
    ///
    /// # Errors
    /// The script did not run.
    pub(crate) fn make(
        &self,
        host: &HtmlElement,
        font_px: u16,
        tell: impl Fn(Told) + Clone + 'static,
    ) -> Result<Emulator, JsValue> {
        let made = self.0.call3(&JsValue::UNDEFINED, host, &font_px.into(), &events(tell))?;
        Ok(made.unchecked_into())
    }
}
