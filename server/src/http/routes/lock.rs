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
    http::{
        authn::{self, SignedIn},
        error::ApiResult,
        extract::{Json, TerminalPath},
    },
    services::Services,
    terminals::lock::{self, Opened},
};

/// The routes of this file.
pub fn routes() -> OpenApiRouter<Services> {
    OpenApiRouter::new()
        .routes(routes!(status))
        .routes(routes!(lock_it))
        .routes(routes!(unlock))
        .routes(routes!(verify))
}

/// The answer with the new cookie; the news of it goes with the body, which is dropped when it is on the wire.
fn told<T: Serialize>((answer, token, news): Opened<T>) -> Response {
    let answer = (authn::signed_in(&token), Json(answer)).into_response();
    answer.map(|body| {
        Body::new(body.map_err(move |error| {
            let _until_then = &news;
            error
        }))
    })
}

/// Locked or not, and until when this login may use it.
#[utoipa::path(get, path = "/api/security/terminal/{id}/mfa-status", tag = "lock", params(("id" = TerminalId, Path)), responses(
    (status = 200, body = LockStatus),
    (status = 401, body = protocol::Problem),
    (status = 404, description = "Not there, or not yours", body = protocol::Problem)))]
async fn status(
    State(services): State<Services>,
    SignedIn(who): SignedIn,
    TerminalPath(id): TerminalPath,
) -> ApiResult<Json<LockStatus>> {
    Ok(Json(lock::status(&services, &who, id).await?))
}

/// Locks. Every open socket of the terminal has ended when this is answered.
#[utoipa::path(post, path = "/api/security/terminal/{id}/mfa-lock", tag = "lock", params(("id" = TerminalId, Path)), responses(
    (status = 200, body = LockStatus),
    (status = 400, description = "The account has no MFA", body = protocol::Problem),
    (status = 401, body = protocol::Problem),
    (status = 404, description = "Not there, or not yours", body = protocol::Problem)))]
async fn lock_it(
    State(services): State<Services>,
    SignedIn(who): SignedIn,
    TerminalPath(id): TerminalPath,
) -> ApiResult<Json<LockStatus>> {
    Ok(Json(lock::lock(&services, &who, id).await?))
}

/// Removes the lock.
#[utoipa::path(post, path = "/api/security/terminal/{id}/mfa-unlock", tag = "lock", params(("id" = TerminalId, Path)), request_body = CodeRequest, responses(
    (status = 200, description = "This login has a new cookie", body = LockStatus),
    (status = 401, description = "Wrong code", body = protocol::Problem),
    (status = 404, description = "Not there, or not yours", body = protocol::Problem),
    (status = 409, description = "Not locked", body = protocol::Problem),
    (status = 429, description = "Too many wrong codes", body = protocol::Problem)))]
async fn unlock(
    State(services): State<Services>,
    SignedIn(who): SignedIn,
    TerminalPath(id): TerminalPath,
    Json(request): Json<CodeRequest>,
) -> ApiResult<Response> {
    Ok(told(lock::unlock(&services, &who, id, &request.code).await?))
}

/// Lets this login use the locked terminal for a while.
#[utoipa::path(post, path = "/api/security/terminal/{id}/mfa-verify", tag = "lock", params(("id" = TerminalId, Path)), request_body = CodeRequest, responses(
    (status = 200, description = "This login has a new cookie", body = VerifyAnswer),
    (status = 401, description = "Wrong code", body = protocol::Problem),
    (status = 404, description = "Not there, or not yours", body = protocol::Problem),
    (status = 409, description = "Not locked", body = protocol::Problem),
    (status = 429, description = "Too many wrong codes", body = protocol::Problem)))]
async fn verify(
    State(services): State<Services>,
    SignedIn(who): SignedIn,
    TerminalPath(id): TerminalPath,
    Json(request): Json<CodeRequest>,
) -> ApiResult<Response> {
    Ok(told(lock::verify(&services, &who, id, &request.code).await?))
}

#[cfg(test)]
mod tests {
    use protocol::UserId;

    use super::*;
    use crate::{
        auth::NewToken,
        events::{Events, TerminalEvent},
    };

    #[tokio::test]
    async fn the_news_of_an_open_lock_waits_for_the_last_byte_of_the_answer() {
        let events = Events::default();
        let mut heard = events.subscribe();
        let signal = TerminalEvent::Changed(TerminalId::new(uuid::Uuid::from_u128(1)));
        let news = events.deferred(UserId::new(uuid::Uuid::from_u128(2)), signal.clone());
        let answer = told((serde_json::json!({"verified": true}), NewToken::random(), news));
        let mut body = answer.into_body();
        assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), r#"{"verified":true}"#);
        assert!(heard.try_recv().is_err(), "the body is still in hand");
        drop(body);
        assert_eq!(heard.try_recv().unwrap().1, signal);
    }
}
