//! The manifest of a published version, signed anew with other breaks.

use bytes::Bytes;
use swarm::content::{ChunkRef, Manifest, ManifestError, TitleId, chunks_of_object, cut_object};
use swarm::wire::MAX_MANIFEST_LEN;
use uuid::Uuid;

use super::db::{self, BreakRow, Heads};
use super::view::within;
use crate::problem::{Problem, Result};
use crate::publish::Published;
use crate::publish::pipeline::finish::VALID_MS;
use crate::state::App;

/// A manifest that is stored, and that nobody is told of yet.
#[derive(Debug)]
pub struct Signed {
    /// Its head, and the one that it replaces.
    pub heads: Heads,
    version: u64,
    bytes: Bytes,
}

/// Signs and stores the manifest of this version with these breaks. Its tracks are what they were: the
/// segments are sealed under the version, and stay.
///
/// # Errors
/// The database's or the store's; 400 when the manifest would be too long.
pub async fn anew(
    app: &App,
    title: TitleId,
    published: &Published,
    rows: &[BreakRow],
) -> Result<Signed> {
    let mut manifest = published.manifest.manifest().clone();
    manifest.breaks = within(rows, manifest.duration_ms);
    // Readers take the one that was signed last, whatever this server's clock says.
    let now_ms = app.clock.now_ms().unsigned_abs();
    manifest.created_ms = now_ms.max(manifest.created_ms + 1);
    manifest.expires_ms = manifest.created_ms + VALID_MS;
    let (bytes, refs) = signed(app, manifest).await?;
    let version = i64::try_from(published.version).map_err(Problem::internal)?;
    let id = Uuid::from_bytes(title.0);
    // First their rows: a chunk in the store is known to somebody who would remove it.
    if !db::note_chunks(&app.db, id, version, &refs).await? {
        return Err(crate::publish::view::not_found());
    }
    for (chunk, cut) in refs.iter().zip(cut_object(&bytes)) {
        app.store.put_chunk(chunk.id, bytes.slice(cut)).await?;
    }
    let after = minicbor::to_vec(&refs).map_err(Problem::internal)?;
    Ok(Signed {
        heads: Heads {
            version,
            before: published.head.clone(),
            after,
        },
        version: published.version,
        bytes,
    })
}

/// Signing hashes all of it: work for a thread that serves no requests.
async fn signed(app: &App, manifest: Manifest) -> Result<(Bytes, Vec<ChunkRef>)> {
    let key = app.keys.manifest_signer().clone();
    let sign = move || -> Result<_, ManifestError> {
        manifest.check()?;
        let bytes = manifest.sign(&key);
        let refs = chunks_of_object(&bytes);
        Ok((Bytes::from(bytes), refs))
    };
    let signed = tokio::task::spawn_blocking(sign).await;
    let (bytes, refs) = signed
        .map_err(Problem::internal)?
        .map_err(Problem::internal)?;
    if bytes.len() > MAX_MANIFEST_LEN {
        let detail = "With these breaks the title's manifest would be too long.";
        let fix = "Give fewer breaks, or some without splice messages.";
        return Err(Problem::invalid("invalid_breaks", detail).at("/breaks", "too_long", fix));
    }
    Ok((bytes, refs))
}

impl Signed {
    /// Keeps it by its name too, beside the chunks that count, and lets campaigns count those.
    pub(super) async fn keep(self, app: &App, title: TitleId) {
        if let Err(error) = app
            .store
            .put_manifest(title, self.version, self.bytes)
            .await
        {
            tracing::warn!(%title, %error, "a manifest is not stored by its name");
        }
        app.campaigns.stir();
    }
}
