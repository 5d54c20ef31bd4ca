//! State of the terminal page: the terminal, its connection, and when it is mounted.

use std::rc::Rc;

use leptos::{callback::UnsyncCallback, html, prelude::*};
use protocol::{
    Problem, ProblemKind, TerminalId, Timestamp,
    limits::GRANT_WARNING_SECS,
    terminals::{Phase, Terminal},
};
use send_wrapper::SendWrapper;

use crate::{
    browser,
    components::terminal::LockState,
    mount::{MountRequest, TerminalEvent, TerminalHandle, TerminalMount},
    state::{Account, Clock, Terminals, Toasts, notify_other_tabs},
};

/// State of the connection.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum ConnectionState {
    /// Nothing is mounted.
    Idle,
    /// A socket is being opened.
    Connecting,
    /// Connected.
    Connected,
    /// Disconnected; the next attempt is at this instant.
    Reconnecting(Timestamp),
    /// The shell exited with this status.
    Exited(i32),
    /// The server ended access; no automatic attempt follows.
    Closed(Problem),
}

/// Font sizes, in CSS pixels.
const FONT_PX: std::ops::RangeInclusive<u16> = 9..=28;

/// The state, found in the context of the page.
#[derive(Clone, Copy)]
pub(super) struct TerminalContext {
    pub(super) id: TerminalId,
    pub(super) terminal: Memo<Option<Terminal>>,
    pub(super) lock: Memo<LockState>,
    pub(super) connection: RwSignal<ConnectionState>,
    pub(super) host: NodeRef<html::Div>,
    /// Columns and rows.
    pub(super) size: RwSignal<Option<(u16, u16)>>,
    /// Round-trip time in tenths of a millisecond.
    pub(super) latency: RwSignal<Option<u32>>,
    pub(super) selected: RwSignal<bool>,
    pub(super) font_px: RwSignal<u16>,
    pub(super) searching: RwSignal<bool>,
    pub(super) found: RwSignal<(Option<u32>, u32)>,
    pub(super) panel: RwSignal<bool>,
    pub(super) ctrl: RwSignal<bool>,
    /// A warning of the server, with the lock state when it arrived.
    notice: RwSignal<Option<(Problem, LockState)>>,
    /// The lock state when a warning was dismissed: after a reconnect the server sends the warning again.
    dismissed: StoredValue<Option<LockState>>,
    /// The user typed since the end of the grant was last loaded.
    input_since_refresh: StoredValue<bool>,
    /// The token changes when the terminal was mounted or last renewed.
    renewed_at: StoredValue<u32>,
    /// Set in the browser only. Not thread-local: the server may drop a page on another thread than it rendered it on.
    handle: StoredValue<Option<SendWrapper<Rc<dyn TerminalHandle>>>>,
}

impl TerminalContext {
    pub(super) fn provide(id: TerminalId) -> Self {
        let terminals = Terminals::get();
        let terminal = Memo::new(move |_| terminals.find(id));
        let ctx = Self {
            id,
            terminal,
            lock: LockState::follow(terminal),
            connection: RwSignal::new(ConnectionState::Idle),
            host: NodeRef::new(),
            size: RwSignal::new(None),
            latency: RwSignal::new(None),
            selected: RwSignal::new(false),
            font_px: RwSignal::new(14),
            searching: RwSignal::new(false),
            found: RwSignal::new((None, 0)),
            panel: RwSignal::new(false),
            ctrl: RwSignal::new(false),
            notice: RwSignal::new(None),
            dismissed: StoredValue::new(None),
            input_since_refresh: StoredValue::new(false),
            renewed_at: StoredValue::new(0),
            handle: StoredValue::new(None),
        };
        ctx.mount_when_allowed();
        ctx.renew_with_token();
        ctx.refresh_grant();
        provide_context(ctx);
        ctx
    }

    pub(super) fn get() -> Self {
        expect_context()
    }

    pub(super) fn phase(self) -> Option<Phase> {
        self.terminal.with(|terminal| terminal.as_ref().map(|terminal| terminal.phase))
    }

