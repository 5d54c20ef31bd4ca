//! Dates: relative where people look, exact where they point.

use leptos::prelude::*;
use protocol::Timestamp;

use crate::state::{Clock, Hydrated};

/// "3 min ago", with the exact time in the title; it moves by itself.
#[component]
pub(crate) fn Ago(
    /// The instant.
    #[prop(into)]
    at: Signal<Timestamp>,
    /// On any day but today the exact time itself.
    #[prop(optional)]
    dated: bool,
) -> impl IntoView {
    let quarter = expect_context::<Clock>().quarter;
    let hydrated = Hydrated::signal();
    let text = move || {
        let (at, now, local) = (at.get(), quarter.get(), hydrated.get());
        if dated && day(at, local) != day(now, local) { exact(at, local) } else { relative(at, now) }
    };
    view! {
        <time class="num" datetime=move || at.get().to_string() title=move || exact(at.get(), hydrated.get())>
            {text}
        </time>
    }
    .into_any()
}

/// The exact time, with "3 min ago" in the title: where dates are compared.
#[component]
pub(crate) fn Exact(
    /// The instant.
    at: Timestamp,
) -> impl IntoView {
    let quarter = expect_context::<Clock>().quarter;
    let hydrated = Hydrated::signal();
    view! {
        <time class="num" datetime=at.to_string() title=move || relative(at, quarter.get())>
            {move || exact(at, hydrated.get())}
        </time>
    }
    .into_any()
}

/// "14:32" until an instant, counting down; empty once it is over.
#[component]
pub(crate) fn Countdown(
    /// The instant.
    #[prop(into)]
    until: Signal<Option<Timestamp>>,
    /// The whole time, where it is known: more is never left, whatever the two clocks say.
    #[prop(default = i64::MAX)]
    most: i64,
) -> impl IntoView {
    let second = expect_context::<Clock>().second;
    view! {
        // Not read out each second, whatever it stands in.
        <span class="num" role="timer" aria-live="off" title=move || until.get().map(|until| exact(until, true))>
            {move || until.get().map(|until| left(until, second.get(), most))}
        </span>
    }
    .into_any()
}

/// The exact time: in the person's own zone where it is known, in UTC where it is not (rendered by the server).
fn exact(at: Timestamp, local: bool) -> String {
    #[cfg(not(feature = "ssr"))]
    if local {
        let date = js_sys::Date::new(&(at.millis() as f64).into());
        return date.to_locale_string("default", &wasm_bindgen::JsValue::UNDEFINED).into();
    }
    let _ = local;
    let text = at.to_string();
    text.get(..19).map_or(text.clone(), |day| format!("{} UTC", day.replace('T', " ")))
}

/// The number of its day: in the person's own zone where that is known, else in UTC.
fn day(at: Timestamp, local: bool) -> i64 {
    #[cfg(not(feature = "ssr"))]
    if local {
        let ahead = js_sys::Date::new(&(at.millis() as f64).into()).get_timezone_offset() as i64 * -60;
        return (at.secs() + ahead).div_euclid(86_400);
    }
    let _ = local;
    at.secs().div_euclid(86_400)
}

fn relative(at: Timestamp, now: Timestamp) -> String {
    let secs = now.secs() - at.secs();
    let (amount, ahead) = (secs.unsigned_abs(), secs < 0);
    let text = match amount {
        // Two clocks are never quite the same: a moment ahead is now.
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

fn left(until: Timestamp, now: Timestamp, most: i64) -> String {
    let secs = (until.secs() - now.secs()).clamp(0, most);
    match (secs / 3600, secs / 60 % 60) {
        (0, minutes) => format!("{minutes}:{:02}", secs % 60),
        // Nobody counts the seconds of hours.
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ago(secs: i64) -> String {
        let now = Timestamp::from_millis(1_795_492_800_000);
        relative(now.plus_secs(-secs), now)
    }

    #[test]
    fn people_read_distances() {
        assert_eq!(ago(3), "just now");
        assert_eq!(ago(60), "1 min ago");
        assert_eq!(ago(3_590), "1 h ago");
        assert_eq!(ago(86_400), "1 day ago");
        assert_eq!(ago(3 * 86_400), "3 days ago");
        assert_eq!(ago(-600), "in 10 min");
    }

    #[test]
    fn countdowns_end_at_zero() {
        let now = Timestamp::from_millis(1_795_492_800_000);
        let left = |secs| left(now.plus_secs(secs), now, 100 * 3_600);
        assert_eq!(left(872), "14:32");
        assert_eq!(left(3_661), "1 h 1 min");
        assert_eq!(left(72 * 3_600), "72 h");
        assert_eq!(left(-5), "0:00");
    }

    #[test]
    fn no_more_is_left_than_there_was() {
        let now = Timestamp::from_millis(1_795_492_800_000);
        for late in [0, 1, 15] {
            assert_eq!(left(now.plus_secs(600 + late), now, 600), "10:00");
        }
    }

    #[test]
    fn the_server_writes_utc() {
        assert_eq!(exact(Timestamp::from_millis(1_795_492_800_123), false), "2026-11-24 04:00:00 UTC");
    }
}
