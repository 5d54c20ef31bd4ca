//! Accounts, invitations, and the list of all terminals.

use axum::{extract::State, http::StatusCode};
use protocol::{
    InviteId, Page, Problem, UserId,
    admin::{AdminTerminal, InviteRequest, InviteView, OneTimeLink, UserPatch, UserView},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    admin::{system, users},
    http::{
        authn::Admin,
        error::ApiResult,
        extract::{IdPath, Json, PageParams, Query},
    },
    services::Services,
};

pub(super) fn routes() -> OpenApiRouter<Services> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(patch))
        .routes(routes!(reset_mfa))
        .routes(routes!(reset_link))
        .routes(routes!(invite))
        .routes(routes!(invites))
        .routes(routes!(revoke_invite))
        .routes(routes!(terminals))
}

/// Accounts, by name.
#[utoipa::path(
    get,
    path = "/api/admin/users",
    tag = "admin",
    params(PageParams),
    responses((status = 200, body = Page<UserView>), (status = 403, body = Problem)),
)]
async fn list(
    State(services): State<Services>,
    _: Admin,
    Query(page): Query<PageParams>,
) -> ApiResult<Json<Page<UserView>>> {
    Ok(Json(users::list(&services, &page.position()?, page.limit()).await?))
}

/// Changes role, disabling or quota of an account.
#[utoipa::path(
    patch,
    path = "/api/admin/users/{id}",
    tag = "admin",
    params(("id" = UserId, Path)),
    request_body = UserPatch,
    responses(
        (status = 200, body = UserView),
        (status = 404, body = Problem),
        (status = 409, description = "The last administrator", body = Problem),
        (status = 422, body = Problem),
    ),
)]
async fn patch(
    State(services): State<Services>,
    Admin(who): Admin,
    IdPath(id): IdPath<UserId>,
    Json(patch): Json<UserPatch>,
) -> ApiResult<Json<UserView>> {
    Ok(Json(users::patch(&services, &who, id, &patch).await?))
}

/// Removes an account's second factor; opens no locked terminal.
#[utoipa::path(
    post,
    path = "/api/admin/users/{id}/reset-mfa",
    tag = "admin",
    params(("id" = UserId, Path)),
    responses(
        (status = 200, body = UserView),
        (
            status = 409,
            description = "One's own, or after a password that was set by a link while terminals are locked",
            body = Problem,
        ),
    ),
)]
async fn reset_mfa(
    State(services): State<Services>,
    Admin(who): Admin,
    IdPath(id): IdPath<UserId>,
) -> ApiResult<Json<UserView>> {
    Ok(Json(users::reset_mfa(&services, &who, id).await?))
}

/// A one-time link to set a new password.
#[utoipa::path(
    post,
    path = "/api/admin/users/{id}/reset-link",
    tag = "admin",
    params(("id" = UserId, Path)),
    responses(
        (status = 201, body = OneTimeLink),
        (status = 409, description = "The factor was reset and terminals are still locked", body = Problem),
    ),
)]
async fn reset_link(
    State(services): State<Services>,
    Admin(who): Admin,
    IdPath(id): IdPath<UserId>,
) -> ApiResult<(StatusCode, Json<OneTimeLink>)> {
    Ok((StatusCode::CREATED, Json(users::reset_link(&services, &who, id).await?)))
}

/// A one-time link to create an account.
#[utoipa::path(
    post,
    path = "/api/admin/users/invite",
    tag = "admin",
    request_body = InviteRequest,
    responses((status = 201, body = OneTimeLink)),
)]
async fn invite(
    State(services): State<Services>,
    Admin(who): Admin,
    Json(request): Json<InviteRequest>,
) -> ApiResult<(StatusCode, Json<OneTimeLink>)> {
    Ok((StatusCode::CREATED, Json(users::invite(&services, &who, request.role).await?)))
}

/// Valid links.
#[utoipa::path(
    get,
    path = "/api/admin/invites",
    tag = "admin",
    params(PageParams),
    responses((status = 200, body = Page<InviteView>)),
)]
async fn invites(
    State(services): State<Services>,
    _: Admin,
    Query(page): Query<PageParams>,
) -> ApiResult<Json<Page<InviteView>>> {
    Ok(Json(page.page_of(users::open_links(&services).await?, |link| link.id.to_string())?))
}

/// Revokes a link.
#[utoipa::path(
    delete,
    path = "/api/admin/invites/{id}",
    tag = "admin",
    params(("id" = InviteId, Path)),
    responses((status = 204), (status = 404, body = Problem)),
)]
async fn revoke_invite(
    State(services): State<Services>,
    Admin(who): Admin,
    IdPath(id): IdPath<InviteId>,
) -> ApiResult<StatusCode> {
    users::revoke_link(&services, &who, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The terminals of all users: names and states, no content.
#[utoipa::path(
    get,
    path = "/api/admin/terminals",
    tag = "admin",
    params(PageParams),
    responses((status = 200, body = Page<AdminTerminal>)),
)]
async fn terminals(
    State(services): State<Services>,
    _: Admin,
    Query(page): Query<PageParams>,
) -> ApiResult<Json<Page<AdminTerminal>>> {
    Ok(Json(system::terminals(&services, page.position()?, page.limit()).await?))
}
