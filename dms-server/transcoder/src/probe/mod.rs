//! Finding out what a source is, and whether it may be published.
//!
//! The source is read until its first picture has been decoded: only then are the picture's real
//! size, shape, colours and time known. The packets read on the way are kept for the job.

mod duration;
mod first_picture;
mod language;
mod streams;

use std::collections::VecDeque;

use dms_transcoder_protocol::{FailureCode, JobSpec, Probe, SourceVideo};
use ffmpeg::format::Pixel;
use ffmpeg::{Packet, Rational, Rescale, codec, color};
use ffmpeg_next as ffmpeg;

use crate::error::JobError;
use crate::picture::turn::Turn;
use crate::source::Source;

pub use streams::decoder_of;

/// Everything the job needs to know about a source.
pub struct Facts {
    /// For the parent.
    pub probe: Probe,
    /// The picture, unless there is sound only.
    pub video: Option<VideoFacts>,
    /// For opening the picture's decoder.
    pub video_parameters: Option<codec::Parameters>,
    /// The sound tracks to publish.
    pub audio: Vec<AudioFacts>,
    /// A still picture that comes with the sound.
    pub cover: Option<Cover>,
    /// Where media time is zero.
    pub origin: Origin,
    /// The playing time that the container's own index claims, milliseconds.
    pub claimed_ms: Option<u64>,
    /// Packets that were read already, with their streams.
    pub backlog: VecDeque<Packet>,
}

/// Where media time is zero, in a stream's own time.
#[derive(Clone, Copy, Debug)]
pub struct Origin {
    ts: i64,
    time_base: Rational,
}

impl Origin {
    /// The time `ts` of a stream, in ticks of which there are `rate` a second.
    pub fn since(&self, ts: i64, time_base: Rational, rate: i32) -> i64 {
        let ticks = Rational::new(1, rate);
        let zero = self.ts.rescale(self.time_base, ticks);
        ts.rescale(time_base, ticks).saturating_sub(zero)
    }

    /// A length of time of a stream, in ticks of which there are `rate` a second.
    pub fn duration(ts: i64, time_base: Rational, rate: i32) -> i64 {
        ts.rescale(time_base, Rational::new(1, rate))
    }
}

/// The picture.
pub struct VideoFacts {
    /// The stream's number.
    pub stream: usize,
    /// What it is coded with.
    pub codec: codec::Id,
    /// Unit of the stream's times.
    pub time_base: Rational,
    /// What the first picture is like.
    pub first: FirstPicture,
    /// How pictures have to be turned.
    pub turn: Turn,
    /// Width on the screen, pixels.
    pub display_width: u32,
    /// Height on the screen, pixels.
    pub display_height: u32,
    /// Average frames per 1000 seconds.
    pub frame_rate_milli: u32,
}

/// What the first picture is like.
#[derive(Clone, Debug)]
pub struct FirstPicture {
    /// Its time, in the stream's time base.
    pub ts: i64,
    /// Width as coded, pixels.
    pub width: u32,
    /// Height as coded, pixels.
    pub height: u32,
    /// Width of a pixel divided by its height.
    pub pixel_aspect: f64,
    /// Layout of pixels.
    pub format: Pixel,
    /// Colours.
    pub colour: Colour,
}

/// What the numbers of a picture mean.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Colour {
    /// Matrix.
    pub space: color::Space,
    /// Full or limited range.
    pub range: color::Range,
    /// Primaries.
    pub primaries: color::Primaries,
    /// Transfer function.
    pub transfer: color::TransferCharacteristic,
}

/// A sound track.
pub struct AudioFacts {
    /// The stream's number.
    pub stream: usize,
    /// For opening a decoder.
    pub parameters: codec::Parameters,
    /// Unit of the stream's times.
    pub time_base: Rational,
    /// Channels.
    pub channels: u16,
    /// BCP 47 tag.
    pub language: String,
    /// ISO 639-2 code, as MP4 stores it.
    pub language3: String,
}

/// A still picture that comes with the sound.
pub struct Cover {
    /// For opening a decoder.
    pub parameters: codec::Parameters,
    /// The coded picture.
    pub packet: Packet,
}

