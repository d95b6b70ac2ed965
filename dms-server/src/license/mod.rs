//! Licences: track keys for one recipient, for a limited time, signed.
//!
//! A title's policy decides who gets one, when, where and for which tracks ([`crate::rights`]). What was decided stands
//! in the licence, and in the record.

pub mod db;
pub mod recorder;
pub mod routes;
#[cfg(test)]
mod tests;

use drm::key::{TitleKey, TrackKey, WrapContext};
use drm::license::{Grant, IssueError, LicenseRequest, issue};
use drm::rights::{Denied, Policy, Terms, Viewer, Viewing, decide};
use http::StatusCode;
use swarm::content::{DeviceId, TitleId};
use uuid::Uuid;

use self::db::{Condition, LicenseRow};
use crate::audit::{Actor, act, object};
use crate::device::clock;
use crate::observe::metrics::LicenseOutcome;
use crate::problem::{Problem, Result};
use crate::publish::WrappedKey;
use crate::state::App;
use crate::{ads, publish, rights};

/// The device of a licence whose recipient is a page's key.
const NO_DEVICE: DeviceId = DeviceId([0; 16]);

/// How far a device's clock may be behind the server's, milliseconds.
const CLOCK_SLACK_MS: i64 = 5 * 60 * 1000;

const HOUR_MS: u64 = 3600 * 1000;

/// How long a licence lasts where streams are counted, milliseconds: a player that vanished counts no longer than this.
const COUNTED_LEASE_MS: u64 = 5 * 60 * 1000;

/// Who asks for a licence.
#[derive(Clone, Debug)]
pub struct Licensee {
    /// The name of the person, the token or the device.
    pub subject: String,
    /// The person, with their department; none when nobody is signed in.
    pub person: Option<(Viewer, String)>,
    /// The device; none when a page's key plays it.
    pub device: Option<DeviceId>,
    /// Where they ask from.
    pub from: rights::From,
    /// Who the log says it was.
    pub actor: Actor,
}

/// How long a licence under this policy lasts before it is renewed, milliseconds.
#[must_use]
pub fn lease_ms(app: &App, policy: &Policy) -> u64 {
    let most = u64::from(app.config.media.license_hours) * HOUR_MS;
    if policy.streams.is_some() {
        most.min(COUNTED_LEASE_MS)
    } else {
        most
    }
}

/// Issues a licence for the newest version of a title and records it.
///
/// # Errors
/// 400 for a key that gives no secret, 403 when the title's policy says no, 404 or 409 for a title that is not published.
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
    let (published, wrapped_key) = publish::require_with_key(app, title).await?;
    let now = app.clock.now_ms();
    let policy = policy(app, licensee, title).await?;
    let place = rights::place(app, licensee.from);
    let person = licensee.person.as_ref().map(|(viewer, _)| viewer.clone());
    let manifest = published.manifest.manifest();
    let mut viewing = rights::viewing(app, title, person, place, manifest, now).await?;
    viewing.offline_wanted = request.offline;
    if let Some(device) = licensee.device.filter(|_| request.offline) {
        let person = person_id(licensee);
        clock::require(app, clock::Owner { device, person }, request.watch).await?;
    }
    let id = Uuid::now_v7();
    let stream = count_streams(app, licensee, title, request, &policy, &mut viewing).await?;
    let terms = decide(&policy, &viewing, lease_ms(app, &policy)).map_err(denied)?;
    let grant = Grant {
        license_id: id.into_bytes(),
        tenant: app.config.keys.tenant.clone(),
        title: title.0,
        version: published.version,
        device: licensee.device.unwrap_or(NO_DEVICE).0,
        subject: licensee.subject.clone(),
        issued_ms: now.unsigned_abs(),
        not_before_ms: (now - CLOCK_SLACK_MS).unsigned_abs(),
        not_after_ms: terms.not_after_ms,
        offline_until_ms: terms.offline_until_ms,
        third_party_players: terms.third_party_players,
    };
    let title_key = title_key(app, &grant, &wrapped_key).await?;
    let license = seal(app, &grant, &title_key, request, &terms)?;
    // Recorded before it leaves: no license is out that the record does not know.
    record(app, licensee, &grant, stream.unwrap_or(id), &policy, &terms).await?;
    Ok(license)
}

/// The policy that holds: what fills a break of somebody's playback plays for them, whatever its own policy says.
async fn policy(app: &App, licensee: &Licensee, title: TitleId) -> Result<Policy> {
    if ads::decide::admits(app, title, person_id(licensee), device_id(licensee)).await? {
        return Ok(Policy::default());
    }
    rights::policy(app, title).await
}

