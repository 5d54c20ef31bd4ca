//! Stories: what people and attackers do, told against real parts. One binary, because linking is what costs time.

mod audit_chain;
mod database;
mod store_contract;
