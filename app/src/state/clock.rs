//! The current time as signals, driven by one timer.

use std::sync::atomic::{AtomicI64, Ordering};

use leptos::prelude::*;
use protocol::Timestamp;

/// Milliseconds that the server's clock is ahead of the browser's. Grants and links end by the server's clock; without
/// the correction a wrong browser clock would show valid grants as expired.
static AHEAD_MILLIS: AtomicI64 = AtomicI64::new(0);
/// Smaller differences come from the transfer time of the page.
const AHEAD_MILLIS_MIN: i64 = 20_000;

/// Two signals of the current time.
#[derive(Clone, Copy)]
pub(crate) struct Clock {
    /// Updated every second; for countdowns.
    pub(crate) second: ReadSignal<Timestamp>,
    /// Updated every 15 seconds; for relative dates.
    pub(crate) quarter_minute: ReadSignal<Timestamp>,
}

impl Clock {
    pub(super) fn provide() {
        let start = Self::now();
        let (second, set_second) = signal(start);
        let (quarter_minute, set_quarter) = signal(start);
        Effect::new(move |_| {
            adopt_server_time();
            let tick = move || {
                let now = Self::now();
                set_second.set(now);
                if now.secs() - quarter_minute.get_untracked().secs() >= 15 {
                    set_quarter.set(now);
                }
            };
            let _ = set_interval_with_handle(tick, std::time::Duration::from_secs(1));
        });
        provide_context(Self { second, quarter_minute });
    }

    /// The current time, corrected to the server's clock.
    pub(crate) fn now() -> Timestamp {
        #[cfg(feature = "ssr")]
        let millis = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX));
        #[cfg(not(feature = "ssr"))]
        let millis = js_sys::Date::now() as i64 + AHEAD_MILLIS.load(Ordering::Relaxed);
        Timestamp::from_millis(millis)
    }
}

/// Reads the render time from the document.
fn adopt_server_time() {
    let rendered = crate::browser::document().query_selector("meta[name=server-time]").ok().flatten();
    let millis = rendered.and_then(|meta| meta.get_attribute("content")).and_then(|text| text.parse::<i64>().ok());
    let ahead = millis.map_or(0, |millis| millis - Clock::now().millis());
    if ahead.abs() >= AHEAD_MILLIS_MIN {
        AHEAD_MILLIS.store(ahead, Ordering::Relaxed);
    }
}
