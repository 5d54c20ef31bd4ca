//! What every form goes through when it is sent: busy until the answer is there, then done or refused.

use std::{
    future::Future,
    pin::Pin,
    sync::atomic::{AtomicUsize, Ordering},
};

use leptos::{prelude::*, task::spawn_local};
use protocol::Problem;

use crate::browser;

/// What was read from a form, unless anything in it is wrong.
pub(crate) fn flawless<T>(read: T, mistakes: Vec<Problem>) -> Result<T, Vec<Problem>> {
    if mistakes.is_empty() { Ok(read) } else { Err(mistakes) }
}

/// One form's state.
#[derive(Clone, Copy)]
pub(crate) struct Sending {
    /// The answer is awaited.
    pub(crate) busy: RwSignal<bool>,
    /// Why the last try was refused: by the server, or everything that the form itself found wrong.
    pub(crate) problems: RwSignal<Vec<Problem>>,
    /// Tells it from the other forms.
    number: usize,
}

impl Sending {
    /// Nothing was sent yet.
    pub(crate) fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        Self { busy: RwSignal::new(false), problems: RwSignal::new(Vec::new()), number }
    }

    /// The id of its refusal in the page. A refusal is never rendered by the server, so the browser alone counts.
    pub(crate) fn refusal_id(self) -> String {
        format!("refusal-{}", self.number)
    }

    /// What was read from the form, unless that is wrong: then all its mistakes are shown, and nothing is sent.
    pub(crate) fn checked<T>(self, read: Result<T, Vec<Problem>>) -> Option<T> {
        read.map_err(|mistakes| self.problems.set(mistakes)).ok()
    }

    /// Does the work, and shows its refusal at the form. While it goes on nothing else is sent. A login that ended
    /// leads to the login page instead.
    pub(crate) fn send(self, work: impl Future<Output = Result<(), Problem>> + 'static) {
        self.erased(Box::pin(work));
    }

    fn erased(self, work: Pin<Box<dyn Future<Output = Result<(), Problem>>>>) {
        if self.busy.get_untracked() {
            return;
        }
        self.busy.set(true);
        self.problems.set(Vec::new());
        spawn_local(async move {
            let refusal = work.await.err();
            if refusal.as_ref().is_some_and(browser::left_for_login) {
                return;
            }
            // The form may be gone by now: a dialog that closed.
            let _ = self.busy.try_set(false);
            let _ = self.problems.try_set(refusal.into_iter().collect());
        });
    }
}
