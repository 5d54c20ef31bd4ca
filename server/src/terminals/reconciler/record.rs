//! The record of a terminal, read anew for each step.

use protocol::TerminalId;
use store::{StoreError, TerminalRow};

use crate::services::Services;

/// The record as it is now.
pub(super) async fn read(services: &Services, id: TerminalId) -> Result<Option<TerminalRow>, StoreError> {
    let mut tx = services.db.read().await?;
    let row = tx.terminal(id).await?;
    tx.commit().await?;
    Ok(row)
}