    /// Calls the mounted terminal, if any.
    pub(super) fn with(self, command: impl FnOnce(&dyn TerminalHandle)) {
        let handle = self.handle.try_get_value().flatten();
        if let Some(handle) = handle {
            command(&**handle);
        }
    }

    /// Mounts the terminal while it runs and this login session may use it, and unmounts it otherwise.
    fn mount_when_allowed(self) {
        let port = use_context::<TerminalMount>();
        let usable = Memo::new(move |_| self.phase() == Some(Phase::Running) && self.lock.get() != LockState::Locked);
        Effect::new(move |_| {
            let font = browser::load_setting("font").and_then(|px| px.parse().ok());
            if let Some(px) = font.filter(|px| FONT_PX.contains(px)) {
                self.font_px.set(px);
            }
        });
        Effect::new(move |_| {
            let host = self.host.get();
            if !usable.get() {
                return self.unmount();
            }
            let (Some(host), Some(port)) = (host, port.as_ref()) else { return };
            if self.handle.with_value(Option::is_some) {
                return;
            }
            self.connection.set(ConnectionState::Connecting);
            self.renewed_at.set_value(Account::get().token_changes().get_untracked());
            let request = MountRequest {
                id: self.id,
                pane: "main".to_owned(),
                host: host.into(),
                font_px: self.font_px.get_untracked(),
                on_event: UnsyncCallback::new(move |event| self.on_event(event)),
            };
            self.handle.set_value(Some(SendWrapper::new(port.mount(request))));
        });
        on_cleanup(move || drop(self.handle.try_update_value(Option::take)));
    }

    /// Renews the connection of a terminal that was mounted with an older session token.
    fn renew_with_token(self) {
        let changes = Account::get().token_changes();
        Effect::new(move |_| {
            let changes = changes.get();
            if self.renewed_at.get_value() != changes {
                self.renewed_at.set_value(changes);
                self.with(|terminal| terminal.renew());
            }
        });
    }

    /// Input extends a grant on the server. Reloads its end, also in the other tabs.
    fn refresh_grant(self) {
        let quarter_minute = expect_context::<Clock>().quarter_minute;
        Effect::new(move |_| {
            quarter_minute.track();
            let granted = matches!(self.lock.get_untracked(), LockState::Granted(_));
            if granted && self.input_since_refresh.get_value() {
                self.input_since_refresh.set_value(false);
                Terminals::get().reload_one(self.id);
                notify_other_tabs();
            }
        });
    }

    /// The warning to show. One about the end of a grant is shown while that end is near: input extends the idle limit
    /// of a grant, but not its absolute limit.
    pub(super) fn warning(self) -> Option<Problem> {
        let (notice, before) = self.notice.get()?;
        let visible = match self.lock.get() {
            _ if notice.kind != ProblemKind::Locked => true,
            lock @ LockState::Granted(until) => {
                let near = until.secs() - Clock::now().secs() <= i64::from(GRANT_WARNING_SECS) + 1;
                self.dismissed.get_value() != Some(lock) && (near || lock == before)
            }
            _ => false,
        };
        visible.then_some(notice)
    }

    /// Hides the warning.
    pub(super) fn dismiss_warning(self) {
        self.notice.set(None);
        self.dismissed.set_value(Some(self.lock.get_untracked()));
    }

    /// Closes the socket and removes all content from the page.
    pub(super) fn unmount(self) {
        drop(self.handle.try_update_value(Option::take));
        self.selected.set(false);
        self.latency.set(None);
        self.searching.set(false);
        self.notice.set(None);
        if !matches!(self.connection.get_untracked(), ConnectionState::Exited(_) | ConnectionState::Closed(_)) {
            self.connection.set(ConnectionState::Idle);
        }
    }

    /// Mounts again, after the shell exited or access ended.
    pub(super) fn remount(self) {
        drop(self.handle.try_update_value(Option::take));
        self.connection.set(ConnectionState::Idle);
        // Notifies the effect that mounts.
        self.host.notify();
    }

