//! Rates: a token bucket, a bounded table of entries that may wait, the subscriber of an address, and a limit of log
//! lines of one cause. Nothing here reads a wall clock; times are milliseconds that the caller passes.
#![forbid(unsafe_code)]

mod bucket;
mod log_limit;
mod subscriber;
mod table;

pub use bucket::{Bucket, Rate};
pub use log_limit::LogLimit;
pub use subscriber::subscriber;
pub use table::{BoundedTable, TableEntry};
