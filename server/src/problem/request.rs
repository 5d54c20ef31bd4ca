//! Requests that the HTTP layer rejects before a use-case runs.

use std::collections::BTreeSet;

use protocol::{Problem, ProblemKind, limits, names::InvalidText};
use sandbox::EngineError;

use super::ToProblem;

/// Lists routes, parameters and fields.
const DOCUMENT: &str = "/api/openapi.json";

/// Why a request is rejected.
#[derive(Debug)]
pub enum RequestError {
    /// Only administrators may call the route.
    NotAdministrator,
    /// The pending login is missing or has ended.
    NoPendingLogin,
    /// No full login.
    NotSignedIn,
    /// The organisation requires a factor, and the account has none.
    FactorRequired,
    /// The account has changed too much in a short time; seconds to wait.
    TooManyChanges(u64),
    /// `after` is not a position of the list.
    UnknownPosition,
    /// The body was not received in time.
    BodyTimeout,
    /// The body is larger than [`limits::JSON_BODY_BYTES_MAX`].
    BodyTooLarge,
    /// The body ended early or its framing is invalid.
    BodyBroken,
    /// The content type is not JSON.
    NotJson,
    /// The body is an array.
    BodyIsArray,
    /// The parser's message about the body. It contains fields and positions, and no values of secrets, because the
    /// secret types accept every text.
    InvalidBody(String),
    /// The route takes no body.
    UnexpectedBody,
    /// The parser's message about the query.
    InvalidQuery(String),
    /// The route has no parameter of that name.
    UnknownParameter {
        /// The parameter.
        name: String,
        /// The parameters that it has.
        known: BTreeSet<String>,
    },
    /// An id of a path is malformed.
    UnknownId,
    /// A name of a path is not valid text.
    UnknownName,
    /// A name of a path breaks a rule.
    InvalidName(InvalidText),
    /// A change from another origin.
    ForeignChange,
    /// A terminal socket from another origin.
    ForeignSocket,
    /// The library's message about a request that is no WebSocket upgrade.
    NotWebSocket(String),
    /// The sub-protocol that the socket does not offer.
    UnknownProtocol(&'static str),
    /// The pane that is used by default has no valid name.
    DefaultPane(InvalidText),
    /// No route has this path.
    UnknownRoute,
    /// The route does not have this method.
    MethodNotAllowed,
    /// A static file does not exist.
    UnknownFile,
    /// The handler panicked; the log has the cause.
    Panicked,
    /// A page could not read one of the routes; the log has the cause.
    PageFailed,
    /// The disk of the data directory is full; bytes that are left.
    DiskFull(u64),
    /// The health check found that the engine does not answer.
    EngineAway(EngineError),
}

impl ToProblem for RequestError {
    fn problem(&self) -> Problem {
        let problem = Problem::new(kind(self), detail(self));
        match self {
            Self::UnknownPosition => problem.with_field("after"),
            Self::UnknownParameter { name, .. } => problem.with_field(name),
            Self::InvalidName(_) => problem.with_field("name"),
            Self::TooManyChanges(secs) => problem.with_retry_after(*secs),
            _ => problem,
        }
    }
}

const fn kind(error: &RequestError) -> ProblemKind {
    use RequestError as E;
    match error {
        E::NotAdministrator => ProblemKind::Forbidden,
        E::NoPendingLogin | E::NotSignedIn => ProblemKind::NotLoggedIn,
        E::FactorRequired => ProblemKind::MfaRequired,
        E::UnknownPosition
        | E::BodyBroken
        | E::BodyIsArray
        | E::InvalidBody(_)
        | E::UnexpectedBody
        | E::InvalidQuery(_)
        | E::UnknownParameter { .. }
        | E::NotWebSocket(_)
        | E::UnknownProtocol(_) => ProblemKind::BadRequest,
        E::BodyTimeout => ProblemKind::RequestTimeout,
        E::TooManyChanges(_) => ProblemKind::Throttled,
        E::BodyTooLarge => ProblemKind::TooLarge,
        E::NotJson => ProblemKind::NotJson,
        E::UnknownId | E::UnknownName | E::UnknownRoute | E::UnknownFile => ProblemKind::NotFound,
        E::InvalidName(_) => ProblemKind::Unprocessable,
        E::ForeignChange | E::ForeignSocket => ProblemKind::ForeignOrigin,
        E::MethodNotAllowed => ProblemKind::MethodNotAllowed,
        E::DefaultPane(_) | E::Panicked | E::PageFailed => ProblemKind::Internal,
        E::DiskFull(_) | E::EngineAway(_) => ProblemKind::Unavailable,
    }
}

fn detail(error: &RequestError) -> String {
    use RequestError as E;
    let fixed = match error {
        E::BodyTooLarge => return format!("Send a smaller body: at most {} KiB.", limits::JSON_BODY_BYTES_MAX / 1024),
        E::TooManyChanges(secs) => {
            return format!("This account sent too many changes in a short time. Wait {secs} seconds, then try again.");
        }
        E::InvalidBody(message) => return unreadable_body(message),
        E::InvalidQuery(message) => return unreadable_query(message),
        E::UnknownParameter { known, .. } => return unknown_parameter(known),
        E::NotWebSocket(message) => return format!("{message}. Open a WebSocket here."),
        E::UnknownProtocol(offer) => {
            return format!("The socket has no sub-protocol that is known here. Offer {offer}.");
        }
        E::DiskFull(left) => {
            return format!(
                "The disk of the data directory is full ({} kB left): nothing can be changed. Make room.",
                left / 1024
            );
        }
        E::EngineAway(error) => return engine_unavailable(error),
        E::InvalidName(rule) | E::DefaultPane(rule) => rule.0,
        E::NotAdministrator => "Only administrators may do this.",
        E::NoPendingLogin => "Start again with username and password.",
        E::NotSignedIn => "Sign in first.",
        E::FactorRequired => {
            "Your organisation asks every account for MFA. Enable it in Account settings, Security; then go on."
        }
        E::UnknownPosition => "`after` must be the `next` of the page before. Begin again without it.",
        E::BodyTimeout => "The rest of the body did not come. Send the request again.",
        E::BodyBroken => "The body broke off or was not framed as HTTP/1.1 says. Send the request again.",
        E::NotJson => "Send the body as application/json.",
        E::BodyIsArray => "The body could not be read: send an object, not an array.",
        E::UnexpectedBody => "This route takes no body. Send none, or {}.",
        E::UnknownId => "There is nothing of that id. Ask for the list again.",
        E::UnknownName => "There is nothing of that name. Ask for the list again.",
        E::ForeignChange => {
            "Changes are taken from Rexec's own pages only. Programs send the Origin header of the public URL."
        }
        E::ForeignSocket => {
            "Terminals are opened from Rexec's own pages. Programs send the Origin header of the public URL."
        }
        E::UnknownRoute => "There is no such route. The routes are listed in /api/openapi.json.",
        E::MethodNotAllowed => "The methods of each route are listed in /api/openapi.json.",
        E::UnknownFile => "There is no such file. Reload the page to get its newest version.",
        E::Panicked => "This is our mistake. Try again; if it stays, tell your administrator the request id.",
        E::PageFailed => "This is our mistake. Reload the page; if it stays, tell your administrator.",
    };
    fixed.to_owned()
}

/// The parser's message without the prefixes of the layers above it.
fn unreadable_body(message: &str) -> String {
    let why = message.rsplit("target type: ").next().unwrap_or(message).trim_end_matches('.');
    format!("The body could not be read: {why}. The fields of each route are listed in {DOCUMENT}.")
}

/// The parser's message without the prefixes of the layers above it.
fn unreadable_query(message: &str) -> String {
    let why = message.rsplit("query string: ").next().unwrap_or(message).trim_end_matches('.');
    format!("The query could not be read: {why}. The parameters of each route are listed in {DOCUMENT}.")
}

fn unknown_parameter(known: &BTreeSet<String>) -> String {
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    format!("There is no parameter of that name here. Known here: {known}.")
}

fn engine_unavailable(error: &EngineError) -> String {
    let why = match error {
        EngineError::Unavailable(why) => why.clone(),
        other => other.to_string(),
    };
    format!("The container engine does not answer: {why}. Start it.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unavailable_engine_is_named_once() {
        let text = engine_unavailable(&EngineError::Unavailable("no answer in time".into()));
        assert_eq!(text, "The container engine does not answer: no answer in time. Start it.");
    }
}
