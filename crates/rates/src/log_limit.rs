//! A limit of the log lines of one cause.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Lines of one cause in one window.
const LINES: u32 = 5;
/// Length of a window.
const WINDOW: Duration = Duration::from_secs(60);

/// A limit of the log lines of one cause: a place in the code, or a place and a terminal. What is beyond the limit is
/// counted, and the next line that is written has the count.
///
/// ```
/// rates::limited!(suppressed => println!("the guest violated the protocol, suppressed={suppressed}"));
/// ```
#[derive(Debug, Default)]
pub struct LogLimit(Mutex<Window>);

#[derive(Debug, Default)]
struct Window {
    begun: Option<Instant>,
    lines: u32,
    suppressed: u64,
}

impl LogLimit {
    /// A limit of five lines a minute.
    pub const fn new() -> Self {
        Self(Mutex::new(Window { begun: None, lines: 0, suppressed: 0 }))
    }

    /// Whether a line may be written: the number of lines that were suppressed since the last one, or `None`.
    pub fn admit(&self) -> Option<u64> {
        self.admit_at(Instant::now())
    }

    fn admit_at(&self, now: Instant) -> Option<u64> {
        let mut window = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if window.begun.is_none_or(|begun| now.saturating_duration_since(begun) >= WINDOW) {
            (window.begun, window.lines) = (Some(now), 0);
        }
        if window.lines >= LINES {
            window.suppressed += 1;
            return None;
        }
        window.lines += 1;
        Some(std::mem::take(&mut window.suppressed))
    }
}

/// Writes a log line at most as often as a [`LogLimit`] of this place in the code allows. The name before the arrow is
/// the number of lines that were suppressed since the last one.
#[macro_export]
macro_rules! limited {
    ($suppressed:ident => $line:expr) => {{
        static LIMIT: $crate::LogLimit = $crate::LogLimit::new();
        if let Some($suppressed) = LIMIT.admit() {
            $line;
        }
    }};
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FINDINGS A5, A7: a guest or a client that causes the same line again and again does not fill the log.
    #[test]
    fn lines_of_one_cause_are_limited_and_counted() {
        let (limit, start) = (LogLimit::new(), Instant::now());
        let written = (0..1000).filter_map(|_| limit.admit_at(start)).collect::<Vec<_>>();
        assert_eq!(written, [0; 5]);
        assert_eq!(limit.admit_at(start + WINDOW), Some(995));
        assert_eq!(limit.admit_at(start + WINDOW), Some(0));
    }
}
