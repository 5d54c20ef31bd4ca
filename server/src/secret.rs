//! Secrets at rest and in memory. (The keyring grows with the second factor.)

/// Keys that seal secrets at rest.
#[derive(Debug, Default)]
pub struct Keyring;
