//! A model of one screen, for the moment when bytes alone are not enough: a client that comes without a position, or
//! that fell behind, gets a redraw made from it. The redraw holds text, colours and modes; what else was in the stream
//! (titles, clipboard, links, queries) never gets into the model, so it cannot come out.
//!
//! The model is fed late. It costs more than anything else on the byte path (tens of MB/s), so it is fed when somebody
//! asks or when bytes are about to detach the output, and plain text that scrolled away unseen is skipped altogether.

use guest_protocol::OutputBuffer;
use protocol::frame::Size;
use unicode_width::UnicodeWidthChar;

use super::modes::{Modes, Wipe};

mod dialect;

/// Lines kept above the screen, for redraws.
pub const SCROLLBACK_LINES: usize = 500;
/// How much more there must be before skipping is tried again.
const SKIP_STEP: u64 = 128 * 1024;
/// Bytes parsed in one go; a client waits for no longer than that takes.
const STEP_BYTES: usize = 16 * 1024;

/// The model and the position up to which it has seen the stream.
pub struct Screen {
    terminal: avt::Terminal,
    modes: Modes,
    /// Beginning of a character whose end is not there yet.
    partial: Vec<u8>,
    text: String,
    seen: u64,
    /// The stream has to be this far before skipping is tried again: looking for it costs, too.
    skip_from: u64,
    size: Size,
    /// So many of the oldest lines above the screen were wiped by the program. The model has no such thing; here they
    /// are passed over, so that what somebody cleared does not come back with the next redraw.
    wiped: usize,
}

/// Counts the lines that detach the model for good.
struct Evicted(usize);

impl avt::Observer for Evicted {
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
        // What is on the screen is nobody's business in a log.
        f.debug_struct("Screen").field("seen", &self.seen).finish_non_exhaustive()
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
            seen: at,
            skip_from: 0,
            size,
            wiped: 0,
        }
    }

    /// Position up to which the stream is in the model.
    pub fn seen(&self) -> u64 {
        self.seen
    }

    /// Changes the size; lines are wrapped anew.
    pub fn resize(&mut self, size: Size) {
        if size != self.size {
            // A taller screen takes lines back from above it, and those must not be among them.
            self.forget_wiped();
            self.size = size;
            self.terminal.resize(size.cols.into(), size.rows.into());
        }
    }

    /// Feeds from the output, one step, or skips what cannot matter. False when there is nothing left to do. What fell
    /// out of the output unseen is a gap, and the model starts blank after it; what comes before the model's beginning is
    /// not for it.
    pub fn catch_up(&mut self, output: &OutputBuffer) -> bool {
        if self.seen < output.oldest() {
            *self = Self::new(self.size, output.oldest());
        }
        if output.newest() >= self.skip_from {
            match self.skippable(output) {
                Some(to) => self.seen = to,
                None => self.skip_from = output.newest() + SKIP_STEP,
            }
        }
        let Some((a, b)) = output.read(self.seen, STEP_BYTES) else { return false };
        self.feed(a);
        self.feed(b);
        self.seen < output.newest()
    }

    /// Where feeding may go on when all that is unseen is plain text: after it, only the last lines are left of it, so
    /// the ones before need not be looked at. Exact, because text without escape sequences can only print and scroll.
    fn skippable(&self, output: &OutputBuffer) -> Option<u64> {
        if !self.modes.at_ground() || !self.partial.is_empty() {
            return None;
        }
        let (a, b) = output.read(self.seen, usize::MAX)?;
        if !plain(a) || !plain(b) {
            return None;
        }
        // Twice the rows: wherever the cursor is, after that many lines everything visible was scrolled in.
        let lines = 2 * usize::from(self.size.rows) + SCROLLBACK_LINES;
        let ends = |part: &[u8], from: usize, most: usize| {
            let newlines = part.iter().enumerate().rev().filter(|(_, byte)| **byte == b'\n');
            newlines.take(most).map(|(at, _)| from + at + 1).collect::<Vec<_>>()
        };
        let mut ends_of_lines = ends(b, a.len(), lines + 1);
        ends_of_lines.extend(ends(a, 0, lines + 1 - ends_of_lines.len()));
        // The line must begin at the left edge, which only a carriage return makes sure of.
        let returned = |end: &usize| match end.checked_sub(2) {
            Some(at) if at < a.len() => a[at] == b'\r',
            Some(at) => b[at - a.len()] == b'\r',
            None => false,
        };
        let start = ends_of_lines.get(lines).copied().filter(returned)?;
        Some(self.seen + start as u64)
    }

    /// Feeds bytes that follow what was seen.
    pub fn feed(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        self.seen += bytes.len() as u64;
        let mut rest = bytes;
        while let Some((at, wipe)) = self.modes.feed(rest) {
            let (before, after) = rest.split_at(at);
            self.print(before);
            match wipe {
                Wipe::Scrollback if self.terminal.active_screen_kind() == avt::ScreenKind::Primary => {
                    self.wiped = self.above();
                }
                // The other screen has no lines above it.
                Wipe::Scrollback => {}
                Wipe::Reset => self.wiped = 0,
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
            // Marks that combine take no cell in a terminal, and the model has no place for them: better a missing
            // accent in a redraw than a line that is off by one.
            text.extend(chunk.valid().chars().filter(|c| c.is_control() || c.width() != Some(0)));
            let bad = chunk.invalid();
            if chunks.peek().is_none() && may_grow(bad) {
                self.partial.extend_from_slice(bad);
            } else if !bad.is_empty() {
                text.push(char::REPLACEMENT_CHARACTER);
            }
        }
        self.show(&text);
        text.clear();
        text.shrink_to(STEP_BYTES);
        self.text = text;
    }

    /// Bytes that bring any terminal, whatever it showed, to this screen. The stream goes on at [`Screen::seen`].
    pub fn redraw(&self) -> Vec<u8> {
        let mut out = b"\x1bc".to_vec();
        self.scrollback(&mut out);
        // The modes go first: the dump ends with what is unfinished in the stream, and nothing may come between.
        self.modes.redraw(&mut out);
        dialect::put(&self.terminal.dump(), Size::clamped(self.size.cols, self.size.rows).cols, &mut out);
        out.extend_from_slice(&self.partial);
        out
    }

    fn show(&mut self, text: &str) {
        self.wiped = self.wiped.saturating_sub(self.terminal.feed_with(text, Evicted(0)));
    }

    /// Lines above the screen, those that were wiped among them.
    fn above(&self) -> usize {
        let screen = self.terminal.primary_screen();
        screen.all_lines().count().saturating_sub(screen.visible_lines().len())
    }

    /// Makes the model anew without the lines that were wiped.
    fn forget_wiped(&mut self) {
        if self.wiped == 0 {
            return;
        }
        let mut text = Vec::new();
        self.scrollback(&mut text);
        let mut terminal = blank(self.size);
        terminal.feed(&*String::from_utf8_lossy(&text));
        terminal.feed(&*self.terminal.dump());
        (self.terminal, self.wiped) = (terminal, 0);
    }

    fn scrollback(&self, out: &mut Vec<u8>) {
        let screen = self.terminal.primary_screen();
        let above = self.above().saturating_sub(self.wiped);
        if above == 0 {
            return;
        }
        for (number, line) in screen.all_lines().skip(self.wiped).take(above).enumerate() {
            put_line(line, out);
            if number + 1 < above && !line.is_wrapped() {
                out.extend_from_slice(b"\r\n");
            }
        }
        out.extend_from_slice(b"\x1b[m");
        // Off the screen with it, and to the top left.
        out.extend((0..self.size.rows).flat_map(|_| *b"\r\n"));
        out.extend_from_slice(b"\x1b[H");
    }
}

