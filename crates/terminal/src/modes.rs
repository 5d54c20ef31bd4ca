//! Modes that the screen model does not store: those that change what a terminal *sends* (mouse, paste, keypad, focus),
//! and the shape of the cursor. They are read from the bytes of the stream; cells are not interpreted.

/// State of the parser. In every state but [`ParserState::Ground`] an escape sequence is incomplete.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum ParserState {
    #[default]
    Ground,
    Escape,
    /// After `ESC` and an intermediate byte (for example a character set).
    EscapeIntermediate,
    Csi,
    /// In an operating system command or a device control string, ended by BEL or `ESC \`.
    String,
}

/// Parameter bytes that are stored of one control sequence. Known sequences are far shorter.
const SEQUENCE_BYTES_MAX: usize = 64;

/// Private modes that are set and reset independently.
const SWITCHES: [u16; 6] = [1004, 1005, 1006, 1015, 1016, 2004];
/// Mouse modes. At most one is active: the last one that was set.
const MOUSE: [u16; 4] = [9, 1000, 1002, 1003];

/// A sequence that erases the scrollback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Erase {
    /// `CSI 3 J`: erases the scrollback alone.
    Scrollback,
    /// `ESC c`: resets the terminal.
    Reset,
}

/// The modes at one position of the stream.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Modes {
    state: ParserState,
    sequence: Vec<u8>,
    switches: [bool; SWITCHES.len()],
    mouse: Option<u16>,
    keypad: bool,
    hidden_cursor: bool,
    cursor_shape: u8,
}

impl Modes {
    /// Whether no escape sequence is incomplete.
    pub fn at_ground(&self) -> bool {
        self.state == ParserState::Ground
    }

    /// Parses up to and including the first sequence that erases the scrollback. Returns its end within `bytes`; `None`
    /// when all bytes were parsed without one.
    pub fn feed(&mut self, bytes: &[u8]) -> Option<(usize, Erase)> {
        for (at, &byte) in bytes.iter().enumerate() {
            let mut erase = None;
            // 8-bit controls do not occur in UTF-8 streams, so only the 7-bit forms are parsed.
            self.state = match (self.state, byte) {
                (ParserState::String, 0x07) | (_, 0x18 | 0x1a) => ParserState::Ground,
                (_, 0x1b) => ParserState::Escape,
                (ParserState::Ground | ParserState::String, _) => self.state,
                (ParserState::Escape, b'[') => {
                    self.sequence.clear();
                    ParserState::Csi
                }
                (ParserState::Escape, b']' | b'P' | b'X' | b'^' | b'_') => ParserState::String,
                (ParserState::Escape | ParserState::EscapeIntermediate, 0x20..=0x2f) => ParserState::EscapeIntermediate,
                (ParserState::Escape, final_byte) => {
                    self.escape(final_byte);
                    erase = (final_byte == b'c').then_some(Erase::Reset);
                    ParserState::Ground
                }
                (ParserState::EscapeIntermediate, _) => ParserState::Ground,
                (ParserState::Csi, 0x40..=0x7e) => {
                    // xterm's extension: erase the scrollback. `clear` sends it last.
                    let first = self.sequence.split(|b| *b == b';').next().and_then(number);
                    erase = (byte == b'J' && first == Some(3)).then_some(Erase::Scrollback);
                    self.control(byte);
                    ParserState::Ground
                }
                (ParserState::Csi, _) => {
                    if self.sequence.len() < SEQUENCE_BYTES_MAX {
                        self.sequence.push(byte);
                    }
                    ParserState::Csi
                }
            };
            if let Some(erase) = erase {
                return Some((at + 1, erase));
            }
        }
        None
    }

    fn escape(&mut self, final_byte: u8) {
        match final_byte {
            b'=' => self.keypad = true,
            b'>' => self.keypad = false,
            b'c' => *self = Self::default(),
            _ => {}
        }
    }

