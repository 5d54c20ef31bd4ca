//! The WASM entry: hydrates the pages and provides their `TerminalMount` port.
// The view types are deeply nested; the default limit is too low for code generation.
#![recursion_limit = "512"]
// Modules that need no browser are compiled and tested on the host, where nothing else uses them.
#![cfg_attr(not(target_arch = "wasm32"), allow(dead_code))]

#[cfg(target_arch = "wasm32")]
mod client;
#[cfg(target_arch = "wasm32")]
mod clock;
mod close;
#[cfg(target_arch = "wasm32")]
mod emulator;
#[cfg(target_arch = "wasm32")]
mod entry;
mod latency;
mod opening;
mod output_positions;
#[cfg(target_arch = "wasm32")]
mod socket;
