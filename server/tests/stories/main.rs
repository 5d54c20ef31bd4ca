//! Stories: what people and attackers do, told against real parts. One binary, because linking is what costs time.

mod accounts;
mod attach;
mod attacks;
mod audit_chain;
mod connections;
mod containers;
mod database;
mod documented;
mod engine;
mod events;
mod guest_link;
mod hardening_page;
mod lists;
mod owner_routes;
mod pages;
mod proofs;
mod routes;
mod runtime_contract;
mod second_factor;
mod server;
mod shells;
mod store_contract;
mod terminal_life;
mod terminal_lock;
mod times;
mod world;
