//! Sound: decoding, resampling to 48 kHz stereo or mono, keeping it in place, and encoding AAC.

mod align;
pub mod encode;
mod resample;

use std::sync::mpsc::Receiver;

use dms_transcoder_protocol::ladder::sound_rate;
use dms_transcoder_protocol::{FailureCode, JobSpec, LadderLimits, TrackTotal};
use ffmpeg::{Packet, codec, decoder, frame};
use ffmpeg_next as ffmpeg;

use crate::error::JobError;
use crate::outlet::Outlet;
use crate::pace::TICKS;
use crate::probe::{AudioFacts, Origin, decoder_of};
use crate::progress::Tracker;
use crate::still::waveform::Waveform;

use align::Aligner;
use encode::AacTrack;
use resample::Resampler;

/// Samples per second of every sound track.
pub const RATE: u32 = 48_000;

/// Silence is made in pieces of this many samples.
const SILENCE: usize = 48_000;

/// What a sound track becomes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Format {
    /// Channels: 1 or 2.
    pub channels: u8,
    /// Bits per second.
    pub bit_rate: u32,
}

/// The format for a source of so many channels.
pub fn format_for(channels: u16, limits: &LadderLimits) -> Format {
    let channels = if channels == 1 { 1 } else { 2 };
    Format {
        channels,
        bit_rate: sound_rate(channels, limits),
    }
}

/// What came of a sound track.
#[derive(Debug)]
pub struct Heard {
    /// For the parent.
    pub total: TrackTotal,
    /// Packets given to the decoder, and those that it refused.
    pub packets: u64,
    /// Packets the decoder refused.
    pub errors: u64,
    /// When the source's own sound ended, milliseconds.
    pub end_ms: u64,
}

/// The surroundings of a sound track's thread.
pub struct Place<'a> {
    /// The track's number.
    pub track: u16,
    /// Its place among the tracks that progress is counted by, if it is.
    pub progress: Option<usize>,
    /// The job.
    pub spec: &'a JobSpec,
    /// Where results go.
    pub outlet: &'a Outlet,
    /// Progress.
    pub tracker: &'a Tracker,
    /// Tells when the pictures end, ticks; nothing comes when there are none.
    pub picture_end: Receiver<i64>,
    /// Draw the poster.
    pub waveform: bool,
}

/// The thread of one sound track.
pub struct Sound<'a> {
    time_base: ffmpeg::Rational,
    origin: Origin,
    place: Place<'a>,
    decoder: decoder::Audio,
    resampler: Resampler,
    aligner: Aligner,
    track: AacTrack<'a>,
    waveform: Option<Waveform>,
    packets: u64,
    errors: u64,
}

impl<'a> Sound<'a> {
    /// Opens decoder and encoder.
    pub fn new(facts: &AudioFacts, origin: Origin, place: Place<'a>) -> Result<Self, JobError> {
        let doing = "opening the sound decoder";
        let codec = decoder_of(&facts.parameters)?;
        let context = codec::Context::from_parameters(facts.parameters.clone())
            .map_err(JobError::library(doing))?;
        let mut decoder = context.decoder();
        decoder.set_packet_time_base(facts.time_base);
        let opened = decoder.open_as(codec).and_then(|opened| opened.audio());
        let format = format_for(facts.channels, &place.spec.ladder);
        let track = AacTrack::new(format, facts, place.track, place.spec, place.outlet)?;
        Ok(Self {
            time_base: facts.time_base,
            origin,
            decoder: opened.map_err(JobError::library(doing))?,
            resampler: Resampler::new(format),
            aligner: Aligner::default(),
            track,
            waveform: place.waveform.then(Waveform::default),
            place,
            packets: 0,
            errors: 0,
        })
    }

    /// Works until the packets end.
    pub fn run(mut self, packets: &Receiver<Packet>) -> Result<Heard, JobError> {
        for packet in packets {
            self.packets += 1;
            if self.decoder.send_packet(&packet).is_err() {
                self.errors += 1;
            }
            self.receive()?;
        }
        // A decoder that refuses to drain has nothing left to give.
        let _ = self.decoder.send_eof();
        self.receive()?;
        for piece in self.resampler.finish()? {
            self.piece(&piece)?;
        }
        let end = self.aligner.next();
        self.finish(end)
    }

    fn finish(mut self, end: i64) -> Result<Heard, JobError> {
        let end_ms = (end * 1_000 / i64::from(RATE)).max(0) as u64;
        let picture_end = self.place.picture_end.recv().ok();
        let picture_end = picture_end.map(|ticks| ticks * i64::from(RATE) / TICKS);
        if let Some(missing) = picture_end.map(|until| until - end) {
            self.silence(missing)?;
        }
        let total = self.track.finish(picture_end)?;
        if total.samples == 0 && self.packets > 0 && picture_end.is_none() {
            let detail = "no sound could be decoded";
            return Err(JobError::refused(FailureCode::CorruptContainer, detail));
        }
        if let Some(waveform) = &self.waveform {
            waveform.finish(self.place.outlet)?;
        }
        Ok(Heard {
            total,
            packets: self.packets,
            errors: self.errors,
            end_ms,
        })
    }

    fn receive(&mut self) -> Result<(), JobError> {
        loop {
            let mut frame = frame::Audio::empty();
            match self.decoder.receive_frame(&mut frame) {
                Ok(()) => {}
                Err(ffmpeg::Error::InvalidData) => {
                    self.errors += 1;
                    continue;
                }
                Err(_) => return Ok(()),
            }
            let ts = frame.timestamp().or(frame.pts());
            let at = ts.map(|ts| self.origin.since(ts, self.time_base, RATE as i32));
            for piece in self.resampler.push(frame, at)? {
                self.piece(&piece)?;
            }
        }
    }

    fn piece(&mut self, piece: &resample::Piece) -> Result<(), JobError> {
        let length = piece.frame.samples();
        let at = piece.at.unwrap_or(self.aligner.next());
        let most_ms = self.place.spec.limits.max_duration_ms;
        if at
            > i64::try_from(most_ms)
                .unwrap_or(i64::MAX)
                .saturating_mul(i64::from(RATE) / 1_000)
        {
            let detail = format!("sound comes after {} s", most_ms / 1_000);
            return Err(JobError::refused(FailureCode::ResolutionTooLarge, detail));
        }
        let correction = self.aligner.place(at, length);
        self.silence(correction.silence)?;
        let planes: Vec<&[f32]> = (0..usize::from(self.track.channels()))
            .map(|channel| piece.frame.plane::<f32>(channel).get(correction.skip..))
            .map(Option::unwrap_or_default)
            .collect();
        if let (Some(waveform), Some(first)) = (&mut self.waveform, planes.first()) {
            waveform.hear(first);
        }
        self.track.push(&planes)?;
        self.tell_progress()
    }

    fn silence(&mut self, samples: i64) -> Result<(), JobError> {
        static ZEROS: [f32; SILENCE] = [0.0; SILENCE];
        let mut left = usize::try_from(samples).unwrap_or(0);
        while left > 0 {
            let piece = &ZEROS[..left.min(SILENCE)];
            self.track
                .push(&vec![piece; usize::from(self.track.channels())])?;
            left -= piece.len();
            self.tell_progress()?;
        }
        Ok(())
    }

    fn tell_progress(&self) -> Result<(), JobError> {
        let Some(progress) = self.place.progress else {
            return Ok(());
        };
        let ms = (self.track.encoded() * 1_000 / i64::from(RATE)).max(0) as u64;
        self.place.tracker.advance(progress, ms, self.place.outlet)
    }
}
