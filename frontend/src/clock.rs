//! The browser's wall clock and monotonic clock.

use protocol::Timestamp;

/// Wall clock.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_millis(js_sys::Date::now() as i64)
}

/// Microseconds since the page was opened, monotonic.
pub(crate) fn now_micros() -> u64 {
    let millis = web_sys::window().and_then(|window| window.performance()).map_or(0.0, |clock| clock.now());
    (millis * 1000.0) as u64
}
