//! What the media program sends, held to its contract and turned into tracks.
//!
//! The media program reads hostile input, so it is itself not trusted: order, numbers and sizes
//! are checked here. Pure: no pipe, no key, no store.

use dms_transcoder_protocol::{
    Done, Failed, Message, Plan, Poster, Probe, Progress, Rendition, RenditionKind, Sprites,
    TrackTotal,
};
use swarm::content::{Segment, Track, TrackId, TrackKind};

/// The most tracks of a title.
const MAX_TRACKS: usize = 32;
/// The most segments of a track: 12 hours of half-second segments.
const MAX_SEGMENTS: usize = 86_400;
/// The longest poster or sprite sheet, bytes.
const MAX_PICTURE: usize = 16 << 20;

/// The media program broke its contract. The text says how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the media program broke its contract: {0}")]
pub struct Breach(pub &'static str);

/// A segment in the clear, to be sealed.
#[derive(PartialEq, Eq)]
pub struct Clear {
    /// Its track.
    pub track: TrackId,
    /// Its place in the track; 0 is the header.
    pub segment: u32,
    /// Ticks of the track's timescale; 0 for a header.
    pub duration: u64,
    /// Frames or packets; 0 for a header.
    pub samples: u32,
    /// The segment.
    pub bytes: Vec<u8>,
}

/// What a message asks the pipeline to do.
pub enum Step {
    /// Nothing but take note of what the source is.
    Probed(Probe),
    /// The tracks are known.
    Planned,
    /// Seal, store and [`Assembly::add`] this segment before the next message is read.
    Seal(Clear),
    /// Keep the picture.
    Poster(Poster),
    /// Keep the sheet.
    Sprites(Sprites),
    /// Tell whoever watches.
    Progress(Progress),
    /// Everything came.
    Done(Done),
    /// The media program gives up.
    Failed(Failed),
}

/// The tracks of a title while they come.
#[derive(Default)]
pub struct Assembly {
    probed: bool,
    ended: bool,
    parts: Vec<Part>,
}

struct Part {
    rendition: Rendition,
    segments: Vec<Segment>,
    /// Ticks of the segments so far.
    ticks: u64,
    /// Where the next segment starts, ticks; none before the first.
    next_start: Option<u64>,
    /// A segment of it is being sealed.
    pending: bool,
}

impl Assembly {
    /// Checks a message against everything that came before it.
    ///
    /// # Errors
    /// [`Breach`] says what the contract demands instead.
    pub fn accept(&mut self, message: Message) -> Result<Step, Breach> {
        if self.ended {
            return Err(Breach("something followed the last message"));
        }
        if self.parts.iter().any(|part| part.pending) {
            return Err(Breach("a segment was not added before the next message"));
        }
        let planned = !self.parts.is_empty();
        match message {
            Message::Failed(failed) => {
                self.ended = true;
                Ok(Step::Failed(failed))
            }
            Message::Probe(probe) => {
                let first = !std::mem::replace(&mut self.probed, true);
                check(first && !planned, "the probe comes once and first")?;
                Ok(Step::Probed(probe))
            }
            Message::Plan(plan) => {
                check(
                    self.probed && !planned,
                    "the plan comes once, after the probe",
                )?;
                self.plan(plan)?;
                Ok(Step::Planned)
            }
            _ if !planned => Err(Breach("the plan comes before anything of a track")),
            Message::Header(header) => self.seal(Clear {
                track: TrackId(header.track),
                segment: 0,
                duration: 0,
                samples: 0,
                bytes: header.bytes,
            }),
            Message::Segment(segment) => self.segment(segment),
            Message::Poster(poster) => {
                check(is_jpeg(&poster.jpeg), "the poster is a JPEG file")?;
                Ok(Step::Poster(poster))
            }
            Message::Sprites(sprites) => {
                check(is_jpeg(&sprites.jpeg), "the sprites are a JPEG file")?;
                let places = u32::from(sprites.columns) * u32::from(sprites.rows);
                let fits = u32::from(sprites.count) <= places && sprites.interval_ms > 0;
                check(fits, "the tiles fit the sheet")?;
                Ok(Step::Sprites(sprites))
            }
            Message::Progress(progress) => {
                check(progress.permille <= 1000, "progress ends at 1000")?;
                Ok(Step::Progress(progress))
            }
            Message::Done(done) => {
                self.check_totals(&done)?;
                self.ended = true;
                Ok(Step::Done(done))
            }
        }
    }

    fn plan(&mut self, plan: Plan) -> Result<(), Breach> {
        let count = plan.renditions.len();
        check(
            (1..=MAX_TRACKS).contains(&count),
            "a plan has 1 to 32 tracks",
        )?;
        let ids = plan.renditions.iter().map(|r| r.track);
        let dense = ids.eq((1..).take(count));
        check(dense, "tracks are numbered from 1 without a gap")?;
        check(
            plan.renditions.iter().all(|r| r.timescale > 0),
            "a track has a timescale",
        )?;
        let part = |rendition| Part {
            rendition,
            segments: Vec::new(),
            ticks: 0,
            next_start: None,
            pending: false,
        };
        self.parts = plan.renditions.into_iter().map(part).collect();
        Ok(())
    }

    fn segment(&mut self, segment: dms_transcoder_protocol::Segment) -> Result<Step, Breach> {
        let part = part(&mut self.parts, TrackId(segment.track))?;
        check(segment.index > 0, "media segments are numbered from 1")?;
        check(
            segment.timescale == part.rendition.timescale,
            "a track keeps its timescale",
        )?;
        let follows = part.next_start.is_none_or(|start| start == segment.start);
        check(follows, "a segment starts where the one before ends")?;
        check(
            segment.duration > 0 && segment.samples > 0,
            "a segment is not empty",
        )?;
        let end = segment.start.checked_add(segment.duration);
        part.next_start = Some(end.ok_or(Breach("a segment ends within 64 bits"))?);
        self.seal(Clear {
            track: TrackId(segment.track),
            segment: segment.index,
            duration: segment.duration,
            samples: segment.samples,
            bytes: segment.bytes,
        })
    }

    fn seal(&mut self, clear: Clear) -> Result<Step, Breach> {
        let part = part(&mut self.parts, clear.track)?;
        let in_order = clear.segment as usize == part.segments.len();
        check(
            in_order,
            "a track's header comes first, its segments without a gap",
        )?;
        check(
            part.segments.len() < MAX_SEGMENTS,
            "a track has at most 86400 segments",
        )?;
        check(!clear.bytes.is_empty(), "a segment has bytes")?;
        part.pending = true;
        Ok(Step::Seal(clear))
    }

    /// Takes note of a sealed segment.
    ///
    /// # Errors
    /// [`Breach`] when no segment of the track was to be sealed.
    pub fn add(&mut self, track: TrackId, segment: Segment) -> Result<(), Breach> {
        let part = part(&mut self.parts, track)?;
        check(part.pending, "a segment was to be sealed")?;
        part.pending = false;
        part.ticks += segment.duration;
        part.segments.push(segment);
        Ok(())
    }

    fn check_totals(&self, done: &Done) -> Result<(), Breach> {
        check(
            done.tracks.len() == self.parts.len(),
            "the totals name every track",
        )?;
        let agree = |(part, total): (&Part, &TrackTotal)| {
            let media = part.segments.get(1..).unwrap_or_default();
            part.rendition.track == total.track
                && !media.is_empty()
                && media.len() == total.segments as usize
                && media.iter().map(|s| u64::from(s.samples)).sum::<u64>() == total.samples
                && part.ticks == total.duration
        };
        let all = self.parts.iter().zip(&done.tracks).all(agree);
        check(all, "the totals are the sums of what came")
    }

    /// Each video rendition by name, and how much of `duration_ms` it has, thousandths.
    #[must_use]
    pub fn renditions(&self, duration_ms: u64) -> Vec<RenditionProgress> {
        let progress = |part: &Part| {
            let timescale = u64::from(part.rendition.timescale).max(1);
            let done_ms = part.ticks.saturating_mul(1000) / timescale;
            let permille = done_ms.saturating_mul(1000) / duration_ms.max(1);
            RenditionProgress {
                name: rendition_name(&part.rendition.kind),
                progress_percent: permille.min(1000) as f32 / 10.0,
            }
        };
        self.parts.iter().map(progress).collect()
    }

    /// The tracks of the manifest.
    #[must_use]
    pub fn into_tracks(self, done: &Done) -> Vec<Track> {
        let track = |(part, total): (Part, &TrackTotal)| Track {
            id: TrackId(part.rendition.track),
            kind: track_kind(part.rendition.kind),
            codecs: total.codecs.clone(),
            // Short segments round differently: a peak below the average is no peak.
            bandwidth: total.peak_bandwidth.max(total.average_bandwidth),
            average_bandwidth: total.average_bandwidth,
            timescale: part.rendition.timescale,
            segments: part.segments,
        };
        self.parts
            .into_iter()
            .zip(&done.tracks)
            .map(track)
            .collect()
    }
}

/// How far one rendition is.
#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct RenditionProgress {
    /// Such as `720p` or `audio en`.
    pub name: String,
    /// Percent of the playing time.
    pub progress_percent: f32,
}

