//! The WASM entry: hydrates the pages and fills their `TerminalMount` port.
// Deep view types: the default is too low for code generation.
#![recursion_limit = "512"]
// What needs no browser is compiled and tested anywhere; elsewhere nothing uses it.
#![cfg_attr(not(target_arch = "wasm32"), allow(dead_code))]

#[cfg(target_arch = "wasm32")]
mod bridge;
#[cfg(target_arch = "wasm32")]
mod clock;
mod close;
#[cfg(target_arch = "wasm32")]
mod emulator;
#[cfg(target_arch = "wasm32")]
mod entry;
mod flow;
#[cfg(target_arch = "wasm32")]
mod socket;
mod trip;
