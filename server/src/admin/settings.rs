//! The organisation's settings: read, validate, replace.

use std::ops::RangeInclusive;

use access::{Caller, MaxDurations};
use protocol::{admin::Settings, limits};

use super::{AdminResult, InvalidValue};
use crate::audit::AsActor as _;
use crate::{
    audit::{AuditEvent, Entry},
    services::Services,
};

/// The current settings.
///
/// # Errors
/// When the database does not answer.
pub async fn get(services: &Services) -> AdminResult<Settings> {
    let mut tx = services.db.read().await?;
    let settings = tx.settings().await?;
    tx.commit().await?;
    Ok(settings)
}

/// Replaces the settings. Shorter durations apply at once, to existing login sessions and grants and to their open
/// sockets. Longer ones apply to new login sessions and grants, so that nothing that ended becomes valid again.
///
/// # Errors
/// [`AdminError::Invalid`] for the first value out of its range.
pub async fn put(services: &Services, who: &Caller, new: Settings) -> AdminResult<Settings> {
    check(&new)?;
    let (services, who) = (services.clone(), who.clone());
    services.clone().operations.complete(async move { replace(&services, &who, new).await }).await
}

async fn replace(services: &Services, who: &Caller, new: Settings) -> AdminResult<Settings> {
    let mut tx = services.db.begin().await?;
    let old = tx.settings().await?;
    tx.set_settings(&new).await?;
    tx.shorten_sessions(new.session_idle_secs, new.session_absolute_secs).await?;
    tx.shorten_grants(new.grant_idle_secs, new.grant_absolute_secs).await?;
    let mut entry = Entry::new(AuditEvent::SettingsChanged);
    for (name, from, to) in differences(&old, &new) {
        entry = entry.detail(name, format!("{from}->{to}"));
    }
    services.audit.append(&mut tx, services.clock.now(), &who.actor(), entry).await?;
    tx.commit().await?;
    let max = |idle_secs, absolute_secs| MaxDurations { idle_secs, absolute_secs };
    services.revocations.shorten(
        max(new.grant_idle_secs, new.grant_absolute_secs),
        max(new.session_idle_secs, new.session_absolute_secs),
    );
    Ok(new)
}

fn check(new: &Settings) -> AdminResult<()> {
    check_range("session_idle_secs", new.session_idle_secs, limits::SESSION_IDLE_SECS, "seconds")?;
    check_range("session_absolute_secs", new.session_absolute_secs, limits::SESSION_ABSOLUTE_SECS, "seconds")?;
    check_range("grant_idle_secs", new.grant_idle_secs, limits::GRANT_IDLE_SECS, "seconds")?;
    check_range("grant_absolute_secs", new.grant_absolute_secs, limits::GRANT_ABSOLUTE_SECS, "seconds")?;
    check_range("terminals_max", new.terminals_max, limits::TERMINAL_QUOTA, "terminals")?;
    check_range("audit_retention_days", new.audit_retention_days, limits::AUDIT_RETENTION_DAYS, "days")?;
    if new.session_idle_secs > new.session_absolute_secs {
        return Err(InvalidValue::SessionIdle.into());
    }
    if new.grant_idle_secs > new.grant_absolute_secs {
        return Err(InvalidValue::GrantIdle.into());
    }
    Ok(())
}

fn check_range(field: &'static str, value: u32, range: RangeInclusive<u32>, unit: &'static str) -> AdminResult<()> {
    if range.contains(&value) {
        return Ok(());
    }
    Err(InvalidValue::OutOfRange { field, range, unit }.into())
}

/// The differences, for the audit log.
fn differences(old: &Settings, new: &Settings) -> Vec<(&'static str, String, String)> {
    let pair = |name, a: &dyn ToString, b: &dyn ToString| (name, a.to_string(), b.to_string());
    let mut all = vec![
        pair("session_idle_secs", &old.session_idle_secs, &new.session_idle_secs),
        pair("session_absolute_secs", &old.session_absolute_secs, &new.session_absolute_secs),
        pair("grant_idle_secs", &old.grant_idle_secs, &new.grant_idle_secs),
        pair("grant_absolute_secs", &old.grant_absolute_secs, &new.grant_absolute_secs),
        pair("totp_one_step_ahead", &old.totp_one_step_ahead, &new.totp_one_step_ahead),
        pair("mfa_required", &old.mfa_required, &new.mfa_required),
        pair("terminals_max", &old.terminals_max, &new.terminals_max),
        pair("audit_retention_days", &old.audit_retention_days, &new.audit_retention_days),
    ];
    all.retain(|(_, a, b)| a != b);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_valid_and_values_out_of_range_are_not() {
        assert!(check(&Settings::default()).is_ok());
        let bad = [
            Settings { session_idle_secs: 299, ..Settings::default() },
            Settings { session_absolute_secs: 2_592_001, ..Settings::default() },
            Settings { grant_idle_secs: 59, ..Settings::default() },
            Settings { grant_absolute_secs: 299, ..Settings::default() },
            Settings { terminals_max: 101, ..Settings::default() },
            Settings { audit_retention_days: 29, ..Settings::default() },
            Settings { grant_idle_secs: 3600, grant_absolute_secs: 1800, ..Settings::default() },
        ];
        for settings in bad {
            assert!(check(&settings).is_err(), "{settings:?}");
        }
    }

    #[test]
    fn only_differences_are_recorded() {
        let new = Settings { mfa_required: true, ..Settings::default() };
        let found = differences(&Settings::default(), &new);
        assert_eq!(found, [("mfa_required", "false".to_owned(), "true".to_owned())]);
    }
}
