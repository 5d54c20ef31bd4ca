//! The parameters of a launch, from the record of a terminal and the catalogue.

use sandbox::{LaunchSpec, Limits, profile::STANDARD};
use store::{TerminalRow, TierRow, Tx};

use super::{Choice, TerminalError};

/// The limits of a tier, in the types of the engine.
pub(super) fn limits(tier: &TierRow) -> Limits {
    Limits { memory_bytes: tier.memory_bytes, cpu_millis: tier.cpu_millis }
}

/// The parameters of a record's sandbox.
///
/// # Errors
/// [`Choice::NotOffered`] when the image or the tier was removed from the catalogue.
pub(super) async fn spec(tx: &mut Tx, row: &TerminalRow) -> Result<LaunchSpec, TerminalError> {
    let missing = |field| TerminalError::Choice(Choice::NotOffered(field));
    let image = tx.image(&row.image).await?.ok_or_else(|| missing("image"))?;
    let tier = tx.tier(&row.tier).await?.ok_or_else(|| missing("tier"))?;
    Ok(LaunchSpec {
        id: row.sandbox.id,
        image_reference: image.reference,
        hostname: row.hostname.clone(),
        limits: limits(&tier),
        profile: STANDARD,
    })
}