    fn control(&mut self, final_byte: u8) {
        let sequence = std::mem::take(&mut self.sequence);
        match (sequence.split_first(), final_byte) {
            (Some((b'?', modes)), b'h' | b'l') => {
                for mode in modes.split(|b| *b == b';').filter_map(number) {
                    self.switch(mode, final_byte == b'h');
                }
            }
            (Some((b'!', [])), b'p') => (self.keypad, self.hidden_cursor, self.cursor_shape) = (false, false, 0),
            (_, b'q') => {
                if let Some(shape) = sequence.strip_suffix(b" ").and_then(number_or_zero).filter(|s| *s <= 6) {
                    self.cursor_shape = u8::try_from(shape).unwrap_or(0);
                }
            }
            _ => {}
        }
        self.sequence = sequence;
        self.sequence.clear();
    }

    fn switch(&mut self, mode: u16, on: bool) {
        if let Some(index) = SWITCHES.iter().position(|m| *m == mode) {
            self.switches[index] = on;
        } else if MOUSE.contains(&mode) {
            self.mouse = on.then_some(mode);
        } else if mode == 25 {
            self.hidden_cursor = !on;
        } else if mode == 66 {
            self.keypad = on;
        }
    }

    /// Appends the sequences that set these modes on a terminal after a reset.
    pub fn redraw(&self, out: &mut Vec<u8>) {
        for (mode, on) in SWITCHES.iter().zip(self.switches) {
            if on {
                out.extend_from_slice(format!("\x1b[?{mode}h").as_bytes());
            }
        }
        if let Some(mode) = self.mouse {
            out.extend_from_slice(format!("\x1b[?{mode}h").as_bytes());
        }
        if self.keypad {
            out.extend_from_slice(b"\x1b=");
        }
        if self.cursor_shape > 0 {
            out.extend_from_slice(format!("\x1b[{} q", self.cursor_shape).as_bytes());
        }
        out.extend_from_slice(if self.hidden_cursor { b"\x1b[?25l" } else { b"\x1b[?25h" });
    }
}

fn number(digits: &[u8]) -> Option<u16> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

fn number_or_zero(digits: &[u8]) -> Option<u16> {
    if digits.is_empty() { Some(0) } else { number(digits) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redrawn(bytes: &[u8]) -> String {
        let (mut modes, mut rest) = (Modes::default(), bytes);
        while let Some((at, _)) = modes.feed(rest) {
            rest = &rest[at..];
        }
        let mut out = Vec::new();
        modes.redraw(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn redraw_restores_the_modes() {
        let vim = b"\x1b[?1049h\x1b[?2004h\x1b=\x1b[?1000;1006h\x1b[?1002h\x1b[?25l\x1b[2 q";
        let redraw = redrawn(vim);
        assert_eq!(redraw, "\x1b[?1006h\x1b[?2004h\x1b[?1002h\x1b=\x1b[2 q\x1b[?25l");
        assert_eq!(redrawn(redraw.as_bytes()), redraw);
        assert_eq!(redrawn(b"\x1b[?2004h\x1b[?1003h\x1b[?2004;1003l\x1b=\x1b>"), "\x1b[?25h");
        assert_eq!(redrawn(b"\x1b[?2004h\x1b=\x1bc"), "\x1b[?25h");
    }

    #[test]
    fn strings_are_not_parsed_and_splitting_the_stream_changes_nothing() {
        let stream = b"\x1b]0;\x1b[?2004h not a mode\x07\x1b[?1004h\x1bPq#0\x1b\\\x1b(0\x1b[?9";
        let mut whole = Modes::default();
        whole.feed(stream);
        assert!(!whole.at_ground());
        for cut in 0..stream.len() {
            let mut parts = Modes::default();
            parts.feed(&stream[..cut]);
            parts.feed(&stream[cut..]);
            assert_eq!(parts, whole);
        }
        for (stream, erase) in [
            (&b"a\x1b[3Jb"[..], Some((5, Erase::Scrollback))),
            (b"\x1b[03;1Jb", Some((7, Erase::Scrollback))),
            (b"\x1b[2J\x1b[Jab\x1b[33J\x1b[?3J\x1b]3J\x07", None),
            (b"\x1bcb", Some((2, Erase::Reset))),
        ] {
            assert_eq!(Modes::default().feed(stream), erase);
        }
        let endless = [&b"\x1b["[..], &vec![b'1'; 10_000]].concat();
        let mut modes = Modes::default();
        modes.feed(&endless);
        assert_eq!(modes.sequence.len(), SEQUENCE_BYTES_MAX);
    }
}
