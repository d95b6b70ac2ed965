//! What a manifest must satisfy before anything believes it: every maximum, and the sizes that
//! must agree with one another.

use super::{Expect, Manifest, ManifestError, Segment, TitleKind, Track, TrackKind};
use crate::content::{ChunkId, MAX_CHUNK_LEN};

/// The most tracks of a title version.
pub const MAX_TRACKS: usize = 64;
/// The most segments of a track, the header included: 4.6 days of 4-second segments.
pub const MAX_SEGMENTS: usize = 100_000;
/// The most chunks of a segment.
pub const MAX_CHUNKS: usize = 4096;
/// The most breaks of a title version.
pub const MAX_BREAKS: usize = 10_000;
/// The longest break, milliseconds: a day.
pub const MAX_BREAK_MS: u64 = 24 * 3600 * 1000;
/// The longest splice messages of a break, bytes.
pub const MAX_SCTE35_LEN: usize = 4096;
/// The longest text of a manifest, bytes.
pub const MAX_TEXT_LEN: usize = 128;
/// How far a version may be ahead of the newest known one. A larger leap would lock readers out
/// of every honest version that follows (the fast-forward attack).
pub const MAX_VERSION_LEAP: u64 = 1_000_000;
/// How far in the future a manifest may have been signed: the clock skew a reader forgives,
/// milliseconds.
pub const MAX_SKEW_MS: u64 = 24 * 3600 * 1000;
/// The most sealing adds to a segment: a header, and a frame for each chunk, bytes.
const SEALING_HEADER_LEN: u64 = 74;
const SEALING_FRAME_LEN: u64 = 32;

/// Whether this is the manifest the reader asked for, and one it may still use.
pub(super) fn expected(m: &Manifest, e: &Expect<'_>, now_ms: u64) -> Result<(), ManifestError> {
    if m.format != Manifest::FORMAT {
        return Err(ManifestError::Malformed("its format number is unknown"));
    }
    if m.tenant != e.tenant || m.title != e.title {
        return Err(ManifestError::WrongTitle);
    }
    if m.version < e.min_version {
        return Err(ManifestError::Stale {
            offered: m.version,
            known: e.min_version,
        });
    }
    if m.version - e.min_version > MAX_VERSION_LEAP {
        return Err(ManifestError::Leap {
            offered: m.version,
            known: e.min_version,
        });
    }
    if m.created_ms > now_ms.saturating_add(MAX_SKEW_MS) {
        return Err(ManifestError::FromTheFuture);
    }
    if m.expires_ms <= now_ms {
        return Err(ManifestError::Expired);
    }
    Ok(())
}

impl Manifest {
    /// Checks every limit, order and size of a manifest by itself. Publishers call it before they
    /// sign; [`super::VerifiedManifest::verify`] calls it too.
    ///
    /// # Errors
    /// [`ManifestError::Malformed`] naming the rule that is broken.
    pub fn check(&self) -> Result<(), ManifestError> {
        must(self.format == Self::FORMAT, "its format number is unknown")?;
        must(self.version > 0, "versions start at 1")?;
        must(
            plain_text(&self.tenant) && !self.tenant.is_empty(),
            "the tenant's name",
        )?;
        must(
            self.expires_ms > self.created_ms,
            "its validity ends before it begins",
        )?;
        must(
            !self.tracks.is_empty() && self.tracks.len() <= MAX_TRACKS,
            "its number of tracks",
        )?;
        must(
            ascending(self.tracks.iter().map(|t| t.id)),
            "track ids do not ascend",
        )?;
        must(
            self.tracks.iter().all(|t| t.id.0 > 0),
            "track ids start at 1",
        )?;
        for track in &self.tracks {
            track.check()?;
        }
        self.check_kind()?;
        self.check_breaks()?;
        self.check_repeats()
    }

    fn check_kind(&self) -> Result<(), ManifestError> {
        let file = |t: &Track| matches!(t.kind, TrackKind::File { .. });
        match self.kind {
            TitleKind::File => must(
                self.tracks.len() == 1 && self.tracks.iter().all(file) && self.duration_ms == 0,
                "a file has one track of bytes and no playing time",
            ),
            TitleKind::Video => must(
                !self.tracks.iter().any(file) && self.duration_ms > 0,
                "a video has media tracks and a playing time",
            ),
        }
    }

