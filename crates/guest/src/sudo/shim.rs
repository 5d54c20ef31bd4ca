//! The program people call: turns `sudo [-n] [-i] [--] command` into a request, waits, and ends as the command ended.

use std::{ffi::OsString, io::IoSlice, mem::MaybeUninit, os::fd::OwnedFd, path::Path, process::ExitCode};

use rustix::{
    event::{PollFd, PollFlags},
    net::{
        AddressFamily, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketAddrUnix, SocketFlags, SocketType,
    },
};

use super::{Answer, REQUEST_BYTES_MAX, Request};
use crate::sys;

/// Runs the shim against the PID 1 that listens at `place`.
pub fn run(place: &Path, args: Vec<OsString>) -> ExitCode {
    match ask(place, args) {
        Ok(Answer::Status(status)) => ExitCode::from(u8::try_from(status & 0xff).unwrap_or(1)),
        Ok(Answer::Refused(why)) | Err(why) => {
            eprintln!("sudo: {why}");
            ExitCode::FAILURE
        }
    }
}

fn ask(place: &Path, args: Vec<OsString>) -> Result<Answer, String> {
    let command = command(args.into_iter().map(|a| a.into_string().map_err(|_| "arguments must be UTF-8")))?;
    let directory = std::env::current_dir().map_err(|e| format!("the present directory: {e}"))?;
    let directory = directory.into_os_string().into_string().map_err(|_| "the directory's name is not UTF-8")?;
    let request = Request { directory, term: std::env::var("TERM").unwrap_or_default(), command }.encode();
    if request.len() > REQUEST_BYTES_MAX {
        return Err("the command line is too long".into());
    }
    let socket = dial(place).map_err(|e| format!("PID 1 does not listen: {e}"))?;
    let signals = sys::shim_signals().map_err(|e| e.to_string())?;
    send(&socket, &request).map_err(|e| format!("PID 1 did not take the request: {e}"))?;
    wait(&socket, &signals)
}

/// Program and arguments from what was typed; a login shell when only `-i` or `-s` was.
fn command<'a>(args: impl Iterator<Item = Result<String, &'a str>>) -> Result<Vec<String>, String> {
    let mut args = args.collect::<Result<Vec<_>, _>>()?.into_iter().peekable();
    let mut shell = false;
    while let Some(flag) = args.next_if(|a| a.starts_with('-')) {
        match flag.as_str() {
            "--" => break,
            "-n" | "-E" | "-H" | "-S" => {}
            "-i" | "-s" => shell = true,
            "-u" if args.next_if(|user| user == "root").is_some() => {}
            "-u" => return Err("only -u root is possible here".into()),
            other => return Err(format!("the option {other} is not known here")),
        }
    }
    let command: Vec<String> = args.collect();
    match (command.is_empty(), shell) {
        (true, true) => Ok(vec!["/bin/bash".into(), "-l".into()]),
        (true, false) => Err("usage: sudo [-n] [-i] [-u root] [--] command".into()),
        (false, _) => Ok(command),
    }
}

fn dial(path: &Path) -> Result<OwnedFd, rustix::io::Errno> {
    let socket = rustix::net::socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
    rustix::net::connect(&socket, &SocketAddrUnix::new(path)?)?;
    Ok(socket)
}

fn send(socket: &OwnedFd, request: &[u8]) -> Result<(), rustix::io::Errno> {
    let streams = [rustix::stdio::stdin(), rustix::stdio::stdout(), rustix::stdio::stderr()];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(3))];
    let mut beside = SendAncillaryBuffer::new(&mut space);
    beside.push(SendAncillaryMessage::ScmRights(&streams));
    rustix::net::sendmsg(socket, &[IoSlice::new(request)], &mut beside, SendFlags::NOSIGNAL).map(drop)
}

/// Signals that reach the shim are for the command; then the answer.
fn wait(socket: &OwnedFd, signals: &OwnedFd) -> Result<Answer, String> {
    loop {
        let mut fds = [PollFd::new(socket, PollFlags::IN), PollFd::new(signals, PollFlags::IN)];
        match rustix::event::poll(&mut fds, None) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.to_string()),
        }
        let answered = !fds[0].revents().is_empty();
        while let Some(number) = sys::next_signal_number(signals) {
            let number = u8::try_from(number).unwrap_or(0);
            let _ = rustix::net::send(socket, &[number], SendFlags::NOSIGNAL | SendFlags::DONTWAIT);
        }
        if answered {
            let mut answer = [0; 1024];
            let (len, _) = rustix::net::recv(socket, &mut answer, rustix::net::RecvFlags::empty())
                .map_err(|e| format!("PID 1 did not answer: {e}"))?;
            return Answer::decode(&answer[..len]).ok_or_else(|| "PID 1 did not answer".into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Vec<String>, String> {
        command(line.split_whitespace().map(|a| Ok(a.to_owned())))
    }

    #[test]
    fn the_usual_spellings_are_understood_and_others_are_refused() {
        assert_eq!(parse("-n -- ls -l").unwrap(), ["ls", "-l"]);
        assert_eq!(parse("-u root id").unwrap(), ["id"]);
        assert_eq!(parse("-i").unwrap(), ["/bin/bash", "-l"]);
        for bad in ["", "-u www-data id", "-e file", "-n"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
