//! The store on SQLite and on PostgreSQL.

mod audit_chain;
mod contract;
mod migrations;