fn part(parts: &mut [Part], track: TrackId) -> Result<&mut Part, Breach> {
    let place = usize::from(track.0).checked_sub(1);
    place
        .and_then(|place| parts.get_mut(place))
        .ok_or(Breach("a segment belongs to a track of the plan"))
}

fn check(holds: bool, rule: &'static str) -> Result<(), Breach> {
    if holds { Ok(()) } else { Err(Breach(rule)) }
}

fn is_jpeg(bytes: &[u8]) -> bool {
    bytes.len() <= MAX_PICTURE && bytes.starts_with(&[0xff, 0xd8, 0xff])
}

fn rendition_name(kind: &RenditionKind) -> String {
    match kind {
        RenditionKind::Video { width, height, .. } => format!("{}p", width.min(height)),
        RenditionKind::Audio { language, .. } => format!("audio {language}"),
    }
}

fn track_kind(kind: RenditionKind) -> TrackKind {
    match kind {
        RenditionKind::Video {
            width,
            height,
            frame_rate_milli,
        } => TrackKind::Video {
            width,
            height,
            frame_rate_milli,
        },
        RenditionKind::Audio {
            channels,
            sample_rate,
            language,
        } => TrackKind::Audio {
            channels,
            sample_rate,
            language,
        },
    }
}

#[cfg(test)]
mod tests;
