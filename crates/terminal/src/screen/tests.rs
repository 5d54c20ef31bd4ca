//! A redraw must give a terminal the same screen as the model, and the same screen after any further output.

use super::*;
use protocol::limits;

const SIZE: Size = Size { cols: 40, rows: 10 };

/// A small random number generator. A failure can be reproduced with its seed.
struct Rng(u64);

impl Rng {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
}

/// A piece of output as programs write it: text, lines, colours, cursor movements, invalid bytes.
fn piece(rng: &mut Rng) -> Vec<u8> {
    let n = rng.below(60);
    match rng.below(26) {
        0..=5 => "word Zeile läuft 世界 e\u{301}🙂 "[..]
            .chars()
            .skip(usize::try_from(n % 20).unwrap())
            .collect::<String>()
            .into(),
        6..=8 => b"\r\n".to_vec(),
        9 => format!("\x1b[{}m", [0, 1, 2, 3, 4, 7, 9, 31, 42, 95][usize::try_from(n % 10).unwrap()]).into(),
        10 => format!("\x1b[38;5;{n}m").into(),
        11 => format!("\x1b[48;2;{n};1;200m").into(),
        12 => format!("\x1b[{};{}H", n % 12, n).into(),
        13 => format!("\x1b[{}J", n % 4).into(),
        14 => format!("\x1b[{}K", n % 3).into(),
        15 => format!("\x1b[{};{}r", n % 5 + 1, n % 4 + 6).into(),
        16 => format!(
            "\x1b[{}{}",
            n % 6,
            ['L', 'M', 'P', '@', 'X', 'S', 'T', 'A', 'B', 'C', 'D'][usize::try_from(n % 11).unwrap()]
        )
        .into(),
        17 => [&b"\x1b[?1049h"[..], b"\x1b[?1049l"][usize::try_from(n % 2).unwrap()].to_vec(),
        18 => [
            &b"\x1b[?2004h\x1b=\x1b[?1002;1006h"[..],
            b"\x1b[?25l",
            b"\x1b[?25h",
            b"\x1b[?1h",
            b"\x1b[?7l",
            b"\x1b[?7h\x1b[?1002l",
        ][usize::try_from(n % 6).unwrap()]
        .to_vec(),
        19 => [&b"\x1b7"[..], b"\x1b8", b"\x1bM", b"\x1bD", b"\x1bE"][usize::try_from(n % 5).unwrap()].to_vec(),
        20 => [&b"\x1b(0lqqk\x1b(B"[..], b"\x1b(0", b"\x1b(B"][usize::try_from(n % 3).unwrap()].to_vec(),
        21 => [&b"\x1b[4h"[..], b"\x1b[4l", b"\x1b[?6h", b"\x1b[?6l"][usize::try_from(n % 4).unwrap()].to_vec(),
        22 => b"\x1b]0;title\x07\x1b]52;c;aGk=\x07\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\".to_vec(),
        23 => [&b"\x08"[..], b"\t", b"\x07", b"\r", b"\x1bH", b"\x1b[3g"][usize::try_from(n % 6).unwrap()].to_vec(),
        24 => vec![u8::try_from(rng.below(256)).unwrap()],
        _ => "x".repeat(usize::try_from(n).unwrap() + 1).into_bytes(),
    }
}

fn stream(rng: &mut Rng, pieces: u64) -> Vec<u8> {
    (0..pieces).flat_map(|_| piece(rng)).collect()
}

type Observable = (Vec<Vec<(char, avt::Pen)>>, Vec<Vec<(char, avt::Pen)>>, avt::Cursor, avt::ScreenKind, Vec<u8>);

/// Everything that a user can observe of a screen.
fn observable(screen: &Screen) -> Observable {
    let cells = |s: avt::Screen<'_>| {
        s.visible_lines().map(|l| l.cells().iter().map(|c| (c.char(), *c.pen())).collect()).collect()
    };
    let mut modes = Vec::new();
    screen.modes.redraw(&mut modes);
    let t = &screen.terminal;
    (cells(t.screen()), cells(t.primary_screen()), t.cursor(), t.active_screen_kind(), modes)
}

fn redrawn(screen: &Screen) -> Screen {
    // The client's terminal is not blank before.
    let mut other = Screen::new(SIZE, 0);
    other.feed(b"old\x1b[3;4r\x1b[?1049h\x1b[31mstuff\x1b[?2004h\x1b(0");
    other.feed(&screen.redraw());
    other
}

#[test]
fn redraw_gives_the_same_screen_also_after_further_output() {
    for seed in 1..400 {
        let mut rng = Rng(seed);
        let mut model = Screen::new(SIZE, 0);
        let pieces = rng.below(80);
        model.feed(&stream(&mut rng, pieces));
        let mut copy = redrawn(&model);
        assert_eq!(observable(&copy), observable(&model), "seed {seed}");
        let next = stream(&mut rng, 20);
        model.feed(&next);
        copy.feed(&next);
        assert_eq!(observable(&copy), observable(&model), "seed {seed}, further output");
    }
}

#[test]
fn redraw_contains_the_scrollback_with_order_and_colours() {
    let mut model = Screen::new(SIZE, 0);
    for i in 0..700 {
        model.feed(format!("\x1b[3{}mline {i} {}\x1b[m\r\n", i % 8, "w".repeat(i % 90)).as_bytes());
    }
    let copy = redrawn(&model);
    assert!(rows(&copy) == rows(&model), "row by row");
    assert_eq!(rows(&copy).len(), SCROLLBACK_LINES + usize::from(SIZE.rows));
}

