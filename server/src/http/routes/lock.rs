//! The four routes of the terminal lock.

use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse as _, Response},
};
use http_body_util::BodyExt as _;
use protocol::{
    TerminalId,
    auth::CodeRequest,
    mfa::{LockStatus, VerifyAnswer},
};
use serde::Serialize;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    accounts,
    http::{
        authn::{self, SignedIn},
        error::ApiResult,
        extract::{Json, TerminalPath},
    },
    services::Services,
    terminals::lock::{self, LockError, LockOutcome},
};

/// The routes of this file.
pub fn routes() -> OpenApiRouter<Services> {
    OpenApiRouter::new()
        .routes(routes!(status))
        .routes(routes!(lock_terminal))
        .routes(routes!(unlock))
        .routes(routes!(verify))
}

/// Runs a use-case that replaces the token of the login session, and ends the leases of the older tokens, also when the
/// caller disconnects in between.
async fn run_and_rotate<T, F>(services: &Services, use_case: impl FnOnce(Services) -> F) -> ApiResult<Response>
where
    T: Serialize + Send + 'static,
    F: Future<Output = Result<LockOutcome<T>, LockError>> + Send + 'static,
{
    let (outcome, owned) = (use_case(services.clone()), services.clone());
    let outcome = services.operations.complete(async move {
        let outcome = outcome.await?;
        accounts::end_older_tokens(&owned, &outcome.1);
        Ok::<_, LockError>(outcome)
    });
    Ok(respond_then_publish(outcome.await?))
}

/// The response with the new cookie. The body holds the deferred event, which is published when the body is dropped
/// after it was sent: pages that react to the event need the new cookie.
fn respond_then_publish<T: Serialize>((body, token, event): LockOutcome<T>) -> Response {
    let response = (authn::signed_in(&token), Json(body)).into_response();
    response.map(|body| {
        Body::new(body.map_err(move |error| {
            let _event = &event;
            error
        }))
    })
}

/// Whether the terminal is locked, and until when this login may use it.
#[utoipa::path(
    get,
    path = "/api/security/terminal/{id}/mfa-status",
    tag = "lock",
    params(("id" = TerminalId, Path)),
    responses(
        (status = 200, body = LockStatus),
        (status = 401, body = protocol::Problem),
        (status = 404, description = "Not there, or not yours", body = protocol::Problem),
    ),
)]
async fn status(
    State(services): State<Services>,
    SignedIn(who): SignedIn,
    TerminalPath(id): TerminalPath,
) -> ApiResult<Json<LockStatus>> {
    Ok(Json(lock::status(&services, &who, id).await?))
}

/// Locks the terminal. After the answer no socket of it moves a byte.
#[utoipa::path(
    post,
    path = "/api/security/terminal/{id}/mfa-lock",
    tag = "lock",
    params(("id" = TerminalId, Path)),
    responses(
        (status = 200, body = LockStatus),
        (status = 400, description = "The account has no MFA", body = protocol::Problem),
        (status = 401, body = protocol::Problem),
        (status = 404, description = "Not there, or not yours", body = protocol::Problem),
    ),
)]
async fn lock_terminal(
    State(services): State<Services>,
    SignedIn(who): SignedIn,
    TerminalPath(id): TerminalPath,
) -> ApiResult<Json<LockStatus>> {
    Ok(Json(lock::lock(&services, &who, id).await?))
}

/// Removes the lock.
#[utoipa::path(
    post,
    path = "/api/security/terminal/{id}/mfa-unlock",
    tag = "lock",
    params(("id" = TerminalId, Path)),
    request_body = CodeRequest,
    responses(
        (status = 200, description = "This login has a new cookie", body = LockStatus),
        (status = 401, description = "Wrong code", body = protocol::Problem),
        (status = 404, description = "Not there, or not yours", body = protocol::Problem),
        (status = 409, description = "Not locked", body = protocol::Problem),
        (status = 429, description = "Too many wrong codes", body = protocol::Problem),
    ),
)]
async fn unlock(
    State(services): State<Services>,
    SignedIn(who): SignedIn,
    TerminalPath(id): TerminalPath,
    Json(request): Json<CodeRequest>,
) -> ApiResult<Response> {
    run_and_rotate(&services, |services| async move { lock::unlock(&services, &who, id, &request.code).await }).await
}

/// Lets this login use the locked terminal for a while.
#[utoipa::path(
    post,
    path = "/api/security/terminal/{id}/mfa-verify",
    tag = "lock",
    params(("id" = TerminalId, Path)),
    request_body = CodeRequest,
    responses(
        (status = 200, description = "This login has a new cookie", body = VerifyAnswer),
        (status = 401, description = "Wrong code", body = protocol::Problem),
        (status = 404, description = "Not there, or not yours", body = protocol::Problem),
        (status = 409, description = "Not locked", body = protocol::Problem),
        (status = 429, description = "Too many wrong codes", body = protocol::Problem),
    ),
)]
async fn verify(
    State(services): State<Services>,
    SignedIn(who): SignedIn,
    TerminalPath(id): TerminalPath,
    Json(request): Json<CodeRequest>,
) -> ApiResult<Response> {
    run_and_rotate(&services, |services| async move { lock::verify(&services, &who, id, &request.code).await }).await
}

#[cfg(test)]
mod tests {
    use protocol::{SessionId, UserId};

    use super::*;
    use crate::{
        auth::NewToken,
        events::{Events, TerminalEvent},
    };

    #[tokio::test]
    async fn the_event_of_an_unlock_is_published_after_the_response() {
        let events = Events::default();
        let mut receiver = events.subscribe();
        let signal = TerminalEvent::Changed(TerminalId::new(uuid::Uuid::from_u128(1)));
        let event = events.deferred(UserId::new(uuid::Uuid::from_u128(2)), signal.clone());
        let response =
            respond_then_publish((serde_json::json!({"verified": true}), NewToken::first(SessionId::nil()), event));
        let mut body = response.into_body();
        assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), r#"{"verified":true}"#);
        assert!(receiver.try_recv().is_err(), "the body is not dropped yet");
        drop(body);
        assert_eq!(receiver.try_recv().unwrap().1, signal);
    }
}
