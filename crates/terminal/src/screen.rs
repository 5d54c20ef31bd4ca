//! A model of the screen. A client that attaches without a position, or whose bytes are no longer stored, gets a redraw
//! made from it. A redraw contains text, colours and modes. Titles, clipboard access, links and queries of the stream
//! are never stored in the model, so a redraw cannot contain them.
//!
//! Parsing is the most expensive step of the output path (tens of MB/s), so the model is fed on demand, and when bytes
//! are about to leave the output buffer, on threads of its own. Plain text that has scrolled out of the scrollback is
//! skipped.

use guest_protocol::OutputBuffer;
use protocol::frame::Size;
use unicode_width::UnicodeWidthChar;

use super::modes::{Erase, Modes};

mod redraw;

/// Lines of scrollback in the model.
pub const SCROLLBACK_LINES: usize = 500;
/// Bytes of new output after which skipping is tried again.
const SKIP_STEP: u64 = 128 * 1024;
/// Capacity that the buffer for text keeps.
const TEXT_CAPACITY_KEPT_BYTES: usize = 16 * 1024;

/// The model, and the position up to which it was fed.
pub struct Screen {
    terminal: avt::Terminal,
    modes: Modes,
    /// First bytes of a UTF-8 character whose remaining bytes have not arrived.
    partial: Vec<u8>,
    text: String,
    position: u64,
    /// Position of the newest output from which skipping is tried again: each attempt scans the whole buffer.
    skip_from: u64,
    size: Size,
    /// Number of oldest scrollback lines that the program has erased. The emulator cannot erase its scrollback, so
    /// redraws leave them out.
    erased: usize,
}

/// Counts the lines that the emulator drops from its scrollback.
struct EvictionCounter(usize);

impl avt::Observer for EvictionCounter {
    type Output = usize;

    fn evicted(&mut self, _: &mut avt::Observation<'_>, _: &avt::Line) {
        self.0 += 1;
    }

    fn end(&mut self, _: &mut avt::Observation<'_>) -> usize {
        self.0
    }
}

impl std::fmt::Debug for Screen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The content of a screen must not appear in logs.
        f.debug_struct("Screen").field("position", &self.position).finish_non_exhaustive()
    }
}

impl Screen {
    /// A blank screen at position `at` of the stream.
    pub fn new(size: Size, at: u64) -> Self {
        Self {
            terminal: blank(size),
            modes: Modes::default(),
            partial: Vec::new(),
            text: String::new(),
            position: at,
            skip_from: 0,
            size,
            erased: 0,
        }
    }

    /// Position up to which the model was fed.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Changes the size and wraps the lines again.
    pub fn resize(&mut self, size: Size) {
        if size != self.size {
            // A taller screen shows lines of the scrollback again, which must not include erased ones.
            self.drop_erased_lines();
            self.size = size;
            self.terminal.resize(size.cols.into(), size.rows.into());
        }
    }

    /// The next bytes to feed: at most `max`, before position `until`. Empty when there are none. Output that cannot
    /// affect the model is skipped. If bytes were dropped from the buffer before they were fed, the model is blank
    /// after the gap.
    pub fn next_bytes(&mut self, output: &OutputBuffer, until: u64, max: usize) -> Vec<u8> {
        if self.position < output.oldest() {
            *self = Self::new(self.size, output.oldest());
        }
        if output.newest() >= self.skip_from && until >= output.newest() {
            match self.skip_target(output) {
                Some(to) => self.position = to,
                None => self.skip_from = output.newest() + SKIP_STEP,
            }
        }
        let max = usize::try_from(until.saturating_sub(self.position)).unwrap_or(usize::MAX).min(max);
        let (head, tail) = output.read(self.position, max).unwrap_or_default();
        [head, tail].concat()
    }

    /// Number of cells of the screen.
    pub fn cells(&self) -> usize {
        usize::from(self.size.cols) * usize::from(self.size.rows)
    }

