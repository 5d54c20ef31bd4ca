//! Stories: what people and attackers do, told against real parts. One binary, because linking is what costs time.

mod audit_chain;
mod containers;
mod database;
mod engine;
mod runtime_contract;
mod shells;
mod store_contract;
