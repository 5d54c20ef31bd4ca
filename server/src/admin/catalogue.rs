//! Images and tiers that can be launched.

use access::Caller;
use protocol::{
    admin::{AdminImage, ImageEdit, ImageEditView, TierEdit},
    limits::{TIER_CPU_MILLIS, TIER_MEMORY_BYTES},
    names::Slug,
    terminals::Tier,
};
use store::{ImageRow, TierRow};

use super::{AdminResult, InvalidValue};
use crate::audit::AsActor as _;
use crate::{
    audit::{AuditEvent, Entry},
    services::Services,
};

/// Maximum number of processes in a container, in every tier.
const PIDS_MAX: u32 = 256;

/// Every image, enabled or not, with its size on the engine.
///
/// # Errors
/// When database or engine do not answer.
pub async fn images(services: &Services) -> AdminResult<Vec<AdminImage>> {
    let mut tx = services.db.read().await?;
    let rows = tx.images().await?;
    tx.commit().await?;
    let mut items = Vec::with_capacity(rows.len());
    for row in rows {
        items.push(image_view(services, row).await?);
    }
    Ok(items)
}

/// Changes an image, or adds one.
///
/// # Errors
/// [`AdminError::Invalid`] when a text is invalid, or no image would be the default.
pub async fn put_image(services: &Services, who: &Caller, name: Slug, edit: ImageEdit) -> AdminResult<AdminImage> {
    let row = ImageRow {
        title: validate_text("title", &edit.title, 1, 64)?,
        description: validate_text("description", &edit.description, 0, 300)?,
        reference: parse_reference(&edit.reference)?,
        enabled: edit.enabled,
        is_default: edit.default,
        name,
    };
    if row.is_default && !row.enabled {
        return Err(InvalidValue::DefaultImageDisabled.into());
    }
    let mut tx = services.db.begin().await?;
    if !row.is_default && tx.image(&row.name).await?.is_some_and(|old| old.is_default) {
        return Err(InvalidValue::NoDefaultImage.into());
    }
    tx.put_image(&row).await?;
    let entry = Entry::new(AuditEvent::ImageChanged)
        .about(&row.name, &row.title)
        .detail("reference", &row.reference)
        .detail("enabled", row.enabled)
        .detail("default", row.is_default);
    services.audit.append(&mut tx, services.clock.now(), &who.actor(), entry).await?;
    tx.commit().await?;
    image_view(services, row).await
}

/// Every tier.
///
/// # Errors
/// When the database does not answer.
pub async fn tiers(services: &Services) -> AdminResult<Vec<Tier>> {
    let mut tx = services.db.read().await?;
    let rows = tx.tiers().await?;
    tx.commit().await?;
    Ok(rows.into_iter().map(tier_view).collect())
}

/// Changes a tier, or adds one. Running terminals keep the limits they were started with.
///
/// # Errors
/// [`AdminError::Invalid`] when a value is out of its range, or no tier would be the default.
pub async fn put_tier(services: &Services, who: &Caller, name: Slug, edit: TierEdit) -> AdminResult<Tier> {
    if !TIER_MEMORY_BYTES.contains(&edit.memory_bytes) {
        return Err(InvalidValue::TierMemory.into());
    }
    if !TIER_CPU_MILLIS.contains(&edit.cpu_millis) {
        return Err(InvalidValue::TierCpu.into());
    }
    let row = TierRow {
        title: validate_text("title", &edit.title, 1, 64)?,
        memory_bytes: edit.memory_bytes,
        cpu_millis: edit.cpu_millis,
        is_default: edit.default,
        name,
    };
    let mut tx = services.db.begin().await?;
    if !row.is_default && tx.tier(&row.name).await?.is_some_and(|old| old.is_default) {
        return Err(InvalidValue::NoDefaultTier.into());
    }
    tx.put_tier(&row).await?;
    let entry = Entry::new(AuditEvent::TierChanged)
        .about(&row.name, &row.title)
        .detail("memory_bytes", row.memory_bytes)
        .detail("cpu_millis", row.cpu_millis);
    services.audit.append(&mut tx, services.clock.now(), &who.actor(), entry).await?;
    tx.commit().await?;
    Ok(tier_view(row))
}

async fn image_view(services: &Services, row: ImageRow) -> AdminResult<AdminImage> {
    // The settings are shown even when the engine does not answer.
    let size_bytes = services.engine.image_size(&row.reference).await.unwrap_or_default();
    let edit = ImageEditView {
        title: row.title,
        description: row.description,
        reference: row.reference,
        enabled: row.enabled,
        default: row.is_default,
    };
    Ok(AdminImage { name: row.name, edit, size_bytes })
}

fn tier_view(row: TierRow) -> Tier {
    Tier {
        name: row.name,
        title: row.title,
        memory_bytes: row.memory_bytes,
        cpu_millis: row.cpu_millis,
        pids: PIDS_MAX,
        default: row.is_default,
    }
}

fn validate_text(field: &'static str, text: &str, min: usize, max: usize) -> AdminResult<String> {
    let text = text.trim();
    let chars = text.chars().count();
    if chars < min || chars > max || text.chars().any(char::is_control) {
        return Err(InvalidValue::Text { field, min, max }.into());
    }
    Ok(text.to_owned())
}

/// Parses an image reference: `name[:tag]` or `host/name[:tag]`, optionally with a digest. Validated, so that it cannot
/// contain an option or a filter of the engine.
fn parse_reference(text: &str) -> AdminResult<String> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-/:@".contains(c);
    let starts = text.chars().next().is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    if starts
        && text.len() <= 200
        && text.chars().all(plain)
        && !text.contains("//")
        && !text.ends_with(['/', ':', '@'])
    {
        return Ok(text.to_owned());
    }
    Err(InvalidValue::ImageReference.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_image_references_are_accepted() {
        for good in ["rexec/debian:1", "registry.example:5000/a/b:tag", "a@sha256:0123"] {
            assert!(parse_reference(good).is_ok(), "{good}");
        }
        for bad in ["", "-v", "Up/Case", "a b", "a;b", "../x", "a//b", "a:", &"a".repeat(201)] {
            assert!(parse_reference(bad).is_err(), "{bad}");
        }
    }
}