    /// Position to which feeding can skip if all remaining output is plain text: only its last lines stay in screen and
    /// scrollback. The result is exact, because text without escape sequences only prints and scrolls.
    fn skip_target(&self, output: &OutputBuffer) -> Option<u64> {
        if !self.modes.at_ground() || !self.partial.is_empty() {
            return None;
        }
        let (a, b) = output.read(self.position, usize::MAX)?;
        if !is_plain(a) || !is_plain(b) {
            return None;
        }
        // Twice the rows: after that many lines everything on the screen is new, wherever the cursor was.
        let lines = 2 * usize::from(self.size.rows) + SCROLLBACK_LINES;
        let line_ends = |part: &[u8], from: usize, max: usize| {
            let newlines = part.iter().enumerate().rev().filter(|(_, byte)| **byte == b'\n');
            newlines.take(max).map(|(at, _)| from + at + 1).collect::<Vec<_>>()
        };
        let mut ends = line_ends(b, a.len(), lines + 1);
        ends.extend(line_ends(a, 0, lines + 1 - ends.len()));
        // The line must begin in the first column, which only a carriage return guarantees.
        let returned = |end: &usize| match end.checked_sub(2) {
            Some(at) if at < a.len() => a[at] == b'\r',
            Some(at) => b[at - a.len()] == b'\r',
            None => false,
        };
        let start = ends.get(lines).copied().filter(returned)?;
        Some(self.position + start as u64)
    }

    /// Feeds bytes that follow [`Screen::position`].
    pub fn feed(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        self.position += bytes.len() as u64;
        let mut rest = bytes;
        while let Some((at, erase)) = self.modes.feed(rest) {
            let (before, after) = rest.split_at(at);
            self.print(before);
            match erase {
                Erase::Scrollback if self.terminal.active_screen_kind() == avt::ScreenKind::Primary => {
                    self.erased = self.scrollback_len();
                }
                // The alternate screen has no scrollback.
                Erase::Scrollback => {}
                Erase::Reset => self.erased = 0,
            }
            rest = after;
        }
        self.print(rest);
    }

    fn print(&mut self, bytes: &[u8]) {
        if self.partial.is_empty()
            && bytes.is_ascii()
            && let Ok(text) = std::str::from_utf8(bytes)
        {
            return self.show(text);
        }
        self.partial.extend_from_slice(bytes);
        let bytes = std::mem::take(&mut self.partial);
        let mut text = std::mem::take(&mut self.text);
        let mut chunks = bytes.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            // Combining characters take no cell, and the emulator would store each in one. A redraw without an accent
            // is better than a line that is shifted by a column.
            text.extend(chunk.valid().chars().filter(|c| c.is_control() || c.width() != Some(0)));
            let bad = chunk.invalid();
            if chunks.peek().is_none() && is_incomplete(bad) {
                self.partial.extend_from_slice(bad);
            } else if !bad.is_empty() {
                text.push(char::REPLACEMENT_CHARACTER);
            }
        }
        self.show(&text);
        text.clear();
        text.shrink_to(TEXT_CAPACITY_KEPT_BYTES);
        self.text = text;
    }

    /// Bytes that redraw this screen on any terminal, whatever its state. The stream continues at [`Screen::position`].
    pub fn redraw(&self) -> Vec<u8> {
        let mut out = b"\x1bc".to_vec();
        self.write_scrollback(&mut out);
        // Modes come first: the dump may end with an incomplete sequence, which the stream continues.
        self.modes.redraw(&mut out);
        redraw::write_dump(&self.terminal.dump(), Size::clamped(self.size.cols, self.size.rows).cols, &mut out);
        out.extend_from_slice(&self.partial);
        out
    }

    fn show(&mut self, text: &str) {
        self.erased = self.erased.saturating_sub(self.terminal.feed_with(text, EvictionCounter(0)));
    }

    /// Lines of scrollback, including erased ones.
    fn scrollback_len(&self) -> usize {
        let screen = self.terminal.primary_screen();
        screen.all_lines().count().saturating_sub(screen.visible_lines().len())
    }

    /// Rebuilds the emulator without the erased lines.
    fn drop_erased_lines(&mut self) {
        if self.erased == 0 {
            return;
        }
        let mut text = Vec::new();
        self.write_scrollback(&mut text);
        let mut terminal = blank(self.size);
        terminal.feed(&*String::from_utf8_lossy(&text));
        terminal.feed(&*self.terminal.dump());
        (self.terminal, self.erased) = (terminal, 0);
    }

    fn write_scrollback(&self, out: &mut Vec<u8>) {
        let screen = self.terminal.primary_screen();
        let count = self.scrollback_len().saturating_sub(self.erased);
        if count == 0 {
            return;
        }
        for (number, line) in screen.all_lines().skip(self.erased).take(count).enumerate() {
            write_line(line, out);
            if number + 1 < count && !line.is_wrapped() {
                out.extend_from_slice(b"\r\n");
            }
        }
        out.extend_from_slice(b"\x1b[m");
        // Scrolls the lines off the screen and moves the cursor to the top left.
        out.extend((0..self.size.rows).flat_map(|_| *b"\r\n"));
        out.extend_from_slice(b"\x1b[H");
    }
}

