//! Notices to a user about their own account.

use store::Notice;

/// The sentence that the user reads.
pub fn notice_text(notice: &Notice) -> String {
    match notice {
        Notice::PasswordChanged => "Your password was changed.".into(),
        Notice::PasswordReset => "Your password was reset by a link from an administrator.".into(),
        Notice::MfaEnabled => "MFA was enabled for your account.".into(),
        Notice::MfaDisabled => "MFA was disabled for your account.".into(),
        Notice::RecoveryCodesReplaced => "New recovery codes were made; the old ones are dead.".into(),
        Notice::MfaReset { administrator } => format!(
            "An administrator ({administrator}) reset your MFA. Locked terminals stay locked: enable MFA again, then \
             unlock them."
        ),
        Notice::RecoveryCodeUsed { purpose, left } => format!(
            "A recovery code was used ({purpose}). {left} are left. If that was not you, change your password and \
             make new codes."
        ),
        Notice::WrongCodes { failures, stopped } => format!(
            "{failures} wrong codes in a row were typed for your account. If that was not you, somebody may know your \
             password: change it.{}",
            if *stopped { " Codes of your app are refused until a recovery code is used." } else { "" }
        ),
        Notice::Other { text } => text.clone(),
    }
}
