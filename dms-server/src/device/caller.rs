//! The policy of the device listener's routes: the device that the certificate names.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::FromRequestParts;
use http::StatusCode;
use http::request::Parts;
use swarm::content::DeviceId;

use super::{db, row_id};
use crate::net::Remote;
use crate::problem::{Problem, Result};
use crate::state::App;

/// An enrolled device that is not revoked.
#[derive(Clone, Debug)]
pub struct Device {
    /// Its id.
    pub id: DeviceId,
    /// What it called itself when it enrolled.
    pub name: Arc<str>,
    /// Where it calls from.
    pub remote: std::net::SocketAddr,
}

impl FromRequestParts<App> for Device {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let remote = parts.extensions.get::<Remote>().copied();
        let (id, addr) = remote
            .and_then(|r| Some((r.device?, r.addr)))
            .ok_or_else(|| Problem::unauthenticated("A device certificate is required."))?;
        let name = match app.known.get(id, Instant::now()) {
            Some(name) => name,
            None => {
                // The certificate outlives a revocation by up to a day; the database does not.
                let asked = Instant::now();
                let row = db::active(&app.db, row_id(id)).await?.ok_or_else(revoked)?;
                let name: Arc<str> = row.name.into();
                app.known.put(id, Arc::clone(&name), asked);
                name
            }
        };
        Ok(Self {
            id,
            name,
            remote: addr,
        })
    }
}

pub(super) fn revoked() -> Problem {
    Problem::new(
        StatusCode::FORBIDDEN,
        "device_revoked",
        "This device is not enrolled any more. Enrol it again.",
    )
}
