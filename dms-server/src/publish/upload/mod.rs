//! Resumable uploads: tus 1.0.
//!
//! `POST` declares an upload, `PATCH` appends to it, `HEAD` asks how far it is, `DELETE` forgets it.
//! The last byte makes a title and its job in one transaction. An upload whose client went away is
//! reaped when its time is over.

pub mod checksum;
pub mod db;
pub mod desk;
pub mod headers;
pub mod master;
pub mod metadata;
pub mod refusal;
pub mod routes;
pub mod spool;
#[cfg(test)]
mod tests;

use std::io;
use std::time::Duration;

use axum::body::BodyDataStream;
use futures_util::StreamExt as _;
use swarm::content::TitleId;
use uuid::Uuid;

use self::db::{NewUpload, Upload};
use self::desk::Place;
use self::headers::{Append, Creation};
use self::metadata::Metadata;
use self::refusal::Refusal;
use self::spool::{Kept, Piece};
use crate::audit::{Actor, act, object};
use crate::events::Event;
use crate::publish::profiles;
use crate::state::App;

/// How long a body may stand still.
const IDLE: Duration = Duration::from_secs(60);
/// Uploads reaped between two questions to the database.
const BATCH: i64 = 100;
/// How old a file without an upload must be before it is removed: its upload may be just about to
/// be written.
const STRAY_AGE: Duration = Duration::from_secs(3600);

/// How an upload stands.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The upload as it was declared.
    pub upload: Upload,
    /// Bytes that are here, durably.
    pub offset: u64,
    /// The title it became.
    pub title: Option<TitleId>,
}

impl Standing {
    fn new(upload: Upload, offset: u64, title: Option<Uuid>) -> Self {
        let title = title.map(|id| TitleId(id.into_bytes()));
        Self {
            upload,
            offset,
            title,
        }
    }
}

/// Declares an upload.
///
/// # Errors
/// [`Refusal`]; nothing is left of it then.
pub async fn create(app: &App, owner: &str, asked: &Creation) -> Result<Standing, Refusal> {
    let id = Uuid::new_v4();
    let now_ms = app.clock.now_ms();
    let new = NewUpload {
        id,
        owner,
        node: &app.publish.node,
        bytes: asked.length,
        metadata: &asked.metadata,
        profile: profile(app, &asked.metadata).await?,
        now_ms,
        expires_ms: expiry(app),
    };
    app.publish.spool.create(id).await?;
    if let Err(refusal) = db::create(&app.db, &new, app.config.media.upload_quota_bytes).await {
        app.publish.spool.remove(id).await?;
        return Err(refusal);
    }
    tracing::info!(upload.id = %id, size_bytes = asked.length, "upload declared");
    standing(app, owner, id).await
}

/// The profile that is meant: by its id, or by its name.
async fn profile(app: &App, metadata: &Metadata) -> Result<Option<Uuid>, Refusal> {
    let Some(asked) = &metadata.profile else {
        return Ok(None);
    };
    let found = match asked.parse::<Uuid>() {
        Ok(id) => profiles::db::one(&app.db, id).await?,
        Err(_) => profiles::db::named(&app.db, &profiles::folded(asked)).await?,
    };
    if let Some(profile) = found {
        return Ok(Some(profile.id));
    }
    let known = profiles::db::all(&app.db).await?;
    let known: Vec<_> = known.into_iter().map(|profile| profile.name).collect();
    Err(Refusal::Profile {
        asked: asked.clone(),
        known: known.join(", "),
    })
}

/// How an upload stands. Whoever is writing to it is asked to stop: the caller has a newer
/// connection.
///
/// # Errors
/// [`Refusal`].
pub async fn standing(app: &App, owner: &str, id: Uuid) -> Result<Standing, Refusal> {
    let upload = find(app, owner, id).await?;
    let place = app.publish.desk.take(id).await?;
    settle(app, &place, upload).await
}