fn blank(size: Size) -> avt::Terminal {
    let make = |size: Size| avt::Terminal::with_scrollback(size.cols.into(), size.rows.into(), Some(SCROLLBACK_LINES));
    // The size was clamped, so it is not zero.
    make(Size::clamped(size.cols, size.rows)).unwrap_or_else(|_| unreachable!("clamped sizes are positive"))
}

/// Whether the bytes contain no escape sequence, no shift of character sets, and no 8-bit control (whose UTF-8 form
/// begins with 0xC2).
fn is_plain(bytes: &[u8]) -> bool {
    !bytes.iter().any(|b| matches!(b, 0x1b | 0x0e | 0x0f | 0xc2))
}

/// Whether more bytes could complete these to a character.
fn is_incomplete(bad: &[u8]) -> bool {
    std::str::from_utf8(bad).is_err_and(|e| e.valid_up_to() == 0 && e.error_len().is_none())
}

fn write_line(line: &avt::Line, out: &mut Vec<u8>) {
    let cells = line.cells();
    let blank = |c: &avt::Cell| c.char() == ' ' && c.pen().is_default();
    let end =
        if line.is_wrapped() { cells.len() } else { cells.len() - cells.iter().rev().take_while(|c| blank(c)).count() };
    let mut pen = None;
    for cell in &cells[..end] {
        if pen != Some(cell.pen()) {
            write_pen(cell.pen(), out);
            pen = Some(cell.pen());
        }
        if cell.width() > 0 {
            out.extend_from_slice(cell.char().encode_utf8(&mut [0; 4]).as_bytes());
        }
    }
}

fn write_pen(pen: &avt::Pen, out: &mut Vec<u8>) {
    out.extend_from_slice(b"\x1b[0");
    let attributes = [
        (pen.is_bold(), 1),
        (pen.is_faint(), 2),
        (pen.is_italic(), 3),
        (pen.is_underline(), 4),
        (pen.is_blink(), 5),
        (pen.is_inverse(), 7),
        (pen.is_strikethrough(), 9),
    ];
    for (_, code) in attributes.iter().filter(|(on, _)| *on) {
        out.extend_from_slice(format!(";{code}").as_bytes());
    }
    for (base, colour) in [(38, pen.foreground()), (48, pen.background())] {
        match colour {
            Some(avt::Color::Indexed(n)) => out.extend_from_slice(format!(";{base};5;{n}").as_bytes()),
            Some(avt::Color::RGB(c)) => {
                out.extend_from_slice(format!(";{base};2;{};{};{}", c.r, c.g, c.b).as_bytes());
            }
            None => {}
        }
    }
    out.push(b'm');
}

#[cfg(test)]
mod tests;
