//! The closed list of what is audited. An event that is not here cannot be written.

macro_rules! events {
    ($($(#[$doc:meta])* $name:ident = $word:literal;)*) => {
        /// Everything the trail can tell.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Event { $($(#[$doc])* $name,)* }

        impl Event {
            /// Every event, for filters and tests.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];
            /// The stored and shown word.
            pub const fn as_str(self) -> &'static str { match self { $(Self::$name => $word,)* } }
        }
    };
}

events! {
    /// The first administrator was made, or somebody tried with a wrong or stale token.
    Setup = "setup";
    /// A login was completed.
    Login = "login";
    /// A wrong username, password or code at sign-in.
    LoginFailed = "login_failed";
    /// A sign-in was not looked at, because there were too many.
    LoginThrottled = "login_throttled";
    /// The person signed out.
    Logout = "logout";
    /// A login session was ended from another one.
    SessionRevoked = "session_revoked";
    /// The password was changed by its person, or that was tried.
    PasswordChanged = "password_changed";
    /// A new password was chosen by a reset link.
    PasswordReset = "password_reset";
    /// A secret was made and waits for its first code.
    MfaEnrolStarted = "mfa_enrol_started";
    /// A factor was confirmed.
    MfaEnrolled = "mfa_enrolled";
    /// The factor was removed by its person, or that was tried.
    MfaDisabled = "mfa_disabled";
    /// The factor was removed by an administrator.
    MfaReset = "mfa_reset";
    /// A recovery code was spent.
    MfaRecoveryUsed = "mfa_recovery_used";
    /// A fresh set of recovery codes was made, or that was tried.
    MfaRecoveryRegenerated = "mfa_recovery_regenerated";
    /// A wrong code.
    MfaFailed = "mfa_failed";
    /// A right code of a step that is spent.
    MfaReplayed = "mfa_replayed";
    /// A code was not looked at, because there were too many wrong ones.
    MfaThrottled = "mfa_throttled";
    /// A hundred wrong codes: six-digit codes are not looked at any more.
    MfaStopped = "mfa_stopped";
    /// An invitation was made.
    InviteCreated = "invite_created";
    /// An invitation or reset link was taken back.
    InviteRevoked = "invite_revoked";
    /// An account was made by an invitation, or that was tried.
    InviteAccepted = "invite_accepted";
    /// A reset link was made.
    ResetLinkCreated = "reset_link_created";
    /// Role, quota or disabling of an account changed.
    UserChanged = "user_changed";
    /// An account was disabled.
    UserDisabled = "user_disabled";
    /// An account was enabled again.
    UserEnabled = "user_enabled";
    /// The organisation's settings changed.
    SettingsChanged = "settings_changed";
    /// An image is offered differently.
    ImageChanged = "image_changed";
    /// A tier has other limits.
    TierChanged = "tier_changed";
    /// The audit trail was exported.
    AuditExported = "audit_exported";
    /// Events past their retention were removed.
    AuditPruned = "audit_pruned";
    /// A terminal was made.
    TerminalCreated = "terminal_created";
    /// A terminal could not be made; nothing of it is left.
    TerminalCreateFailed = "terminal_create_failed";
    /// A terminal was started.
    TerminalStarted = "terminal_started";
    /// A terminal was stopped.
    TerminalStopped = "terminal_stopped";
    /// A terminal has another label.
    TerminalRenamed = "terminal_renamed";
    /// A terminal has another tier.
    TerminalResized = "terminal_resized";
    /// A deletion was begun: nobody can reach the terminal any more.
    TerminalDeleteStarted = "terminal_delete_started";
    /// A terminal was deleted; container and volume are gone.
    TerminalDeleted = "terminal_deleted";
    /// A terminal broke, or differs from its profile.
    TerminalFailed = "terminal_failed";
    /// A socket was opened on a terminal.
    TerminalAttached = "terminal_attached";
    /// A socket of a terminal was closed.
    TerminalDetached = "terminal_detached";
    /// A socket was refused: locked, not running.
    TerminalAccessRefused = "terminal_access_refused";
    /// A terminal was locked.
    TerminalMfaLocked = "terminal_mfa_locked";
    /// The lock was removed, or that was tried.
    TerminalMfaUnlocked = "terminal_mfa_unlocked";
    /// A code was given to use a locked terminal, or a wrong one.
    TerminalMfaAccessVerified = "terminal_mfa_access_verified";
}
