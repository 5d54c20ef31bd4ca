//! Events, input and replies of the emulator, sent to the socket and the page.

use std::time::Duration;

use app::mount::TerminalEvent;
use leptos::prelude::*;
use protocol::frame::ClientFrame;

use super::state::Client;
use crate::{clock::now_micros, emulator::EmulatorEvent};

/// Payload of one input frame; with its tag below `limits::CLIENT_FRAME_BYTES_MAX`.
const INPUT_FRAME_BYTES: usize = 60 * 1024;
/// Input is held back while the socket's send buffer holds more than this.
const SEND_BUFFER_BYTES_MAX: u32 = 256 * 1024;
/// Replies queued while a connection is being opened; more are dropped.
const QUEUED_REPLY_BYTES_MAX: usize = 4 * 1024;
/// How long held-back input waits before the buffer is checked again.
const BUFFER_CHECK_DELAY: Duration = Duration::from_millis(15);

impl Client {
    pub(super) fn on_emulator_event(&self, event: EmulatorEvent) {
        match event {
            EmulatorEvent::Input(bytes) => self.on_input(bytes),
            EmulatorEvent::Reply(bytes) => self.on_reply(&bytes),
            EmulatorEvent::Resized(cols, rows) => {
                self.emit(TerminalEvent::Size { cols, rows });
                self.send_size();
            }
            EmulatorEvent::Selected(any) => self.emit(TerminalEvent::Selected(any)),
            EmulatorEvent::SearchResult(index, count) => {
                self.emit(TerminalEvent::SearchResult { index: u32::try_from(index).ok(), count });
            }
            EmulatorEvent::Notification(name) => self.emit(match name.as_str() {
                "leave" => TerminalEvent::LeaveRequested,
                "search" => TerminalEvent::SearchRequested,
                "bell" => TerminalEvent::Bell,
                "copied" => TerminalEvent::Copied,
                "clipboard" => TerminalEvent::ClipboardWriteBlocked,
                _ => TerminalEvent::ClipboardUnavailable,
            }),
        }
    }

    /// Input after a lost connection is dropped: it could apply to output that the user has not seen.
    pub(super) fn on_input(&self, mut bytes: Vec<u8>) {
        let accepted = match self.opening.get() {
            Some(mut opening) => {
                let may_queue = opening.may_queue(self.input.borrow().len(), bytes.len(), now_micros());
                self.opening.set(Some(opening));
                may_queue
            }
            None => self.socket.borrow().is_some(),
        };
        if !accepted {
            return;
        }
        if self.ctrl.get() && bytes.len() == 1 && bytes[0].is_ascii() {
            bytes[0] &= 0x1f;
            self.ctrl.set(false);
            self.emit(TerminalEvent::CtrlReleased);
        }
        self.input.borrow_mut().extend(bytes);
        self.send_input();
        self.emit(TerminalEvent::Input);
    }

    /// A reply is sent before queued input, because a program waits for it. Without a connection it is dropped, and
    /// also when the socket's send buffer is full.
    fn on_reply(&self, bytes: &[u8]) {
        if self.opening.get().is_some() {
            let mut replies = self.replies.borrow_mut();
            if replies.len() + bytes.len() <= QUEUED_REPLY_BYTES_MAX {
                replies.extend(bytes);
            }
        } else if self.socket.borrow().as_ref().is_some_and(|socket| socket.buffered() <= SEND_BUFFER_BYTES_MAX) {
            self.send(&ClientFrame::Reply(bytes));
        }
    }

    /// Sends the replies of the time in which the connection was opened.
    pub(super) fn send_replies(&self) {
        let replies = self.replies.take();
        if !replies.is_empty() {
            self.send(&ClientFrame::Reply(&replies));
        }
    }

    /// Drops input and replies that are not sent yet.
    pub(super) fn clear_input(&self) {
        self.input.borrow_mut().clear();
        self.replies.borrow_mut().clear();
    }

    /// Sends the queued input in frames, while the socket's send buffer has room.
    pub(super) fn send_input(&self) {
        if self.opening.get().is_some() {
            return;
        }
        while !self.input_waiting.get() && !self.input.borrow().is_empty() {
            if self.socket.borrow().as_ref().is_none_or(|socket| socket.buffered() > SEND_BUFFER_BYTES_MAX) {
                self.input_waiting.set(true);
                let resume = self.callback(|client| {
                    client.input_waiting.set(false);
                    client.send_input();
                });
                set_timeout(resume, BUFFER_CHECK_DELAY);
                return;
            }
            let chunk: Vec<u8> = {
                let mut input = self.input.borrow_mut();
                let len = input.len().min(INPUT_FRAME_BYTES);
                input.drain(..len).collect()
            };
            if !self.send(&ClientFrame::Input(&chunk)) {
                self.input.borrow_mut().clear();
            }
        }
    }
}
