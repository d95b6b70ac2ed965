//! From opened segments in memory to pictures and sound, with FFmpeg.
//!
//! One blocking thread a lane. The parts of a lane arrive through an [`Inbox`]; consecutive
//! segments of one track form a run, which FFmpeg reads as one stream: the track's header, then
//! its segments. A header of another track ends the run; the decoder is drained before the
//! next one starts, so no frame is lost when the rendition changes.

pub mod inbox;

use std::{sync::Arc, time::Duration};

use ffmpeg_next as ffmpeg;
use swarm::content::TrackId;

pub use inbox::{Inbox, Part};

use crate::{engine::playhead::Lane, error::PlayError};

/// The most threads one decoder may use.
const MAX_DECODER_THREADS: usize = 4;

/// When a frame is shown or heard.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Span {
    /// From the title's start.
    pub from: Duration,
    /// The first moment after it.
    pub until: Duration,
}

/// Whether the decoder goes on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Flow {
    /// Give me the next one.
    Go,
    /// Nobody wants more frames.
    Stop,
}

/// Takes what a decoder makes. May block: that is how the decoder is paced.
pub trait Sink {
    /// One picture, in presentation order.
    fn picture(&mut self, frame: ffmpeg::frame::Video, span: Span) -> Flow;
    /// Some sound.
    fn sound(&mut self, frame: ffmpeg::frame::Audio, span: Span) -> Flow;
}

/// What came out of one lane's decoder.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Decoded {
    /// Packets taken out of the segments.
    pub packets: u64,
    /// Frames the decoder made of them.
    pub frames: u64,
    /// Packets the decoder refused.
    pub refused: u64,
}

/// Prepares FFmpeg; its own messages go to stderr only when `verbose`.
pub fn init(verbose: bool) {
    // Errors here mean that a codec table cannot be built; opening a decoder then says so.
    let _ = ffmpeg::init();
    let level = if verbose {
        ffmpeg::log::Level::Warning
    } else {
        ffmpeg::log::Level::Quiet
    };
    ffmpeg::log::set_level(level);
}

/// Decodes a lane to its end, or until the sink stops it, and adds to `total`. Blocks.
///
/// # Errors
/// What the feed of the inbox reported, or [`PlayError::Decode`] when FFmpeg cannot read a
/// track's header.
pub fn decode(
    inbox: &Arc<Inbox>,
    lane: Lane,
    sink: &mut dyn Sink,
    total: &mut Decoded,
) -> Result<(), PlayError> {
    while let Some(track) = inbox.next_run()? {
        let flow = Run::open(inbox, lane, track)
            .and_then(|mut run| run.play(sink, total))
            .map_err(|error| inbox.failure().unwrap_or_else(|| failed(track, error)))?;
        if let Some(failure) = inbox.failure() {
            return Err(failure);
        }
        if flow == Flow::Stop {
            break;
        }
    }
    Ok(())
}

fn failed(track: TrackId, error: ffmpeg::Error) -> PlayError {
    PlayError::Decode {
        track,
        reason: error.to_string(),
    }
}

/// One run: an open demuxer and decoder.
struct Run {
    input: ffmpeg::format::context::Input,
    decoder: Decoder,
    stream: usize,
    time_base: ffmpeg::Rational,
    /// Where the last frame began and ended, for frames that carry no time or no duration.
    last: Option<Span>,
}

enum Decoder {
    Video(ffmpeg::decoder::Video),
    Audio(ffmpeg::decoder::Audio),
}

