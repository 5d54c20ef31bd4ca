//! Sandboxes: hardened containers with a home volume and a guest socket. Each one runs at most one terminal, ever.
//!
//! - [`profile`]: the hardening profile as data.
//! - [`verify`]: the comparison of a container with its profile, and the security report.
//! - [`engine`]: the port to a container engine; [`docker`] implements it.
//! - [`guest_socket`]: the server's end of the guest link.
//!
//! The engine's own container ids stay in the engine's module. A function that gives access to the bytes of a terminal
//! takes an `Authorized<Attach>` proof.

pub mod docker;
pub mod engine;
#[cfg(feature = "testing")]
pub mod fake;
pub mod guest_socket;
pub mod profile;
pub mod verify;

pub use engine::{
    ConfirmedRemoval, Engine, EngineError, GuestConnection, Inspection, LaunchSpec, Lifecycle, Limits, ObservedState,
    Progress,
};
