//! The single row of the organisation's settings, the set-up flag, and the instance that the database belongs to.

use protocol::admin::Settings;

use super::{
    StoreError, Tx,
    sql::{execute, fetch},
    sqlx,
};

#[derive(sqlx::FromRow)]
struct SettingsRow {
    #[sqlx(try_from = "i64")]
    session_idle_secs: u32,
    #[sqlx(try_from = "i64")]
    session_absolute_secs: u32,
    #[sqlx(try_from = "i64")]
    grant_idle_secs: u32,
    #[sqlx(try_from = "i64")]
    grant_absolute_secs: u32,
    totp_one_step_ahead: bool,
    mfa_required: bool,
    #[sqlx(try_from = "i64")]
    terminals_max: u32,
    #[sqlx(try_from = "i64")]
    audit_retention_days: u32,
}

impl Tx {
    /// The current settings.
    pub async fn settings(&mut self) -> Result<Settings, StoreError> {
        let row = fetch!(
            fetch_one,
            self,
            SettingsRow,
            "SELECT session_idle_secs, session_absolute_secs, grant_idle_secs, grant_absolute_secs,
                    totp_one_step_ahead, mfa_required, terminals_max, audit_retention_days
             FROM settings WHERE id = 1"
        );
        Ok(Settings {
            session_idle_secs: row.session_idle_secs,
            session_absolute_secs: row.session_absolute_secs,
            grant_idle_secs: row.grant_idle_secs,
            grant_absolute_secs: row.grant_absolute_secs,
            totp_one_step_ahead: row.totp_one_step_ahead,
            mfa_required: row.mfa_required,
            terminals_max: row.terminals_max,
            audit_retention_days: row.audit_retention_days,
        })
    }

    /// Replaces the settings.
    pub async fn set_settings(&mut self, new: &Settings) -> Result<(), StoreError> {
        execute!(
            self,
            "UPDATE settings SET session_idle_secs = $1, session_absolute_secs = $2, grant_idle_secs = $3,
                grant_absolute_secs = $4, totp_one_step_ahead = $5, mfa_required = $6, terminals_max = $7,
                audit_retention_days = $8
             WHERE id = 1",
            i64::from(new.session_idle_secs),
            i64::from(new.session_absolute_secs),
            i64::from(new.grant_idle_secs),
            i64::from(new.grant_absolute_secs),
            new.totp_one_step_ahead,
            new.mfa_required,
            i64::from(new.terminals_max),
            i64::from(new.audit_retention_days)
        );
        Ok(())
    }

    /// Whether the first administrator exists.
    pub async fn is_set_up(&mut self) -> Result<bool, StoreError> {
        let (done,) = fetch!(fetch_one, self, (bool,), "SELECT setup_done FROM settings WHERE id = 1");
        Ok(done)
    }

    /// Ends the set-up. Returns true for exactly one caller. The condition is part of the statement.
    pub async fn finish_setup(&mut self) -> Result<bool, StoreError> {
        Ok(execute!(self, "UPDATE settings SET setup_done = TRUE WHERE id = 1 AND NOT setup_done") == 1)
    }

    /// The instance that this database belongs to; `None` before [`Tx::bind_instance`].
    pub async fn bound_instance(&mut self) -> Result<Option<String>, StoreError> {
        let (instance,) = fetch!(fetch_one, self, (Option<String>,), "SELECT instance FROM settings WHERE id = 1");
        Ok(instance)
    }

    /// Binds the database to an instance. Does nothing when it is already bound.
    pub async fn bind_instance(&mut self, instance: &str) -> Result<(), StoreError> {
        execute!(self, "UPDATE settings SET instance = $1 WHERE id = 1 AND instance IS NULL", instance.to_owned());
        Ok(())
    }
}
