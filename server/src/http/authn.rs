//! Authentication of requests by cookies. Each kind of caller is a type, so that a route for complete logins cannot be
//! called by a pending one, nor the other way round.

use std::net::SocketAddr;

use access::{Caller, Credential, Denied};
use axum::{
    extract::{ConnectInfo, FromRef, FromRequestParts},
    http::{HeaderMap, HeaderValue, Method, header, request::Parts},
    response::AppendHeaders,
};
use protocol::{
    auth::{LoginStatus, Role},
    names::Sensitive,
};
use store::LoginSession;

use super::{error::ApiError, request_id};
use crate::{
    accounts::LoggedIn,
    auth::{
        NewToken, PendingLogin, Visitor, sessions,
        trusted_device::{self, TRUSTED_DEVICE_SECS},
        user_agent,
    },
    problem::RequestError,
    services::{Services, client_address},
};

/// Header of a read that a person caused. The page sends it shortly after a click or a key.
pub const USER_ACTIVE: &str = "x-rexec-user-active";

/// Extension of a read that renders a page.
#[derive(Debug, Clone, Copy)]
pub struct PageRead;

/// Cookie of a full login.
pub const COOKIE: &str = "__Host-rexec";
/// Cookie of a pending login. It has its own name, so that the two cannot be confused.
pub const PENDING_COOKIE: &str = "__Host-rexec-pending";
/// Cookie of a trusted device; see [`trusted_device`](crate::auth::trusted_device).
const TRUSTED_DEVICE_COOKIE: &str = "__Host-rexec-known";

/// A complete login, with a factor if the settings require one.
#[derive(Debug)]
pub struct SignedIn(pub Caller);

/// A full login that may lack a required factor. Only for enrolment, `GET /api/me` and logout.
#[derive(Debug)]
pub struct Enrolling(pub Caller);

/// A full login with the administrator's role.
#[derive(Debug)]
pub struct Admin(pub Caller);

impl<S: Send + Sync> FromRequestParts<S> for Visitor
where
    Services: FromRef<S>,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        Ok(visitor(parts, &Services::from_ref(state)))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Enrolling
where
    Services: FromRef<S>,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let services = Services::from_ref(state);
        let session = full_session(parts, &services).await?;
        Ok(Self(caller(parts, &services, session)))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for SignedIn
where
    Services: FromRef<S>,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let services = Services::from_ref(state);
        let session = full_session(parts, &services).await?;
        require_factor(&session)?;
        Ok(Self(caller(parts, &services, session)))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Admin
where
    Services: FromRef<S>,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let SignedIn(caller) = SignedIn::from_request_parts(parts, state).await?;
        match caller.role {
            Role::Admin => Ok(Self(caller)),
            Role::User => Err(RequestError::NotAdministrator.into()),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for PendingLogin
where
    Services: FromRef<S>,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let services = Services::from_ref(state);
        let token = cookie(&parts.headers, PENDING_COOKIE).ok_or(RequestError::NoPendingLogin)?;
        let found = sessions::find(&services.db, token, services.clock.now()).await?;
        let session = found.filter(|s| !s.full).ok_or(RequestError::NoPendingLogin)?;
        Ok(Self { user: session.user, username: session.username, session: session.id })
    }
}

/// The full login of the cookie, even with a rotated token: for logout.
pub(super) async fn logout_caller(parts: &Parts, services: &Services) -> Result<Option<Caller>, ApiError> {
    Ok(session_of_cookie(parts, services).await?.map(|session| caller(parts, services, session)))
}

async fn session_of_cookie(parts: &Parts, services: &Services) -> Result<Option<LoginSession>, ApiError> {
    let Some(token) = cookie(&parts.headers, COOKIE) else { return Ok(None) };
    Ok(sessions::find(&services.db, token, services.clock.now()).await?.filter(|session| session.full))
}

/// The caller, if the request has the current token of its login session and not a rotated one.
pub(super) async fn current_token(parts: &Parts, services: &Services) -> Result<Caller, ApiError> {
    let session = full_session(parts, services).await?;
    require_factor(&session)?;
    if session.rotated { Err(Denied::NotLoggedIn.into()) } else { Ok(caller(parts, services, session)) }
}

fn require_factor(session: &LoginSession) -> Result<(), ApiError> {
    if session.mfa_required && !session.mfa_enabled {
        return Err(RequestError::FactorRequired.into());
    }
    Ok(())
}

