//! Terminals: images and tiers, create, change, power, delete, inspect, events.

use std::{convert::Infallible, time::Duration};

use axum::{
    extract::State,
    http::StatusCode,
    response::{
        IntoResponse, Response,
        sse::{self, KeepAlive, Sse},
    },
};
use futures_util::{Stream, StreamExt as _};
use protocol::{
    Page, Problem, TerminalId,
    events::Event,
    security::SecurityReport,
    terminals::{CreateTerminal, DeleteTerminal, Deletion, Image, OptionalCode, PatchTerminal, Stats, Terminal, Tier},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    http::{
        authn::SignedIn,
        error::ApiResult,
        extract::{Json, OptionalJson, PageParams, Query, TerminalPath},
    },
    services::Services,
    terminals::{self, Completion},
};

/// Interval of comments on an idle event stream, so that proxies do not close it.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// The routes of this file.
pub fn routes() -> OpenApiRouter<Services> {
    OpenApiRouter::new()
        .routes(routes!(images))
        .routes(routes!(tiers))
        .routes(routes!(list, create))
        .routes(routes!(get, patch, delete))
        .routes(routes!(start))
        .routes(routes!(stop))
        .routes(routes!(restart))
        .routes(routes!(security))
        .routes(routes!(stats))
        .routes(routes!(events))
}

/// Images that may be launched.
#[utoipa::path(
    get,
    path = "/api/images",
    tag = "terminals",
    params(PageParams),
    responses((status = 200, body = Page<Image>)),
)]
async fn images(
    State(services): State<Services>,
    SignedIn(_): SignedIn,
    Query(page): Query<PageParams>,
) -> ApiResult<Json<Page<Image>>> {
    Ok(Json(page.page_of(terminals::images(&services).await?, |image| image.name.to_string())?))
}

/// Tiers that may be launched, with their limits.
#[utoipa::path(
    get,
    path = "/api/tiers",
    tag = "terminals",
    params(PageParams),
    responses((status = 200, body = Page<Tier>)),
)]
async fn tiers(
    State(services): State<Services>,
    SignedIn(_): SignedIn,
    Query(page): Query<PageParams>,
) -> ApiResult<Json<Page<Tier>>> {
    Ok(Json(page.page_of(terminals::tiers(&services).await?, |tier| tier.name.to_string())?))
}

/// The caller's terminals, newest first.
#[utoipa::path(
    get,
    path = "/api/terminals",
    tag = "terminals",
    params(PageParams),
    responses((status = 200, body = Page<Terminal>)),
)]
async fn list(
    State(services): State<Services>,
    SignedIn(caller): SignedIn,
    Query(page): Query<PageParams>,
) -> ApiResult<Json<Page<Terminal>>> {
    Ok(Json(terminals::list(&services, &caller, page.position()?, page.limit()).await?))
}

/// Creates a terminal. 201 when its shell can be reached, 202 while the launch continues.
#[utoipa::path(post, path = "/api/terminals", tag = "terminals", request_body = CreateTerminal, responses(
    (status = 201, description = "Its shell can be reached", body = Terminal),
    (status = 202, description = "The launch continues", body = Terminal),
    (status = 409, description = "The quota is used up", body = Problem),
    (status = 422, description = "No such image or tier", body = Problem),
    (status = 503, description = "The engine does not answer", body = Problem)
))]
async fn create(
    State(services): State<Services>,
    SignedIn(caller): SignedIn,
    Json(ask): Json<CreateTerminal>,
) -> ApiResult<Response> {
    Ok(completion_response(StatusCode::CREATED, terminals::create(&services, &caller, ask).await?))
}

/// One terminal.
#[utoipa::path(
    get,
    path = "/api/terminals/{id}",
    tag = "terminals",
    params(("id" = TerminalId, Path)),
    responses((status = 200, body = Terminal), (status = 404, body = Problem)),
)]
async fn get(
    State(services): State<Services>,
    SignedIn(caller): SignedIn,
    TerminalPath(id): TerminalPath,
) -> ApiResult<Json<Terminal>> {
    Ok(Json(terminals::get(&services, &caller, id).await?))
}

/// Changes name or tier. A new tier takes effect while the terminal runs.
#[utoipa::path(
    patch,
    path = "/api/terminals/{id}",
    tag = "terminals",
    params(("id" = TerminalId, Path)),
    request_body = PatchTerminal,
    responses(
        (status = 200, body = Terminal),
        (status = 404, body = Problem),
        (status = 409, body = Problem),
        (status = 422, body = Problem),
        (status = 423, description = "It is locked, and there is neither a grant nor a code", body = Problem),
        (status = 429, description = "Too many wrong codes", body = Problem),
    ),
)]
async fn patch(
    State(services): State<Services>,
    SignedIn(caller): SignedIn,
    TerminalPath(id): TerminalPath,
    Json(patch): Json<PatchTerminal>,
) -> ApiResult<Json<Terminal>> {
    Ok(Json(terminals::change(&services, &caller, id, patch).await?))
}

/// Deletes a terminal with its home. A locked one needs a code.
#[utoipa::path(
    delete,
    path = "/api/terminals/{id}",
    tag = "terminals",
    params(("id" = TerminalId, Path)),
    request_body(content = Option<DeleteTerminal>),
    responses(
        (
            status = 202,
            description = "Nobody can attach any more; `gone` says whether its removal is already proven",
            body = Deletion,
        ),
        (status = 401, description = "Not signed in, or the code is wrong", body = Problem),
        (status = 409, body = Problem),
        (status = 423, description = "It is locked and no code was sent", body = Problem),
        (status = 429, description = "Too many wrong codes", body = Problem),
    ),
)]
async fn delete(
    State(services): State<Services>,
    SignedIn(caller): SignedIn,
    TerminalPath(id): TerminalPath,
    OptionalJson(body): OptionalJson<DeleteTerminal>,
) -> ApiResult<(StatusCode, Json<Deletion>)> {
    let deletion = terminals::delete(&services, &caller, id, body.code.as_ref()).await?;
    Ok((StatusCode::ACCEPTED, Json(deletion)))
}

