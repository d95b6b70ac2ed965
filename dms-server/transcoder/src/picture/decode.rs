//! Decoding and pacing the pictures of a source.

use std::sync::mpsc::{Receiver, SyncSender};

use dms_transcoder_protocol::{FailureCode, JobSpec};
use ffmpeg::{Packet, codec, decoder, frame, picture};
use ffmpeg_next as ffmpeg;

use super::Picture;
use crate::error::JobError;
use crate::pace::{Pace, Shown, TICKS};
use crate::probe::{Origin, VideoFacts, decoder_of};

/// A source whose rate is this much above the highest is thinned out, thousandths.
const CAP_SLACK: u64 = 1_020;

/// Threads of the decoder: each holds pictures of its own.
const MOST_THREADS: u16 = 8;

/// What came of the source's pictures.
#[derive(Clone, Copy, Debug, Default)]
pub struct Decoded {
    /// Packets that were given to the decoder.
    pub packets: u64,
    /// Packets that it refused.
    pub errors: u64,
    /// Pictures that were decoded but not shown.
    pub dropped: u64,
    /// When the last picture ends, ticks.
    pub end: i64,
}

/// The thread that decodes.
pub struct Decode<'a> {
    video: &'a VideoFacts,
    origin: Origin,
    spec: &'a JobSpec,
    decoder: decoder::Video,
    pace: Pace<frame::Video>,
    to: SyncSender<Picture>,
    /// How long a picture stays when the source does not say, ticks.
    usual: i64,
    last_at: i64,
    decoded: Decoded,
}

impl<'a> Decode<'a> {
    /// Opens the decoder.
    pub fn new(
        parameters: &codec::Parameters,
        video: &'a VideoFacts,
        origin: Origin,
        spec: &'a JobSpec,
        to: SyncSender<Picture>,
    ) -> Result<Self, JobError> {
        let doing = "opening the picture decoder";
        let codec = decoder_of(parameters)?;
        let context = codec::Context::from_parameters(parameters.clone())
            .map_err(JobError::library(doing))?;
        let mut decoder = context.decoder();
        decoder.set_packet_time_base(video.time_base);
        let mut options = ffmpeg::Dictionary::new();
        options.set("threads", &spec.threads.min(MOST_THREADS).to_string());
        options.set("max_pixels", &spec.limits.max_pixels.to_string());
        let opened = decoder
            .open_as_with(codec, options)
            .and_then(|opened| opened.video());
        let cap = spec.ladder.max_frame_rate_milli;
        let exceeds = u64::from(video.frame_rate_milli) * 1_000 > u64::from(cap) * CAP_SLACK;
        let segment = i64::from(spec.segment_ms) * TICKS / 1_000;
        Ok(Self {
            video,
            origin,
            spec,
            decoder: opened.map_err(JobError::library(doing))?,
            pace: Pace::new(segment, exceeds.then_some(cap)),
            to,
            usual: TICKS * 1_000 / i64::from(video.frame_rate_milli.max(1)),
            last_at: 0,
            decoded: Decoded::default(),
        })
    }

    /// Decodes until the packets end.
    pub fn run(mut self, packets: &Receiver<Packet>) -> Result<Decoded, JobError> {
        for packet in packets {
            self.decoded.packets += 1;
            if self.decoder.send_packet(&packet).is_err() {
                self.decoded.errors += 1;
            }
            self.receive()?;
        }
        // A decoder that refuses to drain has nothing left to give.
        let _ = self.decoder.send_eof();
        self.receive()?;
        let (last, end) = self.pace.finish();
        self.send(last)?;
        self.decoded.end = end;
        self.decoded.dropped = self.pace.dropped();
        self.to
            .send(Picture::End(end))
            .map_err(|_| JobError::Stopped)?;
        Ok(self.decoded)
    }

    fn receive(&mut self) -> Result<(), JobError> {
        loop {
            let mut frame = frame::Video::empty();
            match self.decoder.receive_frame(&mut frame) {
                Ok(()) => self.picture(frame)?,
                Err(ffmpeg::Error::InvalidData) => self.decoded.errors += 1,
                Err(_) => return Ok(()),
            }
        }
    }

    fn picture(&mut self, frame: frame::Video) -> Result<(), JobError> {
        let ts = frame.timestamp().or(frame.pts());
        let time_base = self.video.time_base;
        let at = match ts {
            Some(ts) => self.origin.since(ts, time_base, TICKS as i32),
            None => self.last_at + self.usual,
        };
        self.last_at = at;
        let most = self.spec.limits.max_duration_ms;
        if at
            > i64::try_from(most)
                .unwrap_or(i64::MAX)
                .saturating_mul(TICKS / 1_000)
        {
            let detail = format!("a picture comes after {} s", most / 1_000);
            return Err(JobError::refused(FailureCode::ResolutionTooLarge, detail));
        }
        let stays = Origin::duration(frame.packet().duration, time_base, TICKS as i32);
        let expected = if stays > 0 && stays <= TICKS * 10 {
            stays
        } else {
            self.usual
        };
        let shown = self.pace.push(at, expected, frame);
        self.send(shown)
    }

    fn send(&self, shown: Vec<Shown<frame::Video>>) -> Result<(), JobError> {
        for Shown {
            at,
            starts_segment,
            mut picture,
            ..
        } in shown
        {
            picture.set_pts(Some(at));
            // Left as it is, the source's own kind would dictate the encoder's decisions.
            picture.set_kind(match starts_segment {
                true => picture::Type::I,
                false => picture::Type::None,
            });
            self.to
                .send(Picture::Frame(picture))
                .map_err(|_| JobError::Stopped)?;
        }
        Ok(())
    }
}
