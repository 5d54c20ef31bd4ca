//! Error responses. Each kind has one HTTP status and one WebSocket close code. A problem is sent as
//! `application/problem+json` (RFC 9457), as a Notice frame and as a close reason.

use serde::{Deserialize, Serialize};

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $slug:literal, $status:literal, $close:literal, $title:literal;)*) => {
        /// Kind of a problem. Adding a kind changes the contract.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum ProblemKind { $($(#[$doc])* #[serde(rename = $slug)] $name,)* }

        impl ProblemKind {
            /// All kinds.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];
            /// The `type` member: a short stable name.
            pub const fn slug(self) -> &'static str { match self { $(Self::$name => $slug,)* } }
            /// HTTP status.
            pub const fn status(self) -> u16 { match self { $(Self::$name => $status,)* } }
            /// WebSocket close code, in the range for applications (4000-4999).
            pub const fn close_code(self) -> u16 { match self { $(Self::$name => $close,)* } }
            /// The `title` member: short summary.
            pub const fn title(self) -> &'static str { match self { $(Self::$name => $title,)* } }
        }
    };
}

kinds! {
    /// The body, a field or a parameter is malformed.
    BadRequest = "bad_request", 400, 4400, "The request could not be understood";
    /// The account needs MFA before this can be used.
    MfaRequired = "mfa_required", 400, 4400, "This account has no MFA yet";
    /// There is no login session, or it has ended.
    NotLoggedIn = "not_logged_in", 401, 4401, "You are not signed in";
    /// Username or password is wrong. Which of the two is not disclosed.
    WrongCredentials = "wrong_credentials", 401, 4401, "That username and password do not match";
    /// The six-digit or recovery code is wrong, used or expired.
    WrongCode = "wrong_code", 401, 4401, "That code is not right";
    /// The account lacks the permission.
    Forbidden = "forbidden", 403, 4404, "You may not do this";
    /// Cross-site request, or WebSocket handshake with another origin.
    ForeignOrigin = "foreign_origin", 403, 4404, "This request came from another site";
    /// A one-time link or set-up token is wrong, used or expired.
    StaleLink = "stale_link", 403, 4404, "This link is not valid any more";
    /// The object does not exist, or the account may not see it. The two are indistinguishable.
    NotFound = "not_found", 404, 4404, "There is nothing here";
    /// The route does not support the method.
    MethodNotAllowed = "method_not_allowed", 405, 4400, "That method does not work here";
    /// The body did not arrive within the time limit.
    RequestTimeout = "request_timeout", 408, 4400, "The request did not arrive in time";
    /// The current state does not allow it: done already, not locked, name in use.
    Conflict = "conflict", 409, 4400, "That does not fit the current state";
    /// The terminal is not running.
    NotRunning = "not_running", 409, 4409, "The terminal is not running";
    /// The account's quota is exhausted.
    QuotaReached = "quota_reached", 409, 4400, "Your quota is used up";
    /// The second factor cannot be removed while terminals are locked.
    TerminalsLocked = "terminals_locked", 409, 4400, "Some terminals are still locked";
    /// The body exceeds the limit of the route.
    TooLarge = "too_large", 413, 4400, "The request is too large";
    /// The body is not JSON.
    NotJson = "not_json", 415, 4400, "Only JSON is understood here";
    /// The request is well-formed, but its values are invalid in combination.
    Unprocessable = "unprocessable", 422, 4400, "Those values do not work";
    /// The terminal is locked with MFA, and the login session has no grant.
    Locked = "locked", 423, 4423, "This terminal is locked with MFA";
    /// Rate limit exceeded.
    Throttled = "throttled", 429, 4429, "Too many tries";
    /// The client does not keep up with the output.
    TooSlow = "too_slow", 429, 4429, "The connection is too slow for the output";
    /// Internal error.
    Internal = "internal", 500, 4503, "Something went wrong on our side";
    /// Database or engine does not respond, or the server is shutting down.
    Unavailable = "unavailable", 503, 4503, "Not available right now";
}

/// Implemented manually, because the derive does not see the names that the macro passes to `rename`.
#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for ProblemKind {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .description(Some("Kind of a problem. Adding a kind changes the contract."))
            .enum_values(Some(Self::ALL.iter().map(|kind| kind.slug())))
            .into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for ProblemKind {}

/// Close code after the shell has ended and its exit status was sent.
pub const CLOSE_SHELL_ENDED: u16 = 4000;

/// An error response.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// See [`ProblemKind`].
    #[serde(rename = "type")]
    pub kind: ProblemKind,
    /// Short summary.
    pub title: String,
    /// HTTP status.
    pub status: u16,
    /// Reason, and what the user can do.
    pub detail: String,
    /// The rejected field, if the problem is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Seconds to wait before a retry, for 429 and 503.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
    /// Request id, as in the server's log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

impl Problem {
    /// A problem of this kind. `detail` is a sentence with the reason and what the user can do.
    pub fn new(kind: ProblemKind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            title: kind.title().to_owned(),
            status: kind.status(),
            detail: detail.into(),
            field: None,
            retry_after: None,
            request_id: None,
        }
    }

    /// Sets the rejected field.
    #[must_use]
    pub fn with_field(mut self, field: &str) -> Self {
        self.field = Some(field.to_owned());
        self
    }

    /// Sets the seconds to wait before a retry.
    #[must_use]
    pub fn with_retry_after(mut self, secs: u64) -> Self {
        self.retry_after = Some(secs);
        self
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.title, self.detail)
    }
}

impl std::error::Error for Problem {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_of_a_problem_follows_rfc_9457() {
        let p = Problem::new(ProblemKind::Locked, "Enter a code.");
        let json = serde_json::to_value(&p).unwrap();
        assert_eq!(json["type"], "locked");
        assert_eq!(json["status"], 423);
        assert_eq!(serde_json::from_value::<Problem>(json).unwrap(), p);
    }

    #[test]
    fn slugs_are_unique_and_statuses_are_errors() {
        let mut seen = std::collections::HashSet::new();
        for kind in ProblemKind::ALL {
            assert!(seen.insert(kind.slug()));
            assert!((400..600).contains(&kind.status()));
            assert!((4400..4600).contains(&kind.close_code()));
        }
    }
}
