//! The watches of devices that play without contact: which of them went back.
//!
//! A player keeps time and budgets in a sealed file ([`drm::lease`]). Whoever puts an older file back gets budgets back
//! with it. The next contact shows it, and from then on the device gets no licence for offline use until an administrator
//! has looked.

pub mod db;

use drm::lease::{Contact, Verdict};
use http::StatusCode;
use swarm::content::DeviceId;
use uuid::Uuid;

use crate::audit::{Actor, act, object};
use crate::problem::{Problem, Result};
use crate::state::App;

/// Whose watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The device.
    pub device: DeviceId,
    /// The person; none when nobody is signed in.
    pub person: Option<Uuid>,
}

/// Judges what a watch says of itself, and remembers it. A player that says nothing where one was known before has lost
/// its watch: that is going back, too.
///
/// # Errors
/// The database's.
pub async fn heard(app: &App, owner: Owner, contact: Option<Contact>) -> Result<Verdict> {
    let contact = contact.unwrap_or(Contact {
        counter: 0,
        mark_ms: 0,
    });
    let actor = Actor::system();
    let note = app.note(
        actor,
        act::WATCH_WENT_BACK,
        object("device", Uuid::from_bytes(owner.device.0)),
    );
    let note = note.with("person", owner.person.map(|id| id.to_string()));
    let verdict = db::heard(&app.db, owner, contact, &note).await?;
    if verdict == Verdict::WentBack {
        tracing::warn!(device.id = %owner.device, "a device's watch went back: no more licences for offline use");
    }
    Ok(verdict)
}

/// Refuses licences for offline use to a device whose watch went back.
///
/// # Errors
/// 403 `watch_went_back`; the database's.
pub async fn require(app: &App, owner: Owner, contact: Option<Contact>) -> Result<()> {
    match heard(app, owner, contact).await? {
        Verdict::Fine => Ok(()),
        Verdict::WentBack => Err(Problem::new(
            StatusCode::FORBIDDEN,
            "watch_went_back",
            "This PC's record of saved titles was restored from an older state or removed. Ask your administrator \
             to clear it, then save the title again.",
        )),
    }
}
