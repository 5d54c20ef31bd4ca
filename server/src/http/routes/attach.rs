//! The route of the terminal socket: authorization and validation before the upgrade, then the transport.

use access::{Attach, Authorized, Caller, Denied};
use axum::{
    extract::{
        Extension, FromRequestParts, RawQuery, State,
        ws::{WebSocketUpgrade, rejection::WebSocketUpgradeRejection},
    },
    http::{Uri, request::Parts},
    response::Response,
};
use protocol::{
    TerminalId,
    frame::{SUBPROTOCOL, Size},
    limits,
    names::Slug,
};
use serde::Deserialize;
use store::TerminalRow;
use terminal::AttachedClient;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::audit::AsActor as _;
use crate::problem::{RequestError, engine_unreachable, ws::revoked_while_attaching};
use crate::{
    audit::{self, AuditEvent, Entry},
    http::{
        authn,
        error::{ApiError, ApiResult},
        extract::TerminalPath,
        origin,
        tcp::Connection,
        ws,
    },
    services::Services,
};

/// Default pane.
const PANE_DEFAULT: &str = "main";
/// Read buffer of a socket; messages of clients are small.
const READ_BUFFER_BYTES: usize = 4 * 1024;

/// The routes of this file.
pub fn routes() -> OpenApiRouter<Services> {
    OpenApiRouter::new().routes(routes!(attach))
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct AttachParams {
    cols: Option<u16>,
    rows: Option<u16>,
    pane: Option<Slug>,
    from: Option<u64>,
}

impl AttachParams {
    fn parse(query: Option<String>) -> ApiResult<Self> {
        // The extractor of queries reads them from a URI.
        let uri = Uri::builder().path_and_query(format!("/?{}", query.unwrap_or_default())).build().unwrap_or_default();
        axum::extract::Query::try_from_uri(&uri)
            .map(|axum::extract::Query(params)| params)
            .map_err(|e| RequestError::InvalidQuery(e.body_text()).into())
    }

    /// `None` when the request has no size; then the size of the pane does not change.
    fn size(&self) -> Option<Size> {
        let (cols, rows) = limits::SIZE_DEFAULT;
        (self.cols.is_some() || self.rows.is_some())
            .then(|| Size::clamped(self.cols.unwrap_or(cols), self.rows.unwrap_or(rows)))
    }
}

/// A complete login, with its current token, from one of Rexec's own pages.
#[derive(Debug)]
struct AttachCaller(Caller);

impl FromRequestParts<Services> for AttachCaller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, services: &Services) -> Result<Self, ApiError> {
        let caller = authn::current_token(parts, services).await?;
        // Browsers send the origin with every WebSocket request (ASVS 4.4.2).
        if !parts.headers.contains_key("origin") || !origin::is_own(&parts.headers, &services.origins) {
            return Err(RequestError::ForeignSocket.into());
        }
        Ok(Self(caller))
    }
}

/// Opens the terminal socket. Sub-protocol `rexec.v1`, binary frames.
#[utoipa::path(get, path = "/api/terminals/{id}/attach", tag = "terminals", params(
    ("id" = TerminalId, Path),
    ("cols" = Option<u16>, Query, description = "Width in cells"),
    ("rows" = Option<u16>, Query, description = "Height in cells"),
    ("pane" = Option<String>, Query, description = "Pane to open or join; `main` when absent"),
    ("from" = Option<u64>, Query, description = "First position the client does not have; absent: a redraw")),
    responses(
    (status = 101, description = "The socket is open"),
    (status = 400, body = protocol::Problem),
    (status = 401, body = protocol::Problem),
    (status = 403, description = "Foreign origin", body = protocol::Problem),
    (status = 404, description = "Not there, or not yours", body = protocol::Problem),
    (status = 409, description = "Not running", body = protocol::Problem),
    (status = 423, description = "Locked with MFA", body = protocol::Problem),
    (status = 503, description = "Engine or database do not answer", body = protocol::Problem)))]
async fn attach(
    State(services): State<Services>,
    AttachCaller(who): AttachCaller,
    TerminalPath(id): TerminalPath,
    RawQuery(query): RawQuery,
    Extension(tcp): Extension<Connection>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> ApiResult<Response> {
    let access = match services.gate.authorize(&who, id, Attach).await {
        Ok(access) => access,
        Err(denied) => {
            if matches!(denied, Denied::Locked) {
                record_event(&services, &who, &record(&services, id).await?, AuditEvent::TerminalAccessRefused).await?;
            }
            return Err(denied.into());
        }
    };
    let params = AttachParams::parse(query)?;
    let upgrade =
        upgrade.map_err(|rejection| RequestError::NotWebSocket(rejection.body_text()))?.protocols([SUBPROTOCOL]);
    if upgrade.selected_protocol().is_none() {
        return Err(RequestError::UnknownProtocol(SUBPROTOCOL).into());
    }
    let attached = tokio::select! {
        biased;
        reason = access.lease().ended() => return Err(ApiError(revoked_while_attaching(reason))),
        attached = attach_client(&services, &access, &params) => attached?,
    };
    // The event is written before the upgrade: no socket without its event.
    let row = record(&services, id).await?;
    record_event(&services, &who, &row, AuditEvent::TerminalAttached).await?;
    let tasks = services.tasks.clone();
    let serve = move |socket| {
        tasks.track_future(async move {
            let (db, shutdown) = (services.db.clone(), services.shutdown.clone());
            ws::run((socket, Some(tcp)), access, attached, db, shutdown, ws::Timeouts::default()).await;
            if let Err(ApiError(problem)) = record_event(&services, &who, &row, AuditEvent::TerminalDetached).await {
                rates::limited!(suppressed => tracing::warn!(suppressed, %problem, terminal = %id, "the end of a socket is not in the audit log"));
            }
        })
    };
    Ok(upgrade
        .max_message_size(limits::CLIENT_FRAME_BYTES_MAX)
        .max_frame_size(limits::CLIENT_FRAME_BYTES_MAX)
        .read_buffer_size(READ_BUFFER_BYTES)
        .on_upgrade(serve))
}

async fn attach_client(
    services: &Services,
    access: &Authorized<Attach>,
    params: &AttachParams,
) -> ApiResult<AttachedClient> {
    let link = services.engine.link(access).await.map_err(|error| ApiError(engine_unreachable(&error)))?;
    let main = || Slug::parse(PANE_DEFAULT).map_err(RequestError::DefaultPane);
    let pane = params.pane.clone().map_or_else(main, Ok)?;
    Ok(services.sessions.attach(access, link, &pane, params.size(), params.from).await?)
}

/// Records the audit event of a socket. The record is passed, because the terminal may be deleted when its socket ends.
async fn record_event(services: &Services, who: &Caller, row: &TerminalRow, event: AuditEvent) -> ApiResult<()> {
    let entry = Entry::new(event).about_terminal(row.id, &row.name, row.owner_id);
    let entry = if event == AuditEvent::TerminalAccessRefused { entry.failed() } else { entry };
    audit::record(&services.audit, services.clock.now(), &who.actor(), entry).await?;
    Ok(())
}

async fn record(services: &Services, id: TerminalId) -> ApiResult<TerminalRow> {
    let mut tx = services.db.read().await?;
    let row = tx.terminal(id).await?.ok_or(Denied::NotFound)?;
    tx.commit().await?;
    Ok(row)
}
