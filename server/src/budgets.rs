//! The budgets of attempts, audit rows and searches: how much one cause may use, in its unit, and why.
//! Budgets of the listener are in `http::Bounds`, those of sockets in `http::ws::budget`, those of the
//! protocol in [`protocol::limits`], and the limit of log lines of one cause in [`rates::LogLimit`].

use std::time::Duration;

use rates::Rate;

/// Sign-in attempts of one address over all names: a hundred in a burst, then one a minute. The wait does not grow,
/// because an office may share the address. A successful attempt is not counted.
pub const ADDRESS_ATTEMPTS: Rate = Rate { burst: 100, refill_ms: 60_000 };
/// Attempts of one address with one-time links and set-up tokens: these are 256 random bits, so the limit only bounds
/// what the attempts cost. A successful attempt is not counted.
pub const LINK_ATTEMPTS: Rate = Rate { burst: 10, refill_ms: 6_000 };
/// Attempts of all sources together for which a table has no room, because every entry of it waits.
pub const OVERFLOW_ATTEMPTS: Rate = Rate { burst: 100, refill_ms: 1_000 };
/// Entries of each table of the throttle: at most 200 bytes each, so about 4 MB for a table.
pub const THROTTLE_ENTRIES: usize = 20_000;
/// Failures for one name from one source before waits begin.
pub const NAME_FREE_FAILURES: u32 = 5;
/// First wait for one name from one source, in seconds. It doubles with each further failure.
pub const NAME_WAIT_SECS_MIN: i64 = 30;
/// Maximum wait for one name from one source, and how long its failures are remembered, in seconds.
pub const NAME_WAIT_SECS_MAX: i64 = 3600;

/// Events of one cause (an account, or the address of an unknown caller; event; outcome) that are recorded in a window
/// of [`AUDIT_WINDOW_SECS`] without a change. Further ones are counted and become one event.
pub const AUDIT_ROWS: u32 = 20;
/// Length of the window of recorded events, in seconds.
pub const AUDIT_WINDOW_SECS: i64 = 60;
/// Causes of accounts that are counted at the same time. Further ones share one window for each event and outcome.
pub const AUDIT_ACCOUNT_CAUSES: usize = 4096;
/// The same for addresses of unknown callers. Few, because one host may have many addresses: with [`AUDIT_ROWS`] and
/// less than 1 kB for a row they write about 1 MB a minute at most.
pub const AUDIT_ADDRESS_CAUSES: usize = 64;
/// Changing requests of one account. Each may append an event, which is never suppressed, so their rate bounds the
/// growth of the audit log: ten a second and less than 1 kB for a row are below 1 MB a minute.
pub const ACCOUNT_CHANGES: Rate = Rate { burst: 300, refill_ms: 100 };

/// Searches of the audit log at the same time, over all accounts: as many as SQLite has connections for them.
pub const AUDIT_SEARCHES: usize = 2;
/// Maximum time that a search waits for its slot, and that it runs. It reads with pauses of the same length, so it
/// takes at most half of one core.
pub const AUDIT_SEARCH_TIME: Duration = Duration::from_secs(2);
/// Positions that the first statement of a search reads. Later ones read more or fewer by the time they take.
pub const AUDIT_SEARCH_POSITIONS: i64 = 2_000;
/// Intended maximum time of one statement of a search.
pub const AUDIT_SEARCH_STEP: Duration = Duration::from_millis(20);
/// Events of a time up to which a search looks up their positions in the index over times.
pub const AUDIT_TIME_EVENTS: u32 = 20_000;

/// Time for which the listener reserves connections for an address after a signed-in request, in seconds.
pub const SIGNED_IN_SECS: i64 = 24 * 3600;
/// Addresses for which it reserves connections: less than 100 bytes each.
pub const SIGNED_IN_ADDRESSES: usize = 4096;
/// Addresses of one account among them, so that one account cannot displace those of others.
pub const ACCOUNT_ADDRESSES: usize = 8;
