//! The manifest and the pictures of a version whose segments are all stored.
//!
//! The manifest has the breaks that the title has by then. Those may change until the publication, which
//! then refuses; it is signed once more.

use bytes::Bytes;
use dms_transcoder_protocol::{FailureCode, Poster, Sprites};
use swarm::content::{Manifest, ManifestError, TitleKind, Track, cut_object};
use swarm::wire::MAX_MANIFEST_LEN;

use super::seal::Sealer;
use super::{Attempt, AttemptError};
use crate::ads::breaks;
use crate::publish::storyboard::SpriteSheet;
use crate::store::Image;

/// How long a manifest is valid, milliseconds. Nobody signs one anew because it is old, so it outlives what
/// anybody keeps.
pub const VALID_MS: u64 = 20 * 365 * 24 * 3600 * 1000;

/// What was made of a source.
pub struct Made {
    /// A video or a file.
    pub kind: TitleKind,
    /// Playing time, milliseconds.
    pub duration_ms: u64,
    /// The tracks, every segment stored.
    pub tracks: Vec<Track>,
    /// A picture that stands for the title.
    pub poster: Option<Poster>,
    /// Small pictures for the seek bar.
    pub sprites: Option<Sprites>,
}

/// What a publication needs to know.
pub struct Finished {
    /// CBOR of the chunks of the signed manifest.
    pub head: Vec<u8>,
    /// JSON of the sprite sheet's geometry.
    pub sprites: Option<String>,
    /// Playing time, milliseconds.
    pub duration_ms: u64,
    /// The edition of the breaks that the manifest has.
    pub breaks: i64,
}

/// A manifest that nobody signed yet.
pub struct Draft {
    manifest: Manifest,
    sprites: Option<String>,
}

/// Stores the pictures, and puts together what is to be signed.
///
/// # Errors
/// [`AttemptError`].
pub async fn draft(attempt: &Attempt, made: Made) -> Result<Draft, AttemptError> {
    let sprites = store_pictures(attempt, &made).await?;
    let manifest = Manifest {
        format: Manifest::FORMAT,
        tenant: attempt.app.config.keys.tenant.clone(),
        title: attempt.title,
        version: attempt.version,
        kind: made.kind,
        created_ms: 0,
        expires_ms: 0,
        duration_ms: made.duration_ms,
        tracks: made.tracks,
        breaks: Vec::new(),
    };
    Ok(Draft { manifest, sprites })
}

/// Signs the manifest and stores it, as an object of the swarm and by its name.
///
/// # Errors
/// [`AttemptError`].
pub async fn finish(
    attempt: &Attempt,
    sealer: &Sealer<'_>,
    draft: &mut Draft,
) -> Result<Finished, AttemptError> {
    let duration_ms = draft.manifest.duration_ms;
    let rows = breaks::db::of_title(&attempt.app.db, attempt.claim.title).await?;
    draft.manifest.breaks = breaks::view::within(&rows, duration_ms);
    let left_out = rows.len() - draft.manifest.breaks.len();
    if left_out > 0 {
        tracing::warn!(title.id = %attempt.title, left_out, "breaks behind the end of the title are removed");
    }
    let signed = sign(attempt, &mut draft.manifest).await?;
    let chunks = cut_object(&signed).map(|cut| signed.slice(cut)).collect();
    let refs = sealer.store(chunks).await?;
    let Attempt {
        app,
        title,
        version,
        ..
    } = attempt;
    app.store.put_manifest(*title, *version, signed).await?;
    let head = minicbor::to_vec(&refs).unwrap_or_default();
    Ok(Finished {
        head,
        sprites: draft.sprites.clone(),
        duration_ms,
        breaks: breaks::db::edition(&rows),
    })
}

async fn sign(attempt: &Attempt, manifest: &mut Manifest) -> Result<Bytes, AttemptError> {
    // Signed a second time, it is signed later.
    let now_ms = attempt.app.clock.now_ms().unsigned_abs();
    manifest.created_ms = now_ms.max(manifest.created_ms + 1);
    manifest.expires_ms = manifest.created_ms + VALID_MS;
    let key = attempt.app.keys.manifest_signer().clone();
    let given = manifest.clone();
    let checked = move || -> Result<Vec<u8>, ManifestError> {
        given.check()?;
        Ok(given.sign(&key))
    };
    let signed = tokio::task::spawn_blocking(checked)
        .await?
        .map_err(|e| AttemptError::Crashed(e.to_string()))?;
    if signed.len() > MAX_MANIFEST_LEN {
        return Err(AttemptError::Refused {
            code: FailureCode::ResolutionTooLarge,
            detail: format!(
                "the manifest has {} bytes, the most is {MAX_MANIFEST_LEN}",
                signed.len()
            ),
        });
    }
    Ok(signed.into())
}

async fn store_pictures(attempt: &Attempt, made: &Made) -> Result<Option<String>, AttemptError> {
    let Attempt {
        app,
        title,
        version,
        ..
    } = attempt;
    let put = |image, bytes: Bytes| app.store.put_image(*title, *version, image, bytes);
    if let Some(poster) = &made.poster {
        put(Image::Poster, poster.jpeg.clone().into()).await?;
    }
    let Some(sprites) = &made.sprites else {
        return Ok(None);
    };
    let sheet = SpriteSheet {
        columns: sprites.columns,
        tile_width: sprites.tile_width,
        tile_height: sprites.tile_height,
        interval_ms: sprites.interval_ms,
        count: sprites.count,
    };
    put(Image::Sprites, sprites.jpeg.clone().into()).await?;
    put(Image::Storyboard, sheet.to_webvtt(made.duration_ms).into()).await?;
    Ok(serde_json::to_string(&sheet).ok())
}
