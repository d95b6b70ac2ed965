//! `/api/v1/settings/portal`.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{FOR_YOU, db, for_you};
use crate::audit::act;
use crate::auth::SettingsAdmin;
use crate::extract::Json;
use crate::problem::{ProblemBody, Result};
use crate::state::App;

/// This part's routes.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(get_portal_settings, set_portal_settings))
}

/// What the portal does.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PortalSettings {
    /// Whether titles are proposed to people from what others liked.
    for_you: bool,
}

/// What the portal does.
#[utoipa::path(get, path = "/api/v1/settings/portal", tag = "portal", security(("token" = ["settings"])),
    responses((status = 200, body = PortalSettings)))]
async fn get_portal_settings(
    _: SettingsAdmin,
    State(app): State<App>,
) -> Result<Json<PortalSettings>> {
    Ok(Json(PortalSettings {
        for_you: for_you(&app.db).await?,
    }))
}

/// Says what the portal does.
#[utoipa::path(put, path = "/api/v1/settings/portal", tag = "portal", security(("token" = ["settings"])),
    responses((status = 200, body = PortalSettings), (status = 400, body = ProblemBody)))]
async fn set_portal_settings(
    SettingsAdmin(caller): SettingsAdmin,
    State(app): State<App>,
    Json(body): Json<PortalSettings>,
) -> Result<Json<PortalSettings>> {
    let value = if body.for_you { "on" } else { "off" };
    let note = app
        .note(&caller, act::SETTING_CHANGED, ("setting", FOR_YOU))
        .with("value", value);
    db::set(&app.db, FOR_YOU, value, &caller.subject, &note).await?;
    Ok(Json(body))
}
