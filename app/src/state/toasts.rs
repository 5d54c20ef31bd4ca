//! Short messages about things that happen in the background. What concerns a form stands at the form instead.

use std::time::Duration;

use leptos::prelude::*;
use protocol::Problem;

/// How a message is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Done.
    Good,
    /// Worth knowing.
    Plain,
    /// Did not work.
    Bad,
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Toast {
    /// Counts up.
    pub(crate) id: u32,
    /// How it is meant.
    pub(crate) tone: Tone,
    /// What happened.
    pub(crate) title: String,
    /// Why, and what to do next; may be empty.
    pub(crate) detail: String,
}

/// The messages on the screen, oldest first.
#[derive(Clone, Copy)]
pub(crate) struct Toasts {
    /// What is shown.
    pub(crate) list: RwSignal<Vec<Toast>>,
    next: StoredValue<u32>,
}

/// More than this many are never on the screen.
const SHOWN_MAX: usize = 4;

impl Toasts {
    pub(super) fn provide() {
        provide_context(Self { list: RwSignal::new(Vec::new()), next: StoredValue::new(0) });
    }

    /// The handle from the context.
    pub(crate) fn get() -> Self {
        expect_context()
    }

    /// Something worked.
    pub(crate) fn good(self, title: impl Into<String>) {
        self.push(Tone::Good, title.into(), String::new());
    }

    /// Something worth knowing.
    pub(crate) fn plain(self, title: impl Into<String>, detail: impl Into<String>) {
        self.push(Tone::Plain, title.into(), detail.into());
    }

    /// Something was refused. A login that ended leads to the login page instead of a message.
    pub(crate) fn problem(self, problem: &Problem) {
        if !crate::browser::left_for_login(problem) {
            self.push(Tone::Bad, problem.title.clone(), problem.detail.clone());
        }
    }

    /// Takes one away.
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
        let secs = if tone == Tone::Bad { 12 } else { 5 };
        set_timeout(move || self.dismiss(id), Duration::from_secs(secs));
    }
}
