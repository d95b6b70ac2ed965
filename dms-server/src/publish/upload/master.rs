//! Masters: sources in the object store, so that a worker on another machine can do the job.
//!
//! A job begins with its source in the spool of the node that took the upload, and only that node's
//! workers may claim it. Where the store is shared, what still waits is put into it and the job is
//! opened to every node. The master goes when the job is over ([`super::reap`]).
//!
//! **Invariant:** a job is opened to others only after its master is stored whole, and the spooled
//! file goes only after that. A cut anywhere in between is repaired by doing it again.

use std::fs::File;
use std::io::Read as _;

use object_store::{ObjectStoreExt as _, PutPayload};
use uuid::Uuid;

use super::db;
use crate::config::Config;
use crate::state::App;
use crate::store::{StoreError, master_key};

/// Bytes of one part; S3 takes at most 10,000 parts, so this is enough for 160 GB.
const PART: u64 = 16 << 20;
/// Sources handed over between two other chores.
const BATCH: i64 = 4;

/// Why a source stayed where it is.
#[derive(Debug, thiserror::Error)]
pub enum HandOverError {
    /// The spooled file cannot be read.
    #[error("the spooled upload cannot be read: {0}")]
    Spool(#[from] std::io::Error),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Is the store one that other machines reach?
#[must_use]
pub fn is_wanted(config: &Config) -> bool {
    config.storage.url.starts_with("s3://")
}

/// Hands over sources that wait for a worker, where the store is shared.
///
/// # Errors
/// [`HandOverError`]; the job still waits, with its source in the spool.
pub async fn hand_over(app: &App) -> Result<(), HandOverError> {
    if !is_wanted(&app.config) {
        return Ok(());
    }
    hand_over_waiting(app).await
}

/// Hands over sources that wait for a worker.
///
/// # Errors
/// As [`hand_over`].
pub async fn hand_over_waiting(app: &App) -> Result<(), HandOverError> {
    for id in db::waiting(&app.db, &app.publish.node, BATCH).await? {
        put(app, id).await?;
        // When a worker here was quicker, the master stays unused until the job is over. It is not
        // removed here: another process over this folder may just have handed it over.
        if db::handed_over(&app.db, id).await? {
            app.publish.spool.remove(id).await?;
            tracing::info!(upload.id = %id, "source handed over to the store");
        }
    }
    Ok(())
}

async fn put(app: &App, id: Uuid) -> Result<(), HandOverError> {
    let path = app.publish.spool.path(id);
    let (mut part, mut file) = read(File::open(path)?).await?;
    let key = master_key(id);
    let store = app.store.objects();
    if (part.len() as u64) < PART {
        store
            .put(&key, part.into())
            .await
            .map_err(StoreError::from)?;
        return Ok(());
    }
    let mut upload = store.put_multipart(&key).await.map_err(StoreError::from)?;
    while !part.is_empty() {
        let stored = upload.put_part(PutPayload::from(part)).await;
        if let Err(error) = stored {
            // What was stored of it costs money until it is aborted; a failure to abort adds nothing.
            let _ = upload.abort().await;
            return Err(StoreError::from(error).into());
        }
        (part, file) = read(file).await?;
    }
    upload.complete().await.map_err(StoreError::from)?;
    Ok(())
}

/// One part at a time: memory stays at one part, whatever the source's length.
async fn read(mut file: File) -> Result<(Vec<u8>, File), std::io::Error> {
    let read = move || -> std::io::Result<(Vec<u8>, File)> {
        let mut part = Vec::new();
        (&mut file).take(PART).read_to_end(&mut part)?;
        Ok((part, file))
    };
    tokio::task::spawn_blocking(read)
        .await
        .map_err(std::io::Error::other)?
}
