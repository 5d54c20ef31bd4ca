//! The store on SQLite and on PostgreSQL.

mod audit_chain;
mod audit_key;
mod contract;
mod migrations;
