//! Whether hydration is complete. Until then, controls that need the program are disabled: no click is lost, and the
//! browser never submits a form with a password itself.

use leptos::prelude::*;

/// True once hydration is complete.
#[derive(Clone, Copy)]
pub(crate) struct Hydrated(ReadSignal<bool>);

impl Hydrated {
    /// Provides the signal. Effects run in the browser only.
    pub(super) fn provide() {
        let (hydrated, set) = signal(false);
        Effect::new(move |_| set.set(true));
        provide_context(Self(hydrated));
    }

    /// For `disabled=`: hydration is not complete.
    pub(crate) fn pending() -> impl Fn() -> bool + Copy + Send + Sync + 'static {
        let Self(hydrated) = expect_context::<Self>();
        move || !hydrated.get()
    }

    /// The signal.
    pub(crate) fn signal() -> ReadSignal<bool> {
        expect_context::<Self>().0
    }
}
