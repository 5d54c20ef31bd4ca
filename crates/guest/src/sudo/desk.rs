//! PID 1's side: who asks, whether they may, and the commands that run.

use std::{
    io::IoSliceMut,
    mem::MaybeUninit,
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::fs::PermissionsExt,
    },
    path::Path,
    process::{Command, Stdio},
};

use rustix::{
    io::Errno,
    net::{
        AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendFlags, SocketAddrUnix, SocketFlags,
        SocketType,
    },
    process::{Pid, Signal, kill_process_group},
};

use super::{Answer, REQUEST_BYTES_MAX, Request};
use crate::{account::Account, options::Options, sys};

/// Root commands at one time, at most.
const CALLERS_MAX: usize = 16;
const ROOT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const NOT_ALLOWED: &str = "root commands are not allowed in this terminal; its profile decides that";

/// Listens for the shim.
#[derive(Debug)]
pub struct Desk {
    listener: Option<OwnedFd>,
    callers: Vec<Caller>,
    root_allowed: bool,
    shell_uid: u32,
}

#[derive(Debug)]
struct Caller {
    socket: OwnedFd,
    running: Option<Pid>,
    done: bool,
}

impl Desk {
    /// Opens the desk. Without a place for its socket there is none, and the shim says so.
    pub fn open(options: &Options) -> Self {
        let own = rustix::process::geteuid().as_raw();
        let shell_uid = options.user.as_deref().map_or(own, |name| Account::of_container(name).uid);
        Self { listener: listen(&options.sudo_socket).ok(), callers: Vec::new(), root_allowed: false, shell_uid }
    }

    /// The server's policy.
    pub fn allow_root(&mut self, allowed: bool) {
        self.root_allowed = allowed;
    }

    /// Drops those that are done with; between turns, so that places stay what they are within one.
    pub fn tidy(&mut self) {
        self.callers.retain(|c| !c.done);
    }

    /// What is to be polled: place 0 is the listener.
    pub fn descriptors(&self) -> impl Iterator<Item = (usize, BorrowedFd<'_>)> {
        let callers = self.callers.iter().enumerate().map(|(at, c)| (at + 1, c.socket.as_fd()));
        self.listener.iter().map(|l| (0, l.as_fd())).chain(callers)
    }

    /// Something can be read at this place.
    pub fn ready(&mut self, place: usize, chunk: &mut [u8]) {
        match place.checked_sub(1) {
            None => self.welcome(),
            Some(at) if at < self.callers.len() => {
                if !self.hear(at, chunk) {
                    self.callers[at].forget();
                }
            }
            Some(_) => {}
        }
    }

    /// A child was reaped: when it is a command of ours, its asker is told.
    pub fn reaped(&mut self, pid: Pid, status: i32) {
        if let Some(at) = self.callers.iter().position(|c| c.running == Some(pid)) {
            let caller = &mut self.callers[at];
            caller.answer(&Answer::Status(status));
            (caller.running, caller.done) = (None, true);
        }
    }

    fn welcome(&mut self) {
        let Some(listener) = &self.listener else { return };
        let Ok(socket) = rustix::net::accept_with(listener, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK) else {
            return;
        };
        let Ok(peer) = rustix::net::sockopt::socket_peercred(&socket) else { return };
        let caller = Caller { socket, running: None, done: false };
        if peer.uid.as_raw() != self.shell_uid && !peer.uid.is_root() {
            caller.answer(&Answer::Refused("only the terminal's own user may ask".into()));
        } else if self.callers.len() >= CALLERS_MAX {
            caller.answer(&Answer::Refused("too many root commands are running".into()));
        } else {
            self.callers.push(caller);
        }
    }

