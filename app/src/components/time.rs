//! Dates and countdowns.

use leptos::prelude::*;
use protocol::Timestamp;

use crate::state::{Clock, Hydrated};

/// Relative time such as "3 min ago", with the absolute time as tooltip.
#[component]
pub(crate) fn RelativeTime(
    /// The instant.
    #[prop(into)]
    at: Signal<Timestamp>,
    /// Absolute time on any day but today.
    #[prop(optional)]
    dated: bool,
) -> impl IntoView {
    let quarter_minute = expect_context::<Clock>().quarter_minute;
    let hydrated = Hydrated::signal();
    let text = move || {
        let (at, now, local) = (at.get(), quarter_minute.get(), hydrated.get());
        if dated && day_number(at, local) != day_number(now, local) {
            format_absolute(at, local)
        } else {
            format_relative(at, now)
        }
    };
    view! {
        <time class="num" datetime=move || at.get().to_string() title=move || format_absolute(at.get(), hydrated.get())>
            {text}
        </time>
    }
    .into_any()
}

/// Absolute time, with the relative time as tooltip.
#[component]
pub(crate) fn AbsoluteTime(
    /// The instant.
    at: Timestamp,
) -> impl IntoView {
    let quarter_minute = expect_context::<Clock>().quarter_minute;
    let hydrated = Hydrated::signal();
    view! {
        <time class="num" datetime=at.to_string() title=move || format_relative(at, quarter_minute.get())>
            {move || format_absolute(at, hydrated.get())}
        </time>
    }
    .into_any()
}

/// Remaining time such as "14:32"; empty without an instant.
#[component]
pub(crate) fn Countdown(
    /// The instant.
    #[prop(into)]
    until: Signal<Option<Timestamp>>,
    /// Upper bound in seconds. Hides differences between the clocks of browser and server.
    #[prop(default = i64::MAX)]
    max_secs: i64,
) -> impl IntoView {
    let second = expect_context::<Clock>().second;
    view! {
        // Screen readers must not announce each second.
        <span
            class="num"
            role="timer"
            aria-live="off"
            title=move || until.get().map(|until| format_absolute(until, true))
        >
            {move || until.get().map(|until| format_remaining(until, second.get(), max_secs))}
        </span>
    }
    .into_any()
}

/// Absolute time: in the local time zone after hydration, in UTC on the server.
fn format_absolute(at: Timestamp, local: bool) -> String {
    #[cfg(not(feature = "ssr"))]
    if local {
        let date = js_sys::Date::new(&(at.millis() as f64).into());
        return date.to_locale_string("default", &wasm_bindgen::JsValue::UNDEFINED).into();
    }
    let _ = local;
    let text = at.to_string();
    text.get(..19).map_or(text.clone(), |text| format!("{} UTC", text.replace('T', " ")))
}

/// Day number: in the local time zone after hydration, in UTC on the server.
fn day_number(at: Timestamp, local: bool) -> i64 {
    #[cfg(not(feature = "ssr"))]
    if local {
        let ahead = js_sys::Date::new(&(at.millis() as f64).into()).get_timezone_offset() as i64 * -60;
        return (at.secs() + ahead).div_euclid(86_400);
    }
    let _ = local;
    at.secs().div_euclid(86_400)
}

fn format_relative(at: Timestamp, now: Timestamp) -> String {
    let secs = now.secs() - at.secs();
    let (amount, ahead) = (secs.unsigned_abs(), secs < 0);
    let text = match amount {
        // Tolerates small differences between the clocks of browser and server.
        0..45 => return "just now".to_owned(),
        45..3_570 => format!("{} min", (amount + 30) / 60),
        3_570..84_600 => format!("{} h", (amount + 1_800) / 3_600),
        84_600..2_592_000 => plural((amount + 43_200) / 86_400, "day"),
        2_592_000..31_104_000 => plural(amount / 2_592_000, "month"),
        _ => plural(amount / 31_536_000, "year"),
    };
    if ahead { format!("in {text}") } else { format!("{text} ago") }
}

fn plural(amount: u64, unit: &str) -> String {
    let amount = amount.max(1);
    format!("{amount} {unit}{}", if amount == 1 { "" } else { "s" })
}

fn format_remaining(until: Timestamp, now: Timestamp, max_secs: i64) -> String {
    let secs = (until.secs() - now.secs()).clamp(0, max_secs);
    match (secs / 3600, secs / 60 % 60) {
        (0, minutes) => format!("{minutes}:{:02}", secs % 60),
        // Without seconds from one hour on.
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ago(secs: i64) -> String {
        let now = Timestamp::from_millis(1_795_492_800_000);
        format_relative(now.plus_secs(-secs), now)
    }

    #[test]
    fn relative_times_are_rounded() {
        assert_eq!(ago(3), "just now");
        assert_eq!(ago(60), "1 min ago");
        assert_eq!(ago(3_590), "1 h ago");
        assert_eq!(ago(86_400), "1 day ago");
        assert_eq!(ago(3 * 86_400), "3 days ago");
        assert_eq!(ago(-600), "in 10 min");
    }

    #[test]
    fn countdowns_stop_at_zero() {
        let now = Timestamp::from_millis(1_795_492_800_000);
        let format_remaining = |secs| format_remaining(now.plus_secs(secs), now, 100 * 3_600);
        assert_eq!(format_remaining(872), "14:32");
        assert_eq!(format_remaining(3_661), "1 h 1 min");
        assert_eq!(format_remaining(72 * 3_600), "72 h");
        assert_eq!(format_remaining(-5), "0:00");
    }

    #[test]
    fn remaining_time_is_at_most_max_secs() {
        let now = Timestamp::from_millis(1_795_492_800_000);
        for secs in [0, 1, 15] {
            assert_eq!(format_remaining(now.plus_secs(600 + secs), now, 600), "10:00");
        }
    }

    #[test]
    fn the_server_formats_in_utc() {
        assert_eq!(format_absolute(Timestamp::from_millis(1_795_492_800_123), false), "2026-11-24 04:00:00 UTC");
    }
}