/// Appends a body. What came is kept, also when the body ends early, unless it has a checksum.
///
/// # Errors
/// [`Refusal`].
pub async fn append(
    app: &App,
    owner: &str,
    id: Uuid,
    asked: Append,
    body: BodyDataStream,
) -> Result<Standing, Refusal> {
    let upload = find(app, owner, id).await?;
    let place = app.publish.desk.take(id).await?;
    // A task of its own: when the connection breaks, this future is dropped, but what came must
    // still reach the disk before the next writer looks.
    let app = app.clone();
    let appended = tokio::spawn(async move {
        let before = settle(&app, &place, upload).await?;
        append_settled(&app, &place, before, asked, body).await
    });
    appended
        .await
        .map_err(|e| Refusal::Storage(io::Error::other(e)))?
}

async fn append_settled(
    app: &App,
    place: &Place,
    before: Standing,
    asked: Append,
    body: BodyDataStream,
) -> Result<Standing, Refusal> {
    let Standing { upload, offset, .. } = before;
    if asked.offset != offset {
        return Err(Refusal::Offset { offset });
    }
    let missing = upload.length() - offset;
    if asked.body_len.is_some_and(|length| length > missing) {
        return Err(Refusal::Overrun { missing });
    }
    if upload.title.is_some() {
        return Ok(Standing::new(upload.clone(), offset, upload.title));
    }
    let mut piece = app
        .publish
        .spool
        .piece(upload.id, offset, asked.checksum)
        .await?;
    let received = receive(place, &mut piece, body, missing).await;
    let kept = piece.finish(received.is_ok()).await?;
    if let Kept::To(end) = kept {
        app.metrics.uploaded(end.saturating_sub(offset));
    }
    db::postpone(&app.db, upload.id, expiry(app)).await?;
    app.events.emit(Event::UploadChanged(upload.id));
    received?;
    match kept {
        Kept::Nothing => Err(Refusal::ChecksumMismatch),
        Kept::To(offset) => complete(app, upload, offset).await,
    }
}

async fn receive(
    place: &Place,
    piece: &mut Piece,
    mut body: BodyDataStream,
    missing: u64,
) -> Result<(), Refusal> {
    let mut left = missing;
    loop {
        let next = tokio::select! {
            biased;
            () = place.wanted() => return Err(Refusal::Interrupted),
            next = tokio::time::timeout(IDLE, body.next()) => next,
        };
        let bytes = match next {
            Ok(Some(Ok(bytes))) => bytes,
            Ok(None) => return Ok(()),
            Ok(Some(Err(_))) | Err(_) => return Err(Refusal::Interrupted),
        };
        left = left
            .checked_sub(bytes.len() as u64)
            .ok_or(Refusal::Overrun { missing })?;
        piece.write(&bytes).await?;
    }
}

/// Forgets an upload. A title that was made of it stays.
///
/// # Errors
/// [`Refusal`].
pub async fn terminate(app: &App, owner: &str, id: Uuid) -> Result<(), Refusal> {
    let upload = find(app, owner, id).await?;
    let _place = app.publish.desk.take(id).await?;
    if upload.title.is_some() {
        // The job reads its source from the upload's file.
        return Err(Refusal::Finished);
    }
    app.publish.spool.remove(id).await?;
    db::remove(&app.db, id).await?;
    Ok(())
}

async fn find(app: &App, owner: &str, id: Uuid) -> Result<Upload, Refusal> {
    db::find(&app.db, id)
        .await?
        .filter(|upload| upload.owner == owner && upload.expires_ms > app.clock.now_ms())
        .ok_or(Refusal::NotFound)
}

/// The caller holds the place, so nobody writes.
async fn settle(app: &App, _place: &Place, upload: Upload) -> Result<Standing, Refusal> {
    // Read again: the one whose place it was may have finished the upload.
    let upload = db::find(&app.db, upload.id)
        .await?
        .ok_or(Refusal::NotFound)?;
    if upload.title.is_some() {
        let (offset, title) = (upload.length(), upload.title);
        return Ok(Standing::new(upload, offset, title));
    }
    let offset = app.publish.spool.settle(upload.id).await?;
    complete(app, upload, offset).await
}

