//! What the screen model does not keep: modes that change what a terminal *sends* (mouse, paste, keypad, focus) and the
//! cursor's shape. A scanner over raw bytes; it refuses to know cells.

/// Where the scanner is in an escape sequence. Everything but [`At::Ground`] means that a sequence is unfinished.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum At {
    #[default]
    Ground,
    Escape,
    /// After `ESC` and an intermediate byte (character sets and the like).
    EscapeIntermediate,
    Csi,
    /// In an operating system command or a device control string, ended by BEL or `ESC \`.
    String,
}

/// Longest control sequence that is looked at; real ones are far shorter.
const SEQUENCE_BYTES_MAX: usize = 64;

/// Private modes that are kept, each a switch of its own.
const SWITCHES: [u16; 6] = [1004, 1005, 1006, 1015, 1016, 2004];
/// Mouse modes: one at a time, the last one set counts.
const MOUSE: [u16; 4] = [9, 1000, 1002, 1003];

/// What takes away lines that scrolled off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wipe {
    /// `CSI 3 J`: they alone.
    Scrollback,
    /// `ESC c`: everything.
    Reset,
}

/// The modes at one position of the stream.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Modes {
    at: At,
    sequence: Vec<u8>,
    switches: [bool; SWITCHES.len()],
    mouse: Option<u16>,
    keypad: bool,
    hidden_cursor: bool,
    cursor_shape: u8,
}

impl Modes {
    /// Whether no sequence is unfinished.
    pub fn at_ground(&self) -> bool {
        self.at == At::Ground
    }

    /// Follows the stream up to the first thing that wipes what scrolled away, and says where that ends; otherwise all
    /// of it.
    pub fn feed(&mut self, bytes: &[u8]) -> Option<(usize, Wipe)> {
        for (at, &byte) in bytes.iter().enumerate() {
            let mut wipe = None;
            // The 8-bit controls do not occur in UTF-8 streams, so only the 7-bit forms are followed.
            self.at = match (self.at, byte) {
                (At::String, 0x07) | (_, 0x18 | 0x1a) => At::Ground,
                (_, 0x1b) => At::Escape,
                (At::Ground | At::String, _) => self.at,
                (At::Escape, b'[') => {
                    self.sequence.clear();
                    At::Csi
                }
                (At::Escape, b']' | b'P' | b'X' | b'^' | b'_') => At::String,
                (At::Escape | At::EscapeIntermediate, 0x20..=0x2f) => At::EscapeIntermediate,
                (At::Escape, final_byte) => {
                    self.escape(final_byte);
                    wipe = (final_byte == b'c').then_some(Wipe::Reset);
                    At::Ground
                }
                (At::EscapeIntermediate, _) => At::Ground,
                (At::Csi, 0x40..=0x7e) => {
                    // Xterm's: the lines above the screen. `clear` ends with it.
                    let first = self.sequence.split(|b| *b == b';').next().and_then(number);
                    wipe = (byte == b'J' && first == Some(3)).then_some(Wipe::Scrollback);
                    self.control(byte);
                    At::Ground
                }
                (At::Csi, _) => {
                    if self.sequence.len() < SEQUENCE_BYTES_MAX {
                        self.sequence.push(byte);
                    }
                    At::Csi
                }
            };
            if let Some(wipe) = wipe {
                return Some((at + 1, wipe));
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
        if let Some(place) = SWITCHES.iter().position(|m| *m == mode) {
            self.switches[place] = on;
        } else if MOUSE.contains(&mode) {
            self.mouse = on.then_some(mode);
        } else if mode == 25 {
            self.hidden_cursor = !on;
        } else if mode == 66 {
            self.keypad = on;
        }
    }

    /// Appends what brings a terminal that was just reset into these modes.
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
    fn modes_are_kept_and_a_redraw_comes_to_the_same() {
        let vim = b"\x1b[?1049h\x1b[?2004h\x1b=\x1b[?1000;1006h\x1b[?1002h\x1b[?25l\x1b[2 q";
        let redraw = redrawn(vim);
        assert_eq!(redraw, "\x1b[?1006h\x1b[?2004h\x1b[?1002h\x1b=\x1b[2 q\x1b[?25l");
        assert_eq!(redrawn(redraw.as_bytes()), redraw);
        assert_eq!(redrawn(b"\x1b[?2004h\x1b[?1003h\x1b[?2004;1003l\x1b=\x1b>"), "\x1b[?25h");
        assert_eq!(redrawn(b"\x1b[?2004h\x1b=\x1bc"), "\x1b[?25h");
    }

    #[test]
    fn strings_hide_what_is_in_them_and_a_cut_anywhere_changes_nothing() {
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
        for (stream, wipe) in [
            (&b"a\x1b[3Jb"[..], Some((5, Wipe::Scrollback))),
            (b"\x1b[03;1Jb", Some((7, Wipe::Scrollback))),
            (b"\x1b[2J\x1b[Jab\x1b[33J\x1b[?3J\x1b]3J\x07", None),
            (b"\x1bcb", Some((2, Wipe::Reset))),
        ] {
            assert_eq!(Modes::default().feed(stream), wipe);
        }
        let endless = [&b"\x1b["[..], &vec![b'1'; 10_000]].concat();
        let mut modes = Modes::default();
        modes.feed(&endless);
        assert_eq!(modes.sequence.len(), SEQUENCE_BYTES_MAX);
    }
}
