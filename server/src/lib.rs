//! Rexec's server. Layers, low to high; `use crate::` may only point down (tests/layers.rs reads the sources):
//! `clock config secret telemetry` < `store` < `audit` < `auth` `mfa` < `access` < `runtime` < `terminals` `admin` < `api` `web` < `main`.
#![forbid(unsafe_code)]

pub mod access;
pub mod auth;
pub mod clock;
pub mod runtime;
pub mod store;