    pub(super) fn change_font(self, change: i16) {
        let px = self.font_px.get_untracked().saturating_add_signed(change).clamp(*FONT_PX.start(), *FONT_PX.end());
        self.font_px.set(px);
        browser::save_setting("font", Some(&px.to_string()));
        self.with(|terminal| terminal.set_font_px(px));
    }

    fn on_event(self, event: TerminalEvent) {
        if self.connection.try_get_untracked().is_none() {
            return; // the page is disposed
        }
        let toasts = Toasts::get();
        match event {
            // Stays disconnected until the server accepts the connection, because input is dropped until then.
            TerminalEvent::Connecting => self.connection.update(|state| {
                *state = match state {
                    ConnectionState::Reconnecting(_) => ConnectionState::Reconnecting(Clock::now()),
                    _ => ConnectionState::Connecting,
                }
            }),
            TerminalEvent::Attached(hello) => {
                self.connection.set(ConnectionState::Connected);
                if let Some(until) = hello.granted_until
                    && self.lock.get_untracked() != LockState::Granted(until)
                {
                    let terminals = Terminals::get();
                    terminals.put_grant(self.id, until);
                    // Loads what changed while disconnected.
                    terminals.reload_one(self.id);
                }
            }
            TerminalEvent::Reconnecting { millis } => {
                let at = Timestamp::from_millis(Clock::now().millis() + i64::from(millis));
                self.connection.set(ConnectionState::Reconnecting(at));
                self.latency.set(None);
            }
            TerminalEvent::Latency(tenths) => self.latency.set(Some(tenths)),
            TerminalEvent::Size { cols, rows } => self.size.set(Some((cols, rows))),
            TerminalEvent::Exited(status) => self.connection.set(ConnectionState::Exited(status)),
            TerminalEvent::Closed(problem) => self.on_closed(problem),
            TerminalEvent::Notice(problem) => self.notice.set(Some((problem, self.lock.get_untracked()))),
            TerminalEvent::Selected(selected) => self.selected.set(selected),
            TerminalEvent::SearchResult { index, count } => self.found.set((index, count)),
            TerminalEvent::Copied => toasts.success("Copied"),
            TerminalEvent::ClipboardWriteBlocked => toasts.info(
                "A program tried to write your clipboard",
                "Programs in a terminal are not allowed to. Select the text and copy it yourself.",
            ),
            TerminalEvent::ClipboardUnavailable => toasts.info(
                "The browser did not give the clipboard to this page",
                "Allow it for this site, or paste with Ctrl+Shift+V.",
            ),
            TerminalEvent::CtrlReleased => self.ctrl.set(false),
            TerminalEvent::LeaveRequested => focus_toolbar(),
            TerminalEvent::SearchRequested => self.searching.set(true),
            TerminalEvent::Input => {
                if !self.input_since_refresh.get_value() && untrack(|| self.warning()).is_some() {
                    Terminals::get().reload_one(self.id);
                }
                self.input_since_refresh.set_value(true);
            }
            TerminalEvent::Bell => {}
        }
    }

    fn on_closed(self, problem: Problem) {
        drop(self.handle.try_update_value(Option::take));
        if browser::redirect_to_login(&problem) {
            return;
        }
        // Applies the reason at once; the reload confirms it.
        let terminals = Terminals::get();
        match problem.kind {
            ProblemKind::Locked => terminals.change(self.id, |terminal| {
                terminal.mfa_locked = true;
                terminal.granted_until = None;
            }),
            ProblemKind::NotRunning => terminals.change(self.id, |terminal| {
                if terminal.phase == Phase::Running {
                    terminal.phase = Phase::Stopped;
                }
            }),
            ProblemKind::NotFound => terminals.remove(self.id),
            _ => return self.connection.set(ConnectionState::Closed(problem)),
        }
        self.connection.set(ConnectionState::Idle);
        terminals.reload_one(self.id);
    }
}

fn focus_toolbar() {
    use wasm_bindgen::JsCast;
    let first = browser::document().query_selector(".toolbar button:not([disabled])").ok().flatten();
    if let Some(button) = first.and_then(|button| button.dyn_into::<web_sys::HtmlElement>().ok()) {
        let _ = button.focus();
    }
}
