//! Rows of images and tiers, from which terminals are created.

use protocol::names::Slug;

use super::{
    StoreError, Tx,
    sql::{execute, fetch, rows},
    sqlx,
};

/// An image.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct ImageRow {
    /// Unique name.
    #[sqlx(try_from = "String")]
    pub name: Slug,
    /// Title in the page.
    pub title: String,
    /// Description in the page.
    pub description: String,
    /// The engine's image reference.
    pub reference: String,
    /// New terminals may use it.
    pub enabled: bool,
    /// It is the default choice.
    pub is_default: bool,
}

/// A tier.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct TierRow {
    /// Unique name.
    #[sqlx(try_from = "String")]
    pub name: Slug,
    /// Title in the page.
    pub title: String,
    /// Memory limit in bytes.
    #[sqlx(try_from = "i64")]
    pub memory_bytes: u64,
    /// CPU quota in thousandths of a core.
    #[sqlx(try_from = "i64")]
    pub cpu_millis: u32,
    /// It is the default choice.
    pub is_default: bool,
}

impl Tx {
    /// All images, the default first.
    pub async fn images(&mut self) -> Result<Vec<ImageRow>, StoreError> {
        Ok(fetch!(fetch_all, self, ImageRow, rows!(images, "ORDER BY is_default DESC, name")))
    }

    /// One image.
    pub async fn image(&mut self, name: &Slug) -> Result<Option<ImageRow>, StoreError> {
        Ok(fetch!(fetch_optional, self, ImageRow, rows!(images, "WHERE name = $1"), name.as_str()))
    }

    /// Inserts or replaces an image. A new default replaces the previous one.
    pub async fn put_image(&mut self, image: &ImageRow) -> Result<(), StoreError> {
        if image.is_default {
            execute!(self, "UPDATE images SET is_default = FALSE WHERE is_default");
        }
        execute!(
            self,
            "INSERT INTO images (name, title, description, reference, enabled, is_default)
             VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (name) DO UPDATE SET title = excluded.title, description = excluded.description,
                reference = excluded.reference, enabled = excluded.enabled, is_default = excluded.is_default",
            image.name.as_str(),
            image.title.as_str(),
            image.description.as_str(),
            image.reference.as_str(),
            image.enabled,
            image.is_default
        );
        Ok(())
    }

    /// All tiers, the smallest first.
    pub async fn tiers(&mut self) -> Result<Vec<TierRow>, StoreError> {
        Ok(fetch!(fetch_all, self, TierRow, rows!(tiers, "ORDER BY memory_bytes, cpu_millis, name")))
    }

    /// One tier.
    pub async fn tier(&mut self, name: &Slug) -> Result<Option<TierRow>, StoreError> {
        Ok(fetch!(fetch_optional, self, TierRow, rows!(tiers, "WHERE name = $1"), name.as_str()))
    }

    /// Inserts or replaces a tier. A new default replaces the previous one.
    pub async fn put_tier(&mut self, tier: &TierRow) -> Result<(), StoreError> {
        if tier.is_default {
            execute!(self, "UPDATE tiers SET is_default = FALSE WHERE is_default");
        }
        execute!(
            self,
            "INSERT INTO tiers (name, title, memory_bytes, cpu_millis, is_default) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (name) DO UPDATE SET title = excluded.title, memory_bytes = excluded.memory_bytes,
                cpu_millis = excluded.cpu_millis, is_default = excluded.is_default",
            tier.name.as_str(),
            tier.title.as_str(),
            i64::try_from(tier.memory_bytes).unwrap_or(i64::MAX),
            i64::from(tier.cpu_millis),
            tier.is_default
        );
        Ok(())
    }
}
