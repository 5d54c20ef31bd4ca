//! Reaping. PID 1 is the parent of every orphaned process of the container.

use rustix::process::{Pid, WaitOptions, WaitStatus};

/// Reaps one child that has exited and returns its exit status (128 + signal number when it was killed).
/// `None` when no child has exited.
pub fn reap_next() -> Option<(Pid, i32)> {
    let (pid, status) = rustix::process::wait(WaitOptions::NOHANG).ok().flatten()?;
    Some((pid, exit_status(status)))
}

fn exit_status(status: WaitStatus) -> i32 {
    status.exit_status().or_else(|| status.terminating_signal().map(|signal| 128 + signal)).unwrap_or(255)
}
