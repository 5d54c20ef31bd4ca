//! What pages need from the browser beyond elements: focus, address bar, forms, clipboard, downloads, settings,
//! listeners. Called from event handlers and effects, never on the server.

mod dom;
mod form;
mod listen;
mod navigation;
mod save;

pub(crate) use dom::*;
pub(crate) use form::{form_value, set_form_value};
pub(crate) use listen::{on_document, on_window};
pub(crate) use navigation::{load_page, navigate_away, redirect_to_login, safe_redirect_path, take_fragment};
pub(crate) use save::{copy_text, download_text, load_setting, save_setting, setting_key};
