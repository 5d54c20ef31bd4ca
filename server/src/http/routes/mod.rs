//! Handlers of the REST routes, one file per resource. A handler parses the request, calls a use-case and encodes the
//! result.

pub mod account;
pub mod admin;
pub mod attach;
pub mod audit;
pub mod auth;
pub mod health;
pub mod lock;
pub mod terminals;
