//! Containers, the engine and the guest link.

mod attacks;
mod containers;
mod guest_link;
mod hardening_page;
mod runtime_contract;
