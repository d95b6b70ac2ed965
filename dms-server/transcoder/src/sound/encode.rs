//! Encoding AAC and cutting it at the same times as the pictures.

use dms_transcoder_protocol::{JobSpec, TrackTotal};
use ffmpeg::format::sample::{Sample, Type};
use ffmpeg::{ChannelLayout, Packet, Rational, codec, encoder, frame};
use ffmpeg_next as ffmpeg;

use super::{Format, RATE};
use crate::cmaf::{AudioEntry, audio_header};
use crate::error::JobError;
use crate::outlet::Outlet;
use crate::probe::AudioFacts;
use crate::track::TrackWriter;

/// Samples in an AAC packet.
const PACKET: usize = 1_024;

/// Sound that runs on after the pictures by less than this many samples is dropped.
const OVERHANG: i64 = RATE as i64 / 2;

/// The RFC 6381 codec string of AAC-LC.
pub const CODECS: &str = "mp4a.40.2";

/// A track of AAC packets.
///
/// The encoder's first packet holds nothing but what its filter needs to start; it is left out,
/// so that the track starts at zero without an edit list, and the first 21 ms fade in.
pub struct AacTrack<'a> {
    format: Format,
    encoder: encoder::Audio,
    writer: TrackWriter<'a>,
    /// Samples that do not fill a packet yet, for each channel.
    waiting: Vec<Vec<f32>>,
    /// Samples given to the encoder.
    encoded: i64,
    segment_ms: i64,
    /// Segments that were cut.
    cuts: i64,
    /// Where the packets that came out end.
    end: i64,
}

impl<'a> AacTrack<'a> {
    /// Opens the encoder and sends the header.
    pub fn new(
        format: Format,
        facts: &AudioFacts,
        track: u16,
        spec: &JobSpec,
        outlet: &'a Outlet,
    ) -> Result<Self, JobError> {
        let encoder = open(format).map_err(JobError::library("opening the sound encoder"))?;
        let codecs = CODECS.to_owned();
        let mut writer = TrackWriter::new(outlet, track, (RATE, 0), spec.segment_ms, codecs);
        let header = audio_header(&AudioEntry {
            channels: format.channels,
            sample_rate: RATE,
            bit_rate: format.bit_rate,
            language: &facts.language3,
        });
        writer.header(header, None)?;
        Ok(Self {
            format,
            encoder,
            writer,
            waiting: vec![Vec::new(); usize::from(format.channels)],
            encoded: 0,
            segment_ms: i64::from(spec.segment_ms),
            cuts: 0,
            end: 0,
        })
    }

    /// Channels.
    pub fn channels(&self) -> u8 {
        self.format.channels
    }

    /// Samples given to the encoder so far.
    pub fn encoded(&self) -> i64 {
        self.encoded
    }

    /// Adds samples, one slice for each channel.
    pub fn push(&mut self, planes: &[&[f32]]) -> Result<(), JobError> {
        for (waiting, plane) in self.waiting.iter_mut().zip(planes) {
            waiting.extend_from_slice(plane);
        }
        let complete = self.waiting.first().map_or(0, Vec::len) / PACKET;
        for number in 0..complete {
            self.encode(number * PACKET)?;
        }
        for waiting in &mut self.waiting {
            waiting.drain(..complete * PACKET);
        }
        Ok(())
    }

    /// Encodes the rest. Sound that hangs over the pictures a little is cut off with them.
    pub fn finish(&mut self, picture_end: Option<i64>) -> Result<TrackTotal, JobError> {
        if self
            .waiting
            .first()
            .is_some_and(|waiting| !waiting.is_empty())
        {
            self.waiting
                .iter_mut()
                .for_each(|waiting| waiting.resize(PACKET, 0.0));
            self.encode(0)?;
        }
        self.encoder
            .send_eof()
            .map_err(JobError::library("encoding the last sound"))?;
        self.receive()?;
        if let Some(until) = picture_end
            && self.end > until
            && self.end - until <= OVERHANG
        {
            let packet = PACKET as i64;
            let last = (until + packet / 2) / packet * packet;
            self.writer.drop_tail(last);
            self.end = self.end.min(last);
        }
        self.writer.cut(self.end)?;
        Ok(self.writer.total())
    }

    fn encode(&mut self, from: usize) -> Result<(), JobError> {
        let layout = layout(self.format);
        let mut frame = frame::Audio::new(Sample::F32(Type::Planar), PACKET, layout);
        frame.set_rate(RATE);
        frame.set_pts(Some(self.encoded));
        for (channel, waiting) in self.waiting.iter().enumerate() {
            if let Some(samples) = waiting.get(from..from + PACKET) {
                frame.plane_mut::<f32>(channel).copy_from_slice(samples);
            }
        }
        self.encoded += PACKET as i64;
        self.encoder
            .send_frame(&frame)
            .map_err(JobError::library("encoding sound"))?;
        self.receive()
    }

    fn receive(&mut self) -> Result<(), JobError> {
        let mut packet = Packet::empty();
        while self.encoder.receive_packet(&mut packet).is_ok() {
            let (Some(at), Some(bytes)) = (packet.pts(), packet.data()) else {
                continue;
            };
            if at < 0 || at >= self.encoded {
                continue;
            }
            if at >= self.next_cut() {
                self.writer.cut(at)?;
                self.cuts += 1;
            }
            self.writer.add(at, true, |data| {
                data.extend_from_slice(bytes);
                bytes.len()
            });
            self.end = at + PACKET as i64;
        }
        Ok(())
    }

    /// The start of the packet nearest to the start of the next segment.
    fn next_cut(&self) -> i64 {
        let packet = PACKET as i64;
        let exact = (self.cuts + 1) * self.segment_ms * i64::from(RATE) / 1_000;
        (exact + packet / 2) / packet * packet
    }
}

fn layout(format: Format) -> ChannelLayout {
    if format.channels == 1 {
        ChannelLayout::MONO
    } else {
        ChannelLayout::STEREO
    }
}

fn open(format: Format) -> Result<encoder::Audio, ffmpeg::Error> {
    let codec = encoder::find(codec::Id::AAC).ok_or(ffmpeg::Error::EncoderNotFound)?;
    let mut audio = codec::Context::new_with_codec(codec).encoder().audio()?;
    audio.set_rate(RATE as i32);
    audio.set_format(Sample::F32(Type::Planar));
    audio.set_channel_layout(layout(format));
    audio.set_bit_rate(format.bit_rate as usize);
    audio.set_time_base(Rational::new(1, RATE as i32));
    audio.open()
}