/// Starts a stopped terminal.
#[utoipa::path(
    post,
    path = "/api/terminals/{id}/start",
    tag = "terminals",
    params(("id" = TerminalId, Path)),
    responses(
        (status = 200, body = Terminal),
        (status = 202, description = "Still starting", body = Terminal),
        (status = 409, body = Problem),
        (status = 422, description = "Its image or tier is not offered any more", body = Problem),
    ),
)]
async fn start(
    State(services): State<Services>,
    SignedIn(caller): SignedIn,
    TerminalPath(id): TerminalPath,
) -> ApiResult<Response> {
    Ok(completion_response(StatusCode::OK, terminals::start(&services, &caller, id).await?))
}

/// Stops a running terminal; its home stays.
#[utoipa::path(
    post,
    path = "/api/terminals/{id}/stop",
    tag = "terminals",
    params(("id" = TerminalId, Path)),
    request_body(content = Option<OptionalCode>),
    responses(
        (status = 200, body = Terminal),
        (status = 202, description = "Still stopping", body = Terminal),
        (status = 409, body = Problem),
        (status = 423, description = "It is locked, and there is neither a grant nor a code", body = Problem),
        (status = 429, description = "Too many wrong codes", body = Problem),
    ),
)]
async fn stop(
    State(services): State<Services>,
    SignedIn(caller): SignedIn,
    TerminalPath(id): TerminalPath,
    OptionalJson(body): OptionalJson<OptionalCode>,
) -> ApiResult<Response> {
    Ok(completion_response(StatusCode::OK, terminals::stop(&services, &caller, id, body.code.as_ref()).await?))
}

/// Stops a terminal and starts it again.
#[utoipa::path(
    post,
    path = "/api/terminals/{id}/restart",
    tag = "terminals",
    params(("id" = TerminalId, Path)),
    request_body(content = Option<OptionalCode>),
    responses(
        (status = 200, body = Terminal),
        (status = 202, description = "Still starting", body = Terminal),
        (status = 409, body = Problem),
        (status = 423, description = "It is locked, and there is neither a grant nor a code", body = Problem),
        (status = 429, description = "Too many wrong codes", body = Problem),
        (status = 422, description = "Its image or tier is not offered any more", body = Problem),
    ),
)]
async fn restart(
    State(services): State<Services>,
    SignedIn(caller): SignedIn,
    TerminalPath(id): TerminalPath,
    OptionalJson(body): OptionalJson<OptionalCode>,
) -> ApiResult<Response> {
    Ok(completion_response(StatusCode::OK, terminals::restart(&services, &caller, id, body.code.as_ref()).await?))
}

/// The hardening profile of one terminal: each control as requested, as seen outside and as seen inside.
#[utoipa::path(
    get,
    path = "/api/terminals/{id}/security",
    tag = "terminals",
    params(("id" = TerminalId, Path)),
    responses((status = 200, body = SecurityReport), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn security(
    State(services): State<Services>,
    SignedIn(caller): SignedIn,
    TerminalPath(id): TerminalPath,
) -> ApiResult<Json<SecurityReport>> {
    Ok(Json(terminals::security(&services, &caller, id).await?))
}

/// CPU, memory and processes against their limits.
#[utoipa::path(
    get,
    path = "/api/terminals/{id}/stats",
    tag = "terminals",
    params(("id" = TerminalId, Path)),
    responses((status = 200, body = Stats), (status = 404, body = Problem), (status = 409, body = Problem)),
)]
async fn stats(
    State(services): State<Services>,
    SignedIn(caller): SignedIn,
    TerminalPath(id): TerminalPath,
) -> ApiResult<Json<Stats>> {
    Ok(Json(terminals::stats(&services, &caller, id).await?))
}

/// Server-sent events: changes of the caller's terminals, as long as the login lasts. The `event:` name is the `kind`.
#[utoipa::path(
    get,
    path = "/api/events",
    tag = "terminals",
    responses(
        (status = 200, content_type = "text/event-stream", body = Event),
        (status = 429, description = "Too many streams of this login", body = Problem),
    ),
)]
async fn events(
    State(services): State<Services>,
    SignedIn(caller): SignedIn,
) -> ApiResult<Sse<impl Stream<Item = Result<sse::Event, Infallible>>>> {
    let stream = terminals::events(&services, caller).await?;
    Ok(Sse::new(stream.map(|event| Ok(encode(&event)))).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

fn encode(event: &Event) -> sse::Event {
    let kind = match event {
        Event::Terminal { .. } => "terminal",
        Event::Progress { .. } => "progress",
        Event::Deleted { .. } => "deleted",
        Event::Resync => "resync",
    };
    sse::Event::default().event(kind).data(serde_json::to_string(event).unwrap_or_default())
}

fn completion_response(done: StatusCode, completion: Completion) -> Response {
    match completion {
        Completion::Done(terminal) => (done, Json(terminal)).into_response(),
        Completion::InProgress(terminal) => (StatusCode::ACCEPTED, Json(terminal)).into_response(),
    }
}
