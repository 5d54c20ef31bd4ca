//! The server's place in these stories: accepts the guest, speaks the link, and remembers each pane's output.

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

/// Nothing here takes a tenth of it; a story that hangs must end.
const DEADLINE: Duration = Duration::from_secs(20);

pub fn size(cols: u16, rows: u16) -> Size {
    Size { cols, rows }
}

pub struct Guest {
    dir: PathBuf,
    child: Child,
    listener: Option<UnixListener>,
}

impl Guest {
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
        // The guest is already dialling: it has to try again until somebody listens.
        guest.listen();
        guest
    }

    pub fn path(&self, name: &str) -> String {
        self.dir.join(name).display().to_string()
    }

    pub fn listen(&mut self) {
        let _ = std::fs::remove_file(self.dir.join("s"));
        self.listener = Some(UnixListener::bind(self.dir.join("s")).unwrap());
    }

    pub fn close(&mut self) {
        self.listener = None;
    }

    pub fn accept(&self) -> Peer {
        let (stream, _) = self.listener.as_ref().unwrap().accept().unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream.set_write_timeout(Some(DEADLINE)).unwrap();
        let mut peer = Peer { stream, buffer: FrameBuffer::default(), panes: HashMap::new() };
        assert!(matches!(peer.next(), FromGuest::Hello { version: VERSION, .. }));
        peer
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
            "the guest to end",
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

#[derive(Debug, Clone, Copy)]
pub struct Opened {
    pub oldest: u64,
    pub newest: u64,
    pub fresh: bool,
}

pub struct Peer {
    stream: UnixStream,
    buffer: FrameBuffer,
    panes: HashMap<PaneNo, (u64, Vec<u8>)>,
}

impl Peer {
    pub fn send(&mut self, message: &ToGuest) {
        let mut bytes = Vec::new();
        message.encode(&mut bytes);
        self.stream.write_all(&bytes).unwrap();
    }

    pub fn raw(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    pub fn type_line(&mut self, pane: PaneNo, line: &str) {
        self.send(&ToGuest::Input { pane, bytes: format!("{line}\r").into_bytes() });
    }

    /// The next message; output is remembered, and must follow what came before without a gap.
    pub fn next(&mut self) -> FromGuest {
        let mut chunk = [0; 65536];
        loop {
            if let Some((tag, payload)) = self.buffer.next_frame().unwrap() {
                let message = FromGuest::decode(tag, payload).unwrap();
                if let FromGuest::Output { pane, position, bytes } = &message {
                    let (end, seen) = self.panes.get_mut(pane).expect("output of a pane that was opened");
                    assert_eq!(position, end, "positions have no gap");
                    *end += bytes.len() as u64;
                    seen.extend_from_slice(bytes);
                }
                return message;
            }
            let n = self.stream.read(&mut chunk).expect("a message in time");
            assert!(n > 0, "the guest hung up");
            self.buffer.push(&chunk[..n]);
        }
    }

    /// Takes this many bytes as fast as they come, whatever they say.
    pub fn swallow(&mut self, mut bytes: usize) {
        let mut chunk = vec![0; 1024 * 1024];
        while bytes > 0 {
            let n = self.stream.read(&mut chunk).expect("more bytes in time");
            assert!(n > 0, "the guest hung up");
            bytes = bytes.saturating_sub(n);
        }
    }

    /// The guest drops this connection.
    pub fn lost(&mut self) {
        let mut chunk = [0; 65536];
        while self.stream.read(&mut chunk).is_ok_and(|n| n > 0) {}
    }

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

    pub fn bytes(&self, pane: PaneNo) -> &[u8] {
        &self.panes[&pane].1
    }

    pub fn position(&self, pane: PaneNo) -> u64 {
        self.panes[&pane].0
    }

    pub fn collect(&mut self, pane: PaneNo, len: usize) {
        while self.bytes(pane).len() < len {
            self.next();
        }
    }

    /// Reads on until the pane's output has `needle`; gives all of it.
    pub fn until(&mut self, pane: PaneNo, needle: &str) -> String {
        let end = Instant::now() + DEADLINE;
        loop {
            let seen = String::from_utf8_lossy(self.bytes(pane)).into_owned();
            if seen.contains(needle) {
                return seen;
            }
            assert!(Instant::now() < end, "waiting for {needle:?}, have {seen:?}");
            self.next();
        }
    }

    pub fn until_exit(&mut self, pane: PaneNo) -> (String, i32) {
        loop {
            match self.next() {
                FromGuest::Exited { pane: p, status } if p == pane => {
                    return (String::from_utf8_lossy(self.bytes(pane)).into_owned(), status);
                }
                _ => {}
            }
        }
    }
}

/// Asks again until it is true.
pub fn wait_for(mut done: impl FnMut() -> bool, what: &str) {
    let end = Instant::now() + DEADLINE;
    while !done() {
        assert!(Instant::now() < end, "waited for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// By the system call: a bare machine has no program for it.
fn kill(pid: u32, signal: Signal) -> rustix::io::Result<()> {
    Pid::from_raw(pid.cast_signed()).map_or(Ok(()), |pid| rustix::process::kill_process(pid, signal))
}

/// Direct children of a process, zombies too.
pub fn children(pid: u32) -> Vec<u32> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    text.split_whitespace().filter_map(|p| p.parse().ok()).collect()
}

/// What `cksum` prints first (POSIX: CRC-32 of the bytes and their number).
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
