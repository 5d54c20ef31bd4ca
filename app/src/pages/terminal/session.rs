//! One opened terminal: what is known of it, how the connection stands, and when it may be mounted at all.

use std::rc::Rc;

use leptos::{callback::UnsyncCallback, html, prelude::*};
use protocol::{
    Problem, ProblemKind, TerminalId, Timestamp,
    limits::GRANT_WARNING_SECS,
    terminals::{Terminal, TerminalState},
};
use send_wrapper::SendWrapper;

use crate::{
    browser,
    components::LockState,
    mount::{MountRequest, TerminalEvent, TerminalHandle, TerminalMount},
    state::{Clock, Terminals, Toasts, tell_other_pages},
};

/// How the connection stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Link {
    /// Nothing is mounted.
    Idle,
    /// A socket is being opened.
    Connecting,
    /// Bytes flow.
    Live,
    /// Lost; tried again at this instant.
    Waiting(Timestamp),
    /// The shell ended with this status.
    Ended(i32),
    /// Refused for good, until something changes.
    Cut(Problem),
}

/// Font sizes, in CSS pixels.
const FONT_PX: std::ops::RangeInclusive<u16> = 9..=28;

/// The handle of everything on the page.
#[derive(Clone, Copy)]
pub(super) struct Session {
    pub(super) id: TerminalId,
    pub(super) terminal: Memo<Option<Terminal>>,
    pub(super) lock: Memo<LockState>,
    pub(super) link: RwSignal<Link>,
    pub(super) host: NodeRef<html::Div>,
    /// Columns and rows.
    pub(super) size: RwSignal<Option<(u16, u16)>>,
    /// Round trip in tenths of a millisecond.
    pub(super) latency: RwSignal<Option<u32>>,
    pub(super) selected: RwSignal<bool>,
    pub(super) font_px: RwSignal<u16>,
    pub(super) searching: RwSignal<bool>,
    pub(super) found: RwSignal<(Option<u32>, u32)>,
    pub(super) panel: RwSignal<bool>,
    pub(super) ctrl: RwSignal<bool>,
    /// A warning of the server that does not end the connection, and the lock as it was when it came.
    notice: RwSignal<Option<(Problem, LockState)>>,
    /// The lock as it was when a warning was dismissed: a connection that begins anew warns of the same end again.
    dismissed: StoredValue<Option<LockState>>,
    /// Something was typed since the end of the grant was last asked for.
    typed: StoredValue<bool>,
    /// Filled in the browser only. Not local to a thread: the server may drop a page on another one than rendered it.
    handle: StoredValue<Option<SendWrapper<Rc<dyn TerminalHandle>>>>,
}

impl Session {
    pub(super) fn provide(id: TerminalId) -> Self {
        let terminals = Terminals::get();
        let terminal = Memo::new(move |_| terminals.one(id));
        let session = Self {
            id,
            terminal,
            lock: LockState::follow(terminal),
            link: RwSignal::new(Link::Idle),
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
            typed: StoredValue::new(false),
            handle: StoredValue::new(None),
        };
        session.follow();
        session.follow_grant();
        provide_context(session);
        session
    }

    pub(super) fn get() -> Self {
        expect_context()
    }

    pub(super) fn state(self) -> Option<TerminalState> {
        self.terminal.with(|terminal| terminal.as_ref().map(|terminal| terminal.state))
    }

    /// Runs a command on the mounted terminal, if there is one.
    pub(super) fn with(self, command: impl FnOnce(&dyn TerminalHandle)) {
        let handle = self.handle.try_get_value().flatten();
        if let Some(handle) = handle {
            command(&**handle);
        }
    }

    /// Mounts exactly while the terminal runs and this login session may see it; what is not allowed is taken out of
    /// the page at once.
    fn follow(self) {
        let port = use_context::<TerminalMount>();
        let may =
            Memo::new(move |_| self.state() == Some(TerminalState::Running) && self.lock.get() != LockState::Locked);
        Effect::new(move |_| {
            let font = browser::load_setting("font").and_then(|px| px.parse().ok());
            if let Some(px) = font.filter(|px| FONT_PX.contains(px)) {
                self.font_px.set(px);
            }
        });
        Effect::new(move |_| {
            let host = self.host.get();
            if !may.get() {
                return self.unmount();
            }
            let (Some(host), Some(port)) = (host, port.as_ref()) else { return };
            if self.handle.with_value(Option::is_some) {
                return;
            }
            self.link.set(Link::Connecting);
            let request = MountRequest {
                id: self.id,
                pane: "main".to_owned(),
                host: host.into(),
                font_px: self.font_px.get_untracked(),
                on_event: UnsyncCallback::new(move |event| self.take(event)),
            };
            self.handle.set_value(Some(SendWrapper::new(port.mount(request))));
        });
        on_cleanup(move || drop(self.handle.try_update_value(Option::take)));
    }

    /// Typing moves the end of a grant on the server; the countdown follows, here and in the other pages.
    fn follow_grant(self) {
        let quarter = expect_context::<Clock>().quarter;
        Effect::new(move |_| {
            quarter.track();
            let granted = matches!(self.lock.get_untracked(), LockState::Granted(_));
            if granted && self.typed.get_value() {
                self.typed.set_value(false);
                Terminals::get().reload_one(self.id);
                tell_other_pages();
            }
        });
    }

