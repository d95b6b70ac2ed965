//! Encoding one rendition with x264.

use std::sync::mpsc::Receiver;

use dms_transcoder_protocol::ladder::{self, Rung};
use dms_transcoder_protocol::{FailureCode, JobSpec, TrackTotal};
use ffmpeg::format::Pixel;
use ffmpeg::{Packet, Rational, codec, color, encoder, frame};
use ffmpeg_next as ffmpeg;

use super::Picture;
use super::filters::is_rgb;
use crate::annexb::{ParameterSets, append_sample};
use crate::cmaf::{VideoEntry, video_header};
use crate::error::JobError;
use crate::outlet::Outlet;
use crate::pace::TICKS;
use crate::probe::{Colour, VideoFacts};
use crate::progress::Tracker;
use crate::still::Stills;
use crate::track::TrackWriter;

const PRESET: &str = "veryfast";

/// Threads of one encoder: each holds pictures of its own.
const MOST_THREADS: u16 = 8;
const FEWEST_THREADS: u16 = 2;

/// How many pictures x264 with this preset decodes ahead of the one that is shown.
const REORDERED: u32 = 2;

/// The thread that encodes one rendition.
pub struct Encode<'a> {
    rung: Rung,
    /// Place among the renditions.
    place: usize,
    colour: [u8; 3],
    encoder: encoder::Video,
    writer: TrackWriter<'a>,
    sets: ParameterSets,
    delay: u32,
    has_header: bool,
    outlet: &'a Outlet,
    tracker: &'a Tracker,
    stills: Vec<Box<dyn Stills + 'a>>,
}

impl<'a> Encode<'a> {
    /// Opens the encoder of the rendition at a place.
    pub fn new(
        rung: Rung,
        place: usize,
        video: &VideoFacts,
        spec: &JobSpec,
        outlet: &'a Outlet,
        tracker: &'a Tracker,
    ) -> Result<Self, JobError> {
        let colour = colour_of(video);
        let rate = video.frame_rate_milli.min(spec.ladder.max_frame_rate_milli);
        let quality = ladder::quality(spec.ladder.bit_rate_percent);
        let encoder = open(rung, &colour, rate, quality, threads(spec.threads, place))
            .map_err(JobError::library("opening the video encoder"))?;
        let track = place as u16 + 1;
        let delay = REORDERED * (TICKS as u32 * 1_000).div_ceil(rate.max(1)) + REORDERED;
        let (ticks, segment_ms) = ((TICKS as u32, delay), spec.segment_ms);
        Ok(Self {
            rung,
            place,
            colour: code_points(&colour),
            encoder,
            writer: TrackWriter::new(outlet, track, ticks, segment_ms, rung.codecs()),
            sets: ParameterSets::default(),
            delay,
            has_header: false,
            outlet,
            tracker,
            stills: Vec::new(),
        })
    }

    /// Shows every picture of this rendition to a maker of still pictures, too.
    pub fn with_stills(mut self, stills: impl Stills + 'a) -> Self {
        self.stills.push(Box::new(stills));
        self
    }

    /// Encodes until the pictures end.
    pub fn run(mut self, from: &Receiver<Picture>) -> Result<TrackTotal, JobError> {
        for picture in from {
            match picture {
                Picture::Frame(frame) => self.picture(&frame)?,
                Picture::End(end) => return self.finish(end),
            }
        }
        Err(JobError::Stopped)
    }

    fn picture(&mut self, frame: &frame::Video) -> Result<(), JobError> {
        let at_ms = milliseconds(frame.pts().unwrap_or(0));
        for stills in &mut self.stills {
            stills.picture(frame, at_ms, self.outlet)?;
        }
        self.encoder
            .send_frame(frame)
            .map_err(JobError::library("encoding a picture"))?;
        self.receive()?;
        self.tracker.advance(self.place, at_ms, self.outlet)
    }

    fn finish(mut self, end: i64) -> Result<TrackTotal, JobError> {
        self.encoder
            .send_eof()
            .map_err(JobError::library("encoding the last pictures"))?;
        self.receive()?;
        if !self.has_header {
            let detail = "no picture could be decoded";
            return Err(JobError::refused(FailureCode::CorruptContainer, detail));
        }
        self.writer.cut(end)?;
        for stills in &mut self.stills {
            stills.finish(milliseconds(end), self.outlet)?;
        }
        Ok(self.writer.total())
    }