/// Finds out what a source is.
///
/// # Errors
/// Each reason not to publish it that shows without decoding it to the end.
pub fn examine(source: &mut Source, spec: &JobSpec) -> Result<Facts, JobError> {
    let chosen = streams::choose(&source.input, spec)?;
    let claimed_ms = duration::claimed_ms(&source.input, &chosen);
    check_duration(claimed_ms.or(duration::estimated_ms(&source.input)), spec)?;
    let mut backlog = VecDeque::new();
    let video = match &chosen.video {
        Some(stream) => {
            let first = first_picture::find(&mut source.input, stream, spec, &mut backlog)?;
            Some(video_facts(&source.input, stream, first)?)
        }
        None => None,
    };
    let cover = match (&video, chosen.cover) {
        (None, Some(cover)) => first_picture::cover(&mut source.input, cover, &mut backlog),
        _ => None,
    };
    if video.is_none() && !spec.ladder.allow_audio_only {
        let detail = "there is sound but no picture";
        return Err(JobError::refused(FailureCode::AudioOnlyBlocked, detail));
    }
    let origin = match (&video, chosen.audio.first()) {
        (Some(video), _) => Origin {
            ts: video.first.ts,
            time_base: video.time_base,
        },
        (None, Some(audio)) => {
            let start = audio.start.unwrap_or(0);
            Origin {
                ts: start,
                time_base: audio.facts.time_base,
            }
        }
        (None, None) => Origin {
            ts: 0,
            time_base: Rational::new(1, 1),
        },
    };
    let probe = Probe {
        container: source.input.format().name().to_owned(),
        duration_ms: claimed_ms.or(duration::estimated_ms(&source.input)),
        bytes: source.length,
        video: video.as_ref().map(describe_video),
        audio: chosen
            .audio
            .iter()
            .map(|audio| audio.description.clone())
            .collect(),
    };
    let audio = chosen.audio.into_iter().map(|audio| audio.facts).collect();
    let video_parameters = chosen.video.map(|video| video.parameters);
    Ok(Facts {
        probe,
        video,
        video_parameters,
        audio,
        cover,
        origin,
        claimed_ms,
        backlog,
    })
}

fn check_duration(duration_ms: Option<u64>, spec: &JobSpec) -> Result<(), JobError> {
    let most = spec.limits.max_duration_ms;
    match duration_ms {
        Some(ms) if ms > most => Err(JobError::refused(
            FailureCode::ResolutionTooLarge,
            format!(
                "{} s long, at most {} s are allowed",
                ms / 1000,
                most / 1000
            ),
        )),
        _ => Ok(()),
    }
}

fn video_facts(
    input: &ffmpeg::format::context::Input,
    chosen: &streams::ChosenVideo,
    first: FirstPicture,
) -> Result<VideoFacts, JobError> {
    use color::TransferCharacteristic::{ARIB_STD_B67, SMPTE2084};
    if matches!(first.colour.transfer, SMPTE2084 | ARIB_STD_B67) {
        let transfer = first.colour.transfer.name().unwrap_or("HDR");
        let detail = format!("the transfer function is {transfer}");
        return Err(JobError::refused(FailureCode::HdrNotEnabled, detail));
    }
    let stream = input.stream(chosen.stream).ok_or(JobError::Internal {
        doing: "reading the picture's stream",
        cause: String::from("it is gone"),
    })?;
    let turn = stream
        .side_data()
        .find(|data| data.kind() == codec::packet::side_data::Type::DisplayMatrix)
        .map_or_else(Turn::default, |data| Turn::from_display_matrix(data.data()));
    let width = (f64::from(first.width) * first.pixel_aspect)
        .round()
        .max(1.0) as u32;
    let (display_width, display_height) = match turn.swaps_sides() {
        true => (first.height, width),
        false => (width, first.height),
    };
    Ok(VideoFacts {
        stream: chosen.stream,
        codec: chosen.parameters.id(),
        time_base: stream.time_base(),
        turn,
        display_width,
        display_height,
        frame_rate_milli: frame_rate_milli(&stream),
        first,
    })
}

/// The average rate; 25 frames a second where a source does not tell a credible one.
fn frame_rate_milli(stream: &ffmpeg::Stream<'_>) -> u32 {
    let milli = |rate: Rational| {
        let (frames, seconds) = (f64::from(rate.numerator()), f64::from(rate.denominator()));
        (frames / seconds * 1_000.0).round()
    };
    [milli(stream.avg_frame_rate()), milli(stream.rate())]
        .into_iter()
        .find(|&rate| (100.0..=480_000.0).contains(&rate))
        .unwrap_or(25_000.0) as u32
}

fn describe_video(video: &VideoFacts) -> SourceVideo {
    SourceVideo {
        codec: video.codec.name().to_owned(),
        width: video.first.width,
        height: video.first.height,
        display_width: video.display_width,
        display_height: video.display_height,
        frame_rate_milli: video.frame_rate_milli,
        rotation: video.turn.degrees,
        pixel_format: video
            .first
            .format
            .descriptor()
            .map_or("unknown", |d| d.name())
            .to_owned(),
    }
}
