//! REST, WebSocket and page routes of the whole server, one module per resource.

mod account;
mod account_mfa;
mod admin_settings;
mod admin_users;
mod attach;
mod audit_rates;
mod auth;
mod auth_throttle;
mod callers;
mod connections;
mod contract;
mod events;
mod health;
mod lists;
mod lock;
mod lock_grants;
mod lock_races;
mod mfa_codes;
mod pages;
mod revoked_output;
mod terminals;
mod token_rotation;
mod trusted_devices;
