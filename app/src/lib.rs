//! Pages and components, shared by server rendering and browser.
//!
//! What the server provides in the context before rendering: an `Arc<dyn backend::Backend>` of the caller, and the
//! nonce of the response (`leptos::nonce`). What the browser provides: a [`mount::TerminalMount`].
//! This crate refuses to know databases, engines, sockets and the terminal emulator.
#![forbid(unsafe_code)]
// Deep view types: the default is too low for code generation without the browser's features.
#![recursion_limit = "512"]

pub mod api;
pub mod backend;
mod browser;
mod components;
pub mod mount;
mod pages;
mod routes;
#[cfg(feature = "ssr")]
mod shell;
mod state;

pub use routes::App;
#[cfg(feature = "ssr")]
pub use shell::shell;
