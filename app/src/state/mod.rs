//! State shared by several pages: account, terminals, time, messages. Each is a `Copy` handle of signals, provided once
//! by [`provide`].

mod account;
mod clock;
mod event_stream;
mod hydrated;
mod on_demand;
mod submission;
mod terminals;
mod toasts;

pub(crate) use account::Account;
pub(crate) use clock::Clock;
pub(crate) use event_stream::follow_events;
pub(crate) use hydrated::Hydrated;
pub(crate) use on_demand::on_demand;
pub(crate) use submission::{Submission, all_valid};
pub(crate) use terminals::{Terminals, notify_other_tabs};
pub(crate) use toasts::{Toast, Toasts, Tone};

/// Provides all shared state at the root of the program.
pub(crate) fn provide() {
    Hydrated::provide();
    Clock::provide();
    Toasts::provide();
    Account::provide();
    Terminals::provide();
}
