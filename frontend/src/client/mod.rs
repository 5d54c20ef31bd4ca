//! A mounted terminal: the emulator and its WebSocket, across reconnects. The shell runs on the server; this side
//! keeps the position of its output.

mod connection;
mod early_keys;
mod handle;
mod input;
mod mount;
mod output;
mod state;

pub(crate) use mount::mount;
