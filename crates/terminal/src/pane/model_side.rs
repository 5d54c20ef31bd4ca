//! The side of a pane that belongs to its screen model: requests to the model, and the steps that a model thread does.

use std::{
    sync::{Arc, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use protocol::frame::Size;
use tokio::sync::oneshot;

use super::{Pane, Redraw, Screen, ShellState, State};
use crate::model_threads::StepModel;

/// When more than this many bytes have not been fed to the model, they are fed although nobody asked for a redraw.
const LAG_MAX: u64 = 512 * 1024;
/// When the model lags further, the guest's next message waits for it, at most for [`WAIT_MAX`].
const LAG_WAIT: u64 = 768 * 1024;
/// A model that does not keep up delays its own terminal by this long per message. Then output is dropped before the
/// model has parsed it, and the model is blank after the gap.
const WAIT_MAX: Duration = Duration::from_millis(100);
/// A step ends after this long. It is checked after every slice.
const STEP_TIME: Duration = Duration::from_millis(4);
/// Bytes fed in one step.
const STEP_BYTES: usize = 16 * 1024;
/// A slice is so short that a program that fills the screen with every three bytes fills this many cells at most.
const SLICE_CELLS: usize = 1 << 20;
/// Changes of size that the model has not made yet. Of more, the newest replace each other.
const RESIZES_MAX: usize = 16;
/// Redraws that clients of the pane wait for.
const REDRAWS_MAX: usize = 2 * protocol::limits::CLIENTS_MAX;

/// The part of a step that needs no lock of the pane's state.
struct Step {
    reset: Option<(Size, u64)>,
    resize: Option<Size>,
    bytes: Vec<u8>,
}

impl State {
    /// Starts the model again with a blank screen at `position`.
    pub(super) fn reset_model(&mut self, position: u64) {
        self.model.reset_at = Some(position);
        self.model.resizes.clear();
        self.model.position = position;
    }

    /// The output from now on is written for another size.
    pub(super) fn resize_model(&mut self) {
        let at = self.output.newest();
        let (resizes, size) = (&mut self.model.resizes, self.size);
        let full = resizes.len() >= RESIZES_MAX;
        match resizes.last_mut() {
            Some(last) if last.0 == at || full => *last = (last.0, size),
            _ => resizes.push((at, size)),
        }
    }

    fn model_lag(&self) -> u64 {
        self.output.newest().saturating_sub(self.model.position)
    }

    /// The output of a shell that has ended is not fed ahead of a redraw, so that its model costs nothing any more.
    fn model_has_work(&self) -> bool {
        let ended = matches!(self.shell, ShellState::Exited(_) | ShellState::Failed(_) | ShellState::Closed);
        !self.model.redraws.is_empty() || (!ended && self.model_lag() > LAG_MAX)
    }
}

impl Pane {
    fn screen(&self) -> MutexGuard<'_, Screen> {
        self.screen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues the pane when its model has work.
    fn queue_model(self: &Arc<Self>, mut state: MutexGuard<'_, State>) {
        if !state.model.queued && state.model_has_work() {
            state.model.queued = true;
            drop(state);
            self.models.push(self.clone());
        }
    }

    /// A redraw of the screen with all output that has arrived by now. `None` when the server shuts down, when the pane
    /// is closed, or when too many redraws are waiting.
    pub async fn redraw(self: &Arc<Self>) -> Option<Redraw> {
        let (sender, receiver) = oneshot::channel();
        {
            let mut state = self.state();
            state.model.redraws.retain(|(_, waiting)| !waiting.is_closed());
            if state.model.redraws.len() >= REDRAWS_MAX || state.shell == ShellState::Closed {
                return None;
            }
            let target = state.output.newest();
            state.model.redraws.push((target, sender));
            self.queue_model(state);
        }
        receiver.await.ok()
    }

    /// Lets the model catch up when it lags, and waits for a limited time when it lags far.
    pub async fn wait_for_model(self: &Arc<Self>) {
        let wait_until = tokio::time::Instant::now() + WAIT_MAX;
        loop {
            let stepped = self.model_stepped.notified();
            let lag = {
                let state = self.state();
                let lag = state.model_lag();
                self.queue_model(state);
                lag
            };
            if lag <= LAG_WAIT || tokio::time::timeout_at(wait_until, stepped).await.is_err() {
                return;
            }
        }
    }

    /// Takes the next step out of the requests and the output buffer.
    fn next_step(&self, screen: &mut Screen) -> Step {
        let mut state = self.state();
        if let Some(position) = state.model.reset_at.take() {
            return Step { reset: Some((state.size, position)), resize: None, bytes: Vec::new() };
        }
        let resize = state.model.resizes.first().copied();
        if let Some((at, size)) = resize
            && screen.position() >= at
        {
            state.model.resizes.remove(0);
            return Step { reset: None, resize: Some(size), bytes: Vec::new() };
        }
        let until = resize.map_or(u64::MAX, |(at, _)| at);
        Step { reset: None, resize: None, bytes: screen.next_bytes(&state.output, until, STEP_BYTES) }
    }

    /// Removes the waiting redraws that the model has reached.
    fn take_ready(&self, state: &mut State) -> Vec<oneshot::Sender<Redraw>> {
        let model = &mut state.model;
        let settled = model.reset_at.is_none() && model.resizes.first().is_none_or(|(at, _)| *at > model.position);
        let position = model.position;
        let (ready, waiting) =
            std::mem::take(&mut model.redraws).into_iter().partition(|(at, _)| settled && *at <= position);
        model.redraws = waiting;
        let ready: Vec<(u64, oneshot::Sender<Redraw>)> = ready;
        ready.into_iter().map(|(_, sender)| sender).collect()
    }
}

impl StepModel for Pane {
    /// Does one step of the model: at most [`STEP_BYTES`] of output or one change of size.
    fn step_model(&self) -> bool {
        let mut screen = self.screen();
        let Step { reset, resize, bytes } = self.next_step(&mut screen);
        if let Some((size, position)) = reset {
            *screen = Screen::new(size, position);
        }
        if let Some(size) = resize {
            screen.resize(size);
        }
        feed(&mut screen, &bytes);
        let (position, mut state) = (screen.position(), self.state());
        if state.model.reset_at.is_none() {
            state.model.position = position;
        }
        let ready = self.take_ready(&mut state);
        drop(state);
        self.model_stepped.notify_waiters();
        if !ready.is_empty() {
            let redraw = Redraw { bytes: screen.redraw().into(), position };
            for waiting in ready {
                let _ = waiting.send(redraw.clone());
            }
        }
        drop(screen);
        let mut state = self.state();
        state.model.queued = state.model_has_work();
        state.model.queued
    }
}

/// Feeds bytes in slices until they are fed or the time of a step is over. The rest is read again in the next step.
fn feed(screen: &mut Screen, bytes: &[u8]) {
    let begun = Instant::now();
    for slice in bytes.chunks((3 * SLICE_CELLS / screen.cells()).clamp(16, STEP_BYTES)) {
        screen.feed(slice);
        if begun.elapsed() >= STEP_TIME {
            return;
        }
    }
}

#[cfg(test)]
mod tests;
