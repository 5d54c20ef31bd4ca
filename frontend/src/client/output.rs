//! Output of the socket, written to the emulator, and its acknowledgement.

use std::time::Duration;

use app::mount::TerminalEvent;
use js_sys::{Function, Uint8Array};
use leptos::prelude::*;
use protocol::frame::{ClientFrame, Hello, ServerFrame, Size};

use super::state::Client;
use crate::{emulator::Emulator, opening::Opening, output_positions::Accept};

/// Acknowledgements of small output are collected for this long.
const ACK_DELAY: Duration = Duration::from_millis(40);

impl Client {
    pub(super) fn on_frame(&self, frame: ServerFrame) {
        self.latency.borrow_mut().received();
        match frame {
            ServerFrame::Hello(hello) => self.on_hello(hello),
            ServerFrame::Output { position, bytes } => self.on_output(position, &bytes),
            ServerFrame::Snapshot { position, bytes } => self.on_snapshot(position, &bytes),
            ServerFrame::Exit(status) => self.exit.set(Some(status)),
            ServerFrame::Pong(nonce) => self.on_pong(nonce),
            ServerFrame::Notice(problem) => self.emit(TerminalEvent::Notice(problem)),
        }
    }

    fn on_hello(&self, hello: Hello) {
        self.failures.set(0);
        // Unless output resumes, a snapshot of this size follows; this client's size is sent after it.
        let snapshot = self.positions.borrow().resume_from() != Some(hello.position);
        self.snapshot_size.set(snapshot.then(|| Size::clamped(hello.cols, hello.rows)));
        self.emit(TerminalEvent::Attached(hello));
        self.start_pings();
        if snapshot {
            self.opening.set(self.opening.get().map(|opening| opening.with_drawing(true)));
        } else {
            // The size may have changed while the socket was opening.
            self.send_size();
            self.finish_opening();
        }
    }

    fn on_output(&self, position: u64, bytes: &[u8]) {
        if self.snapshot_size.take().is_some() {
            self.send_size();
        }
        let accept = self.positions.borrow_mut().accept(position, bytes.len());
        match accept {
            Accept::From(offset) => {
                let position_after = position + bytes.len() as u64;
                self.feed(position_after, |emulator, parsed| {
                    emulator.write(&Uint8Array::from(&bytes[offset..]), parsed);
                });
            }
            Accept::Duplicate => {}
            Accept::Gap => self.reconnect_from_snapshot(),
        }
    }

    fn on_snapshot(&self, position: u64, bytes: &[u8]) {
        self.positions.borrow_mut().snapshot(position);
        let size = self.snapshot_size.take().or_else(|| self.size());
        self.feed(position, |emulator, parsed| {
            let Size { cols, rows } = size.unwrap_or_default();
            emulator.redraw(&Uint8Array::from(bytes), cols, rows, parsed);
        });
    }

    fn feed(&self, position_after: u64, write: impl FnOnce(&Emulator, &Function)) {
        let (emulator, parsed) = (self.emulator.borrow(), self.on_parsed.borrow());
        if let (Some(emulator), Some(parsed)) = (emulator.as_ref(), parsed.as_ref()) {
            self.parsing.borrow_mut().push_back(position_after);
            write(emulator, parsed);
        }
    }

    /// The emulator calls this once per chunk, in order.
    pub(super) fn on_chunk_parsed(&self) {
        let Some(position) = self.parsing.borrow_mut().pop_front() else { return };
        if self.opening.get().is_some_and(Opening::is_drawing) {
            self.finish_opening();
        }
        if self.positions.borrow_mut().parsed(position) {
            return self.acknowledge();
        }
        if !self.ack_scheduled.replace(true) {
            set_timeout(self.callback(Self::acknowledge), ACK_DELAY);
        }
    }

    fn acknowledge(&self) {
        self.ack_scheduled.set(false);
        if let Some(position) = self.positions.borrow_mut().ack() {
            self.send(&ClientFrame::Ack(position));
        }
    }
}
