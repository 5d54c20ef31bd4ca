//! Rows of terminals: the record and its lock. Requests and phases are in `lifecycle.rs`.

use access::{Action, Authorized, Operate};
use protocol::{
    TerminalId, Timestamp, UserId,
    names::{Slug, TerminalName, Username},
    terminals::Phase,
};
use uuid::Uuid;

use super::{
    StoreError, Tx,
    desired::DesiredState,
    pagination::TerminalCursor,
    reason::{Reason, StoredReason},
    sandboxes::SandboxRow,
    sql::{execute, fetch, rows, terminal_columns},
    sqlx,
};

/// A terminal's record.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct TerminalRow {
    /// Id.
    #[sqlx(try_from = "Uuid")]
    pub id: TerminalId,
    /// The owner's account.
    #[sqlx(try_from = "Uuid")]
    pub owner_id: UserId,
    /// Name that the owner gave it.
    #[sqlx(try_from = "String")]
    pub name: TerminalName,
    /// Host name inside the container.
    pub hostname: String,
    /// Image name.
    #[sqlx(try_from = "String")]
    pub image: Slug,
    /// Tier name.
    #[sqlx(try_from = "String")]
    pub tier: Slug,
    /// Hardening profile.
    #[sqlx(try_from = "String")]
    pub profile: Slug,
    /// Egress policy.
    #[sqlx(try_from = "String")]
    pub egress: Slug,
    /// What the owner asked for.
    #[sqlx(try_from = "String")]
    pub desired: DesiredState,
    /// The step of its life that it is in.
    #[sqlx(try_from = "String")]
    pub phase: Phase,
    /// Locked with MFA.
    pub mfa_locked: bool,
    /// Raised by each lock, unlock and deletion.
    pub lock_epoch: i64,
    /// Why it is in its phase.
    #[sqlx(try_from = "Option<String>")]
    pub reason: StoredReason,
    /// Raised by each request to change what runs it.
    pub generation: i64,
    /// The newest generation that was carried out, or failed for good.
    pub observed_generation: i64,
    /// What runs it.
    #[sqlx(flatten)]
    pub sandbox: SandboxRow,
    /// Time of creation.
    #[sqlx(try_from = "i64")]
    pub created_at: Timestamp,
    /// Last input or start.
    #[sqlx(try_from = "i64")]
    pub last_active_at: Timestamp,
}

impl TerminalRow {
    /// Whether a request is waiting to be carried out.
    pub const fn has_request(&self) -> bool {
        self.observed_generation < self.generation
    }
}

/// A terminal's record with its owner's name, for administrators.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct TerminalListing {
    /// The record.
    #[sqlx(flatten)]
    pub terminal: TerminalRow,
    /// The owner's name.
    #[sqlx(try_from = "String")]
    pub owner: Username,
}

impl Tx {
    /// Inserts a record and its sandbox.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn insert_terminal(&mut self, row: &TerminalRow) -> Result<(), StoreError> {
        execute!(
            self,
            "INSERT INTO terminals (id, owner_id, name, hostname, image, tier, profile, egress, desired, phase,
                mfa_locked, lock_epoch, reason, generation, observed_generation, created_at, last_active_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
            row.id.uuid(),
            row.owner_id.uuid(),
            row.name.as_str(),
            row.hostname.as_str(),
            row.image.as_str(),
            row.tier.as_str(),
            row.profile.as_str(),
            row.egress.as_str(),
            row.desired.as_str(),
            row.phase.as_str(),
            row.mfa_locked,
            row.lock_epoch,
            row.reason.0.as_ref().map(Reason::encode),
            row.generation,
            row.observed_generation,
            row.created_at.millis(),
            row.last_active_at.millis()
        );
        self.insert_sandbox(&row.sandbox, row.id).await
    }

    /// A record by id.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn terminal(&mut self, id: TerminalId) -> Result<Option<TerminalRow>, StoreError> {
        Ok(fetch!(fetch_optional, self, TerminalRow, rows!(terminals, "WHERE t.id = $1"), id.uuid()))
    }

    /// The record of an authorized terminal. `None` when it was deleted after the authorization, or has another owner
    /// than then (no function changes the owner).
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn authorized_terminal<A: Action>(
        &mut self,
        proof: &Authorized<A>,
    ) -> Result<Option<TerminalRow>, StoreError> {
        Ok(self.terminal(proof.id()).await?.filter(|row| row.owner_id == proof.facts().owner))
    }

    /// Like [`Tx::authorized_terminal`], with the row locked until the end of the transaction.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn lock_authorized_row<A: Action>(
        &mut self,
        proof: &Authorized<A>,
    ) -> Result<Option<TerminalRow>, StoreError> {
        Ok(self.lock_terminal_row(proof.id()).await?.filter(|row| row.owner_id == proof.facts().owner))
    }

    /// Reads a record and locks its row until the end of the transaction.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn lock_terminal_row(&mut self, id: TerminalId) -> Result<Option<TerminalRow>, StoreError> {
        execute!(self, "UPDATE terminals SET id = id WHERE id = $1", id.uuid());
        self.terminal(id).await
    }

    /// Sets or removes the lock and raises the epoch, which invalidates every grant of the old epoch. Returns the new
    /// epoch, or `None` when the terminal does not exist.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn set_lock(&mut self, proof: &Authorized<Operate>, locked: bool) -> Result<Option<i64>, StoreError> {
        let epoch = fetch!(
            fetch_optional,
            self,
            (i64,),
            "UPDATE terminals SET mfa_locked = $2, lock_epoch = lock_epoch + 1 WHERE id = $1 RETURNING lock_epoch",
            proof.id().uuid(),
            locked
        );
        Ok(epoch.map(|(epoch,)| epoch))
    }

    /// Number of locked terminals of an account.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn locked_terminals_of(&mut self, owner: UserId) -> Result<i64, StoreError> {
        let (n,) = fetch!(
            fetch_one,
            self,
            (i64,),
            "SELECT COUNT(*) FROM terminals WHERE owner_id = $1 AND mfa_locked",
            owner.uuid()
        );
        Ok(n)
    }

    /// Terminals of all accounts, newest first, after a cursor.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn terminals_page(
        &mut self,
        after: TerminalCursor,
        limit: u32,
    ) -> Result<Vec<TerminalListing>, StoreError> {
        Ok(fetch!(
            fetch_all,
            self,
            TerminalListing,
            concat!(
                "SELECT ",
                terminal_columns!(),
                ", u.username AS owner
                 FROM terminals t JOIN sandboxes s ON s.terminal_id = t.id JOIN users u ON u.id = t.owner_id
                 WHERE t.created_at < $1 OR (t.created_at = $1 AND t.id < $2)
                 ORDER BY t.created_at DESC, t.id DESC LIMIT $3"
            ),
            after.0.millis(),
            after.1.uuid(),
            i64::from(limit)
        ))
    }
}
