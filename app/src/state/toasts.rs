//! Short messages about background events. Errors of a form are shown in the form instead.

use std::time::Duration;

use leptos::prelude::*;
use protocol::Problem;

/// Severity of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// An action succeeded.
    Success,
    /// Information.
    Info,
    /// An action failed.
    Error,
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Toast {
    /// Unique, ascending.
    pub(crate) id: u32,
    /// Severity.
    pub(crate) tone: Tone,
    /// What happened.
    pub(crate) title: String,
    /// Reason and next step; may be empty.
    pub(crate) detail: String,
}

/// The visible messages, oldest first.
#[derive(Clone, Copy)]
pub(crate) struct Toasts {
    /// The visible messages.
    pub(crate) list: RwSignal<Vec<Toast>>,
    next: StoredValue<u32>,
}

/// Maximum number of visible messages.
const SHOWN_MAX: usize = 4;

impl Toasts {
    pub(super) fn provide() {
        provide_context(Self { list: RwSignal::new(Vec::new()), next: StoredValue::new(0) });
    }

    /// The handle from the context.
    pub(crate) fn get() -> Self {
        expect_context()
    }

    /// Reports that an action succeeded.
    pub(crate) fn success(self, title: impl Into<String>) {
        self.push(Tone::Success, title.into(), String::new());
    }

    /// Shows information.
    pub(crate) fn info(self, title: impl Into<String>, detail: impl Into<String>) {
        self.push(Tone::Info, title.into(), detail.into());
    }

    /// Shows an error. An expired login leads to the login page instead.
    pub(crate) fn problem(self, problem: &Problem) {
        if !crate::browser::redirect_to_login(problem) {
            self.push(Tone::Error, problem.title.clone(), problem.detail.clone());
        }
    }

    /// Removes a message.
    pub(crate) fn dismiss(self, id: u32) {
        let _ = self.list.try_update(|list| list.retain(|toast| toast.id != id));
    }

    fn push(self, tone: Tone, title: String, detail: String) {
        let id = self.next.get_value();
        self.next.set_value(id + 1);
        self.list.update(|list| {
            list.push(Toast { id, tone, title, detail });
            let excess = list.len().saturating_sub(SHOWN_MAX);
            list.drain(..excess);
        });
        let secs = if tone == Tone::Error { 12 } else { 5 };
        set_timeout(move || self.dismiss(id), Duration::from_secs(secs));
    }
}
