//! Every bound of the protocol, named once. Units are in the names.

/// Largest message a client may send on a terminal socket; a paste is cut into pieces of at most this.
pub const CLIENT_FRAME_BYTES_MAX: usize = 64 * 1024;
/// Largest piece of output in one frame, from the guest or to a client.
pub const OUTPUT_CHUNK_BYTES_MAX: usize = 32 * 1024;
/// Largest frame on the guest link, either way.
pub const LINK_FRAME_BYTES_MAX: usize = 128 * 1024;
/// Output a pane keeps for resume, in the guest and in the server.
pub const RING_BYTES: usize = 1024 * 1024;
/// Output that may be sent and not yet parsed by a viewer before the server stops reading the PTY.
pub const OUTSTANDING_BYTES_MAX: u64 = 384 * 1024;
/// Input of one pane that may be on its way to the terminal; with more, a typing viewer waits.
pub const INPUT_BYTES_MAX: usize = 512 * 1024;
/// The guest says that input was taken at the latest after this much of it.
pub const INPUT_TAKEN_BYTES: usize = 64 * 1024;
/// Terminal width, in cells.
pub const COLS: std::ops::RangeInclusive<u16> = 2..=1000;
/// Terminal height, in cells.
pub const ROWS: std::ops::RangeInclusive<u16> = 1..=500;
/// Size used when a client names none.
pub const SIZE_DEFAULT: (u16, u16) = (80, 24);
/// Panes (shells) of one terminal.
pub const PANES_MAX: usize = 8;
/// Sockets attached to one pane.
pub const VIEWERS_MAX: usize = 8;
/// Event streams of one login: a page has one while it is in front.
pub const EVENT_STREAMS_MAX: usize = 16;
/// Event streams of one account, in all its logins: each holds a connection for as long as it likes.
pub const ACCOUNT_EVENT_STREAMS_MAX: usize = 64;
/// The server pings a silent client this often.
pub const PING_SECS: u64 = 20;
/// A client that answers nothing for this long is half-open and is dropped.
pub const SILENT_SECS_MAX: u64 = 60;
/// Largest JSON body of a request.
pub const JSON_BODY_BYTES_MAX: usize = 64 * 1024;
/// Password length, in characters (OWASP password storage).
pub const PASSWORD_CHARS: std::ops::RangeInclusive<usize> = 8..=128;
/// From this many characters on a password may have the product's name in it: the rest is enough.
pub const PASSWORD_LONG_CHARS: usize = 15;
/// Length of an account's name, in characters.
pub const USERNAME_CHARS: std::ops::RangeInclusive<usize> = 3..=32;
/// Length of a terminal's name, in characters.
pub const TERMINAL_NAME_CHARS_MAX: usize = 64;
/// Digits of an authenticator app's code (RFC 6238; what the apps show).
pub const CODE_DIGITS: usize = 6;
/// Letters and digits of a recovery code, without its dashes.
pub const RECOVERY_CODE_CHARS: usize = 16;
/// A secret that is not confirmed in this time is forgotten.
pub const ENROLMENT_SECS: u32 = 10 * 60;
/// A login without activity ends after this long, as an administrator may set it.
pub const SESSION_IDLE_SECS: std::ops::RangeInclusive<u32> = 300..=86_400;
/// A login ends in any case after this long, as an administrator may set it.
pub const SESSION_ABSOLUTE_SECS: std::ops::RangeInclusive<u32> = 900..=2_592_000;
/// A grant without input ends after this long, as an administrator may set it.
pub const GRANT_IDLE_SECS: std::ops::RangeInclusive<u32> = 60..=86_400;
/// The person is warned when a grant has less than this left.
pub const GRANT_WARNING_SECS: u32 = 60;
/// A grant ends in any case after this long, as an administrator may set it.
pub const GRANT_ABSOLUTE_SECS: std::ops::RangeInclusive<u32> = 300..=604_800;
/// Terminals of one account, as an administrator may set it.
pub const TERMINALS: std::ops::RangeInclusive<u32> = 0..=100;
/// Days that events of the audit trail are kept, as an administrator may set it.
pub const AUDIT_RETENTION_DAYS: std::ops::RangeInclusive<u32> = 30..=3650;
/// Memory of a tier.
pub const TIER_MEMORY_BYTES: std::ops::RangeInclusive<u64> = (512 << 20)..=(4 << 30);
/// CPU of a tier, in thousandths of a core.
pub const TIER_CPU_MILLIS: std::ops::RangeInclusive<u32> = 100..=8000;
/// Items on one page of a list, at most.
pub const PAGE_ITEMS_MAX: u32 = 200;
/// Items on one page of a list, when none is asked for.
pub const PAGE_ITEMS_DEFAULT: u32 = 50;
/// Recovery codes in one set.
pub const RECOVERY_CODES: usize = 10;
