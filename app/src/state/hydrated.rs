//! Whether the program runs already. Until then buttons that need it are disabled, so that no click is lost and no
//! form with a password is ever sent by the browser itself.

use leptos::prelude::*;

/// True from the moment the program took over the page.
#[derive(Clone, Copy)]
pub(crate) struct Hydrated(ReadSignal<bool>);

impl Hydrated {
    /// Puts it into the context; effects run in the browser only.
    pub(super) fn provide() {
        let (hydrated, set) = signal(false);
        Effect::new(move |_| set.set(true));
        provide_context(Self(hydrated));
    }

    /// For `disabled=`: the program does not run yet.
    pub(crate) fn pending() -> impl Fn() -> bool + Copy + Send + Sync + 'static {
        let Self(hydrated) = expect_context::<Self>();
        move || !hydrated.get()
    }

    /// The signal itself.
    pub(crate) fn signal() -> ReadSignal<bool> {
        expect_context::<Self>().0
    }
}
