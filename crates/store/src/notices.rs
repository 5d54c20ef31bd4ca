//! Rows of notices: messages to a user about their own account. Stored as data; the sentence for people is made where
//! they are shown.

use protocol::{Timestamp, UserId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    StoreError, Tx,
    sql::{execute, fetch},
};

/// What happened to an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Notice {
    /// The user changed the password.
    PasswordChanged,
    /// The password was set by a link from an administrator.
    PasswordReset,
    /// A factor was confirmed.
    MfaEnabled,
    /// The factor was removed.
    MfaDisabled,
    /// New recovery codes replaced the old ones.
    RecoveryCodesReplaced,
    /// An administrator removed the factor.
    MfaReset {
        /// Name of the administrator.
        administrator: String,
    },
    /// A recovery code was used.
    RecoveryCodeUsed {
        /// What it was used for.
        purpose: String,
        /// Recovery codes that are left.
        left: u32,
    },
    /// Several wrong codes in a row were typed.
    WrongCodes {
        /// How many.
        failures: i64,
        /// Codes of the app are rejected until a recovery code is used.
        stopped: bool,
    },
    /// A sentence that an earlier version stored.
    Other {
        /// The sentence.
        text: String,
    },
}

impl Notice {
    fn encode(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// A notice that this version does not know becomes [`Notice::Other`].
    fn decode(text: String) -> Self {
        serde_json::from_str(&text).unwrap_or(Self::Other { text })
    }
}

impl Tx {
    /// Inserts a notice.
    pub async fn insert_notice(&mut self, user: UserId, notice: &Notice, now: Timestamp) -> Result<(), StoreError> {
        execute!(
            self,
            "INSERT INTO notices (id, user_id, at, text) VALUES ($1, $2, $3, $4)",
            Uuid::new_v4(),
            user.uuid(),
            now.millis(),
            notice.encode()
        );
        Ok(())
    }

    /// The 20 newest notices, newest first.
    pub async fn notices(&mut self, user: UserId) -> Result<Vec<Notice>, StoreError> {
        let rows = fetch!(
            fetch_all,
            self,
            (String,),
            "SELECT text FROM notices WHERE user_id = $1 ORDER BY at DESC LIMIT 20",
            user.uuid()
        );
        Ok(rows.into_iter().map(|(text,)| Notice::decode(text)).collect())
    }

    /// Deletes the notices of an account after the user dismissed them.
    pub async fn delete_notices(&mut self, user: UserId) -> Result<(), StoreError> {
        execute!(self, "DELETE FROM notices WHERE user_id = $1", user.uuid());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_is_stored_and_read_back_and_a_sentence_of_an_earlier_version_is_kept() {
        for notice in [Notice::PasswordChanged, Notice::WrongCodes { failures: 5, stopped: false }] {
            assert_eq!(Notice::decode(notice.encode()), notice);
        }
        for old in ["Your password was changed.", "{\"kind\":\"later\"}"] {
            assert_eq!(Notice::decode(old.to_owned()), Notice::Other { text: old.to_owned() });
        }
    }
}
