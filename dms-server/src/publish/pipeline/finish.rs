//! The manifest and the pictures of a version whose segments are all stored.

use bytes::Bytes;
use dms_transcoder_protocol::{FailureCode, Poster, Sprites};
use swarm::content::{Manifest, ManifestError, TitleKind, Track, cut_object};
use swarm::wire::MAX_MANIFEST_LEN;

use super::seal::Sealer;
use super::{Attempt, AttemptError};
use crate::publish::storyboard::SpriteSheet;
use crate::store::Image;

/// How long a manifest is valid. Nothing signs one anew yet, so it outlives what anybody keeps.
const VALID_MS: u64 = 20 * 365 * 24 * 3600 * 1000;

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
}

/// Signs the manifest and stores it, as an object of the swarm and by its name, with the pictures.
///
/// # Errors
/// [`AttemptError`].
pub async fn finish(
    attempt: &Attempt,
    sealer: &Sealer<'_>,
    made: Made,
) -> Result<Finished, AttemptError> {
    let duration_ms = made.duration_ms;
    let sprites = store_pictures(attempt, &made).await?;
    let signed = sign(attempt, made).await?;
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
        sprites,
        duration_ms,
    })
}

async fn sign(attempt: &Attempt, made: Made) -> Result<Bytes, AttemptError> {
    let created_ms = attempt.app.clock.now_ms().unsigned_abs();
    let manifest = Manifest {
        format: Manifest::FORMAT,
        tenant: attempt.app.config.keys.tenant.clone(),
        title: attempt.title,
        version: attempt.version,
        kind: made.kind,
        created_ms,
        expires_ms: created_ms + VALID_MS,
        duration_ms: made.duration_ms,
        tracks: made.tracks,
        breaks: Vec::new(),
    };
    let key = attempt.app.keys.manifest_signer().clone();
    let checked = move || -> Result<Vec<u8>, ManifestError> {
        manifest.check()?;
        Ok(manifest.sign(&key))
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
