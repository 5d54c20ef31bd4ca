//! The budgets of attempts, audit rows, searches and connections: how much one cause may use, in its unit, and why.
//! Budgets of sockets are in `http::ws::budget`, those of the protocol in [`protocol::limits`], and the limit of log
//! lines of one cause in [`rates::LogLimit`].

use rates::Rate;

/// Sign-in attempts of one address over all names: a hundred in a burst, then one a minute. The wait does not grow,
/// because an office may share the address. A successful attempt is not counted.
pub const ADDRESS_ATTEMPTS: Rate = Rate { burst: 100, each_ms: 60_000 };
/// Attempts of one address with one-time links and set-up tokens: these are 256 random bits, so the limit only bounds
/// what the attempts cost. A successful attempt is not counted.
pub const LINK_ATTEMPTS: Rate = Rate { burst: 10, each_ms: 6_000 };
/// Attempts of all sources together for which a table has no room, because every entry of it waits.
pub const OVERFLOW_ATTEMPTS: Rate = Rate { burst: 100, each_ms: 1_000 };
/// Entries of each table of the throttle: at most 200 bytes each, so about 4 MB for a table.
pub const THROTTLE_ENTRIES: usize = 20_000;
/// Failures for one name from one source before waits begin.
pub const NAME_FREE_FAILURES: u32 = 5;
/// First wait for one name from one source, in seconds. It doubles with each further failure.
pub const NAME_WAIT_SECS_MIN: i64 = 30;
/// Maximum wait for one name from one source, and how long its failures are remembered, in seconds.
pub const NAME_WAIT_SECS_MAX: i64 = 3600;
