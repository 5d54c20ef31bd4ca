//! Pages and components, shared by the server (rendering) and the browser (hydration).
//!
//! The server provides in the context, before rendering: an `Arc<dyn backend::Backend>` of the caller and the nonce of
//! the response (`leptos::nonce`). The browser provides a [`mount::TerminalMount`]. This crate depends on no database,
//! container engine, socket or terminal emulator.
#![forbid(unsafe_code)]
// The view types are deeply nested; the default limit is too low for code generation without the browser's features.
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
