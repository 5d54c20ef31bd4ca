//! The `sudo` program: sends `sudo [-n] [-i] [--] command` as a request and exits with the status of the command.

use std::{ffi::OsString, io::IoSlice, mem::MaybeUninit, os::fd::OwnedFd, path::Path, process::ExitCode};

use rustix::{
    event::{PollFd, PollFlags},
    net::{
        AddressFamily, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketAddrUnix, SocketFlags, SocketType,
    },
};

use super::{REQUEST_BYTES_MAX, Request, Response};
use crate::sys;

/// Requests the command in `args` from the sudo server at `socket_path`.
pub fn run(socket_path: &Path, args: Vec<OsString>) -> ExitCode {
    match request(socket_path, args) {
        Ok(Response::Exited(status)) => ExitCode::from(u8::try_from(status & 0xff).unwrap_or(1)),
        Ok(Response::Refused(reason)) | Err(reason) => {
            eprintln!("sudo: {reason}");
            ExitCode::FAILURE
        }
    }
}

fn request(socket_path: &Path, args: Vec<OsString>) -> Result<Response, String> {
    let command = parse_args(args.into_iter().map(|a| a.into_string().map_err(|_| "arguments must be UTF-8")))?;
    let directory = std::env::current_dir().map_err(|e| format!("cannot read the current directory: {e}"))?;
    let directory =
        directory.into_os_string().into_string().map_err(|_| "the name of the current directory is not UTF-8")?;
    let request = Request { directory, term: std::env::var("TERM").unwrap_or_default(), command }.encode();
    if request.len() > REQUEST_BYTES_MAX {
        return Err("the command line is too long".into());
    }
    let socket = connect(socket_path).map_err(|e| format!("cannot connect to PID 1: {e}"))?;
    let signals = sys::sudo_client_signals().map_err(|e| e.to_string())?;
    send_request(&socket, &request).map_err(|e| format!("cannot send the request to PID 1: {e}"))?;
    wait_for_response(&socket, &signals)
}

/// Parses the arguments of `sudo` into program and arguments; a login shell when there is only `-i` or `-s`.
fn parse_args<'a>(args: impl Iterator<Item = Result<String, &'a str>>) -> Result<Vec<String>, String> {
    let mut args = args.collect::<Result<Vec<_>, _>>()?.into_iter().peekable();
    let mut shell = false;
    while let Some(flag) = args.next_if(|a| a.starts_with('-')) {
        match flag.as_str() {
            "--" => break,
            "-n" | "-E" | "-H" | "-S" => {}
            "-i" | "-s" => shell = true,
            "-u" if args.next_if(|user| user == "root").is_some() => {}
            "-u" => return Err("only -u root is supported".into()),
            other => return Err(format!("unsupported option {other}")),
        }
    }
    let command: Vec<String> = args.collect();
    match (command.is_empty(), shell) {
        (true, true) => Ok(vec!["/bin/bash".into(), "-l".into()]),
        (true, false) => Err("usage: sudo [-n] [-i] [-u root] [--] command".into()),
        (false, _) => Ok(command),
    }
}

fn connect(path: &Path) -> Result<OwnedFd, rustix::io::Errno> {
    let socket = rustix::net::socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
    rustix::net::connect(&socket, &SocketAddrUnix::new(path)?)?;
    Ok(socket)
}

fn send_request(socket: &OwnedFd, request: &[u8]) -> Result<(), rustix::io::Errno> {
    let streams = [rustix::stdio::stdin(), rustix::stdio::stdout(), rustix::stdio::stderr()];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(3))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    ancillary.push(SendAncillaryMessage::ScmRights(&streams));
    rustix::net::sendmsg(socket, &[IoSlice::new(request)], &mut ancillary, SendFlags::NOSIGNAL).map(drop)
}

/// Forwards signals to the command until the response arrives.
fn wait_for_response(socket: &OwnedFd, signals: &OwnedFd) -> Result<Response, String> {
    loop {
        let mut fds = [PollFd::new(socket, PollFlags::IN), PollFd::new(signals, PollFlags::IN)];
        match rustix::event::poll(&mut fds, None) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.to_string()),
        }
        let responded = !fds[0].revents().is_empty();
        while let Some(number) = sys::next_signal_number(signals) {
            let number = u8::try_from(number).unwrap_or(0);
            let _ = rustix::net::send(socket, &[number], SendFlags::NOSIGNAL | SendFlags::DONTWAIT);
        }
        if responded {
            let mut response = [0; 1024];
            let (len, _) = rustix::net::recv(socket, &mut response, rustix::net::RecvFlags::empty())
                .map_err(|e| format!("no response from PID 1: {e}"))?;
            return Response::decode(&response[..len]).ok_or_else(|| "no response from PID 1".into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_line(line: &str) -> Result<Vec<String>, String> {
        parse_args(line.split_whitespace().map(|a| Ok(a.to_owned())))
    }

    #[test]
    fn common_options_of_sudo_are_accepted_and_others_rejected() {
        assert_eq!(parse_line("-n -- ls -l").unwrap(), ["ls", "-l"]);
        assert_eq!(parse_line("-u root id").unwrap(), ["id"]);
        assert_eq!(parse_line("-i").unwrap(), ["/bin/bash", "-l"]);
        for line in ["", "-u www-data id", "-e file", "-n"] {
            assert!(parse_line(line).is_err(), "{line}");
        }
    }
}
