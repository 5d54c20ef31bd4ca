//! The audit log: search, export, verification.

use axum::{
    body::{Body, Bytes},
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use protocol::{
    Page, Problem,
    admin::{AuditVerdict, AuditView},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::audit::AsActor as _;
use crate::{
    audit::{self, AuditEvent, Entry},
    http::{
        authn::Admin,
        error::ApiResult,
        extract::{Json, Query},
        routes::audit::AuditParams,
    },
    services::Services,
};

/// Events per chunk of the export.
const EXPORT_CHUNK: u32 = 500;

pub(super) fn routes() -> OpenApiRouter<Services> {
    OpenApiRouter::new().routes(routes!(search)).routes(routes!(export)).routes(routes!(verify))
}

/// Matching events, newest first.
#[utoipa::path(
    get,
    path = "/api/admin/audit",
    tag = "admin",
    params(AuditParams),
    responses(
        (status = 200, body = Page<AuditView>),
        (status = 400, body = Problem),
        (status = 422, description = "The search took too long", body = Problem),
        (status = 429, description = "Other searches run", body = Problem)),
)]
async fn search(
    State(services): State<Services>,
    Admin(who): Admin,
    Query(params): Query<AuditParams>,
) -> ApiResult<Json<Page<AuditView>>> {
    Ok(Json(params.page(&services, who.user, None).await?))
}

/// The whole audit log as JSON lines in the order of the chain, each with its hash.
#[utoipa::path(
    get,
    path = "/api/admin/audit/export",
    tag = "admin",
    responses((status = 200, description = "JSON lines", body = String, content_type = "application/x-ndjson")),
)]
async fn export(State(services): State<Services>, Admin(who): Admin) -> ApiResult<Response> {
    let entry = Entry::new(AuditEvent::AuditExported);
    audit::record(&services.audit, services.clock.now(), &who.actor(), entry).await?;
    let db = services.db.clone();
    let chunks = futures_util::stream::try_unfold(0i64, move |seq| {
        let db = db.clone();
        async move {
            let chunk = audit::export_after(&db, seq, EXPORT_CHUNK).await.map_err(std::io::Error::other)?;
            Ok::<_, std::io::Error>(chunk.map(|(last, lines)| (Bytes::from(lines), last)))
        }
    });
    let headers = [
        (header::CONTENT_TYPE, "application/x-ndjson"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"rexec-audit.jsonl\""),
    ];
    Ok((headers, Body::from_stream(chunks)).into_response())
}

/// Verifies the chain: every event, and its end, with the key of the server.
#[utoipa::path(get, path = "/api/admin/audit/verify", tag = "admin", responses(
    (status = 200, body = AuditVerdict),
    (status = 429, description = "Other searches run", body = Problem)))]
async fn verify(State(services): State<Services>, Admin(who): Admin) -> ApiResult<Json<AuditVerdict>> {
    let _slot = services.searches.acquire(who.user).await?;
    Ok(Json(audit::verify(&services.audit, &[]).await?.verdict))
}