    /// Reads one message of a caller. False when it is done with.
    fn hear(&mut self, at: usize, chunk: &mut [u8]) -> bool {
        let caller = &mut self.callers[at];
        let Some((len, streams)) = receive(&caller.socket, chunk) else { return true };
        if let (Some(pid), [number]) = (caller.running, &chunk[..len]) {
            if let Some(signal) = forwarded(*number) {
                let _ = kill_process_group(pid, signal);
            }
            return true;
        }
        if len == 0 || caller.running.is_some() {
            return false;
        }
        let answer = match (Request::decode(&chunk[..len]), <[OwnedFd; 3]>::try_from(streams)) {
            _ if !self.root_allowed => Answer::Refused(NOT_ALLOWED.into()),
            (Some(request), Ok(streams)) => match start(&request, streams) {
                Ok(pid) => {
                    caller.running = Some(pid);
                    return true;
                }
                Err(error) => Answer::Refused(format!("{}: {error}", request.command[0])),
            },
            _ => Answer::Refused("the request could not be understood".into()),
        };
        caller.answer(&answer);
        false
    }
}

impl Caller {
    fn answer(&self, answer: &Answer) {
        let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
        let _ = rustix::net::send(&self.socket, &answer.encode(), flags);
    }

    /// The asker is gone or answered; its command, when one still runs, is hung up.
    fn forget(&mut self) {
        if let Some(pid) = self.running.take() {
            let _ = kill_process_group(pid, Signal::HUP);
            let _ = kill_process_group(pid, Signal::CONT);
        }
        self.done = true;
    }
}

fn listen(path: &Path) -> std::io::Result<OwnedFd> {
    let _ = std::fs::remove_file(path);
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = rustix::net::socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?;
    rustix::net::bind(&socket, &SocketAddrUnix::new(path)?)?;
    // Everybody may knock; who they are is asked of the kernel.
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o666))?;
    rustix::net::listen(&socket, 8)?;
    Ok(socket)
}

/// One message and its descriptors; `None` when there is nothing yet. An end or an error is a message of no bytes.
fn receive(socket: &OwnedFd, chunk: &mut [u8]) -> Option<(usize, Vec<OwnedFd>)> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(3))];
    let mut beside = RecvAncillaryBuffer::new(&mut space);
    let flags = RecvFlags::CMSG_CLOEXEC | RecvFlags::DONTWAIT;
    let max = chunk.len().min(REQUEST_BYTES_MAX);
    let len = match rustix::net::recvmsg(socket, &mut [IoSliceMut::new(&mut chunk[..max])], &mut beside, flags) {
        // A message that did not fit is as good as none.
        Ok(got) if got.flags.contains(rustix::net::ReturnFlags::TRUNC) => 0,
        Ok(got) => got.bytes,
        Err(Errno::AGAIN | Errno::INTR) => return None,
        Err(_) => 0,
    };
    let mut streams = Vec::new();
    for message in beside.drain() {
        if let RecvAncillaryMessage::ScmRights(fds) = message {
            streams.extend(fds);
        }
    }
    Some((len, streams))
}

fn forwarded(number: u8) -> Option<Signal> {
    [Signal::INT, Signal::QUIT, Signal::TERM, Signal::HUP, Signal::WINCH]
        .into_iter()
        .find(|signal| signal.as_raw() == i32::from(number))
}

fn start(request: &Request, [stdin, stdout, stderr]: [OwnedFd; 3]) -> std::io::Result<Pid> {
    let mut command = Command::new(&request.command[0]);
    command.args(&request.command[1..]).current_dir(&request.directory);
    command.env_clear().env("PATH", ROOT_PATH).env("HOME", "/root").env("USER", "root").env("LOGNAME", "root");
    command.env("TERM", &request.term).env("COLORTERM", "truecolor").env("LANG", "C.UTF-8").env("SHELL", "/bin/bash");
    command.stdin(Stdio::from(stdin)).stdout(Stdio::from(stdout)).stderr(Stdio::from(stderr));
    sys::on_own_group(&mut command);
    Ok(Pid::from_child(&command.spawn()?))
}
