//! The model's dump in the words every terminal knows: 7-bit controls, colours with semicolons, tab stops one by one, and
//! no blanks at the end of a line. The dump fills every line to its edge; a terminal that becomes narrower would wrap those
//! blanks into empty lines.

/// Puts the dump of a screen of `cols` columns behind `out`.
pub(super) fn put(dump: &str, cols: u16, out: &mut Vec<u8>) {
    let mut writer = Writer { out, cols: cols.into(), pen: Pen::default(), fresh: true, blanks: None };
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
    /// Nothing was written on this line.
    fresh: bool,
    blanks: Option<Blanks>,
}

/// Nothing but blanks in a plain pen, which is what a line has at its end anyway.
struct Blanks {
    /// Where in the output they begin.
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
            self.fresh = c == '\n';
            self.out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }

    fn blank(&mut self, count: usize) {
        let (from, first) = (self.out.len(), self.fresh);
        self.blanks.get_or_insert(Blanks { from, count: 0, first }).count += count;
    }

    /// Every line of a dump is as wide as the screen. So fewer blanks than that are of one line; with as many or more, the line
    /// before may have been wrapped into this one by them.
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
                self.pen.follow(&body[..body.len() - 1]);
                if self.pen != before {
                    self.blanks = None;
                }
                self.out.extend_from_slice(format!("\x1b[{}", body.replace(':', ";")).as_bytes());
            }
            // The character before once more, many times: of a blank it is blanks.
            _ if body.ends_with('b') => {
                if let Some(blanks) = &mut self.blanks {
                    blanks.count += body[..body.len() - 1].parse().unwrap_or(1);
                }
                self.out.extend_from_slice(format!("\x1b[{body}").as_bytes());
            }
            // The cursor goes elsewhere: what was before it ended the last line.
            _ if body.ends_with('H') => {
                self.end_of_line();
                self.put("\x1b[", body);
            }
            _ => self.put("\x1b[", body),
        }
    }

    fn put(&mut self, start: &str, body: &str) {
        self.blanks = None;
        self.fresh = true;
        self.out.extend_from_slice(start.as_bytes());
        self.out.extend_from_slice(body.as_bytes());
    }
}

/// What is not as after a reset, one bit each.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Pen(u16);

const INTENSITY: u16 = 1;
const FOREGROUND: u16 = 1 << 10;
const BACKGROUND: u16 = 1 << 11;

impl Pen {
    fn is_plain(self) -> bool {
        self == Self::default()
    }

    /// Follows the parameters of one SGR sequence (ECMA-48 8.3.117).
    fn follow(&mut self, parameters: &str) {
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
                // The colour follows: one figure, or three.
                let figures = if list.next() == Some("2") { 3 } else { 1 };
                list.by_ref().take(figures).for_each(drop);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(dump: &str) -> String {
        let mut out = Vec::new();
        put(dump, 80, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn blanks_at_the_end_of_a_line_are_left_out_unless_they_show() {
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
            assert_eq!(said(dump), expected, "{dump:?}");
        }
    }
}
