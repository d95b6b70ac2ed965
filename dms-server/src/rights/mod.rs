//! Rights: who may see which title, and on which terms a licence is given.
//!
//! A title has a policy ([`body`]); subscriptions and rentals ([`plans`]) are what a person has beyond it. What is known of one
//! try is gathered here, and [`drm::rights::decide`] decides. Carrying is not viewing: chunks go to every enrolled
//! device, keys only to whom a policy names.

pub mod body;
pub mod db;
pub mod embed;
pub mod plans;
pub mod routes;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::net::IpAddr;

use drm::rights::{Id, Place, Policy, Track, Viewer, Viewing};
use swarm::content::{DeviceId, Manifest, TitleId, TrackKind};
use swarm::wire::Sharing;
use uuid::Uuid;

use self::body::PolicyBody;
use crate::ads;
use crate::auth::{Permission, Principal};
use crate::people;
use crate::problem::{Problem, Result};
use crate::publish::view;
use crate::state::App;

/// Where somebody asks from.
#[derive(Clone, Copy, Debug)]
pub enum From {
    /// From this address, as the public listener sees it.
    Address(Option<IpAddr>),
    /// From an enrolled device.
    Device(DeviceId, IpAddr),
}

/// The place of a caller. A device on the company's VPN says so itself; what it says can only take rights
/// away that its address would give.
#[must_use]
pub fn place(app: &App, from: From) -> Place {
    let (address, vpn) = match from {
        From::Address(address) => (address, false),
        From::Device(device, address) => {
            let status = app.sites.peer(device);
            (
                Some(address),
                status.is_some_and(|s| s.sharing == Sharing::Vpn),
            )
        }
    };
    match address.and_then(|address| app.sites.site_of(address)) {
        _ if vpn => Place::Vpn,
        Some(site) => Place::Site(site.0),
        None => Place::Elsewhere,
    }
}

/// A title's policy; one that nobody wrote allows everything but offline use.
///
/// # Errors
/// The database's.
pub async fn policy(app: &App, title: TitleId) -> Result<Policy> {
    let Some(row) = db::policy(&app.db, Uuid::from_bytes(title.0)).await? else {
        return Ok(Policy::default());
    };
    let body: PolicyBody = serde_json::from_str(&row.policy).map_err(Problem::internal)?;
    Ok(body.policy())
}

/// The person behind a caller; none for a token of the installation.
///
/// # Errors
/// The database's.
pub async fn viewer(app: &App, caller: &Principal) -> Result<Option<Viewer>> {
    let Some(id) = caller.person else {
        return Ok(None);
    };
    let previews = caller.may(Permission::Publish);
    person(app, id, previews).await
}

/// A person as a policy sees them; none when there is no such person.
///
/// # Errors
/// The database's.
pub async fn person(app: &App, id: Uuid, previews: bool) -> Result<Option<Viewer>> {
    let Some(row) = people::db::one(&app.db, id).await? else {
        return Ok(None);
    };
    let groups = people::groups::db::of_person(&app.db, id).await?;
    let groups: BTreeSet<Id> = groups.iter().map(|g| g.id.into_bytes()).collect();
    Ok(Some(Viewer {
        id: id.into_bytes(),
        groups,
        previews,
        suspended: row.active == 0,
    }))
}

/// The tracks of a version as a policy sees them.
#[must_use]
pub fn tracks(manifest: &Manifest) -> Vec<Track> {
    let height = |kind: &TrackKind| match kind {
        TrackKind::Video { height, .. } => Some(u32::from(*height)),
        _ => None,
    };
    let track = |t: &swarm::content::Track| Track {
        number: t.id.0,
        height: height(&t.kind),
    };
    manifest.tracks.iter().map(track).collect()
}

/// What is known of one try of a person, or of a device with nobody signed in.
///
/// # Errors
/// The database's.
pub async fn viewing(
    app: &App,
    title: TitleId,
    person: Option<Viewer>,
    place: Place,
    manifest: &Manifest,
    now_ms: i64,
) -> Result<Viewing> {
    let mut viewing = Viewing {
        place,
        now_ms: now_ms.unsigned_abs(),
        tracks: tracks(manifest),
        ..Viewing::default()
    };
    if let Some(person) = &person {
        let id = Uuid::from_bytes(person.id);
        viewing.subscriptions = plans::db::subscriptions_of(&app.db, id, now_ms).await?;
        viewing.rental = plans::db::rental_of(&app.db, id, Uuid::from_bytes(title.0)).await?;
    }
    viewing.person = person;
    Ok(viewing)
}

/// Answers 404 for a title that is not for the caller: who is not in its audience does not even learn its name. What
/// fills a break of theirs is.
///
/// # Errors
/// The problem, or the database's.
pub async fn require_audience(app: &App, caller: &Principal, title: TitleId) -> Result<()> {
    if sees_all(caller) {
        return Ok(());
    }
    let id = Uuid::from_bytes(title.0);
    let is_for = db::is_for(&app.db, id, caller.person).await?
        || ads::decide::admits(app, title, caller.person, None).await?;
    if is_for {
        Ok(())
    } else {
        Err(view::not_found())
    }
}

/// Whoever publishes sees every title; watching is another matter.
#[must_use]
pub fn sees_all(caller: &Principal) -> bool {
    caller.may(Permission::Publish)
}
