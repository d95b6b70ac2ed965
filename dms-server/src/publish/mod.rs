//! Publishing: an upload becomes a title, a job makes its version, and the rest of the server asks
//! here what is published.
//!
//! - [`upload`]: resumable uploads into the spool folder;
//! - [`jobs`]: who works on what, under a lease;
//! - [`pipeline`]: one attempt, from the source to the publication;
//! - [`sweep`]: removes what attempts left that did not publish;
//! - [`library`]: what publishers say of titles;
//! - [`profiles`]: named ways to transcode;
//! - [`work`]: uploads and jobs in lists.
//!
//! **Invariant:** nothing of a title is visible before one transaction makes its version complete.

pub mod cache;
pub mod db;
pub mod jobs;
pub mod library;
pub mod pipeline;
pub mod profiles;
pub mod routes;
pub mod state;
pub mod storyboard;
pub mod sweep;
#[cfg(test)]
mod tests;
pub mod upload;
pub mod view;
pub mod work;

use std::io;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use swarm::content::{ChunkId, ChunkRef, Expect, TitleId, VerifiedManifest};
use swarm::wire::TitleHead;
use tokio::sync::Notify;

pub use self::jobs::run;
pub use self::routes::routes;
pub use self::state::TitleState;
use crate::auth::Principal;
use crate::config::Config;
use crate::problem::{Problem, Result};
use crate::rights::{require_audience, sees_all};
use crate::state::App;

/// The state of uploads and jobs in this process.
#[derive(Debug)]
pub struct Publish {
    /// Uploads on disk.
    pub spool: upload::spool::Spool,
    /// Who is writing to which upload.
    pub desk: upload::desk::Desk,
    /// Names the data folder: jobs whose source lies in its spool are for its workers alone.
    pub node: String,
    /// Told when there may be a job, or something to tidy up.
    pub wake: Notify,
    chunks: cache::Chunks,
    manifests: cache::Manifests,
    #[cfg(test)]
    pub(crate) steps: tests::Steps,
}

impl Publish {
    /// Opens the spool folder and reads the node's name, which the first start draws.
    ///
    /// # Errors
    /// What the file system says.
    pub fn open(config: &Config) -> io::Result<Self> {
        Ok(Self {
            spool: upload::spool::Spool::open(config.data.join("uploads"))?,
            desk: upload::desk::Desk::default(),
            node: jobs::node::name(&config.data)?,
            wake: Notify::new(),
            chunks: cache::Chunks::default(),
            manifests: cache::Manifests::default(),
            #[cfg(test)]
            steps: tests::Steps::default(),
        })
    }
}

impl Publish {
    /// Forgets what is kept of a title that was deleted.
    pub fn forget(&self, title: TitleId) {
        self.manifests.remove(title);
        self.chunks.clear();
    }
}

/// A published version.
#[derive(Debug)]
pub struct Published {
    /// Its number.
    pub version: u64,
    /// CBOR of the chunks of the signed manifest.
    pub head: Vec<u8>,
    /// The signed manifest.
    pub signed: Bytes,
    /// The same, read and checked.
    pub manifest: VerifiedManifest,
}

/// The newest complete version of a title and the chunks of its signed manifest.
///
/// # Errors
/// The database's.
pub async fn head(app: &App, title: TitleId) -> Result<Option<TitleHead>> {
    let Some(row) = db::published(&app.db, title).await? else {
        return Ok(None);
    };
    let manifest: Vec<ChunkRef> = minicbor::decode(&row.head).map_err(Problem::internal)?;
    Ok(Some(TitleHead {
        title,
        version: row.version.unsigned_abs(),
        manifest,
    }))
}

/// The length of a chunk that belongs to a complete version of a title or to its manifest. Other
/// chunks are not to be served.
///
/// # Errors
/// The database's.
pub async fn published_chunk(app: &App, chunk: ChunkId) -> Result<Option<u32>> {
    if let Some(length) = app.publish.chunks.get(chunk) {
        return Ok(Some(length));
    }
    let length = db::published_chunk(&app.db, chunk).await?;
    if let Some(length) = length {
        app.publish.chunks.insert(chunk, length);
    }
    Ok(length)
}

