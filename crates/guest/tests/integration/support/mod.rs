//! Support for the integration tests: the guest as a child process, and the server's end of the guest link.

mod guest;
mod server;

use std::time::{Duration, Instant};

pub use guest::Guest;
use protocol::frame::Size;
use rustix::process::{Pid, Signal};

/// Upper bound of every wait. The tests take less than a tenth of it.
const DEADLINE: Duration = Duration::from_secs(20);

pub fn size(cols: u16, rows: u16) -> Size {
    Size { cols, rows }
}

/// Polls `done` until it returns true.
pub fn wait_for(mut done: impl FnMut() -> bool, what: &str) {
    let end = Instant::now() + DEADLINE;
    while !done() {
        assert!(Instant::now() < end, "timed out waiting for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Uses the system call, because a minimal machine has no `kill` program.
fn kill(pid: u32, signal: Signal) -> rustix::io::Result<()> {
    Pid::from_raw(pid.cast_signed()).map_or(Ok(()), |pid| rustix::process::kill_process(pid, signal))
}

/// Direct children of a process, including zombies.
pub fn children(pid: u32) -> Vec<u32> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    text.split_whitespace().filter_map(|p| p.parse().ok()).collect()
}

/// The checksum that `cksum` prints (POSIX: CRC-32 of the bytes and their number).
pub fn cksum(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: u8| {
        (0..8).fold(crc ^ (u32::from(byte) << 24), |c, _| if c >> 31 == 1 { (c << 1) ^ 0x04c1_1db7 } else { c << 1 })
    };
    let mut crc = bytes.iter().fold(0, |c, b| step(c, *b));
    let mut len = bytes.len();
    while len > 0 {
        crc = step(crc, u8::try_from(len & 0xff).unwrap());
        len >>= 8;
    }
    !crc
}
