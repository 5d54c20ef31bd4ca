//! Translates the emulator's dump into sequences that every terminal supports: 7-bit controls, colours with semicolons,
//! one tab stop at a time. Blanks at the ends of lines are left out: the dump fills every line, and a terminal that
//! becomes narrower would wrap those blanks into empty lines.

/// Appends the dump of a screen of `cols` columns to `out`.
pub(super) fn write_dump(dump: &str, cols: u16, out: &mut Vec<u8>) {
    let mut writer = Writer { out, cols: cols.into(), pen: Pen::default(), line_is_empty: true, blanks: None };
    let mut rest = dump;
    while let Some(at) = rest.find(['\x1b', '\u{90}', '\u{9b}', '\u{98}', '\u{9d}', '\u{9e}', '\u{9f}']) {
        writer.text(&rest[..at]);
        rest = &rest[at..];
        let Some(sequence) = rest.strip_prefix("\x1b[") else {
            let mut chars = rest.chars();
            writer.escape(chars.next());
            rest = chars.as_str();
            continue;
        };
        let len = sequence.find(|c: char| ('\x40'..='\x7e').contains(&c)).map_or(sequence.len(), |at| at + 1);
        writer.sequence(&sequence[..len]);
        rest = &sequence[len..];
    }
    writer.text(rest);
}

struct Writer<'a> {
    out: &'a mut Vec<u8>,
    cols: usize,
    pen: Pen,
    /// The line is still empty.
    line_is_empty: bool,
    blanks: Option<Blanks>,
}

/// A run of blanks without attributes, which can be left out at the end of a line.
struct Blanks {
    /// Where they begin in the output.
    from: usize,
    count: usize,
    /// They begin the line.
    first: bool,
}

impl Writer<'_> {
    fn text(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                ' ' if self.pen.is_plain() => self.blank(1),
                '\r' => self.end_of_line(),
                _ => self.blanks = None,
            }
            self.line_is_empty = c == '\n';
            self.out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }

    fn blank(&mut self, count: usize) {
        let (from, first) = (self.out.len(), self.line_is_empty);
        self.blanks.get_or_insert(Blanks { from, count: 0, first }).count += count;
    }

    /// Removes the blanks at the end of a line. Every line of a dump is as wide as the screen, so fewer blanks than
    /// that belong to one line. As many or more may have wrapped the previous line into this one, and are kept.
    fn end_of_line(&mut self) {
        let Some(blanks) = self.blanks.take() else { return };
        if blanks.count < self.cols || (blanks.count == self.cols && blanks.first) {
            self.out.truncate(blanks.from);
        }
    }

    fn escape(&mut self, first: Option<char>) {
        self.blanks = None;
        match first {
            // A C1 control is ESC and the character 0x40 below it.
            Some(c @ '\u{80}'..='\u{9f}') => {
                self.out.extend([0x1b, u8::try_from(u32::from(c) - 0x40).unwrap_or(b'[')]);
            }
            _ => self.out.push(0x1b),
        }
    }

    fn sequence(&mut self, body: &str) {
        match body {
            "0W" => self.put("\x1bH", ""),
            "5W" => self.put("\x1b[3g", ""),
            _ if body.ends_with('m') => {
                let before = self.pen;
                self.pen.apply(&body[..body.len() - 1]);
                if self.pen != before {
                    self.blanks = None;
                }
                self.out.extend_from_slice(format!("\x1b[{}", body.replace(':', ";")).as_bytes());
            }
            // Repeats the previous character; if it is a blank, these are more blanks.
            _ if body.ends_with('b') => {
                if let Some(blanks) = &mut self.blanks {
                    blanks.count += body[..body.len() - 1].parse().unwrap_or(1);
                }
                self.out.extend_from_slice(format!("\x1b[{body}").as_bytes());
            }
            // A cursor movement ends the last line.
            _ if body.ends_with('H') => {
                self.end_of_line();
                self.put("\x1b[", body);
            }
            _ => self.put("\x1b[", body),
        }
    }

    fn put(&mut self, start: &str, body: &str) {
        self.blanks = None;
        self.line_is_empty = true;
        self.out.extend_from_slice(start.as_bytes());
        self.out.extend_from_slice(body.as_bytes());
    }
}

/// Attributes that differ from their state after a reset, one bit each.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Pen(u16);

const INTENSITY: u16 = 1;
const FOREGROUND: u16 = 1 << 10;
const BACKGROUND: u16 = 1 << 11;

impl Pen {
    fn is_plain(self) -> bool {
        self == Self::default()
    }

    /// Applies the parameters of one SGR sequence (ECMA-48 8.3.117).
    fn apply(&mut self, parameters: &str) {
        let mut list = parameters.split(';');
        while let Some(parameter) = list.next() {
            let (code, joined) = parameter.split_once(':').map_or((parameter, false), |(code, _)| (code, true));
            match code.parse::<u16>().unwrap_or(0) {
                0 => *self = Self::default(),
                1 | 2 => self.0 |= INTENSITY,
                22 => self.0 &= !INTENSITY,
                n @ 3..=9 => self.0 |= 1 << n,
                n @ 23..=29 => self.0 &= !(1 << (n - 20)),
                39 => self.0 &= !FOREGROUND,
                49 => self.0 &= !BACKGROUND,
                30..=38 | 90..=97 => self.0 |= FOREGROUND,
                40..=48 | 100..=107 => self.0 |= BACKGROUND,
                _ => {}
            }
            if matches!(code, "38" | "48") && !joined {
                // The colour follows as one number or three.
                let numbers = if list.next() == Some("2") { 3 } else { 1 };
                list.by_ref().take(numbers).for_each(drop);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn translated(dump: &str) -> String {
        let mut out = Vec::new();
        write_dump(dump, 80, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn blanks_at_the_end_of_a_line_are_removed_unless_visible() {
        for (dump, expected) in [
            ("a  b   \r\nc", "a  b\r\nc"),
            ("a \x1b[70b\r\nc", "a\r\nc"),
            ("=\x1b[9b\r\nc", "=\x1b[9b\r\nc"),
            ("\x1b[31ma\x1b[39m   \x1b[70b\x1b[3;4H", "\x1b[31ma\x1b[39m\x1b[3;4H"),
            ("a\x1b[44m   \r\nc", "a\x1b[44m   \r\nc"),
            ("a  \x1b[48:5:9m  \r\nc", "a  \x1b[48;5;9m  \r\nc"),
            ("\x1b[7m   \x1b[27m  \r\nc", "\x1b[7m   \x1b[27m\r\nc"),
            ("\x1b[4m  \x1b[0m \r\n", "\x1b[4m  \x1b[0m\r\n"),
            ("\x1b[38;5;49;2ma\x1b[39;22m  \r\n", "\x1b[38;5;49;2ma\x1b[39;22m\r\n"),
            ("\x1b[2m  \r\n", "\x1b[2m  \r\n"),
            ("a   ", "a   "),
            (" \x1b[79b\r\nc", "\r\nc"),
            ("a \x1b[79b\r\nc", "a \x1b[79b\r\nc"),
            (" \x1b[81b\r\nc", " \x1b[81b\r\nc"),
        ] {
            assert_eq!(translated(dump), expected, "{dump:?}");
        }
    }
}
