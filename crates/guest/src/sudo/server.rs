//! The sudo server in PID 1: checks requests and runs their commands.

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

use super::{REQUEST_BYTES_MAX, Request, Response};
use crate::{account::Account, options::Options, sys};

/// Connections, and thereby root commands, at one time.
const CONNECTIONS_MAX: usize = 16;
const ROOT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const NOT_ALLOWED: &str = "root commands are not allowed by the profile of this terminal";

/// Listens for sudo clients.
#[derive(Debug)]
pub struct SudoServer {
    listener: Option<OwnedFd>,
    connections: Vec<Connection>,
    root_allowed: bool,
    shell_uid: u32,
}

#[derive(Debug)]
struct Connection {
    socket: OwnedFd,
    /// The running command, which leads its own process group.
    command: Option<Pid>,
    finished: bool,
}

impl SudoServer {
    /// Binds the socket. When that fails there is no server, and clients report that they cannot connect.
    pub fn bind(options: &Options) -> Self {
        let own = rustix::process::geteuid().as_raw();
        let shell_uid = options.user.as_deref().map_or(own, |name| Account::lookup(name).uid);
        Self { listener: listen(&options.sudo_socket).ok(), connections: Vec::new(), root_allowed: false, shell_uid }
    }

    /// Applies the server's policy.
    pub fn set_root_allowed(&mut self, allowed: bool) {
        self.root_allowed = allowed;
    }

    /// Removes finished connections. Called between iterations of the event loop, so that the indices of
    /// [`SudoServer::descriptors`] stay valid within one.
    pub fn remove_finished(&mut self) {
        self.connections.retain(|c| !c.finished);
    }

    /// The descriptors to poll. Index 0 is the listener.
    pub fn descriptors(&self) -> impl Iterator<Item = (usize, BorrowedFd<'_>)> {
        let connections = self.connections.iter().enumerate().map(|(at, c)| (at + 1, c.socket.as_fd()));
        self.listener.iter().map(|l| (0, l.as_fd())).chain(connections)
    }

    /// Handles the descriptor of this index, which is readable.
    pub fn handle_readable(&mut self, index: usize, chunk: &mut [u8]) {
        match index.checked_sub(1) {
            None => self.accept(),
            Some(at) if at < self.connections.len() => {
                if !self.handle_message(at, chunk) {
                    self.connections[at].close();
                }
            }
            Some(_) => {}
        }
    }

    /// Sends the exit status of a reaped child to the client that requested it.
    pub fn on_child_exit(&mut self, pid: Pid, status: i32) {
        if let Some(connection) = self.connections.iter_mut().find(|c| c.command == Some(pid)) {
            connection.respond(&Response::Exited(status));
            (connection.command, connection.finished) = (None, true);
        }
    }

    fn accept(&mut self) {
        let Some(listener) = &self.listener else { return };
        let Ok(socket) = rustix::net::accept_with(listener, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK) else {
            return;
        };
        let Ok(peer) = rustix::net::sockopt::socket_peercred(&socket) else { return };
        let connection = Connection { socket, command: None, finished: false };
        if peer.uid.as_raw() != self.shell_uid && !peer.uid.is_root() {
            connection.respond(&Response::Refused("only the user of the terminal may run root commands".into()));
        } else if self.connections.len() >= CONNECTIONS_MAX {
            connection.respond(&Response::Refused("too many root commands are running".into()));
        } else {
            self.connections.push(connection);
        }
    }

    /// Reads one message of a client: a request or a signal number. False when the connection is finished.
    fn handle_message(&mut self, at: usize, chunk: &mut [u8]) -> bool {
        let connection = &mut self.connections[at];
        let Some((len, streams)) = receive_message(&connection.socket, chunk) else { return true };
        if let (Some(pid), [number]) = (connection.command, &chunk[..len]) {
            if let Some(signal) = forwarded_signal(*number) {
                let _ = kill_process_group(pid, signal);
            }
            return true;
        }
        if len == 0 || connection.command.is_some() {
            return false;
        }
        let refusal = match (Request::decode(&chunk[..len]), <[OwnedFd; 3]>::try_from(streams)) {
            _ if !self.root_allowed => NOT_ALLOWED.to_owned(),
            (Some(request), Ok(streams)) => match start_command(&request, streams) {
                Ok(pid) => {
                    connection.command = Some(pid);
                    return true;
                }
                Err(error) => format!("{}: {error}", request.command[0]),
            },
            _ => "malformed request".to_owned(),
        };
        connection.respond(&Response::Refused(refusal));
        false
    }
}

impl Connection {
    fn respond(&self, response: &Response) {
        let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
        let _ = rustix::net::send(&self.socket, &response.encode(), flags);
    }

    /// Finishes the connection. A command that still runs gets SIGHUP.
    fn close(&mut self) {
        if let Some(pid) = self.command.take() {
            let _ = kill_process_group(pid, Signal::HUP);
            let _ = kill_process_group(pid, Signal::CONT);
        }
        self.finished = true;
    }
}

fn listen(path: &Path) -> std::io::Result<OwnedFd> {
    let _ = std::fs::remove_file(path);
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = rustix::net::socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?;
    rustix::net::bind(&socket, &SocketAddrUnix::new(path)?)?;
    // Every account may connect. The kernel reports the uid of the peer.
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o666))?;
    rustix::net::listen(&socket, 8)?;
    Ok(socket)
}

/// Length of one message in `chunk`, and its descriptors. `None` when there is no message. The length is 0 at the end of
/// the connection, after an error and for a message that is too long.
fn receive_message(socket: &OwnedFd, chunk: &mut [u8]) -> Option<(usize, Vec<OwnedFd>)> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(3))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let flags = RecvFlags::CMSG_CLOEXEC | RecvFlags::DONTWAIT;
    let max = chunk.len().min(REQUEST_BYTES_MAX);
    let len = match rustix::net::recvmsg(socket, &mut [IoSliceMut::new(&mut chunk[..max])], &mut ancillary, flags) {
        Ok(message) if message.flags.contains(rustix::net::ReturnFlags::TRUNC) => 0,
        Ok(message) => message.bytes,
        Err(Errno::AGAIN | Errno::INTR) => return None,
        Err(_) => 0,
    };
    let mut streams = Vec::new();
    for message in ancillary.drain() {
        if let RecvAncillaryMessage::ScmRights(fds) = message {
            streams.extend(fds);
        }
    }
    Some((len, streams))
}

/// The signal with this number, when the client may forward it.
fn forwarded_signal(number: u8) -> Option<Signal> {
    [Signal::INT, Signal::QUIT, Signal::TERM, Signal::HUP, Signal::WINCH]
        .into_iter()
        .find(|signal| signal.as_raw() == i32::from(number))
}

fn start_command(request: &Request, [stdin, stdout, stderr]: [OwnedFd; 3]) -> std::io::Result<Pid> {
    let mut command = Command::new(&request.command[0]);
    command.args(&request.command[1..]).current_dir(&request.directory);
    command.env_clear().env("PATH", ROOT_PATH).env("HOME", "/root").env("USER", "root").env("LOGNAME", "root");
    command.env("TERM", &request.term).env("COLORTERM", "truecolor").env("LANG", "C.UTF-8").env("SHELL", "/bin/bash");
    command.stdin(Stdio::from(stdin)).stdout(Stdio::from(stdout)).stderr(Stdio::from(stderr));
    sys::start_in_own_process_group(&mut command);
    Ok(Pid::from_child(&command.spawn()?))
}