#[test]
fn redraw_contains_no_erased_scrollback() {
    const CLEAR: &[u8] = b"\x1b[H\x1b[2J\x1b[3J";
    let text = |screen: &Screen| rows(&redrawn(screen)).join("\n");
    let mut model = Screen::new(SIZE, 0);
    let print = |model: &mut Screen, word: &str, lines: usize| {
        for i in 0..lines {
            model.feed(format!("{word} {i}\r\n").as_bytes());
        }
    };
    print(&mut model, "secret", 40);
    model.feed(CLEAR);
    assert!(!text(&model).contains("secret"));
    print(&mut model, "new", 25);
    assert!(text(&model).contains("new 0\u{20}") && !text(&model).contains("secret"), "{}", text(&model));
    // On the alternate screen it does not erase the scrollback of the primary screen.
    model.feed(b"\x1b[?1049h\x1b[3J\x1b[?1049l");
    assert!(text(&model).contains("new 0\u{20}"));
    let mut taller = Screen::new(SIZE, 0);
    print(&mut taller, "secret", 40);
    taller.feed(CLEAR);
    print(&mut taller, "new", 12);
    taller.resize(Size { cols: 50, rows: 30 });
    let all = rows(&taller).join("\n");
    assert!(all.contains("new 0\u{20}") && !all.contains("secret"), "{all}");
    // The scrollback keeps its full length afterwards, and a reset clears the count of erased lines.
    print(&mut model, "later", 600);
    assert_eq!(rows(&redrawn(&model)).len(), SCROLLBACK_LINES + usize::from(SIZE.rows));
    model.feed(CLEAR);
    model.feed(b"\x1bc");
    print(&mut model, "last", 15);
    assert!(text(&model).contains("last 0\u{20}"), "{}", text(&model));
}

#[test]
fn redraw_contains_no_titles_clipboard_links_or_queries() {
    let mut model = Screen::new(SIZE, 0);
    model.feed(b"\x1b]0;title\x07\x1b]52;c;?\x07\x1b]8;;javascript:1\x1b\\a\x1b]8;;\x1b\\\x1b[21t\x1b[c\x1b[6n\x1bP$q q\x1b\\\x05b");
    let redraw = String::from_utf8(model.redraw()).unwrap();
    for harm in ["\x1b]", "\x1bP", "title", "javascript", "\x1b[21t", "\x1b[c", "\x1b[6n", "\x05"] {
        assert!(!redraw.contains(harm), "{harm:?} in {redraw:?}");
    }
    assert!(redraw.contains("ab"));
}

#[test]
fn redraw_uses_only_sequences_that_every_terminal_supports() {
    let mut model = Screen::new(SIZE, 0);
    model.feed(b"\x1b[3g\x1b[1;5H\x1bH\x1b[38;2;1;2;3;48;5;200mx 38:2:1 y\x1b[3");
    let redraw = String::from_utf8(model.redraw()).unwrap();
    assert!(redraw.contains("38;2;1;2;3") && redraw.contains("x 38:2:1 y"), "{redraw:?}");
    assert!(redraw.contains("\x1b[3g") && redraw.contains("\x1bH") && !redraw.contains("W"), "{redraw:?}");
    assert!(redraw.ends_with("\x1b[3") && !redraw.contains('\u{9b}'), "{redraw:?}");
}

#[test]
fn a_split_utf8_character_is_completed_after_a_redraw() {
    for (at, whole) in [(1, "ä"), (1, "世"), (2, "世"), (3, "🙂")] {
        let (a, b) = whole.as_bytes().split_at(at);
        let mut model = Screen::new(SIZE, 0);
        model.feed(b"x");
        model.feed(a);
        let mut copy = redrawn(&model);
        copy.feed(b);
        assert_eq!(copy.terminal.screen().text()[0].trim_end(), format!("x{whole}"));
    }
}

#[test]
fn skipping_output_does_not_change_the_screen() {
    for seed in 1..12 {
        let mut rng = Rng(seed);
        let mut output = OutputBuffer::new(seed, limits::OUTPUT_BUFFER_BYTES);
        let (mut skipping, mut reference) = (Screen::new(SIZE, seed), Screen::new(SIZE, seed));
        let mut skipped = 0;
        for i in 0..4000 {
            let line = match i {
                0 | 3990 => stream(&mut rng, 20),
                i if i % 997 == 0 => b"\x1b[33mcolour\x1b[m\r\n".to_vec(),
                i => format!("{i} {}\r\n", "w".repeat(i % 61)).into_bytes(),
            };
            reference.feed(&line);
            output.push(&line);
            if rng.below(900) == 0 {
                skipped += skipping.skip_target(&output).map_or(0, |to| to - skipping.position());
                catch_up(&mut skipping, &output);
            }
        }
        catch_up(&mut skipping, &output);
        assert_eq!(skipping.position(), output.newest());
        assert!(
            observable(&skipping) == observable(&reference) && rows(&skipping) == rows(&reference),
            "seed {seed}, {skipped} bytes skipped"
        );
    }
}

fn catch_up(screen: &mut Screen, output: &OutputBuffer) {
    while screen.position() < output.newest() {
        let bytes = screen.next_bytes(output, u64::MAX, 16 * 1024);
        screen.feed(&bytes);
    }
}

fn rows(screen: &Screen) -> Vec<String> {
    screen.terminal.primary_screen().all_lines().map(avt::Line::text).collect()
}