/// Makes title and job once every byte is here.
async fn complete(app: &App, upload: Upload, offset: u64) -> Result<Standing, Refusal> {
    if offset < upload.length() {
        return Ok(Standing::new(upload, offset, None));
    }
    let title = Uuid::now_v7();
    let note = app
        .note(Actor::system(), act::TITLE_MADE, object("title", title))
        .with("name", upload.name.as_str())
        .with("owner", upload.owner.as_str());
    let title = db::finish(&app.db, upload.id, title, &note).await?;
    if let Some(title) = title {
        tracing::info!(upload.id = %upload.id, title.id = %title, "upload complete");
        app.events
            .emit(Event::TitleChanged(TitleId(title.into_bytes())));
        app.publish.wake.notify_one();
    }
    Ok(Standing::new(upload, offset, title))
}

/// Makes a title of a file that this server put into the spool itself under this id, whole and durably.
///
/// # Errors
/// [`Refusal`]; the file stays, and goes with the strays.
pub async fn adopt(
    app: &App,
    owner: &str,
    metadata: &Metadata,
    id: Uuid,
    length: u64,
) -> Result<TitleId, Refusal> {
    let new = NewUpload {
        id,
        owner,
        node: &app.publish.node,
        bytes: length,
        metadata,
        profile: profile(app, metadata).await?,
        now_ms: app.clock.now_ms(),
        expires_ms: expiry(app),
    };
    db::create(&app.db, &new, app.config.media.upload_quota_bytes).await?;
    let upload = db::find(&app.db, id).await?.ok_or(Refusal::NotFound)?;
    let standing = complete(app, upload, length).await?;
    standing.title.ok_or(Refusal::NotFound)
}

fn expiry(app: &App) -> i64 {
    let hours = i64::from(app.config.media.upload_hours);
    app.clock.now_ms() + hours * 3_600_000
}

/// After a start: an upload whose last byte came just before the end of the last run becomes its
/// title, and files without an upload go.
///
/// # Errors
/// The database or the disk failed.
pub async fn recover(app: &App) -> Result<(), Refusal> {
    for (id, length) in db::unfinished(&app.db, &app.publish.node).await? {
        // Whoever sends its bytes already finishes it, too.
        let Some(place) = app.publish.desk.take_free(id) else {
            continue;
        };
        let Some(upload) = db::find(&app.db, id).await? else {
            continue;
        };
        match settle(app, &place, upload).await {
            Ok(standing) => {
                tracing::debug!(upload.id = %id, offset = standing.offset, length, "upload found");
            }
            // Its file is gone; it expires.
            Err(Refusal::NotFound) => {}
            Err(other) => return Err(other),
        }
    }
    for id in app.publish.spool.strays(STRAY_AGE).await? {
        if db::find(&app.db, id).await?.is_none() {
            app.publish.spool.remove(id).await?;
        }
    }
    Ok(())
}

/// Removes uploads whose time is over, and sources that no job needs.
///
/// # Errors
/// The database or the disk failed.
pub async fn reap(app: &App) -> Result<(), Refusal> {
    let node = &app.publish.node;
    for id in db::spent(&app.db, node, app.clock.now_ms(), BATCH).await? {
        app.publish.spool.remove(id).await?;
        app.store
            .delete_master(id)
            .await
            .map_err(io::Error::other)?;
        db::released(&app.db, id).await?;
    }
    for id in db::expired(&app.db, node, app.clock.now_ms(), BATCH).await? {
        let _place = app.publish.desk.take(id).await?;
        app.publish.spool.remove(id).await?;
        db::remove(&app.db, id).await?;
        tracing::info!(upload.id = %id, "expired upload removed");
    }
    Ok(())
}
