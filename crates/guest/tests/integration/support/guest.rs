//! The guest as a child process.

use std::{
    os::unix::net::UnixListener,
    path::PathBuf,
    process::{Child, Command, ExitStatus},
    sync::atomic::{AtomicU32, Ordering},
};

use rustix::process::Signal;

use super::{children, kill, server::Server, wait_for};

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
        Server::new(stream)
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
