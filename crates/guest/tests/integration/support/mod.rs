//! Support for the integration tests: the guest as a child process, and the server's end of the guest link.

use std::{
    collections::HashMap,
    io::{Read, Write},
    os::unix::net::{UnixListener, UnixStream},
    path::PathBuf,
    process::{Child, Command, ExitStatus},
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use guest_protocol::{FrameBuffer, FromGuest, PaneNo, ToGuest, VERSION};
use protocol::frame::Size;
use rustix::process::{Pid, Signal};

/// Upper bound of every wait. The tests take less than a tenth of it.
const DEADLINE: Duration = Duration::from_secs(20);

pub fn size(cols: u16, rows: u16) -> Size {
    Size { cols, rows }
}

/// A guest process in its own temporary directory. Dropping it kills the process and its shells.
pub struct Guest {
    dir: PathBuf,
    child: Child,
    listener: Option<UnixListener>,
}

impl Guest {
    /// Starts the guest with `shell` as its shell, and listens for its connections.
    pub fn start(shell: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let dir = std::env::temp_dir().join(format!("rexec-guest-{}-{count}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(&dir).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_rexec-guest"))
            .args(["init", "--as-caller", "--shell", shell])
            .arg("--link")
            .arg(dir.join("s"))
            .arg("--sudo-socket")
            .arg(dir.join("sudo"))
            .env("HOME", &dir)
            .env_remove("ENV")
            .spawn()
            .unwrap();
        let mut guest = Self { dir, child, listener: None };
        // The guest may try to connect before this, and has to retry.
        guest.listen();
        guest
    }

    /// Path of a file in the temporary directory.
    pub fn path(&self, name: &str) -> String {
        self.dir.join(name).display().to_string()
    }

    pub fn listen(&mut self) {
        let _ = std::fs::remove_file(self.dir.join("s"));
        self.listener = Some(UnixListener::bind(self.dir.join("s")).unwrap());
    }

    /// Stops listening, as a server that is down.
    pub fn close(&mut self) {
        self.listener = None;
    }

    /// Accepts a connection and checks that its first message is Hello.
    pub fn accept(&self) -> Server {
        let (stream, _) = self.listener.as_ref().unwrap().accept().unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream.set_write_timeout(Some(DEADLINE)).unwrap();
        let mut server = Server { stream, buffer: FrameBuffer::default(), panes: HashMap::new() };
        assert!(matches!(server.next(), FromGuest::Hello { version: VERSION, .. }));
        server
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn terminate(&self) {
        kill(self.child.id(), Signal::TERM).unwrap();
    }

    pub fn wait(&mut self) -> ExitStatus {
        let mut status = None;
        wait_for(
            || {
                status = self.child.try_wait().unwrap();
                status.is_some()
            },
            "exit of the guest",
        );
        status.unwrap()
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let shells = children(self.child.id());
        let _ = self.child.kill();
        let _ = self.child.wait();
        for shell in shells {
            let _ = kill(shell, Signal::KILL);
        }
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

/// Fields of [`FromGuest::Opened`].
#[derive(Debug, Clone, Copy)]
pub struct Opened {
    pub oldest: u64,
    pub newest: u64,
    pub fresh: bool,
}

/// The server's end of one connection. It records the output of each pane.
pub struct Server {
    stream: UnixStream,
    buffer: FrameBuffer,
    /// Position after the last byte, and all bytes.
    panes: HashMap<PaneNo, (u64, Vec<u8>)>,
}

impl Server {
    pub fn send(&mut self, message: &ToGuest) {
        let mut bytes = Vec::new();
        message.encode(&mut bytes);
        self.stream.write_all(&bytes).unwrap();
    }

    /// Sends bytes that need not be a frame.
    pub fn send_raw(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    pub fn type_line(&mut self, pane: PaneNo, line: &str) {
        self.send(&ToGuest::Input { pane, bytes: format!("{line}\r").into_bytes() });
    }

    /// The next message. Output is recorded and must continue the pane's earlier output without a gap.
    pub fn next(&mut self) -> FromGuest {
        let mut chunk = [0; 65536];
        loop {
            if let Some((tag, payload)) = self.buffer.next_frame().unwrap() {
                let message = FromGuest::decode(tag, payload).unwrap();
                if let FromGuest::Output { pane, position, bytes } = &message {
                    let (end, seen) = self.panes.get_mut(pane).expect("output of an open pane");
                    assert_eq!(position, end, "positions have no gap");
                    *end += bytes.len() as u64;
                    seen.extend_from_slice(bytes);
                }
                return message;
            }
            let n = self.stream.read(&mut chunk).expect("a message within the deadline");
            assert!(n > 0, "the guest closed the connection");
            self.buffer.push(&chunk[..n]);
        }
    }

    /// Reads and discards this many bytes as fast as they arrive.
    pub fn discard(&mut self, mut bytes: usize) {
        let mut chunk = vec![0; 1024 * 1024];
        while bytes > 0 {
            let n = self.stream.read(&mut chunk).expect("more bytes within the deadline");
            assert!(n > 0, "the guest closed the connection");
            bytes = bytes.saturating_sub(n);
        }
    }

    /// Waits until the guest closes the connection.
    pub fn wait_closed(&mut self) {
        let mut chunk = [0; 65536];
        while self.stream.read(&mut chunk).is_ok_and(|n| n > 0) {}
    }

    /// Opens a pane and waits for the reply.
    pub fn open(&mut self, pane: PaneNo, name: &str, size: Size, from: u64) -> Opened {
        self.send(&ToGuest::Open { pane, name: name.into(), size, from });
        loop {
            match self.next() {
                FromGuest::Opened { pane: p, oldest, newest, fresh } if p == pane => {
                    let first = if from > newest { oldest } else { from.max(oldest) };
                    self.panes.insert(pane, (first, Vec::new()));
                    return Opened { oldest, newest, fresh };
                }
                FromGuest::OpenFailed { errno, .. } => panic!("open failed: {errno}"),
                _ => {}
            }
        }
    }

    /// Recorded output of a pane.
    pub fn output(&self, pane: PaneNo) -> &[u8] {
        &self.panes[&pane].1
    }

    /// Position after the last byte of a pane's output.
    pub fn position(&self, pane: PaneNo) -> u64 {
        self.panes[&pane].0
    }

    /// Reads until `len` bytes of a pane's output are recorded.
    pub fn read_output(&mut self, pane: PaneNo, len: usize) {
        while self.output(pane).len() < len {
            self.next();
        }
    }

    /// Reads until the pane's output contains `needle` and returns all of the output.
    pub fn read_until(&mut self, pane: PaneNo, needle: &str) -> String {
        let end = Instant::now() + DEADLINE;
        loop {
            let seen = String::from_utf8_lossy(self.output(pane)).into_owned();
            if seen.contains(needle) {
                return seen;
            }
            assert!(Instant::now() < end, "waiting for {needle:?}, have {seen:?}");
            self.next();
        }
    }

    /// Reads until the shell has ended and returns its output and exit status.
    pub fn read_until_exit(&mut self, pane: PaneNo) -> (String, i32) {
        loop {
            match self.next() {
                FromGuest::Exited { pane: p, status } if p == pane => {
                    return (String::from_utf8_lossy(self.output(pane)).into_owned(), status);
                }
                _ => {}
            }
        }
    }
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
