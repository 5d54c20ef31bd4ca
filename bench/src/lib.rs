//! What the bench and the attack suite share: a server process, clients of its public API, and samples.

pub mod attached;
pub mod client;
pub mod engine;
pub mod figures;
pub mod lock;
pub mod server;
pub mod timeout;
