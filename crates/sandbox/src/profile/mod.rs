//! The hardening profile as data: values and the reasons for them, independent of engine and terminal.
//!
//! Engines apply the profile, `verify` compares it with the container, and the controls are shown and scored in the
//! Security panel and in `docs/HARDENING.md`.

mod controls;
mod standard;

pub use controls::{COMMANDS, Control};
pub use standard::STANDARD;

/// A temporary file system of every container. Its pages count against the memory limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tmpfs {
    /// Mount point.
    pub path: &'static str,
    /// Size in MiB.
    pub size_mib: u32,
    /// Programs may be started from it.
    pub exec: bool,
    /// Permission bits of its root directory, octal.
    pub mode: &'static str,
}

impl Tmpfs {
    /// Mount options. Engines add `noexec` by default, so `exec` has to be explicit.
    pub fn options(&self) -> String {
        let exec = if self.exec { "exec" } else { "noexec" };
        format!("rw,{exec},nosuid,nodev,size={}m,mode={}", self.size_mib, self.mode)
    }
}

/// A soft and a hard resource limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ulimit {
    /// Name as in setrlimit(2), lower case, e.g. `nofile`.
    pub name: &'static str,
    /// Title of its line in `/proc/self/limits`.
    pub proc_title: &'static str,
    /// Soft limit.
    pub soft: i64,
    /// Hard limit.
    pub hard: i64,
}

/// Source of the system call filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seccomp {
    /// The engine's default allow-list.
    EngineDefault,
}

/// Everything that a container is started with.
#[derive(Debug, Clone, Copy)]
pub struct Profile {
    /// Name in the API.
    pub name: &'static str,
    /// Capabilities that are kept; all others are dropped (CIS Docker Benchmark 5.3).
    pub capabilities: &'static [&'static str],
    /// The same set as the kernel prints it in `CapPrm` and `CapBnd`.
    pub capability_mask: u64,
    /// System call filter (CIS 5.21).
    pub seccomp: Seccomp,
    /// Temporary file systems.
    pub tmpfs: &'static [Tmpfs],
    /// Paths hidden from the container, in addition to the engine's defaults.
    pub masked: &'static [&'static str],
    /// Read-only paths, in addition to the engine's defaults.
    pub read_only: &'static [&'static str],
    /// Maximum number of processes and threads (CIS 5.28).
    pub pids_max: u32,
    /// Other limits (CIS 5.18).
    pub ulimits: &'static [Ulimit],
    /// Block I/O weight, 10 to 1000, where the kernel supports it.
    pub block_io_weight: u16,
    /// Size of `/dev/shm` in MiB.
    pub shm_mib: u32,
    /// Name of the bridge network.
    pub network: &'static str,
    /// Kernel settings of the container's own namespaces.
    pub sysctls: &'static [(&'static str, &'static str)],
    /// Uid and gid of every shell.
    pub shell_uid: u32,
    /// The guest may run a command as container root when the user requests it with `sudo`.
    pub root_allowed: bool,
    /// Mount point of the home volume.
    pub home: &'static str,
    /// Controls that are shown and scored.
    pub controls: &'static [Control],
}

impl Profile {
    /// The control with this id.
    pub fn control(&self, id: &str) -> Option<&'static Control> {
        self.controls.iter().find(|control| control.id == id)
    }
}
