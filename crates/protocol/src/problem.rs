//! Refusals. One kind each, one status each, one WebSocket close code each; the same value travels as
//! `application/problem+json` (RFC 9457), as a Notice frame and as a close reason.

use serde::{Deserialize, Serialize};

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $slug:literal, $status:literal, $close:literal, $title:literal;)*) => {
        /// Every reason to refuse. Adding one is a change of the contract.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum ProblemKind { $($(#[$doc])* #[serde(rename = $slug)] $name,)* }

        impl ProblemKind {
            /// Every kind, for tables and tests.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];
            /// The `type` member: a short stable word.
            pub const fn slug(self) -> &'static str { match self { $(Self::$name => $slug,)* } }
            /// HTTP status.
            pub const fn status(self) -> u16 { match self { $(Self::$name => $status,)* } }
            /// WebSocket close code (4000-4999 are the application's).
            pub const fn close_code(self) -> u16 { match self { $(Self::$name => $close,)* } }
            /// The `title` member: what happened, in a few words.
            pub const fn title(self) -> &'static str { match self { $(Self::$name => $title,)* } }
        }
    };
}

kinds! {
    /// The body, a field or a parameter could not be understood.
    BadRequest = "bad_request", 400, 4400, "The request could not be understood";
    /// The account needs MFA before this can be used.
    MfaRequired = "mfa_required", 400, 4400, "This account has no MFA yet";
    /// No login, or a login that ended.
    NotLoggedIn = "not_logged_in", 401, 4401, "You are not signed in";
    /// Username or password is wrong (which one is never said).
    WrongCredentials = "wrong_credentials", 401, 4401, "That username and password do not match";
    /// The six-digit or recovery code is wrong, used or too old.
    WrongCode = "wrong_code", 401, 4401, "That code is not right";
    /// Signed in, but not allowed.
    Forbidden = "forbidden", 403, 4404, "You may not do this";
    /// A cross-site request, or a foreign WebSocket origin.
    ForeignOrigin = "foreign_origin", 403, 4404, "This request came from another site";
    /// A one-time link or set-up token is wrong, used or stale.
    StaleLink = "stale_link", 403, 4404, "This link is not valid any more";
    /// Nothing here for you: it does not exist, or it is not yours (identical on purpose).
    NotFound = "not_found", 404, 4404, "There is nothing here";
    /// The route exists, the method does not.
    MethodNotAllowed = "method_not_allowed", 405, 4400, "That method does not work here";
    /// The body did not come in the time it has.
    RequestTimeout = "request_timeout", 408, 4400, "The request did not arrive in time";
    /// The state does not allow it (done already, not locked, name taken).
    Conflict = "conflict", 409, 4400, "That does not fit the current state";
    /// The terminal is not running.
    NotRunning = "not_running", 409, 4409, "The terminal is not running";
    /// The account's quota is used up.
    QuotaReached = "quota_reached", 409, 4400, "Your quota is used up";
    /// Terminals are locked, so the factor must stay.
    TerminalsLocked = "terminals_locked", 409, 4400, "Some terminals are still locked";
    /// The body is larger than the route takes.
    TooLarge = "too_large", 413, 4400, "The request is too large";
    /// The body is not JSON.
    NotJson = "not_json", 415, 4400, "Only JSON is understood here";
    /// Understood, but the values do not make sense together.
    Unprocessable = "unprocessable", 422, 4400, "Those values do not work";
    /// Locked with MFA, and no grant of yours is alive.
    Locked = "locked", 423, 4423, "This terminal is locked with MFA";
    /// Too many tries or too many requests.
    Throttled = "throttled", 429, 4429, "Too many tries";
    /// The viewer does not keep up.
    TooSlow = "too_slow", 429, 4429, "The connection is too slow for the output";
    /// Our fault.
    Internal = "internal", 500, 4503, "Something went wrong on our side";
    /// Database or engine does not answer, or the server is going away.
    Unavailable = "unavailable", 503, 4503, "Not available right now";
}

/// By hand: what `rename` got from the macro above, a derive does not see.
#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for ProblemKind {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .description(Some("Every reason to refuse. Adding one is a change of the contract."))
            .enum_values(Some(Self::ALL.iter().map(|kind| kind.slug())))
            .into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for ProblemKind {}

/// Close code when the shell has ended and its status was delivered.
pub const CLOSE_SHELL_ENDED: u16 = 4000;

/// One refusal as it travels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// Which refusal; see [`ProblemKind`].
    #[serde(rename = "type")]
    pub kind: ProblemKind,
    /// What happened, in a few words.
    pub title: String,
    /// HTTP status.
    pub status: u16,
    /// Why, and what to do next.
    pub detail: String,
    /// The field that was refused, when it was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Seconds to wait before the next try, for 429 and 503.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
    /// Finds the request in the server's log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

impl Problem {
    /// A refusal with why and what to do next.
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

    /// Names the field that was refused.
    #[must_use]
    pub fn at(mut self, field: &str) -> Self {
        self.field = Some(field.to_owned());
        self
    }

    /// Says how many seconds to wait.
    #[must_use]
    pub fn retry_after(mut self, secs: u64) -> Self {
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
    fn a_problem_travels_as_rfc_9457() {
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
