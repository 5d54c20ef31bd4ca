//! `sudo` without setuid: the profile forbids gaining privileges, so the shim asks PID 1, which has them, to run the
//! command on the asker's own terminal. The server's policy decides; until it has spoken the answer is no.
//!
//! One `SOCK_SEQPACKET` message asks: directory, TERM, program and arguments, parted by NUL, with the three standard
//! streams beside it. Later messages of the shim are one signal number each. PID 1 answers with one message.

pub mod desk;
pub mod shim;

/// Where PID 1 listens. `/run` is a tmpfs, and PID 1 is there before anybody else.
pub const SOCKET: &str = "/run/rexec-sudo";
/// Largest request; longer command lines are refused.
const REQUEST_BYTES_MAX: usize = 64 * 1024;

/// A root command that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Request {
    directory: String,
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

/// What PID 1 answers.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Answer {
    /// The command ended with this status.
    Status(i32),
    /// It was not run; the sentence is for the person.
    Refused(String),
}

impl Answer {
    fn encode(&self) -> Vec<u8> {
        match self {
            Self::Status(status) => [&b"S"[..], &status.to_be_bytes()].concat(),
            Self::Refused(why) => [b"R", why.as_bytes()].concat(),
        }
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        match bytes.split_first()? {
            (b'S', status) => status.try_into().ok().map(i32::from_be_bytes).map(Self::Status),
            (b'R', why) => Some(Self::Refused(String::from_utf8_lossy(why).into_owned())),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_and_answers_come_back_as_they_went_and_anything_else_is_nothing() {
        let command = vec!["ls".into(), String::new(), "ä b".into()];
        let request = Request { directory: "/".into(), term: "xterm".into(), command };
        assert_eq!(Request::decode(&request.encode()), Some(request));
        for bad in [&b""[..], b"/\0xterm", b"/\0xterm\0", b"tmp\0xterm\0ls", b"/\0x\0\xff"] {
            assert_eq!(Request::decode(bad), None, "{bad:?}");
        }
        for answer in [Answer::Status(-1), Answer::Refused("no".into())] {
            assert_eq!(Answer::decode(&answer.encode()), Some(answer));
        }
        assert_eq!(Answer::decode(b"S12"), None);
        assert_eq!(Answer::decode(b""), None);
    }
}
