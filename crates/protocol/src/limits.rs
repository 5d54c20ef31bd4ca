//! Limits of the protocol. Names contain the unit.

/// Size limit of a client's frame on a terminal socket. Clients split larger pastes.
pub const CLIENT_FRAME_BYTES_MAX: usize = 64 * 1024;
/// Size limit of the output in one frame, from the guest or to a client.
pub const OUTPUT_CHUNK_BYTES_MAX: usize = 32 * 1024;
/// Size limit of a frame on the guest link, in either direction.
pub const GUEST_FRAME_BYTES_MAX: usize = 128 * 1024;
/// Output that guest and server each buffer per pane, so that clients can resume.
pub const OUTPUT_BUFFER_BYTES: usize = 1024 * 1024;
/// Output that may be sent to a client and not yet acknowledged. Above this limit the PTY is not read.
pub const OUTSTANDING_BYTES_MAX: u64 = 384 * 1024;
/// Input of one pane that may be sent to the guest and not yet accepted by the PTY. Above this limit clients wait.
pub const INPUT_IN_FLIGHT_BYTES_MAX: usize = 512 * 1024;
/// The guest acknowledges accepted input at least once per this many bytes.
pub const INPUT_ACK_BYTES: usize = 64 * 1024;
/// Terminal width, in cells.
pub const COLS: std::ops::RangeInclusive<u16> = 2..=1000;
/// Terminal height, in cells.
pub const ROWS: std::ops::RangeInclusive<u16> = 1..=500;
/// Columns and rows when a client names none.
pub const SIZE_DEFAULT: (u16, u16) = (80, 24);
/// Panes (shells) of one terminal.
pub const PANES_MAX: usize = 8;
/// Clients attached to one pane.
pub const CLIENTS_MAX: usize = 8;
/// Event streams of one login session. A page has one while it is visible.
pub const EVENT_STREAMS_MAX: usize = 16;
/// Event streams of one account over all its login sessions, because each occupies a connection indefinitely.
pub const ACCOUNT_EVENT_STREAMS_MAX: usize = 64;
/// Interval of pings to a client that sends nothing.
pub const PING_INTERVAL_SECS: u64 = 20;
/// A client that sends nothing for this long is considered half-open and is disconnected.
pub const CLIENT_TIMEOUT_SECS: u64 = 60;
/// Size limit of the JSON body of a request.
pub const JSON_BODY_BYTES_MAX: usize = 64 * 1024;
/// Password length, in characters (OWASP password storage).
pub const PASSWORD_CHARS: std::ops::RangeInclusive<usize> = 8..=128;
/// A password of at least this many characters may contain the name of the product.
pub const PASSWORD_LONG_CHARS: usize = 15;
/// Length of a username, in characters.
pub const USERNAME_CHARS: std::ops::RangeInclusive<usize> = 3..=32;
/// Maximum length of a terminal's name, in characters.
pub const TERMINAL_NAME_CHARS_MAX: usize = 64;
/// Digits of an authenticator app's code (RFC 6238).
pub const CODE_DIGITS: usize = 6;
/// Letters and digits of a recovery code, without dashes.
pub const RECOVERY_CODE_CHARS: usize = 16;
/// Time to confirm a new authenticator secret. After that the secret expires.
pub const ENROLMENT_SECS: u32 = 10 * 60;
/// Allowed values of the idle timeout of login sessions.
pub const SESSION_IDLE_SECS: std::ops::RangeInclusive<u32> = 300..=86_400;
/// Allowed values of the maximum duration of login sessions.
pub const SESSION_ABSOLUTE_SECS: std::ops::RangeInclusive<u32> = 900..=2_592_000;
/// Allowed values of the time without input after which a grant ends.
pub const GRANT_IDLE_SECS: std::ops::RangeInclusive<u32> = 60..=86_400;
/// Remaining time of a grant at which clients are warned.
pub const GRANT_WARNING_SECS: u32 = 60;
/// Allowed values of the maximum duration of grants.
pub const GRANT_ABSOLUTE_SECS: std::ops::RangeInclusive<u32> = 300..=604_800;
/// Allowed values of the quota of terminals per account.
pub const TERMINAL_QUOTA: std::ops::RangeInclusive<u32> = 0..=100;
/// Allowed values of the retention of audit events.
pub const AUDIT_RETENTION_DAYS: std::ops::RangeInclusive<u32> = 30..=3650;
/// Allowed values of the memory limit of a tier.
pub const TIER_MEMORY_BYTES: std::ops::RangeInclusive<u64> = (512 << 20)..=(4 << 30);
/// Allowed values of the CPU quota of a tier, in thousandths of a core.
pub const TIER_CPU_MILLIS: std::ops::RangeInclusive<u32> = 100..=8000;
/// Maximum number of items on one page of a list.
pub const PAGE_ITEMS_MAX: u32 = 200;
/// Number of items on one page of a list when the request names none.
pub const PAGE_ITEMS_DEFAULT: u32 = 50;
/// Recovery codes in one set.
pub const RECOVERY_CODES: usize = 10;