fn blank(size: Size) -> avt::Terminal {
    let make = |size: Size| avt::Terminal::with_scrollback(size.cols.into(), size.rows.into(), Some(SCROLLBACK_LINES));
    // Sizes are clamped where they enter; a size of zero cannot be made.
    make(Size::clamped(size.cols, size.rows)).unwrap_or_else(|_| unreachable!("clamped sizes are positive"))
}

/// No escape sequence, no shift of character sets, no 8-bit control (whose UTF-8 form begins with 0xC2).
fn plain(bytes: &[u8]) -> bool {
    !bytes.iter().any(|b| matches!(b, 0x1b | 0x0e | 0x0f | 0xc2))
}

/// Whether more bytes could still make a character of this; at most three bytes are.
fn may_grow(bad: &[u8]) -> bool {
    std::str::from_utf8(bad).is_err_and(|e| e.valid_up_to() == 0 && e.error_len().is_none())
}

fn put_line(line: &avt::Line, out: &mut Vec<u8>) {
    let cells = line.cells();
    let blank = |c: &avt::Cell| c.char() == ' ' && c.pen().is_default();
    let end =
        if line.is_wrapped() { cells.len() } else { cells.len() - cells.iter().rev().take_while(|c| blank(c)).count() };
    let mut pen = None;
    for cell in &cells[..end] {
        if pen != Some(cell.pen()) {
            put_pen(cell.pen(), out);
            pen = Some(cell.pen());
        }
        if cell.width() > 0 {
            out.extend_from_slice(cell.char().encode_utf8(&mut [0; 4]).as_bytes());
        }
    }
}

fn put_pen(pen: &avt::Pen, out: &mut Vec<u8>) {
    out.extend_from_slice(b"\x1b[0");
    let marks = [
        (pen.is_bold(), 1),
        (pen.is_faint(), 2),
        (pen.is_italic(), 3),
        (pen.is_underline(), 4),
        (pen.is_blink(), 5),
        (pen.is_inverse(), 7),
        (pen.is_strikethrough(), 9),
    ];
    for (_, code) in marks.iter().filter(|(on, _)| *on) {
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
