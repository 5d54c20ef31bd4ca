//! The only unsafe code of the guest: signal descriptors, and the code of a child between fork and exec.

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

/// Signals that PID 1 handles. The kernel discards all others, because PID 1 has no handler for them.
const INIT_SIGNALS: [libc::c_int; 4] = [libc::SIGCHLD, libc::SIGTERM, libc::SIGINT, libc::SIGHUP];

/// A signal that PID 1 handles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// SIGCHLD: a child or an orphaned process has exited.
    ChildExited,
    /// SIGTERM, SIGINT or SIGHUP: the engine stops the container.
    Terminate,
}

/// Blocks the signals that PID 1 handles and returns a signalfd for them.
///
/// # Errors
/// The error of `sigprocmask` or `signalfd`.
pub fn init_signals() -> io::Result<OwnedFd> {
    signalfd(&INIT_SIGNALS)
}

/// Blocks the signals that the sudo client forwards to its command and returns a signalfd for them. SIGTSTP is blocked
/// too, because nothing would resume the command.
///
/// # Errors
/// The error of `sigprocmask` or `signalfd`.
pub fn sudo_client_signals() -> io::Result<OwnedFd> {
    signalfd(&[libc::SIGINT, libc::SIGQUIT, libc::SIGTERM, libc::SIGHUP, libc::SIGWINCH, libc::SIGTSTP])
}

fn signalfd(signals: &[libc::c_int]) -> io::Result<OwnedFd> {
    // SAFETY: `set` is initialised by sigemptyset before use and outlives each call. signalfd returns a new descriptor
    // without another owner.
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

/// Reads the next pending signal of a descriptor of [`init_signals`].
pub fn next_signal(descriptor: impl AsFd) -> Option<Signal> {
    let number = next_signal_number(descriptor)?;
    Some(if number == libc::SIGCHLD.cast_unsigned() { Signal::ChildExited } else { Signal::Terminate })
}

/// Reads the number of the next pending signal.
pub fn next_signal_number(descriptor: impl AsFd) -> Option<u32> {
    let mut record = [0u8; size_of::<libc::signalfd_siginfo>()];
    let read = rustix::io::read(descriptor, &mut record).ok()?;
    // `ssi_signo` is the first field of the record, see signalfd(2).
    record.get(..4).filter(|_| read == size_of::<libc::signalfd_siginfo>())?.try_into().map(u32::from_ne_bytes).ok()
}

/// Starts the child as leader of a new session. Its standard input becomes the controlling terminal.
pub fn start_in_own_session(command: &mut Command) {
    // SAFETY: between fork and exec only async-signal-safe system calls are made, and nothing is allocated.
    unsafe {
        command.pre_exec(|| {
            reset_signals();
            if libc::setsid() < 0 || libc::ioctl(0, libc::TIOCSCTTY, 0) < 0 {
                return Err(io::Error::last_os_error());
            }
            Ok(())
        });
    }
}

/// Starts the child in its own process group.
pub fn start_in_own_process_group(command: &mut Command) {
    command.process_group(0);
    // SAFETY: as in `start_in_own_session`.
    unsafe {
        command.pre_exec(|| {
            reset_signals();
            Ok(())
        });
    }
}

/// Unblocks all signals and resets them to their default action. The parent of this process may have ignored some of
/// them (a shell ignores SIGINT for background jobs), and children would inherit that.
fn reset_signals() {
    // SAFETY: `set` is initialised before use and all three calls are async-signal-safe. SIGKILL and SIGSTOP cannot be
    // changed; the error is ignored.
    unsafe {
        for number in 1..32 {
            libc::signal(number, libc::SIG_DFL);
        }
        let mut set = MaybeUninit::<libc::sigset_t>::uninit();
        libc::sigemptyset(set.as_mut_ptr());
        libc::sigprocmask(libc::SIG_SETMASK, set.as_ptr(), std::ptr::null_mut());
    }
}