async fn full_session(parts: &Parts, services: &Services) -> Result<LoginSession, ApiError> {
    let session = session_of_cookie(parts, services).await?.ok_or(RequestError::NotSignedIn)?;
    let reads = matches!(parts.method, Method::GET | Method::HEAD);
    if session.rotated && !reads {
        return Err(RequestError::NotSignedIn.into());
    }
    if !reads {
        let change = services.throttle.begin_change(session.user, services.clock.now());
        change.map_err(|wait| RequestError::TooManyChanges(wait.secs))?;
    }
    if !session.rotated && is_activity(parts) {
        let now = services.clock.now();
        sessions::record_activity(&services.db, &session, now).await?;
        services.revocations.record_activity(session.id, now);
    }
    Ok(session)
}

/// Whether a person caused the request: a change, a page, or a read that the client marks. Polling and streams do not
/// extend a login (FINDINGS L3).
fn is_activity(parts: &Parts) -> bool {
    let reads = matches!(parts.method, Method::GET | Method::HEAD);
    !reads || parts.extensions.get::<PageRead>().is_some() || parts.headers.contains_key(USER_ACTIVE)
}

fn caller(parts: &Parts, services: &Services, session: LoginSession) -> Caller {
    let visitor = visitor(parts, services);
    services.signed_in_addresses.record(session.user, visitor.address);
    Caller {
        user: session.user,
        trusted_device: trusted_device::of_visitor(&services.keys, &visitor, &session.username),
        username: session.username,
        role: session.role,
        credential: Credential::Session { id: session.id, generation: session.generation },
        address: visitor.address,
        request_id: visitor.request_id,
    }
}

fn visitor(parts: &Parts, services: &Services) -> Visitor {
    let text = |name: header::HeaderName| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let hops: Vec<&str> =
        parts.headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok()).collect();
    let socket = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    let socket = socket.map_or(std::net::Ipv4Addr::UNSPECIFIED.into(), |ConnectInfo(address)| address.ip());
    Visitor {
        address: client_address(socket, Some(&hops.join(",")), &services.config.trusted_proxies),
        user_agent: user_agent::describe(text(header::USER_AGENT)),
        trusted_device: cookie(&parts.headers, TRUSTED_DEVICE_COOKIE).map(Sensitive::new),
        request_id: request_id::current().unwrap_or_default(),
    }
}

fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    // Compared as bytes, because cookies of other programs on the host may not be UTF-8.
    let pairs = headers.get_all(header::COOKIE).iter().flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
    let mut values = pairs.filter_map(|pair| {
        let (key, value) = pair.trim_ascii().split_at_checked(name.len())?;
        (key == name.as_bytes()).then(|| value.strip_prefix(b"="))?
    });
    let value = values.next()?;
    // A browser that supports the `__Host-` prefix never sends two: neither is accepted.
    if values.next().is_some() { None } else { std::str::from_utf8(value).ok() }
}

/// Headers that set cookies.
pub type SetCookies = AppendHeaders<Vec<(header::HeaderName, HeaderValue)>>;

/// Sets the cookie of a full login and removes that of a pending one.
pub fn signed_in(token: &NewToken) -> SetCookies {
    AppendHeaders(vec![set(COOKIE, token.reveal(), None), set(PENDING_COOKIE, "", Some(0))])
}

/// Sets the cookies after a step of a login.
pub fn login_cookies(done: &LoggedIn) -> SetCookies {
    let LoggedIn { status, token, trusted_device } = done;
    let AppendHeaders(mut headers) = match status {
        LoginStatus::Ok => signed_in(token),
        LoginStatus::MfaRequired => pending(token),
    };
    headers.extend(
        trusted_device.as_ref().map(|value| set(TRUSTED_DEVICE_COOKIE, value.reveal(), Some(TRUSTED_DEVICE_SECS))),
    );
    AppendHeaders(headers)
}

/// Sets the cookie of a pending login.
fn pending(token: &NewToken) -> SetCookies {
    AppendHeaders(vec![set(PENDING_COOKIE, token.reveal(), Some(sessions::PENDING_SECS))])
}

/// Removes the cookies.
pub fn signed_out() -> SetCookies {
    AppendHeaders(vec![set(COOKIE, "", Some(0)), set(PENDING_COOKIE, "", Some(0))])
}

fn set(name: &str, value: &str, max_age: Option<u32>) -> (header::HeaderName, HeaderValue) {
    let age = max_age.map(|secs| format!("; Max-Age={secs}")).unwrap_or_default();
    let text = format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=Strict{age}");
    // Tokens are base64url: always a valid header.
    let value = HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(""));
    (header::SET_COOKIE, value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_found_by_its_exact_name_and_only_once() {
        let headers = |line: &str| HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_str(line).unwrap())]);
        assert_eq!(cookie(&headers("a=1; __Host-rexec=x; b=2"), COOKIE), Some("x"));
        assert_eq!(cookie(&headers("__Host-rexec-pending=x"), COOKIE), None);
        assert_eq!(cookie(&headers("__Host-rexec=x; __Host-rexec=y"), COOKIE), None);
    }
}
