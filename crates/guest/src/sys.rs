//! The only unsafe code of the guest: signals as a descriptor, and what a child does between fork and exec.

#![allow(unsafe_code)]

use std::{
    io,
    mem::{MaybeUninit, size_of},
    os::{
        fd::{AsFd, FromRawFd, OwnedFd},
        unix::process::CommandExt,
    },
    process::Command,
};

/// Signals PID 1 waits for. Every other one is ignored by the kernel on its behalf, as it has no handler.
const WAITED: [libc::c_int; 4] = [libc::SIGCHLD, libc::SIGTERM, libc::SIGINT, libc::SIGHUP];

/// A signal PID 1 acts on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// A child ended, or an orphan did.
    Child,
    /// The engine wants the container to end.
    End,
}

/// Blocks the signals PID 1 waits for and gives them as a descriptor that can be polled.
///
/// # Errors
/// When the kernel refuses; there is no way to go on then.
pub fn signal_descriptor() -> io::Result<OwnedFd> {
    descriptor(&WAITED)
}

/// Those the sudo shim hands on to its command, likewise. Stopping is blocked too: the command could not be woken.
///
/// # Errors
/// When the kernel refuses.
pub fn shim_signals() -> io::Result<OwnedFd> {
    descriptor(&[libc::SIGINT, libc::SIGQUIT, libc::SIGTERM, libc::SIGHUP, libc::SIGWINCH, libc::SIGTSTP])
}

fn descriptor(signals: &[libc::c_int]) -> io::Result<OwnedFd> {
    // SAFETY: `set` is initialised by sigemptyset before any use, and lives over each call; signalfd gives a new
    // descriptor that nobody else owns.
    unsafe {
        let mut set = MaybeUninit::<libc::sigset_t>::uninit();
        libc::sigemptyset(set.as_mut_ptr());
        for signal in signals {
            libc::sigaddset(set.as_mut_ptr(), *signal);
        }
        if libc::sigprocmask(libc::SIG_BLOCK, set.as_ptr(), std::ptr::null_mut()) != 0 {
            return Err(io::Error::last_os_error());
        }
        let fd = libc::signalfd(-1, set.as_ptr(), libc::SFD_NONBLOCK | libc::SFD_CLOEXEC);
        if fd < 0 { Err(io::Error::last_os_error()) } else { Ok(OwnedFd::from_raw_fd(fd)) }
    }
}

/// Takes the next waiting signal, if there is one.
pub fn next_signal(descriptor: impl AsFd) -> Option<Signal> {
    let number = next_signal_number(descriptor)?;
    Some(if number == libc::SIGCHLD.cast_unsigned() { Signal::Child } else { Signal::End })
}

/// The same, as the kernel's number.
pub fn next_signal_number(descriptor: impl AsFd) -> Option<u32> {
    let mut record = [0u8; size_of::<libc::signalfd_siginfo>()];
    let read = rustix::io::read(descriptor, &mut record).ok()?;
    // The number is the record's first field (signalfd(2)).
    record.get(..4).filter(|_| read == size_of::<libc::signalfd_siginfo>())?.try_into().map(u32::from_ne_bytes).ok()
}

/// The child becomes leader of a session of its own whose controlling terminal is its standard input.
pub fn on_own_terminal(command: &mut Command) {
    // SAFETY: between fork and exec only async-signal-safe system calls are made, and nothing is allocated.
    unsafe {
        command.pre_exec(|| {
            fresh_signals();
            if libc::setsid() < 0 || libc::ioctl(0, libc::TIOCSCTTY, 0) < 0 {
                return Err(io::Error::last_os_error());
            }
            Ok(())
        });
    }
}

/// The child starts with no signal blocked, in a process group of its own.
pub fn on_own_group(command: &mut Command) {
    command.process_group(0);
    // SAFETY: as above.
    unsafe {
        command.pre_exec(|| {
            fresh_signals();
            Ok(())
        });
    }
}

/// No signal blocked, and each does what it does by default: whoever started us may have ignored some (a shell does so with
/// SIGINT for what it runs in the background), and Ctrl-C would then reach nobody.
fn fresh_signals() {
    // SAFETY: `set` is initialised before use; all three calls are async-signal-safe. What cannot be set (KILL, STOP) is
    // refused and stays as it is.
    unsafe {
        for number in 1..32 {
            libc::signal(number, libc::SIG_DFL);
        }
        let mut set = MaybeUninit::<libc::sigset_t>::uninit();
        libc::sigemptyset(set.as_mut_ptr());
        libc::sigprocmask(libc::SIG_SETMASK, set.as_ptr(), std::ptr::null_mut());
    }
}