/// The newest complete version with its manifest, verified once and kept.
///
/// # Errors
/// The database's or the store's.
pub async fn published(app: &App, title: TitleId) -> Result<Option<Arc<Published>>> {
    let with_key = published_with_key(app, title).await?;
    Ok(with_key.map(|(published, _)| published))
}

/// A title key as the database has it.
#[derive(Debug)]
pub struct WrappedKey {
    /// The name of the KEK that wrapped it.
    pub kek: String,
    /// It.
    pub bytes: Vec<u8>,
}

/// The same with its wrapped title key.
///
/// # Errors
/// The database's or the store's.
pub async fn published_with_key(
    app: &App,
    title: TitleId,
) -> Result<Option<(Arc<Published>, WrappedKey)>> {
    let Some(row) = db::published(&app.db, title).await? else {
        return Ok(None);
    };
    let version = row.version.unsigned_abs();
    let wrapped = WrappedKey {
        kek: row.kek,
        bytes: row.wrapped_key,
    };
    if let Some(kept) = app.publish.manifests.get(title, version, &row.head) {
        return Ok(Some((kept, wrapped)));
    }
    let signed = signed(app, &row.head).await?;
    let expect = Expect {
        tenant: &app.config.keys.tenant,
        title,
        min_version: version,
    };
    let now_ms = app.clock.now_ms().unsigned_abs();
    let keys = app.keys.manifest_keys();
    let manifest =
        VerifiedManifest::verify(&signed, &keys, &expect, now_ms).map_err(Problem::internal)?;
    let published = Arc::new(Published {
        version,
        head: row.head,
        signed,
        manifest,
    });
    app.publish.manifests.insert(title, Arc::clone(&published));
    Ok(Some((published, wrapped)))
}

/// The manifest that a head names, from its chunks: what is stored by the version's name may be signed
/// earlier or later.
async fn signed(app: &App, head: &[u8]) -> Result<Bytes> {
    let chunks: Vec<ChunkRef> = minicbor::decode(head).map_err(Problem::internal)?;
    let mut signed = BytesMut::new();
    for chunk in chunks {
        let bytes = crate::origin::chunks::load(app, chunk.id, chunk.len).await?;
        signed.extend_from_slice(&bytes);
    }
    Ok(signed.freeze())
}

/// The signed manifest of the newest complete version, and its number.
///
/// # Errors
/// The database's or the store's.
pub async fn signed_manifest(app: &App, title: TitleId) -> Result<Option<(u64, Bytes)>> {
    let published = published(app, title).await?;
    Ok(published.map(|p| (p.version, p.signed.clone())))
}

/// A title that the caller sees: there, for them, and complete unless they publish; otherwise 404.
///
/// # Errors
/// The problem, or the database's.
pub async fn require_seen(app: &App, caller: &Principal, title: TitleId) -> Result<db::TitleRow> {
    let row = db::title(&app.db, title)
        .await?
        .ok_or_else(view::not_found)?;
    require_audience(app, caller, title).await?;
    if row.version.is_none() && !sees_all(caller) {
        return Err(view::not_found());
    }
    Ok(row)
}

/// A title that the caller may change.
///
/// # Errors
/// 404, 403, or the database's.
pub async fn require_changeable(
    app: &App,
    caller: &Principal,
    title: TitleId,
) -> Result<db::TitleRow> {
    let row = db::title(&app.db, title)
        .await?
        .ok_or_else(view::not_found)?;
    routes::may_change(caller, &row)?;
    Ok(row)
}

/// Answers 404 for a title that is not there and 409 for one that is not published (yet).
///
/// # Errors
/// The problem, or the database's.
pub async fn require_published(app: &App, title: TitleId) -> Result<Arc<Published>> {
    require_with_key(app, title)
        .await
        .map(|(published, _)| published)
}

/// The same with its wrapped title key.
///
/// # Errors
/// The problem, or the database's.
pub async fn require_with_key(app: &App, title: TitleId) -> Result<(Arc<Published>, WrappedKey)> {
    if let Some(found) = published_with_key(app, title).await? {
        return Ok(found);
    }
    match db::title(&app.db, title).await? {
        Some(row) => Err(view::not_ready(&row)),
        None => Err(view::not_found()),
    }
}
