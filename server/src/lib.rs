//! Rexec's server: authentication, second factors, the audit log, use-cases, jobs, HTTP and the commands of the binary.
//!
//! The modules are layers: a module may use those of its own layer and of lower ones. `LAYERS` in `tests/structure.rs`
//! lists them, and the test checks it.
#![forbid(unsafe_code)]
// Page types are deep; handlers that hold them need more than the default.
#![recursion_limit = "512"]

pub mod accounts;
pub mod admin;
pub mod audit;
pub mod auth;
pub mod budgets;
pub mod cli;
pub mod commands;
pub mod config;
pub mod data_dir;
pub mod engine_sentences;
pub mod events;
pub mod http;
pub mod mfa;
pub mod operations;
pub mod problem;
pub mod reconciler_state;
pub mod serve;
pub mod services;
pub mod telemetry;
pub mod terminals;
