//! What several pages share while the program runs: who is signed in, the terminals, the time, short messages.
//! Each is a `Copy` handle of signals, provided once in [`provide`] and found in the context.

mod account;
mod clock;
mod hydrated;
mod late;
mod live;
mod sending;
mod terminals;
mod toasts;

pub(crate) use account::Account;
pub(crate) use clock::Clock;
pub(crate) use hydrated::Hydrated;
pub(crate) use late::late;
pub(crate) use live::listen;
pub(crate) use sending::{Sending, flawless};
pub(crate) use terminals::{Terminals, tell_other_pages};
pub(crate) use toasts::{Toast, Toasts, Tone};

/// Puts every shared handle into the context of the program's root.
pub(crate) fn provide() {
    Hydrated::provide();
    Clock::provide();
    Toasts::provide();
    Account::provide();
    Terminals::provide();
}
