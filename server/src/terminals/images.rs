//! Images and tiers that can be launched.

use protocol::terminals::{Image, Tier};
use sandbox::profile::STANDARD;
use store::ImageRow;

use super::TerminalError;
use crate::services::Services;

/// Enabled images. One that the engine does not have is listed as not available.
///
/// # Errors
/// When database or engine do not answer.
pub async fn images(services: &Services) -> Result<Vec<Image>, TerminalError> {
    let mut tx = services.db.read().await?;
    let rows = tx.images().await?;
    tx.commit().await?;
    let offered = rows.into_iter().filter(|row| row.enabled);
    let views = offered.map(|row| async move {
        let size = services.engine.image_size(&row.reference).await?;
        Ok::<_, TerminalError>(image_view(row, size))
    });
    futures_util::future::try_join_all(views).await
}

fn image_view(row: ImageRow, size_bytes: Option<u64>) -> Image {
    Image {
        name: row.name,
        title: row.title,
        description: row.description,
        size_bytes,
        available: size_bytes.is_some(),
        default: row.is_default,
    }
}

/// All tiers.
///
/// # Errors
/// When the database does not answer.
pub async fn tiers(services: &Services) -> Result<Vec<Tier>, TerminalError> {
    let mut tx = services.db.read().await?;
    let rows = tx.tiers().await?;
    tx.commit().await?;
    let tiers = rows.into_iter().map(|row| Tier {
        name: row.name,
        title: row.title,
        memory_bytes: row.memory_bytes,
        cpu_millis: row.cpu_millis,
        pids: STANDARD.pids_max,
        default: row.is_default,
    });
    Ok(tiers.collect())
}
