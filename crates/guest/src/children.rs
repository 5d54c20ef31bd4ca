//! Reaping: as PID 1 every orphan of the container becomes a child of this process.

use rustix::process::{Pid, WaitOptions, WaitStatus};

/// The next child that ended, with its exit status as shells say it (128 + signal when it was killed).
pub fn next_ended() -> Option<(Pid, i32)> {
    let (pid, status) = rustix::process::wait(WaitOptions::NOHANG).ok().flatten()?;
    Some((pid, code(status)))
}

fn code(status: WaitStatus) -> i32 {
    status.exit_status().or_else(|| status.terminating_signal().map(|signal| 128 + signal)).unwrap_or(255)
}
