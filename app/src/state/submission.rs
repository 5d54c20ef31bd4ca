//! The state of a form from submission to its result.

use std::{
    future::Future,
    pin::Pin,
    sync::atomic::{AtomicUsize, Ordering},
};

use leptos::{prelude::*, task::spawn_local};
use protocol::Problem;

use crate::browser;

/// The parsed value if there are no errors, otherwise the errors.
pub(crate) fn all_valid<T>(read: T, errors: Vec<Problem>) -> Result<T, Vec<Problem>> {
    if errors.is_empty() { Ok(read) } else { Err(errors) }
}

/// The state of one form.
#[derive(Clone, Copy)]
pub(crate) struct Submission {
    /// A request is pending.
    pub(crate) busy: RwSignal<bool>,
    /// Why the last submission failed: the problem of the server, or all errors that the form found.
    pub(crate) problems: RwSignal<Vec<Problem>>,
    /// Distinguishes the forms of a page.
    number: usize,
}

impl Submission {
    /// A form that was not submitted yet.
    pub(crate) fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        Self { busy: RwSignal::new(false), problems: RwSignal::new(Vec::new()), number }
    }

    /// Element id of the error message. Error messages are never rendered by the server, so the counter only runs in
    /// the browser.
    pub(crate) fn error_id(self) -> String {
        format!("refusal-{}", self.number)
    }

    /// The parsed value; otherwise shows the errors and returns `None`.
    pub(crate) fn validated<T>(self, read: Result<T, Vec<Problem>>) -> Option<T> {
        read.map_err(|errors| self.problems.set(errors)).ok()
    }

    /// Runs the request and shows its problem in the form. Does nothing while a request is pending. An expired login
    /// leads to the login page.
    pub(crate) fn run(self, request: impl Future<Output = Result<(), Problem>> + 'static) {
        self.run_boxed(Box::pin(request));
    }

    fn run_boxed(self, request: Pin<Box<dyn Future<Output = Result<(), Problem>>>>) {
        if self.busy.get_untracked() {
            return;
        }
        self.busy.set(true);
        self.problems.set(Vec::new());
        spawn_local(async move {
            let problem = request.await.err();
            if problem.as_ref().is_some_and(browser::redirect_to_login) {
                return;
            }
            // The form may be disposed by now, for example in a closed dialog.
            let _ = self.busy.try_set(false);
            let _ = self.problems.try_set(problem.into_iter().collect());
        });
    }
}