impl Run {
    fn open(inbox: &Arc<Inbox>, lane: Lane, track: TrackId) -> Result<Self, ffmpeg::Error> {
        let io =
            ffmpeg::format::context::StreamIo::from_read_with_capacity(inbox.reader(), 256 * 1024)?;
        // The header describes the track completely: guessing the frame rate from many frames
        // would only hold up the first picture.
        let mut options = ffmpeg::Dictionary::new();
        options.set("fpsprobesize", "0");
        options.set("format_whitelist", "mov,mp4,m4a,3gp,3g2,mj2");
        let input = ffmpeg::format::input_from_stream(io, Some("track.mp4"), Some(options))?;
        let medium = match lane {
            Lane::Video => ffmpeg::media::Type::Video,
            Lane::Audio => ffmpeg::media::Type::Audio,
        };
        let stream = input
            .streams()
            .best(medium)
            .ok_or(ffmpeg::Error::StreamNotFound)?;
        let mut context = ffmpeg::codec::Context::from_parameters(stream.parameters())?;
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        context.set_threading(ffmpeg::threading::Config {
            count: cores.min(MAX_DECODER_THREADS),
            ..ffmpeg::threading::Config::kind(ffmpeg::threading::Type::Frame)
        });
        let (index, time_base) = (stream.index(), stream.time_base());
        let mut decoder = context.decoder();
        decoder.set_packet_time_base(time_base);
        let decoder = match lane {
            Lane::Video => Decoder::Video(decoder.video()?),
            Lane::Audio => Decoder::Audio(decoder.audio()?),
        };
        tracing::debug!(track.id = %track, ?time_base, "decoder opened");
        Ok(Self {
            input,
            decoder,
            stream: index,
            time_base,
            last: None,
        })
    }

    fn play(&mut self, sink: &mut dyn Sink, total: &mut Decoded) -> Result<Flow, ffmpeg::Error> {
        let mut packet = ffmpeg::Packet::empty();
        loop {
            match packet.read(&mut self.input) {
                Ok(()) if packet.stream() == self.stream => {
                    total.packets += 1;
                    if let Err(error) = self.opened().send_packet(&packet) {
                        tracing::debug!(%error, "packet refused");
                        total.refused += 1;
                    }
                    if self.drain(sink, total) == Flow::Stop {
                        return Ok(Flow::Stop);
                    }
                }
                Ok(()) => {}
                Err(ffmpeg::Error::Eof) => break,
                Err(error) => return Err(error),
            }
        }
        self.opened().send_eof()?;
        Ok(self.drain(sink, total))
    }

    fn opened(&mut self) -> &mut ffmpeg::decoder::Opened {
        match &mut self.decoder {
            Decoder::Video(decoder) => decoder,
            Decoder::Audio(decoder) => decoder,
        }
    }

    /// Hands over every frame that is ready.
    fn drain(&mut self, sink: &mut dyn Sink, total: &mut Decoded) -> Flow {
        loop {
            let flow = match &mut self.decoder {
                Decoder::Video(decoder) => {
                    let mut frame = ffmpeg::frame::Video::empty();
                    if decoder.receive_frame(&mut frame).is_err() {
                        return Flow::Go;
                    }
                    let ticks = frame.packet().duration;
                    let span = self.span(frame.timestamp(), self.duration(ticks));
                    sink.picture(frame, span)
                }
                Decoder::Audio(decoder) => {
                    let mut frame = ffmpeg::frame::Audio::empty();
                    if decoder.receive_frame(&mut frame).is_err() {
                        return Flow::Go;
                    }
                    let samples = u64::try_from(frame.samples()).unwrap_or(0);
                    let lasts = crate::engine::timeline::time(samples, frame.rate());
                    let span = self.span(frame.timestamp(), lasts);
                    sink.sound(frame, span)
                }
            };
            total.frames += 1;
            if flow == Flow::Stop {
                return Flow::Stop;
            }
        }
    }

    /// The frame's time. FFmpeg knows no duration of a reordered picture in a fragment: it is
    /// taken to last as long as the one before.
    fn span(&mut self, ticks: Option<i64>, lasts: Duration) -> Span {
        let after_last = self.last.map_or(Duration::ZERO, |last| last.until);
        let from = ticks.map_or(after_last, |ticks| self.duration(ticks));
        let lasts = match (lasts.is_zero(), self.last) {
            (true, Some(last)) => from.saturating_sub(last.from),
            _ => lasts,
        };
        let span = Span {
            from,
            until: from + lasts,
        };
        self.last = Some(span);
        span
    }

    /// `ticks` of the stream's clock; negative times, which encoder delay causes, are zero.
    fn duration(&self, ticks: i64) -> Duration {
        let base = self.time_base;
        let (num, den) = (base.numerator().max(0), base.denominator().max(1));
        let nanos = i128::from(ticks.max(0)) * i128::from(num) * 1_000_000_000 / i128::from(den);
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}
