//! `sudo` without setuid. The profile forbids gaining privileges, so the sudo client sends the command to PID 1, which
//! is privileged and runs it on the client's terminal. The server's policy decides whether commands may run as root;
//! until PID 1 has received a policy, every request is refused.
//!
//! The socket is `SOCK_SEQPACKET`. The client's first message is the [`Request`] with the three standard streams as
//! descriptors. Each later message is one signal number to forward. PID 1 sends one [`Response`].

pub mod client;
pub mod server;

/// Size limit of a request, in bytes.
const REQUEST_BYTES_MAX: usize = 64 * 1024;

/// A request to run a command as root. Encoded as its fields, separated by NUL.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Request {
    /// Working directory, absolute.
    directory: String,
    /// Value of `TERM`.
    term: String,
    /// Program and arguments; never empty.
    command: Vec<String>,
}

impl Request {
    fn encode(&self) -> Vec<u8> {
        let fields = [&self.directory, &self.term].into_iter().chain(&self.command);
        fields.map(String::as_str).collect::<Vec<_>>().join("\0").into_bytes()
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let mut fields = std::str::from_utf8(bytes).ok()?.split('\0').map(str::to_owned);
        let (directory, term) = (fields.next()?, fields.next()?);
        let command: Vec<String> = fields.collect();
        let program = command.first()?;
        (!program.is_empty() && directory.starts_with('/')).then_some(Self { directory, term, command })
    }
}

/// The result of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Response {
    /// The command ran and ended with this status.
    Exited(i32),
    /// The command did not run. The text is an error message for the user.
    Refused(String),
}

impl Response {
    fn encode(&self) -> Vec<u8> {
        match self {
            Self::Exited(status) => [&b"S"[..], &status.to_be_bytes()].concat(),
            Self::Refused(reason) => [b"R", reason.as_bytes()].concat(),
        }
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        match bytes.split_first()? {
            (b'S', status) => status.try_into().ok().map(i32::from_be_bytes).map(Self::Exited),
            (b'R', reason) => Some(Self::Refused(String::from_utf8_lossy(reason).into_owned())),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_round_trip_and_malformed_ones_are_rejected() {
        let command = vec!["ls".into(), String::new(), "ä b".into()];
        let request = Request { directory: "/".into(), term: "xterm".into(), command };
        assert_eq!(Request::decode(&request.encode()), Some(request));
        for malformed in [&b""[..], b"/\0xterm", b"/\0xterm\0", b"tmp\0xterm\0ls", b"/\0x\0\xff"] {
            assert_eq!(Request::decode(malformed), None, "{malformed:?}");
        }
    }

    #[test]
    fn responses_round_trip_and_malformed_ones_are_rejected() {
        for response in [Response::Exited(-1), Response::Refused("no".into())] {
            assert_eq!(Response::decode(&response.encode()), Some(response));
        }
        assert_eq!(Response::decode(b"S12"), None);
        assert_eq!(Response::decode(b""), None);
    }
}
