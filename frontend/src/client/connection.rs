//! The WebSocket: connecting, closing, reconnecting, and pings.

use std::time::Duration;

use app::{api, mount::TerminalEvent};
use leptos::{prelude::*, task::spawn_local};
use protocol::{Problem, frame::ClientFrame};

use super::state::Client;
use crate::{
    clock::{now, now_micros},
    close::{self, CloseAction},
    latency::{LatencyProbe, Sample},
    opening::Opening,
    socket::{Address, Socket, SocketEvent},
};

/// How often the round trip is measured and the connection is checked.
const PING_INTERVAL: Duration = Duration::from_secs(5);
/// Delay before the login is queried a second time.
const LOGIN_RETRY_DELAY: Duration = Duration::from_secs(1);

impl Client {
    pub(super) fn connect(&self) {
        if let Some(retry) = self.retry.take() {
            retry.clear();
        }
        let Some(size) = self.size() else { return };
        self.disconnect();
        let opening = self.opening.get().map(|opening| opening.with_drawing(false));
        self.opening.set(opening);
        if !opening.is_some_and(|opening| opening.renewal) {
            self.emit(TerminalEvent::Connecting);
        }
        self.positions.borrow_mut().reconnected();
        let (generation, me) = (self.generation.get(), self.me.clone());
        let on_event = move |event| {
            if let Some(client) = me.upgrade().filter(|client| client.generation.get() == generation) {
                client.on_socket_event(event);
            }
        };
        let from = self.positions.borrow().resume_from();
        let address = Address { id: self.id, pane: &self.pane, cols: size.cols, rows: size.rows, from };
        match Socket::open(&address, on_event) {
            Ok(socket) => drop(self.socket.replace(Some(socket))),
            Err(_) => {
                self.abort_opening();
                self.schedule_reconnect();
            }
        }
    }

    /// Connects with the new session cookie. The server still reads what was sent on the old socket.
    pub(super) fn renew(&self) {
        if !self.closed.get() {
            self.opening.set(Some(Opening::RENEWAL));
            self.connect();
        }
    }

    /// The connection is open: sends the queued input, unless it is incomplete or too old to be expected.
    pub(super) fn finish_opening(&self) {
        let Some(opening) = self.opening.take() else { return };
        if !opening.may_send(now_micros()) {
            self.clear_input();
        }
        self.send_replies();
        self.send_input();
    }

    /// The connection was not opened: drops the queued input.
    pub(super) fn abort_opening(&self) {
        if self.opening.take().is_some() {
            self.clear_input();
        }
    }

    pub(super) fn disconnect(&self) {
        self.generation.set(self.generation.get() + 1);
        self.socket.replace(None);
        if let Some(ping) = self.ping.take() {
            ping.clear();
        }
    }

    /// Connects again and asks for a snapshot instead of the missing output.
    pub(super) fn reconnect_from_snapshot(&self) {
        self.positions.borrow_mut().reset();
        self.connect();
    }

    fn on_socket_event(&self, event: SocketEvent) {
        match event {
            SocketEvent::Frame(frame) => self.on_frame(frame),
            SocketEvent::Closed(code, reason) => self.on_closed(code, &reason),
        }
    }

    fn on_closed(&self, code: u16, reason: &str) {
        self.abort_opening();
        self.disconnect();
        match close::action(code, reason) {
            CloseAction::Exited => self.emit(TerminalEvent::Exited(self.exit.get().unwrap_or(0))),
            CloseAction::Close(problem) => self.close_with(problem),
            CloseAction::Resync => self.reconnect_from_snapshot(),
            CloseAction::QueryState => self.query_state(Self::close_with),
            CloseAction::QueryLogin(ended) => self.query_login(ended, true),
        }
    }

    /// Reconnects if this browser is signed in, otherwise closes with `ended`. The answer that carries a new cookie may
    /// be slower than the end of the socket, so the login is queried twice.
    fn query_login(&self, ended: Problem, may_retry: bool) {
        self.query_state(move |client, problem| {
            if problem.status != 401 {
                return client.close_with(problem);
            }
            if !may_retry {
                return client.close_with(ended);
            }
            let query = client.callback(move |client| client.query_login(ended.clone(), false));
            client.retry.replace(set_timeout_with_handle(query, LOGIN_RETRY_DELAY).ok());
        });
    }

    /// Reads the terminal's state, and reconnects unless it has a problem.
    fn query_state(&self, on_problem: impl FnOnce(&Self, Problem) + 'static) {
        let (me, generation, id) = (self.me.clone(), self.generation.get(), self.id);
        spawn_local(async move {
            let state = api::terminal(id).await;
            let current = |client: &std::rc::Rc<Self>| client.generation.get() == generation && !client.closed.get();
            let Some(client) = me.upgrade().filter(current) else { return };
            match close::problem_of_state(state, now()) {
                Some(problem) => on_problem(&client, problem),
                None => client.schedule_reconnect(),
            }
        });
    }

    fn schedule_reconnect(&self) {
        let failures = self.failures.get();
        self.failures.set(failures + 1);
        let millis = close::backoff_millis(failures, js_sys::Math::random());
        self.emit(TerminalEvent::Reconnecting { millis });
        let reconnect = self.callback(|client| {
            if !client.closed.get() {
                client.connect();
            }
        });
        let retry = set_timeout_with_handle(reconnect, Duration::from_millis(u64::from(millis)));
        self.retry.replace(retry.ok());
    }

    pub(super) fn start_pings(&self) {
        let ping = self.callback(Self::on_ping_due);
        self.latency.replace(LatencyProbe::default());
        ping();
        self.ping.replace(set_interval_with_handle(ping, PING_INTERVAL).ok());
    }

    fn on_ping_due(&self) {
        let alive = self.latency.borrow_mut().ping_due();
        if alive {
            return self.send_ping();
        }
        self.disconnect();
        self.schedule_reconnect();
    }

    fn send_ping(&self) {
        self.send(&ClientFrame::Ping(now_micros()));
    }

    /// `nonce` is the time of the ping in microseconds.
    pub(super) fn on_pong(&self, nonce: u64) {
        let tenths = (now_micros().saturating_sub(nonce) / 100).min(u64::from(u32::MAX));
        let sample = self.latency.borrow_mut().record(u32::try_from(tenths).unwrap_or(u32::MAX));
        match sample {
            Sample::Report(tenths) => self.emit(TerminalEvent::Latency(tenths)),
            Sample::Repeat => self.send_ping(),
        }
    }
}
