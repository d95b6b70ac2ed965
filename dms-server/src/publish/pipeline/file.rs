//! A file as a title: cut as it is, sealed, one track.

use std::fs::File;
use std::io::Read as _;

use drm::segment::PARAMS;
use swarm::content::{TitleKind, Track, TrackId, TrackKind};

use super::assembly::Clear;
use super::finish::Made;
use super::seal::Sealer;
use super::{Attempt, AttemptError};
use crate::publish::jobs::db::{Order, Progress};
use crate::publish::state::TitleState;

/// Chunks in a segment of a file: enough to make the header's cost small, few enough to seal and
/// to open in memory.
const CHUNKS: usize = 8;

/// Cuts, seals and stores the file.
///
/// # Errors
/// [`AttemptError`].
pub async fn make(
    attempt: &Attempt,
    sealer: &Sealer<'_>,
    mut source: File,
    order: &Order,
) -> Result<Made, AttemptError> {
    attempt.enter(TitleState::Sealing).await?;
    let started = tokio::time::Instant::now();
    let total = order.bytes.unsigned_abs();
    let mut segments = Vec::new();
    let mut done: u64 = 0;
    let mut shown = started;
    loop {
        let (bytes, rest) = tokio::task::spawn_blocking(move || read_part(source)).await??;
        source = rest;
        // An empty file has one empty part; otherwise the end has none.
        if bytes.is_empty() && !segments.is_empty() {
            break;
        }
        done += bytes.len() as u64;
        let segment = segments.len() as u32;
        let clear = Clear {
            track: TrackId(1),
            segment,
            duration: 0,
            samples: 0,
            bytes,
        };
        segments.push(sealer.seal(clear).await?);
        if shown.elapsed() >= super::media::PROGRESS_EVERY {
            shown = tokio::time::Instant::now();
            attempt
                .progress(&progress(done, total, started.elapsed()))
                .await?;
        }
    }
    let track = Track {
        id: TrackId(1),
        kind: TrackKind::File {
            media_type: order.media_type.clone(),
        },
        codecs: String::new(),
        bandwidth: 0,
        average_bandwidth: 0,
        timescale: 0,
        segments,
    };
    Ok(Made {
        kind: TitleKind::File,
        duration_ms: 0,
        tracks: vec![track],
        poster: None,
        sprites: None,
    })
}

fn read_part(mut source: File) -> std::io::Result<(Vec<u8>, File)> {
    let most = CHUNKS * PARAMS.plain_segment_len();
    let mut bytes = Vec::with_capacity(most);
    source.by_ref().take(most as u64).read_to_end(&mut bytes)?;
    Ok((bytes, source))
}

fn progress(done: u64, total: u64, elapsed: std::time::Duration) -> Progress {
    let left = total.saturating_sub(done) as f64 / done.max(1) as f64;
    Progress {
        permille: (done.saturating_mul(1000) / total.max(1)).min(1000) as i64,
        eta_ms: Some((elapsed.as_millis() as f64 * left) as i64),
        renditions: None,
    }
}
