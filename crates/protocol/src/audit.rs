//! The closed list of what is audited, with its words for people. An event that is not here cannot be written.

macro_rules! events {
    ($($group:literal {$($(#[$doc:meta])* $name:ident = $word:literal, $title:literal;)*})*) => {
        /// Everything the trail can tell.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum AuditEvent { $($($(#[$doc])* $name,)*)* }

        impl AuditEvent {
            /// Every event, for filters and tests.
            pub const ALL: &'static [Self] = &[$($(Self::$name,)*)*];
            /// The same in groups, for people to choose from.
            pub const GROUPS: &'static [(&'static str, &'static [Self])] = &[$(($group, &[$(Self::$name,)*]),)*];
            /// The stored word.
            pub const fn as_str(self) -> &'static str { match self { $($(Self::$name => $word,)*)* } }
            /// Words for people, which fit an attempt as well as a success.
            pub const fn title(self) -> &'static str { match self { $($(Self::$name => $title,)*)* } }
        }
    };
}

events! {
    "Signing in" {
        /// The first administrator was made, or somebody tried with a wrong or stale token.
        Setup = "setup", "First set-up";
        /// A login was completed.
        Login = "login", "Sign-in";
        /// A wrong username, password or code at sign-in.
        LoginFailed = "login_failed", "Failed sign-in";
        /// A sign-in was not looked at, because there were too many.
        LoginThrottled = "login_throttled", "Sign-in held back";
        /// The person signed out.
        Logout = "logout", "Sign-out";
        /// A login session was ended from another one.
        SessionRevoked = "session_revoked", "Login session ended";
        /// The password was changed by its person, or that was tried.
        PasswordChanged = "password_changed", "Password change";
        /// A new password was chosen by a reset link.
        PasswordReset = "password_reset", "Password reset";
    }
    "MFA" {
        /// A secret was made and waits for its first code.
        MfaEnrolStarted = "mfa_enrol_started", "MFA enrolment begun";
        /// A factor was confirmed.
        MfaEnrolled = "mfa_enrolled", "MFA enrolment";
        /// The factor was removed by its person, or that was tried.
        MfaDisabled = "mfa_disabled", "MFA removal";
        /// The factor was removed by an administrator.
        MfaReset = "mfa_reset", "MFA reset";
        /// A recovery code was spent.
        MfaRecoveryUsed = "mfa_recovery_used", "Recovery code used";
        /// A fresh set of recovery codes was made, or that was tried.
        MfaRecoveryRegenerated = "mfa_recovery_regenerated", "New recovery codes";
        /// A wrong code.
        MfaFailed = "mfa_failed", "Wrong code";
        /// A right code of a step that is spent.
        MfaReplayed = "mfa_replayed", "Code used twice";
        /// A code was not looked at, because there were too many wrong ones.
        MfaThrottled = "mfa_throttled", "Code held back";
        /// A hundred wrong codes: six-digit codes are not looked at any more.
        MfaStopped = "mfa_stopped", "Codes stopped";
    }
    "Administration" {
        /// An invitation was made.
        InviteCreated = "invite_created", "Invitation";
        /// An invitation or reset link was taken back.
        InviteRevoked = "invite_revoked", "Link taken back";
        /// An account was made by an invitation, or that was tried.
        InviteAccepted = "invite_accepted", "Joining by invitation";
        /// A reset link was made.
        ResetLinkCreated = "reset_link_created", "Password reset link";
        /// Role, quota or disabling of an account changed.
        UserChanged = "user_changed", "Account change";
        /// An account was disabled.
        UserDisabled = "user_disabled", "Account disabled";
        /// An account was enabled again.
        UserEnabled = "user_enabled", "Account enabled";
        /// The organisation's settings changed.
        SettingsChanged = "settings_changed", "Settings change";
        /// An image is offered differently.
        ImageChanged = "image_changed", "Image change";
        /// A tier has other limits.
        TierChanged = "tier_changed", "Size change";
        /// The audit trail was exported.
        AuditExported = "audit_exported", "Audit export";
        /// Events past their retention were removed.
        AuditPruned = "audit_pruned", "Old events removed";
    }
    "Terminals" {
        /// A terminal was made.
        TerminalCreated = "terminal_created", "Terminal created";
        /// A terminal could not be made; nothing of it is left but, after a 202, its record with the reason.
        TerminalCreateFailed = "terminal_create_failed", "Terminal not created";
        /// A terminal was started.
        TerminalStarted = "terminal_started", "Terminal start";
        /// A terminal was stopped.
        TerminalStopped = "terminal_stopped", "Terminal stop";
        /// A terminal has another label.
        TerminalRenamed = "terminal_renamed", "Terminal rename";
        /// A terminal has another tier.
        TerminalResized = "terminal_resized", "Terminal resize";
        /// A deletion was begun: nobody can reach the terminal any more.
        TerminalDeleteStarted = "terminal_delete_started", "Terminal deletion begun";
        /// A terminal was deleted; container and volume are gone.
        TerminalDeleted = "terminal_deleted", "Terminal deleted";
        /// A terminal broke, or differs from its profile.
        TerminalFailed = "terminal_failed", "Terminal failure";
        /// A socket was opened on a terminal.
        TerminalAttached = "terminal_attached", "Terminal opened";
        /// A socket of a terminal was closed.
        TerminalDetached = "terminal_detached", "Terminal view closed";
        /// A socket was refused: locked, not running.
        TerminalAccessRefused = "terminal_access_refused", "Terminal access refused";
        /// A terminal was locked.
        TerminalMfaLocked = "terminal_mfa_locked", "Terminal lock";
        /// The lock was removed, or that was tried.
        TerminalMfaUnlocked = "terminal_mfa_unlocked", "Terminal unlock";
        /// A code was given to use a locked terminal, or a wrong one.
        TerminalMfaAccessVerified = "terminal_mfa_access_verified", "Code for a locked terminal";
    }
}

impl AuditEvent {
    /// The event of a stored word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|event| event.as_str() == word)
    }

    /// It tells of a refusal or a failure by itself.
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
    fn every_event_has_a_word_and_a_title_of_its_own() {
        for of in [AuditEvent::as_str, AuditEvent::title] {
            let words: std::collections::HashSet<_> = AuditEvent::ALL.iter().map(|event| of(*event)).collect();
            assert_eq!(words.len(), AuditEvent::ALL.len());
        }
        assert!(AuditEvent::ALL.iter().all(|event| AuditEvent::parse(event.as_str()) == Some(*event)));
        assert_eq!(AuditEvent::parse("no_such_event"), None);
    }
}
