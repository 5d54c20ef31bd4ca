//! The audit events with their display titles. Only events of this list can be recorded.

macro_rules! events {
    ($($group:literal {$($(#[$doc:meta])* $name:ident = $word:literal, $title:literal;)*})*) => {
        /// The kinds of event in the audit log.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum AuditEvent { $($($(#[$doc])* $name,)*)* }

        impl AuditEvent {
            /// All events.
            pub const ALL: &'static [Self] = &[$($(Self::$name,)*)*];
            /// All events in groups with display titles, for filters.
            pub const GROUPS: &'static [(&'static str, &'static [Self])] = &[$(($group, &[$(Self::$name,)*]),)*];
            /// The stored name.
            pub const fn as_str(self) -> &'static str { match self { $($(Self::$name => $word,)*)* } }
            /// Display title. It describes failed attempts as well as successes.
            pub const fn title(self) -> &'static str { match self { $($(Self::$name => $title,)*)* } }
        }
    };
}

events! {
    "Signing in" {
        /// The first administrator was created, or a wrong or expired set-up token was used.
        Setup = "setup", "First set-up";
        /// A login was completed.
        Login = "login", "Sign-in";
        /// A wrong username, password or code at sign-in.
        LoginFailed = "login_failed", "Failed sign-in";
        /// A sign-in was refused by the rate limit without being checked.
        LoginThrottled = "login_throttled", "Sign-in held back";
        /// A user signed out.
        Logout = "logout", "Sign-out";
        /// A login session was ended from another login session.
        SessionRevoked = "session_revoked", "Login session ended";
        /// A user changed the password of the account, or tried to.
        PasswordChanged = "password_changed", "Password change";
        /// A new password was set with a reset link.
        PasswordReset = "password_reset", "Password reset";
    }
    "MFA" {
        /// A secret was created that is not confirmed yet.
        MfaEnrolStarted = "mfa_enrol_started", "MFA enrolment begun";
        /// A second factor was confirmed.
        MfaEnrolled = "mfa_enrolled", "MFA enrolment";
        /// A user removed the second factor of the account, or tried to.
        MfaDisabled = "mfa_disabled", "MFA removal";
        /// An administrator removed the second factor of an account.
        MfaReset = "mfa_reset", "MFA reset";
        /// A recovery code was used.
        MfaRecoveryUsed = "mfa_recovery_used", "Recovery code used";
        /// A user generated new recovery codes, or tried to.
        MfaRecoveryRegenerated = "mfa_recovery_regenerated", "New recovery codes";
        /// A wrong code was entered.
        MfaFailed = "mfa_failed", "Wrong code";
        /// A code was entered whose time step is already used.
        MfaReplayed = "mfa_replayed", "Code used twice";
        /// A code was refused by the rate limit without being checked.
        MfaThrottled = "mfa_throttled", "Code held back";
        /// After 100 wrong codes the account's six-digit codes are disabled.
        MfaStopped = "mfa_stopped", "Codes stopped";
    }
    "Administration" {
        /// An invitation was created.
        InviteCreated = "invite_created", "Invitation";
        /// An invitation or reset link was revoked.
        InviteRevoked = "invite_revoked", "Link taken back";
        /// An account was created with an invitation, or a user tried to.
        InviteAccepted = "invite_accepted", "Joining by invitation";
        /// A reset link was created.
        ResetLinkCreated = "reset_link_created", "Password reset link";
        /// Role or quota of an account, or whether it is disabled, changed.
        UserChanged = "user_changed", "Account change";
        /// An account was disabled.
        UserDisabled = "user_disabled", "Account disabled";
        /// An account was enabled.
        UserEnabled = "user_enabled", "Account enabled";
        /// The organisation's settings changed.
        SettingsChanged = "settings_changed", "Settings change";
        /// The settings of an image changed.
        ImageChanged = "image_changed", "Image change";
        /// The limits of a tier changed.
        TierChanged = "tier_changed", "Size change";
        /// The audit log was exported.
        AuditExported = "audit_exported", "Audit export";
        /// Events past the retention were removed.
        AuditPruned = "audit_pruned", "Old events removed";
        /// The audit log got a new key on the server.
        AuditKeyChanged = "audit_key_changed", "New audit key";
    }
    "Terminals" {
        /// A terminal was created.
        TerminalCreated = "terminal_created", "Terminal created";
        /// A terminal could not be created. Nothing remains of it except, after a 202, its record with the reason.
        TerminalCreateFailed = "terminal_create_failed", "Terminal not created";
        /// A terminal was started.
        TerminalStarted = "terminal_started", "Terminal start";
        /// A terminal was stopped.
        TerminalStopped = "terminal_stopped", "Terminal stop";
        /// A terminal was renamed.
        TerminalRenamed = "terminal_renamed", "Terminal rename";
        /// The tier of a terminal was changed.
        TerminalResized = "terminal_resized", "Terminal resize";
        /// The deletion of a terminal started. The terminal can no longer be accessed.
        TerminalDeleteStarted = "terminal_delete_started", "Terminal deletion begun";
        /// A terminal was deleted. Its container and volume are removed.
        TerminalDeleted = "terminal_deleted", "Terminal deleted";
        /// A terminal failed, or differs from its profile.
        TerminalFailed = "terminal_failed", "Terminal failure";
        /// A client attached to a terminal.
        TerminalAttached = "terminal_attached", "Terminal opened";
        /// A client detached from a terminal.
        TerminalDetached = "terminal_detached", "Terminal view closed";
        /// Attaching was refused, because the terminal is locked or not running.
        TerminalAccessRefused = "terminal_access_refused", "Terminal access refused";
        /// A terminal was locked.
        TerminalMfaLocked = "terminal_mfa_locked", "Terminal lock";
        /// The lock of a terminal was removed, or a user tried to.
        TerminalMfaUnlocked = "terminal_mfa_unlocked", "Terminal unlock";
        /// A code was entered to use a locked terminal.
        TerminalMfaAccessVerified = "terminal_mfa_access_verified", "Code for a locked terminal";
    }
}

impl AuditEvent {
    /// The event with this stored name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|event| event.as_str() == name)
    }

    /// The event is a refusal or failure irrespective of its outcome.
    pub const fn is_failure(self) -> bool {
        use AuditEvent::{
            LoginFailed, LoginThrottled, MfaFailed, MfaReplayed, MfaStopped, MfaThrottled, TerminalAccessRefused,
            TerminalCreateFailed, TerminalFailed,
        };
        matches!(
            self,
            LoginFailed
                | LoginThrottled
                | MfaFailed
                | MfaReplayed
                | MfaThrottled
                | MfaStopped
                | TerminalCreateFailed
                | TerminalFailed
                | TerminalAccessRefused
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_titles_of_events_are_unique() {
        for text_of in [AuditEvent::as_str, AuditEvent::title] {
            let texts: std::collections::HashSet<_> = AuditEvent::ALL.iter().map(|event| text_of(*event)).collect();
            assert_eq!(texts.len(), AuditEvent::ALL.len());
        }
        assert!(AuditEvent::ALL.iter().all(|event| AuditEvent::parse(event.as_str()) == Some(*event)));
        assert_eq!(AuditEvent::parse("no_such_event"), None);
    }
}
