//! Licences: track keys for one recipient, for a limited time, signed.
//!
//! Who may play what: every signed-in viewer and every enrolled device may play every complete title,
//! all tracks, for `media.license_hours`, in contact with the server.

pub mod db;
pub mod routes;
#[cfg(test)]
mod tests;

use drm::key::{Kek, TrackKey, WrapContext};
use drm::license::{Grant, IssueError, LicenseRequest, issue};
use swarm::content::{DeviceId, TitleId};
use uuid::Uuid;

use crate::observe::metrics::LicenseOutcome;
use crate::problem::{Problem, Result};
use crate::publish;
use crate::state::App;

/// The device of a licence whose recipient is a page's key.
const NO_DEVICE: DeviceId = DeviceId([0; 16]);

/// How far a device's clock may be behind the server's, milliseconds.
const CLOCK_SLACK_MS: i64 = 5 * 60 * 1000;

const HOUR_MS: i64 = 3600 * 1000;

/// Who asks for a licence.
#[derive(Clone, Debug)]
pub struct Licensee {
    /// The name of the token or of the device.
    pub subject: String,
    /// The device; none when a page's key plays it.
    pub device: Option<DeviceId>,
}

/// Issues a licence for the newest version of a title and records it.
///
/// # Errors
/// 400 for a key that gives no secret, 404 or 409 for a title that is not published.
pub async fn grant(
    app: &App,
    licensee: &Licensee,
    title: TitleId,
    request: &LicenseRequest,
) -> Result<Vec<u8>> {
    let issued = make(app, licensee, title, request).await;
    let outcome = match &issued {
        Ok(_) => LicenseOutcome::Issued,
        Err(problem) if problem.status.is_server_error() => LicenseOutcome::Failed,
        Err(_) => LicenseOutcome::Refused,
    };
    app.metrics.license(outcome);
    issued
}

async fn make(
    app: &App,
    licensee: &Licensee,
    title: TitleId,
    request: &LicenseRequest,
) -> Result<Vec<u8>> {
    publish::require_published(app, title).await?;
    let sealing = publish::sealing(app, title).await?.ok_or_else(|| {
        Problem::conflict("title_not_ready", "The title is not published (any more).")
    })?;
    let tenant = &app.config.keys.tenant;
    let kek = Kek::from_bytes(*app.keys.kek());
    let place = WrapContext {
        tenant,
        title: title.0,
        version: sealing.version,
    };
    let title_key = kek
        .unwrap(&sealing.wrapped_key, &place)
        .map_err(Problem::internal)?;
    let keys: Vec<(u16, TrackKey)> = sealing
        .tracks
        .iter()
        .map(|track| (track.0, title_key.track(track.0)))
        .collect();
    let keys: Vec<(u16, &TrackKey)> = keys.iter().map(|(track, key)| (*track, key)).collect();

    let id = Uuid::now_v7();
    let now = app.clock.now_ms();
    let expires = now + i64::from(app.config.media.license_hours) * HOUR_MS;
    let grant = Grant {
        license_id: id.into_bytes(),
        tenant: tenant.clone(),
        title: title.0,
        version: sealing.version,
        device: licensee.device.unwrap_or(NO_DEVICE).0,
        subject: licensee.subject.clone(),
        issued_ms: now.unsigned_abs(),
        not_before_ms: (now - CLOCK_SLACK_MS).unsigned_abs(),
        not_after_ms: expires.unsigned_abs(),
        // Nothing opens without contact to this server.
        offline_until_ms: now.unsigned_abs(),
        third_party_players: true,
    };
    let signer = app.keys.license_signer();
    let license = issue(
        &grant,
        &request.recipient_key,
        &keys,
        signer,
        &mut rand::rng(),
    )
    .map_err(refused)?;
    let row = db::LicenseRow {
        id,
        title: Uuid::from_bytes(title.0),
        version: sealing.version.cast_signed(),
        device: licensee.device.map(|device| Uuid::from_bytes(device.0)),
        subject: licensee.subject.clone(),
        issued_ms: now,
        expires_ms: expires,
    };
    // Recorded before it leaves: no licence is out that the record does not know.
    db::add(&app.db, &row).await?;
    Ok(license)
}

fn refused(error: IssueError) -> Problem {
    match error {
        IssueError::RecipientKey => Problem::invalid(
            "invalid_recipient_key",
            "The recipient's key cannot be used.",
        )
        .at("/recipient_key", "invalid_recipient_key", error.to_string()),
        other => Problem::internal(other),
    }
}