    fn check_breaks(&self) -> Result<(), ManifestError> {
        must(self.breaks.len() <= MAX_BREAKS, "its number of breaks")?;
        must(
            self.breaks.is_sorted_by_key(|b| b.at_ms)
                && self.breaks.iter().all(|b| b.at_ms <= self.duration_ms),
            "breaks do not ascend within the playing time",
        )?;
        must(
            self.breaks.iter().all(|b| {
                let end = b.at_ms.checked_add(b.resume_ms);
                end.is_some_and(|end| end <= self.duration_ms)
            }),
            "a break replaces more than there is",
        )?;
        must(
            self.breaks
                .iter()
                .all(|b| b.length_ms.is_none_or(|ms| ms > 0 && ms <= MAX_BREAK_MS)),
            "a break's length",
        )?;
        must(
            self.breaks.iter().all(|b| b.scte35.len() <= MAX_SCTE35_LEN),
            "a break's splice message is too long",
        )?;
        let mut ids: Vec<u32> = self.breaks.iter().map(|b| b.id).collect();
        ids.sort_unstable();
        must(ascending(ids.into_iter()), "two breaks have one id")
    }

    /// One id has one length, wherever it stands.
    fn check_repeats(&self) -> Result<(), ManifestError> {
        let mut all: Vec<(ChunkId, u32)> = self
            .tracks
            .iter()
            .flat_map(|t| &t.segments)
            .flat_map(|s| &s.chunks)
            .map(|c| (c.id, c.len))
            .collect();
        all.sort_unstable();
        let agree = all.windows(2).all(|w| match w {
            [a, b] => a.0 != b.0 || a.1 == b.1,
            _ => true,
        });
        must(agree, "one chunk has two lengths")
    }
}

impl Track {
    fn check(&self) -> Result<(), ManifestError> {
        must(plain_text(&self.codecs), "a codec string")?;
        must(
            self.segments.len() <= MAX_SEGMENTS,
            "a track's number of segments",
        )?;
        for segment in &self.segments {
            segment.check()?;
        }
        match &self.kind {
            TrackKind::File { media_type } => {
                must(plain_text(media_type), "a media type")?;
                must(
                    self.segments.iter().all(|s| s.duration == 0),
                    "a file's part has a duration",
                )
            }
            TrackKind::Video { width, height, .. } => {
                must(*width > 0 && *height > 0, "a picture without a size")?;
                self.check_media()
            }
            TrackKind::Audio {
                channels,
                sample_rate,
                language,
            } => {
                must(
                    *channels > 0 && *sample_rate > 0,
                    "sound without channels or a rate",
                )?;
                must(plain_text(language), "a language")?;
                self.check_media()
            }
            TrackKind::Subtitle { language } => {
                must(plain_text(language), "a language")?;
                self.check_media()
            }
        }
    }

    fn check_media(&self) -> Result<(), ManifestError> {
        must(self.timescale > 0, "a media track without a timescale")?;
        must(
            !self.codecs.is_empty(),
            "a media track without a codec string",
        )?;
        let Some((header, media)) = self.segments.split_first() else {
            return Err(ManifestError::Malformed("a media track without a header"));
        };
        must(header.duration == 0, "a header with a duration")?;
        must(!media.is_empty(), "a media track without media")?;
        must(
            media.iter().all(|s| s.duration > 0),
            "a media segment without a duration",
        )?;
        let total = media
            .iter()
            .try_fold(0u64, |sum, s| sum.checked_add(s.duration));
        must(
            total.is_some_and(|t| t <= u64::MAX / 1_000_000),
            "a duration beyond counting",
        )
    }
}

impl Segment {
    fn check(&self) -> Result<(), ManifestError> {
        must(!self.chunks.is_empty(), "a segment without chunks")?;
        must(
            self.chunks.len() <= MAX_CHUNKS,
            "a segment's number of chunks",
        )?;
        must(
            self.chunks
                .iter()
                .all(|c| (1..=MAX_CHUNK_LEN).contains(&c.len)),
            "a chunk's length",
        )?;
        let sealed = self.sealed_len();
        let most = SEALING_HEADER_LEN + SEALING_FRAME_LEN * self.chunks.len() as u64;
        must(
            sealed >= self.plain_len && sealed - self.plain_len <= most,
            "a segment's length does not fit its chunks",
        )
    }
}

fn must(holds: bool, rule: &'static str) -> Result<(), ManifestError> {
    if holds {
        Ok(())
    } else {
        Err(ManifestError::Malformed(rule))
    }
}

fn ascending<T: Ord>(items: impl Iterator<Item = T>) -> bool {
    items.is_sorted_by(|a, b| a < b)
}

/// Text that can stand between quotes in a playlist or a log without changing its meaning.
fn plain_text(text: &str) -> bool {
    text.len() <= MAX_TEXT_LEN && text.bytes().all(|b| matches!(b, 0x20..=0x7e) && b != b'"')
}

#[cfg(test)]
mod tests;
