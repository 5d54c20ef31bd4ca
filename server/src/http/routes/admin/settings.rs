//! Settings, images, tiers, and the system page.

use axum::extract::State;
use protocol::{
    Page, Problem,
    admin::{AdminImage, ImageEdit, Settings, System, TierEdit},
    names::Slug,
    terminals::Tier,
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    admin::{catalogue, settings, system},
    http::{
        authn::Admin,
        error::ApiResult,
        extract::{Json, PageParams, Query, SlugPath},
    },
    services::Services,
};

pub(super) fn routes() -> OpenApiRouter<Services> {
    OpenApiRouter::new()
        .routes(routes!(get, put))
        .routes(routes!(images))
        .routes(routes!(put_image))
        .routes(routes!(tiers))
        .routes(routes!(put_tier))
        .routes(routes!(system))
}

/// The organisation's settings.
#[utoipa::path(get, path = "/api/admin/settings", tag = "admin", responses((status = 200, body = Settings)))]
async fn get(State(services): State<Services>, _: Admin) -> ApiResult<Json<Settings>> {
    Ok(Json(settings::get(&services).await?))
}

/// Replaces the organisation's settings.
#[utoipa::path(
    put,
    path = "/api/admin/settings",
    tag = "admin",
    request_body = Settings,
    responses((status = 200, body = Settings), (status = 422, body = Problem)),
)]
async fn put(
    State(services): State<Services>,
    Admin(who): Admin,
    Json(new): Json<Settings>,
) -> ApiResult<Json<Settings>> {
    Ok(Json(settings::put(&services, &who, new).await?))
}

/// Every image, offered or not.
#[utoipa::path(
    get,
    path = "/api/admin/images",
    tag = "admin",
    params(PageParams),
    responses((status = 200, body = Page<AdminImage>)),
)]
async fn images(
    State(services): State<Services>,
    _: Admin,
    Query(page): Query<PageParams>,
) -> ApiResult<Json<Page<AdminImage>>> {
    Ok(Json(page.page_of(catalogue::images(&services).await?, |image| image.name.to_string())?))
}

/// Changes how an image is offered, or offers a new one.
#[utoipa::path(
    put,
    path = "/api/admin/images/{name}",
    tag = "admin",
    params(("name" = Slug, Path)),
    request_body = ImageEdit,
    responses((status = 200, body = AdminImage), (status = 422, body = Problem)),
)]
async fn put_image(
    State(services): State<Services>,
    Admin(who): Admin,
    SlugPath(name): SlugPath,
    Json(edit): Json<ImageEdit>,
) -> ApiResult<Json<AdminImage>> {
    Ok(Json(catalogue::put_image(&services, &who, name, edit).await?))
}

/// Every tier.
#[utoipa::path(
    get,
    path = "/api/admin/tiers",
    tag = "admin",
    params(PageParams),
    responses((status = 200, body = Page<Tier>)),
)]
async fn tiers(
    State(services): State<Services>,
    _: Admin,
    Query(page): Query<PageParams>,
) -> ApiResult<Json<Page<Tier>>> {
    Ok(Json(page.page_of(catalogue::tiers(&services).await?, |tier| tier.name.to_string())?))
}

/// Changes a tier, or adds one.
#[utoipa::path(
    put,
    path = "/api/admin/tiers/{name}",
    tag = "admin",
    params(("name" = Slug, Path)),
    request_body = TierEdit,
    responses((status = 200, body = Tier), (status = 422, body = Problem)),
)]
async fn put_tier(
    State(services): State<Services>,
    Admin(who): Admin,
    SlugPath(name): SlugPath,
    Json(edit): Json<TierEdit>,
) -> ApiResult<Json<Tier>> {
    Ok(Json(catalogue::put_tier(&services, &who, name, edit).await?))
}

/// Findings about the host.
#[utoipa::path(get, path = "/api/admin/system", tag = "admin", responses((status = 200, body = System)))]
async fn system(State(services): State<Services>, _: Admin) -> ApiResult<Json<System>> {
    Ok(Json(system::system(&services).await?))
}
