//! A pane whose model is stepped by hand.

use std::sync::Arc;

use futures_util::FutureExt as _;
use protocol::frame::Size;

use super::*;
use crate::model_threads::ModelQueue;

const LARGE: Size = Size { cols: 1000, rows: 500 };

/// A pane whose model is stepped by the test instead of a thread.
fn pane(size: Size) -> Arc<Pane> {
    let pane = Arc::new(Pane::new("main".to_owned(), 0, size, ModelQueue::detached()));
    assert!(pane.on_opened(0, 0, true));
    pane
}

fn text(redraw: &Redraw) -> String {
    String::from_utf8_lossy(&redraw.bytes).into_owned()
}

/// A1: changes of size cost nothing but the newest ones, whatever the screen shows.
#[test]
fn repeated_changes_of_size_are_merged_before_the_model_applies_them() {
    let pane = pane(Size { cols: 80, rows: 24 });
    let (id, _) = pane.attach(None, None).unwrap();
    let (begun, mut sent) = (std::time::Instant::now(), 0);
    for round in 0..10_000u16 {
        let size = if round % 2 == 0 { LARGE } else { Size { cols: 2, rows: 1 } };
        sent += usize::from(pane.resize(id, size).is_some());
        assert!(pane.push_output(u64::from(round), b"x"));
    }
    let allowed = 11 + begun.elapsed().as_millis() / 100;
    assert!(sent as u128 <= allowed, "ten at once and ten a second reach the guest: {sent}");
    assert!(pane.size_due().is_some() || sent > 0, "the newest one is sent later");
    assert!(pane.state().model.resizes.len() <= RESIZES_MAX);
    assert_eq!(pane.state().model.resizes.last().map(|last| last.1), Some(Size { cols: 2, rows: 1 }));
}

/// A2: `ESC # 8` fills the whole screen with three bytes. One step does a bounded part of it.
#[test]
fn a_step_of_the_model_is_bounded_when_every_three_bytes_fill_the_screen() {
    let pane = pane(LARGE);
    assert!(pane.push_output(0, &b"\x1b#8".repeat(10_000)));
    let mut redraw = Box::pin(pane.redraw());
    assert!(redraw.as_mut().now_or_never().is_none());
    assert!(pane.step_model(), "the model is blank");
    assert!(pane.step_model(), "work is left");
    let position = pane.state().model.position;
    assert!(position > 0 && position < 30_000, "{position} of 30000 bytes in one step");
}

/// A2: what a terminal has printed costs nothing once it is deleted.
#[tokio::test]
async fn the_model_of_a_closed_pane_has_no_work() {
    let pane = pane(LARGE);
    assert!(pane.push_output(0, &b"\x1b#8".repeat(300_000)));
    assert!(pane.wait_for_model().now_or_never().is_none(), "it lags far");
    let mut redraw = Box::pin(pane.redraw());
    assert!(redraw.as_mut().now_or_never().is_none());
    assert!(pane.step_model(), "work is left");
    pane.set_shell_state(ShellState::Closed);
    assert!(!pane.step_model());
    assert_eq!(redraw.now_or_never(), Some(None));
    assert_eq!(pane.redraw().now_or_never(), Some(None));
}

#[test]
fn a_redraw_has_all_output_that_arrived_before_it_at_the_size_it_was_written_for() {
    let pane = pane(Size { cols: 10, rows: 4 });
    let (id, _) = pane.attach(None, None).unwrap();
    assert!(pane.push_output(0, b"0123456789abc\r\n"));
    let _ = pane.resize(id, Size { cols: 20, rows: 4 });
    assert!(pane.push_output(15, b"wide enough for it"));
    let mut redraw = Box::pin(pane.redraw());
    assert!(redraw.as_mut().now_or_never().is_none());
    while pane.step_model() {}
    let redraw = redraw.now_or_never().expect("rendered").expect("a redraw");
    assert_eq!(redraw.position, 33);
    assert!(text(&redraw).contains("wide enough for it"), "{}", text(&redraw));
}

#[test]
fn output_that_leaves_the_buffer_before_the_model_parses_it_leaves_a_blank_screen() {
    let pane = pane(Size { cols: 80, rows: 24 });
    assert!(pane.push_output(0, b"old line\r\n"));
    let bulk = vec![b'.'; 2 * protocol::limits::OUTPUT_BUFFER_BYTES];
    assert!(pane.push_output(10, &bulk));
    let mut redraw = Box::pin(pane.redraw());
    assert!(redraw.as_mut().now_or_never().is_none());
    while pane.step_model() {}
    let redraw = redraw.now_or_never().expect("rendered").expect("a redraw");
    assert!(!text(&redraw).contains("old line") && text(&redraw).contains("..."));
}

#[test]
fn waiting_redraws_are_bounded() {
    let pane = pane(Size { cols: 80, rows: 24 });
    let mut waiting: Vec<_> = (0..REDRAWS_MAX).map(|_| Box::pin(pane.redraw())).collect();
    for redraw in &mut waiting {
        assert!(redraw.as_mut().now_or_never().is_none());
    }
    assert_eq!(pane.redraw().now_or_never(), Some(None), "refused at once");
}
