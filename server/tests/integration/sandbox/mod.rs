//! Containers, the engine and the guest link.

mod attacks;
mod containers;
mod engine_contract;
mod guest_link;
mod hardening_page;
