//! Support code: test server, test environment, databases, engines, clients.

pub mod client;
pub mod database;
pub mod documented;
pub mod engine;
pub mod environment;
pub mod proofs;
pub mod server;
pub mod socket;
