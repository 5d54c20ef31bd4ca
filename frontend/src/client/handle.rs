//! The page's handle to a mounted terminal.

use std::rc::Rc;

use app::mount::{Key, TerminalHandle};

use super::state::Client;
use crate::emulator::Emulator;

/// Dropping it closes the terminal.
pub(super) struct Handle(pub(super) Rc<Client>);

impl TerminalHandle for Handle {
    fn focus(&self) {
        self.0.with_emulator(|emulator| emulator.term().focus());
    }
    fn press(&self, key: Key) {
        let text = match key {
            Key::Escape => "\x1b".to_owned(),
            Key::Tab => "\t".to_owned(),
            Key::Up => "\x1b[A".to_owned(),
            Key::Down => "\x1b[B".to_owned(),
            Key::Right => "\x1b[C".to_owned(),
            Key::Left => "\x1b[D".to_owned(),
            Key::Char(c) => c.to_string(),
        };
        self.0.on_input(text.into_bytes());
    }
    fn arm_ctrl(&self, armed: bool) {
        self.0.ctrl.set(armed);
        self.focus();
    }
    fn paste_clipboard(&self) {
        self.0.with_emulator(Emulator::paste_clipboard);
    }
    fn copy_selection(&self) -> bool {
        self.0.emulator.borrow().as_ref().is_some_and(Emulator::copy)
    }
    fn copy_visible(&self) {
        self.0.with_emulator(Emulator::copy_visible);
    }
    fn set_font_px(&self, px: u16) {
        self.0.font_px.set(px);
        self.0.with_emulator(|emulator| emulator.set_font(px));
    }
    fn find(&self, text: &str, backwards: bool) {
        self.0.with_emulator(|emulator| emulator.find(text, backwards));
    }
    fn end_search(&self) {
        self.0.with_emulator(Emulator::end_search);
    }
    fn reconnect(&self) {
        self.0.connect();
    }
    fn renew(&self) {
        self.0.renew();
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.close();
    }
}
