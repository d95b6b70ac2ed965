//! Enrolling and renewing, without HTTP.

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use swarm::content::DeviceId;
use uuid::Uuid;

use super::ca::{CaError, Request};
use super::db::{self, NewDevice, Redeemed};
use super::{DeviceKind, device_id, row_id};
use crate::audit::{Actor, Entry, Note, act, object};
use crate::auth::Secret;
use crate::db::is_duplicate;
use crate::problem::{Problem, Result};
use crate::state::App;

/// What an enrolment token begins with.
pub const TOKEN_PREFIX: &str = "dms_enroll_";

/// The longest name of a device, characters.
const NAME_MAX: usize = 100;

/// The longest word for how well a key is kept, bytes.
const LEVEL_MAX: usize = 32;

const HOUR_MS: i64 = 3600 * 1000;

/// Enrols a device with a token. The same key with the same token is the same device, so an
/// answer that was lost can be asked for again.
///
/// # Errors
/// The problem that the device is told.
pub async fn enroll(
    app: &App,
    token: &Secret,
    csr_pem: &str,
    name: &str,
    kind: DeviceKind,
    key_level: Option<&str>,
) -> Result<(DeviceId, String)> {
    let request = Request::check(csr_pem).map_err(ca_problem)?;
    let key_level = checked_level(key_level)?;
    let name = name.trim();
    if name.is_empty() || name.chars().count() > NAME_MAX || name.chars().any(is_unprintable) {
        return Err(
            Problem::invalid("invalid_name", "The device needs a name.").at(
                "/name",
                "length",
                format!("Give 1 to {NAME_MAX} printable characters."),
            ),
        );
    }
    let now = app.clock.now_ms();
    let new = NewDevice {
        id: Uuid::now_v7(),
        name: name.to_owned(),
        kind,
        key_hash: request.key_hash(),
        expires_ms: certificate_end(app, now),
        key_level,
    };
    let actor = Actor::device(device_id(new.id), &new.name);
    let entry = Entry::new(now, actor, act::DEVICE_ENROLLED, object("device", new.id));
    let note = Note::new(app.keys.audit(), entry);
    let redeemed = match db::redeem(&app.db, token.hash(), &new, &note).await {
        // The same request came twice at once and the other one enrolled the device.
        Err(error) if is_duplicate(&error) => {
            db::redeem(&app.db, token.hash(), &new, &note).await?
        }
        other => other?,
    };
    let Redeemed::Device(id) = redeemed else {
        tracing::info!(device.name = %new.name, "enrolment refused");
        return Err(Problem::new(
            http::StatusCode::FORBIDDEN,
            "enrollment_refused",
            "The enrolment token is unknown, used up or expired. Ask an administrator for a new one.",
        ));
    };
    let device = device_id(id);
    let certificate = app
        .ca
        .issue_device(device, &request, now, new.expires_ms)
        .map_err(Problem::internal)?;
    keep(app, device, &request, &certificate, now).await?;
    tracing::info!(device.id = %device, device.name = %new.name, "device enrolled");
    Ok((device, certificate))
}

/// Issues a device's next certificate, also for a new key.
///
/// # Errors
/// The problem that the device is told.
pub async fn renew(
    app: &App,
    device: DeviceId,
    csr_pem: &str,
    key_level: Option<&str>,
) -> Result<String> {
    let request = Request::check(csr_pem).map_err(ca_problem)?;
    let level = checked_level(key_level)?;
    let now = app.clock.now_ms();
    let end = certificate_end(app, now);
    let (row, key) = (row_id(device), request.key_hash());
    if !db::renew(&app.db, row, key, end, level.as_deref()).await? {
        return Err(super::caller::revoked());
    }
    let issued = app.ca.issue_device(device, &request, now, end);
    let certificate = issued.map_err(Problem::internal)?;
    keep(app, device, &request, &certificate, now).await?;
    Ok(certificate)
}

/// Keeps what was issued: receipts that the device signs are checked with it.
async fn keep(
    app: &App,
    device: DeviceId,
    request: &Request,
    certificate_pem: &str,
    now_ms: i64,
) -> Result<()> {
    let der = CertificateDer::from_pem_slice(certificate_pem.as_bytes());
    let der = der.map_err(Problem::internal)?;
    let (row, key) = (row_id(device), request.key_hash());
    Ok(db::keep_certificate(&app.db, row, key, &der, now_ms).await?)
}

/// Whether a character shows nothing itself but changes how others show: in a list of devices one could pass for
/// another.
fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// What a device says of its key: a word, one that this server does not know yet too.
fn checked_level(level: Option<&str>) -> Result<Option<String>> {
    let word = |level: &str| {
        let plain = level.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        plain && (1..=LEVEL_MAX).contains(&level.len())
    };
    match level {
        Some(level) if !word(level) => {
            Err(
                Problem::invalid("invalid_key_level", "The level of the key is not one.").at(
                    "/key_level",
                    "invalid_key_level",
                    "Give a word such as software, or leave it out.",
                ),
            )
        }
        level => Ok(level.map(str::to_owned)),
    }
}

fn certificate_end(app: &App, now_ms: i64) -> i64 {
    now_ms + i64::from(app.config.device.certificate_hours) * HOUR_MS
}

fn ca_problem(error: CaError) -> Problem {
    match error {
        CaError::Request | CaError::KeyKind => {
            let fix = error.to_string();
            Problem::invalid("invalid_csr", "The signing request cannot be used.").at(
                "/csr_pem",
                "invalid_csr",
                fix,
            )
        }
        other => Problem::internal(other),
    }
}
