//! The audit trail: search, export, verification.

use axum::{
    body::{Body, Bytes},
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use protocol::{
    Page, Problem, ProblemKind, Timestamp,
    admin::{AuditVerdict, AuditView, Outcome},
};
use serde::Deserialize;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    api::{
        extract::{Json, Query},
        login::Admin,
        problem::{Answer, Refusal},
    },
    audit::{self, Entry, Event, Search},
    services::Services,
};
use protocol::limits;

/// Events of one piece of the export.
const EXPORT_PIECE: u32 = 500;

pub(super) fn routes() -> OpenApiRouter<Services> {
    OpenApiRouter::new().routes(routes!(search)).routes(routes!(export)).routes(routes!(verify))
}

/// What to look for; absent or empty is anything.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// Event word, e.g. `terminal_mfa_locked`.
    event: Option<String>,
    /// Name of who did it.
    actor: Option<String>,
    /// `success` or `failure`.
    outcome: Option<Outcome>,
    /// Id of the terminal or account it was about.
    target: Option<String>,
    /// Not before.
    #[param(value_type = Option<String>)]
    from: Option<Timestamp>,
    /// Before.
    #[param(value_type = Option<String>)]
    until: Option<Timestamp>,
    /// `next` of the page before.
    after: Option<String>,
    /// Items wanted, at most 200.
    limit: Option<u32>,
}

/// Matching events, newest first.
#[utoipa::path(get, path = "/api/admin/audit", tag = "admin", params(Wanted), responses((status = 200, body = Page<AuditView>), (status = 400, body = Problem)))]
async fn search(
    State(services): State<Services>,
    _: Admin,
    Query(wanted): Query<Wanted>,
) -> Answer<Json<Page<AuditView>>> {
    let given = |text: Option<String>| text.filter(|t| !t.is_empty());
    let before =
        match given(wanted.after) {
            Some(cursor) => Some(cursor.parse().map_err(|_| {
                Refusal::new(ProblemKind::BadRequest, "`after` must be the `next` of the page before.")
            })?),
            None => None,
        };
    let what = Search {
        event: given(wanted.event),
        outcome: wanted.outcome,
        actor: given(wanted.actor),
        target: given(wanted.target),
        from: wanted.from,
        until: wanted.until,
        concerning: None,
    };
    let limit = wanted.limit.unwrap_or(limits::PAGE_ITEMS_DEFAULT).clamp(1, limits::PAGE_ITEMS_MAX);
    let page = audit::search(&services.db, &what, before, limit).await?;
    Ok(Json(Page { items: page.items, next: page.next.map(|seq| seq.to_string()) }))
}

/// The whole trail as JSON lines in the order of the chain, each with its hash.
#[utoipa::path(get, path = "/api/admin/audit/export", tag = "admin", responses((status = 200, description = "JSON lines", body = String, content_type = "application/x-ndjson")))]
async fn export(State(services): State<Services>, Admin(who): Admin) -> Answer<Response> {
    let entry = Entry::new(Event::AuditExported);
    audit::record(&services.db, services.clock.now(), &who.actor(), entry).await?;
    let db = services.db.clone();
    let pieces = futures_util::stream::try_unfold(0i64, move |seq| {
        let db = db.clone();
        async move {
            let piece = audit::export_after(&db, seq, EXPORT_PIECE).await.map_err(std::io::Error::other)?;
            Ok::<_, std::io::Error>(piece.map(|(last, lines)| (Bytes::from(lines), last)))
        }
    });
    let headers = [
        (header::CONTENT_TYPE, "application/x-ndjson"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"rexec-audit.jsonl\""),
    ];
    Ok((headers, Body::from_stream(pieces)).into_response())
}

/// Walks the hash chain.
#[utoipa::path(get, path = "/api/admin/audit/verify", tag = "admin", responses((status = 200, body = AuditVerdict)))]
async fn verify(State(services): State<Services>, _: Admin) -> Answer<Json<AuditVerdict>> {
    Ok(Json(audit::verify(&services.db).await?))
}
