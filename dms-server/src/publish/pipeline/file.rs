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

/// The most segments a file is cut into while they can be longer: what has one chunk can be opened
/// as it comes, in whatever order, but each costs the manifest some bytes.
const SEGMENTS: u64 = 20_000;
/// The most chunks in a segment of a file: few enough to seal and to open in memory.
const MAX_CHUNKS: u64 = 16;

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
    let most = longest_segment(total);
    let mut segments = Vec::new();
    let mut done: u64 = 0;
    let mut shown = started;
    loop {
        let (bytes, rest) = tokio::task::spawn_blocking(move || read_part(source, most)).await??;
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

/// How many bytes of a file of `total` bytes make a segment.
fn longest_segment(total: u64) -> usize {
    let chunk = PARAMS.plain_segment_len();
    let chunks = total.div_ceil(chunk as u64).div_ceil(SEGMENTS);
    chunk * usize::try_from(chunks.clamp(1, MAX_CHUNKS)).unwrap_or(1)
}

fn read_part(mut source: File, most: usize) -> std::io::Result<(Vec<u8>, File)> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_huge_files_have_segments_of_several_chunks() {
        let chunk = PARAMS.plain_segment_len();
        let (gib, tib) = (1 << 30, 1 << 40);
        for (total, chunks) in [
            (0, 1),
            (1, 1),
            (gib, 1),
            (19 * gib, 1),
            (21 * gib, 2),
            (tib, 16),
        ] {
            assert_eq!(longest_segment(total), chunks * chunk, "{total} bytes");
        }
    }
}