    /// The warning to show. That of a grant's end stands until the end has moved away from near: typing moves the idle end, and
    /// never the absolute one.
    pub(super) fn warning(self) -> Option<Problem> {
        let (notice, before) = self.notice.get()?;
        let stands = match self.lock.get() {
            _ if notice.kind != ProblemKind::Locked => true,
            lock @ LockState::Granted(until) => {
                let near = until.secs() - Clock::read().secs() <= i64::from(GRANT_WARNING_SECS) + 1;
                self.dismissed.get_value() != Some(lock) && (near || lock == before)
            }
            _ => false,
        };
        stands.then_some(notice)
    }

    /// The person has read the warning.
    pub(super) fn dismiss(self) {
        self.notice.set(None);
        self.dismissed.set_value(Some(self.lock.get_untracked()));
    }

    /// Closes the socket and removes every byte from the page.
    pub(super) fn unmount(self) {
        drop(self.handle.try_update_value(Option::take));
        self.selected.set(false);
        self.latency.set(None);
        self.searching.set(false);
        self.notice.set(None);
        if !matches!(self.link.get_untracked(), Link::Ended(_) | Link::Cut(_)) {
            self.link.set(Link::Idle);
        }
    }

    /// Mounts afresh: a new shell after the old one ended, or another try after a refusal.
    pub(super) fn begin_again(self) {
        drop(self.handle.try_update_value(Option::take));
        self.link.set(Link::Idle);
        // The mounting effect listens to the host element; telling it again is what makes it look.
        self.host.notify();
    }

    pub(super) fn set_font(self, change: i16) {
        let px = self.font_px.get_untracked().saturating_add_signed(change).clamp(*FONT_PX.start(), *FONT_PX.end());
        self.font_px.set(px);
        browser::save_setting("font", Some(&px.to_string()));
        self.with(|terminal| terminal.set_font_px(px));
    }

    fn take(self, event: TerminalEvent) {
        if self.link.try_get_untracked().is_none() {
            return; // the page is gone already
        }
        let toasts = Toasts::get();
        match event {
            // Once lost, it is lost until bytes flow again: what is typed meanwhile goes nowhere.
            TerminalEvent::Connecting => self.link.update(|link| {
                *link = match link {
                    Link::Waiting(_) => Link::Waiting(Clock::read()),
                    _ => Link::Connecting,
                }
            }),
            TerminalEvent::Attached(hello) => {
                self.link.set(Link::Live);
                if let Some(until) = hello.granted_until
                    && self.lock.get_untracked() != LockState::Granted(until)
                {
                    let terminals = Terminals::get();
                    terminals.put_grant(self.id, until);
                    // What else has changed while there was no connection.
                    terminals.reload_one(self.id);
                }
            }
            TerminalEvent::Waiting { millis } => {
                let at = Timestamp::from_millis(Clock::read().millis() + i64::from(millis));
                self.link.set(Link::Waiting(at));
                self.latency.set(None);
            }
            TerminalEvent::Latency(tenths) => self.latency.set(Some(tenths)),
            TerminalEvent::Size { cols, rows } => self.size.set(Some((cols, rows))),
            TerminalEvent::Ended(status) => self.link.set(Link::Ended(status)),
            TerminalEvent::Cut(problem) => self.cut(problem),
            TerminalEvent::Notice(problem) => self.notice.set(Some((problem, self.lock.get_untracked()))),
            TerminalEvent::Selected(selected) => self.selected.set(selected),
            TerminalEvent::Found { index, count } => self.found.set((index, count)),
            TerminalEvent::Copied => toasts.good("Copied"),
            TerminalEvent::ClipboardRefused => toasts.plain(
                "A program tried to write your clipboard",
                "Programs in a terminal are not allowed to. Select the text and copy it yourself.",
            ),
            TerminalEvent::PasteRefused => toasts.plain(
                "The browser did not give the clipboard to this page",
                "Allow it for this site, or paste with Ctrl+Shift+V.",
            ),
            TerminalEvent::CtrlReleased => self.ctrl.set(false),
            TerminalEvent::FocusLeft => focus_toolbar(),
            TerminalEvent::SearchAsked => self.searching.set(true),
            TerminalEvent::Typed => {
                if !self.typed.get_value() && untrack(|| self.warning()).is_some() {
                    Terminals::get().reload_one(self.id);
                }
                self.typed.set_value(true);
            }
            TerminalEvent::Bell => {}
        }
    }

    fn cut(self, problem: Problem) {
        drop(self.handle.try_update_value(Option::take));
        if browser::left_for_login(&problem) {
            return;
        }
        // Believed at once; the list says the same a moment later.
        let terminals = Terminals::get();
        match problem.kind {
            ProblemKind::Locked => terminals.change(self.id, |terminal| {
                terminal.mfa_locked = true;
                terminal.granted_until = None;
            }),
            ProblemKind::NotRunning => terminals.change(self.id, |terminal| {
                if terminal.state == TerminalState::Running {
                    terminal.state = TerminalState::Stopped;
                }
            }),
            ProblemKind::NotFound => terminals.remove(self.id),
            _ => return self.link.set(Link::Cut(problem)),
        }
        self.link.set(Link::Idle);
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
