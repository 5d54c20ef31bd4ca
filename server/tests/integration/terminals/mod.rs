//! The use-cases of terminals on the fake engine.

mod events;
mod life;
mod power;
mod preflight;
mod reconcile;
