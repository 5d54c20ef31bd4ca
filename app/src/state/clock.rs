//! The time as the page knows it: one timer for every countdown and every "two minutes ago".

use std::sync::atomic::{AtomicI64, Ordering};

use leptos::prelude::*;
use protocol::Timestamp;

/// Milliseconds the server's clock is ahead of the browser's. Grants and links end by the server's clock, and a
/// browser whose clock is wrong must not call a living grant dead.
static AHEAD_MILLIS: AtomicI64 = AtomicI64::new(0);
/// A smaller difference is the time the page took to arrive, not a wrong clock.
const AHEAD_MILLIS_MIN: i64 = 20_000;

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
            adopt_server_time();
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
        let millis = js_sys::Date::now() as i64 + AHEAD_MILLIS.load(Ordering::Relaxed);
        Timestamp::from_millis(millis)
    }
}

/// The document says when it was rendered.
fn adopt_server_time() {
    let rendered = crate::browser::document().query_selector("meta[name=server-time]").ok().flatten();
    let millis = rendered.and_then(|meta| meta.get_attribute("content")).and_then(|text| text.parse::<i64>().ok());
    let ahead = millis.map_or(0, |millis| millis - Clock::read().millis());
    if ahead.abs() >= AHEAD_MILLIS_MIN {
        AHEAD_MILLIS.store(ahead, Ordering::Relaxed);
    }
}