/// Puts into `viewing` what plays already, where that counts; answers the stream that this licence is to go on with.
async fn count_streams(
    app: &App,
    licensee: &Licensee,
    title: TitleId,
    request: &LicenseRequest,
    policy: &Policy,
    viewing: &mut Viewing,
) -> Result<Option<Uuid>> {
    let now = viewing.now_ms.cast_signed();
    let (person, device) = (person_id(licensee), device_id(licensee));
    let before = match request.renews.as_deref().map(Uuid::parse_str) {
        Some(Ok(id)) => db::one(&app.db, id).await?,
        _ => None,
    };
    // Of somebody else, or over: then it is a stream like any new one.
    let before = before.filter(|row| {
        row.title.into_bytes() == title.0
            && (row.person, row.device) == (person, device)
            && row.ended_ms.is_none()
            && row.expires_ms > now
    });
    if policy.streams.is_some() {
        let plays = db::streams(&app.db, person, device, now).await?;
        viewing.active_streams = u16::try_from(plays).unwrap_or(u16::MAX);
        viewing.renewal = before.is_some();
    }
    Ok(before.and_then(|row| row.stream))
}

async fn title_key(app: &App, grant: &Grant, wrapped: &WrappedKey) -> Result<TitleKey> {
    let place = WrapContext {
        tenant: &grant.tenant,
        title: grant.title,
        version: grant.version,
    };
    // The older KEK of a title that a rotation has not come to stays readable.
    let kek = app.keys.keks().named(&wrapped.kek).await?;
    kek.unwrap(&wrapped.bytes, &place)
        .map_err(Problem::internal)
}

fn seal(
    app: &App,
    grant: &Grant,
    title_key: &TitleKey,
    request: &LicenseRequest,
    terms: &Terms,
) -> Result<Vec<u8>> {
    let keys: Vec<(u16, TrackKey)> = terms
        .tracks
        .iter()
        .map(|track| (*track, title_key.track(*track)))
        .collect();
    let keys: Vec<(u16, &TrackKey)> = keys.iter().map(|(track, key)| (*track, key)).collect();
    let signer = app.keys.license_signer();
    issue(
        grant,
        &request.recipient_key,
        &keys,
        signer,
        &mut rand::rng(),
    )
    .map_err(refused)
}

async fn record(
    app: &App,
    licensee: &Licensee,
    grant: &Grant,
    stream: Uuid,
    policy: &Policy,
    terms: &Terms,
) -> Result<()> {
    let department = licensee.person.as_ref().map(|(_, name)| name.clone());
    let row = LicenseRow {
        id: Uuid::from_bytes(grant.license_id),
        title: Uuid::from_bytes(grant.title),
        version: grant.version.cast_signed(),
        device: device_id(licensee),
        person: person_id(licensee),
        department: department.unwrap_or_default(),
        subject: licensee.subject.clone(),
        stream: Some(stream),
        issued_ms: grant.issued_ms.cast_signed(),
        expires_ms: grant.not_after_ms.cast_signed(),
        offline_until_ms: grant.offline_until_ms.cast_signed(),
        ended_ms: None,
    };
    let condition = Condition {
        streams: policy.streams,
        starts_rental: terms.starts_rental,
    };
    let note = app
        .note(
            licensee.actor.clone(),
            act::LICENSE_ISSUED,
            object("license", row.id),
        )
        .with("title", row.title.to_string())
        .with("until_ms", row.expires_ms);
    if condition.streams.is_none() && !condition.starts_rental {
        return recorder::add(app, row, note.into_entry()).await;
    }
    if db::add(&app.db, &row, condition, &note).await? {
        return Ok(());
    }
    let most = policy.streams.unwrap_or_default();
    Err(denied(Denied::TooManyStreams { most }))
}

fn person_id(licensee: &Licensee) -> Option<Uuid> {
    let person = licensee.person.as_ref();
    person.map(|(viewer, _)| Uuid::from_bytes(viewer.id))
}

fn device_id(licensee: &Licensee) -> Option<Uuid> {
    licensee.device.map(|device| Uuid::from_bytes(device.0))
}

fn denied(why: Denied) -> Problem {
    let mut sentence = why.to_string();
    if let Some(first) = sentence.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    Problem::new(StatusCode::FORBIDDEN, why.code(), format!("{sentence}."))
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
