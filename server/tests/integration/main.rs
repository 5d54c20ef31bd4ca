//! Integration tests against real parts: databases, the guest, the engine. One binary, because linking takes most of
//! the time. The modules mirror the code; `support` holds what they share.

mod routes;
mod sandbox;
mod session;
mod store;
mod support;
mod terminals;
