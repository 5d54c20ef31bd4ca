//! Rexec's server. Layers, low to high; `use crate::` may only point down (tests/shape.rs reads the sources):
//! `clock config secret telemetry bus data_dir` < `store` < `audit` < `auth` `mfa` < `access` < `runtime` < `shells` < `services` < `accounts` `terminals` `admin` < `api` < `web` < `serve` `commands` < `cli`.
#![forbid(unsafe_code)]
// Page types are deep; handlers that hold them need more than the default.
#![recursion_limit = "512"]

pub mod access;
pub mod accounts;
pub mod admin;
pub mod api;
pub mod audit;
pub mod auth;
pub mod bus;
pub mod cli;
pub mod clock;
pub mod commands;
pub mod config;
pub mod data_dir;
pub mod mfa;
pub mod runtime;
pub mod secret;
pub mod serve;
pub mod services;
pub mod shells;
pub mod store;
pub mod telemetry;
pub mod terminals;
pub mod web;
