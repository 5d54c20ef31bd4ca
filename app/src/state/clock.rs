//! The time as the page knows it: one timer for every countdown and every "two minutes ago".

use leptos::prelude::*;
use protocol::Timestamp;

/// Two hands: one moves each second, one each quarter of a minute.
#[derive(Clone, Copy)]
pub(crate) struct Clock {
    /// Moves each second; for countdowns.
    pub(crate) second: ReadSignal<Timestamp>,
    /// Moves each 15 s; for relative dates.
    pub(crate) quarter: ReadSignal<Timestamp>,
}

impl Clock {
    pub(super) fn provide() {
        let start = Self::read();
        let (second, set_second) = signal(start);
        let (quarter, set_quarter) = signal(start);
        Effect::new(move |_| {
            let tick = move || {
                let now = Self::read();
                set_second.set(now);
                if now.secs() - quarter.get_untracked().secs() >= 15 {
                    set_quarter.set(now);
                }
            };
            let _ = set_interval_with_handle(tick, std::time::Duration::from_secs(1));
        });
        provide_context(Self { second, quarter });
    }

    /// The instant it is, from the browser's clock or the server's.
    pub(crate) fn read() -> Timestamp {
        #[cfg(feature = "ssr")]
        let millis = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX));
        #[cfg(not(feature = "ssr"))]
        let millis = js_sys::Date::now() as i64;
        Timestamp::from_millis(millis)
    }
}