    fn receive(&mut self) -> Result<(), JobError> {
        let mut packet = Packet::empty();
        while self.encoder.receive_packet(&mut packet).is_ok() {
            let (Some(shown_at), Some(bytes)) = (packet.pts(), packet.data()) else {
                continue;
            };
            if packet.is_key() {
                self.writer.cut(shown_at)?;
            }
            let sets = &mut self.sets;
            self.writer.add(shown_at, packet.is_key(), |data| {
                append_sample(bytes, data, sets)
            });
            if !self.has_header && self.sets.complete() {
                self.has_header = true;
                self.send_header()?;
            }
        }
        Ok(())
    }

    fn send_header(&mut self) -> Result<(), JobError> {
        let bytes = video_header(&VideoEntry {
            width: self.rung.width,
            height: self.rung.height,
            timescale: TICKS as u32,
            sps: &self.sets.sps,
            pps: &self.sets.pps,
            colour: self.colour,
            delay: self.delay,
        });
        self.writer.header(bytes, Some(self.sets.codecs()))
    }
}

/// Threads of the encoder at a place: one and a half for each processor for the largest
/// rendition, and for each smaller one half of that, within bounds that memory sets.
fn threads(processors: u16, place: usize) -> u16 {
    let largest = (processors.saturating_mul(3) / 2).min(MOST_THREADS);
    (largest >> place.min(8)).max(FEWEST_THREADS)
}

fn milliseconds(ticks: i64) -> u64 {
    (ticks * 1_000 / TICKS).max(0) as u64
}

fn open(
    rung: Rung,
    colour: &Colour,
    frame_rate_milli: u32,
    quality: f64,
    threads: u16,
) -> Result<encoder::Video, ffmpeg::Error> {
    let codec = encoder::find_by_name("libx264").ok_or(ffmpeg::Error::EncoderNotFound)?;
    let mut video = codec::Context::new_with_codec(codec).encoder().video()?;
    video.set_width(u32::from(rung.width));
    video.set_height(u32::from(rung.height));
    video.set_format(Pixel::YUV420P);
    video.set_time_base(Rational::new(1, TICKS as i32));
    video.set_frame_rate(Some(Rational::new(frame_rate_milli as i32, 1_000).reduce()));
    video.set_aspect_ratio(Rational::new(1, 1));
    video.set_colorspace(colour.space);
    video.set_color_range(color::Range::MPEG);
    video.set_color_primaries(colour.primaries);
    video.set_color_transfer_characteristic(colour.transfer);
    let mut options = ffmpeg::Dictionary::new();
    options.set("preset", PRESET);
    options.set("crf", &format!("{quality:.1}"));
    options.set("profile", "high");
    options.set("level", &format!("{}.{}", rung.level / 10, rung.level % 10));
    options.set("maxrate", &rung.maxrate.to_string());
    options.set("bufsize", &(u64::from(rung.maxrate) * 2).to_string());
    options.set("threads", &threads.to_string());
    // Segments start where the pacing says and nowhere else.
    options.set("forced-idr", "1");
    options.set("x264-params", "keyint=infinite:scenecut=0");
    video.open_with(options)
}

/// The colours of what is encoded: those of the source, where it stores brightness and colour.
fn colour_of(video: &VideoFacts) -> Colour {
    let first = &video.first;
    if first.colour.space == color::Space::RGB || is_rgb(first.format) {
        return Colour {
            space: color::Space::BT709,
            range: color::Range::MPEG,
            primaries: color::Primaries::BT709,
            transfer: color::TransferCharacteristic::BT709,
        };
    }
    first.colour
}

/// The numbers of ISO/IEC 23091-2, which are also libavutil's.
fn code_points(colour: &Colour) -> [u8; 3] {
    use ffmpeg::ffi::{AVColorPrimaries, AVColorSpace, AVColorTransferCharacteristic};
    [
        AVColorPrimaries::from(colour.primaries) as u8,
        AVColorTransferCharacteristic::from(colour.transfer) as u8,
        AVColorSpace::from(colour.space) as u8,
    ]
}
