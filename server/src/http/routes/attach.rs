//! The terminal socket: every refusal before the upgrade, then a proof, a attached and the viewer.

use access::{Attach, Authorized, Caller, Denied};
use axum::{
    extract::{
        FromRequestParts, RawQuery, State,
        ws::{WebSocketUpgrade, rejection::WebSocketUpgradeRejection},
    },
    http::{Uri, request::Parts},
    response::Response,
};
use protocol::{
    ProblemKind, TerminalId,
    frame::{SUBPROTOCOL, Size},
    limits,
    names::Slug,
};
use sandbox::EngineError;
use serde::Deserialize;
use store::TerminalRow;
use terminal::{AttachError, AttachedClient};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::audit::AsActor as _;
use crate::problem::revocation_kind;
use crate::{
    audit::{self, AuditEvent, Entry},
    http::{
        authn,
        extract::{self, TerminalPath},
        origin,
        problem::{Answer, Refusal},
        ws,
    },
    services::Services,
};

/// Pane that is meant when none is named.
const PANE_DEFAULT: &str = "main";
/// A socket's own buffer for reading; what clients send is small.
const READ_BUFFER_BYTES: usize = 4 * 1024;

/// The routes of this file.
pub fn routes() -> OpenApiRouter<Services> {
    OpenApiRouter::new().routes(routes!(attach))
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    cols: Option<u16>,
    rows: Option<u16>,
    pane: Option<Slug>,
    from: Option<u64>,
}

impl Wanted {
    fn parse(query: Option<String>) -> Answer<Self> {
        // The extractor of queries reads them from a URI.
        let uri = Uri::builder().path_and_query(format!("/?{}", query.unwrap_or_default())).build().unwrap_or_default();
        axum::extract::Query::try_from_uri(&uri)
            .map(|axum::extract::Query(wanted)| wanted)
            .map_err(|e| extract::unreadable_query(&e))
    }

    /// `None` when the client names no size: then the pane's stays as it is.
    fn size(&self) -> Option<Size> {
        let (cols, rows) = limits::SIZE_DEFAULT;
        (self.cols.is_some() || self.rows.is_some())
            .then(|| Size::clamped(self.cols.unwrap_or(cols), self.rows.unwrap_or(rows)))
    }
}

/// A complete login, by a token that is not about to go, from a page of ours: checked in this order.
#[derive(Debug)]
struct Attaching(Caller);

impl FromRequestParts<Services> for Attaching {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, services: &Services) -> Result<Self, Refusal> {
        let caller = authn::current_token(parts, services).await?;
        // A browser names the origin of every WebSocket; a cookie without one did not come from a page (ASVS 4.4.2).
        if !parts.headers.contains_key("origin") || !origin::ours(&parts.headers, &services.origins) {
            return Err(Refusal::new(
                ProblemKind::ForeignOrigin,
                "Terminals are opened from Rexec's own pages. Programs send the Origin header of the public URL.",
            ));
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
    Attaching(who): Attaching,
    TerminalPath(id): TerminalPath,
    RawQuery(query): RawQuery,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Answer<Response> {
    let access = match services.gate.authorize(&who, id, Attach).await {
        Ok(access) => access,
        Err(denied) => {
            if matches!(denied, Denied::Locked) {
                note(&services, &who, &record(&services, id).await?, AuditEvent::TerminalAccessRefused).await?;
            }
            return Err(denied.into());
        }
    };
    let wanted = Wanted::parse(query)?;
    let upgrade = upgrade
        .map_err(|e| Refusal::new(ProblemKind::BadRequest, format!("{}. Open a WebSocket here.", e.body_text())))?
        .protocols([SUBPROTOCOL]);
    if upgrade.selected_protocol().is_none() {
        return Err(Refusal::new(
            ProblemKind::BadRequest,
            format!("The socket has no sub-protocol that is known here. Offer {SUBPROTOCOL}."),
        ));
    }
    let attached = tokio::select! {
        biased;
        reason = access.lease().ended() => return Err(Refusal::new(revocation_kind(reason), "Access ended while it was being opened.")),
        attached = attach_client(&services, &access, &wanted) => attached?,
    };
    // Without the event there is no socket.
    let row = record(&services, id).await?;
    note(&services, &who, &row, AuditEvent::TerminalAttached).await?;
    let tasks = services.tasks.clone();
    let serve = move |socket| {
        tasks.track_future(async move {
            let (db, shutdown) = (services.db.clone(), services.shutdown.clone());
            ws::run(socket, access, attached, db, shutdown, ws::Timeouts::default()).await;
            if let Err(Refusal(problem)) = note(&services, &who, &row, AuditEvent::TerminalDetached).await {
                tracing::warn!(%problem, terminal = %id, "the end of a socket is not in the trail");
            }
        })
    };
    Ok(upgrade
        .max_message_size(limits::CLIENT_FRAME_BYTES_MAX)
        .max_frame_size(limits::CLIENT_FRAME_BYTES_MAX)
        .read_buffer_size(READ_BUFFER_BYTES)
        .on_upgrade(serve))
}

async fn attach_client(services: &Services, access: &Authorized<Attach>, wanted: &Wanted) -> Answer<AttachedClient> {
    let link = services.runtime.link(access).await.map_err(|error| no_link(&error))?;
    let main = || Slug::parse(PANE_DEFAULT).map_err(|e| Refusal::new(ProblemKind::Internal, e.0));
    let pane = wanted.pane.clone().map_or_else(main, Ok)?;
    services.sessions.attach(access, link, &pane, wanted.size(), wanted.from).await.map_err(|error| {
        let kind = match error {
            AttachError::TooManyPanes | AttachError::TooManyClients => ProblemKind::QuotaReached,
            AttachError::NoAnswer | AttachError::NoShell(_) | AttachError::ShuttingDown => ProblemKind::Unavailable,
        };
        let next = match error {
            AttachError::TooManyPanes => "Close one and try again.",
            AttachError::TooManyClients => "Close one of the other windows and try again.",
            AttachError::NoShell(_) => "The image's login shell may be missing; restart the terminal.",
            AttachError::NoAnswer => {
                "Try again in a moment. If it stays like that, restart the terminal; its files are kept."
            }
            AttachError::ShuttingDown => "Try again in a moment; the shell is not lost.",
        };
        let said = error.to_string();
        let mut letters = said.chars();
        let said: String = letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect();
        Refusal::new(kind, format!("{said}. {next}"))
    })
}

fn no_link(error: &EngineError) -> Refusal {
    tracing::warn!(%error, "no link to a terminal");
    Refusal::new(
        ProblemKind::Unavailable,
        "The container engine does not answer for this terminal. Try again in a moment.",
    )
}

/// Who touched what is for an auditor. The record is read once, since the end of a socket may be the terminal's too.
async fn note(services: &Services, who: &Caller, row: &TerminalRow, event: AuditEvent) -> Answer<()> {
    let mut tx = services.db.begin().await?;
    let entry = Entry::new(event).about_terminal(row.id, &row.name, row.owner_id);
    let entry = if event == AuditEvent::TerminalAccessRefused { entry.failed() } else { entry };
    audit::append(&mut tx, services.clock.now(), &who.actor(), entry).await?;
    tx.commit().await?;
    Ok(())
}

async fn record(services: &Services, id: TerminalId) -> Answer<TerminalRow> {
    let mut tx = services.db.read().await?;
    let row = tx.terminal(id).await?.ok_or(Denied::NotFound)?;
    tx.commit().await?;
    Ok(row)
}
