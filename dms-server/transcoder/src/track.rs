//! A track on its way out: samples are gathered, cut into segments and sent.

use dms_transcoder_protocol::{Header, Message, Segment, TrackTotal};

use crate::cmaf::{Sample, media_segment};
use crate::error::JobError;
use crate::outlet::Outlet;

/// Gathers the samples of one track.
pub struct TrackWriter<'a> {
    outlet: &'a Outlet,
    total: TrackTotal,
    /// The delay in the composition offsets, ticks.
    delay: u32,
    /// The segment length that is aimed at, ticks.
    segment_ticks: u64,
    samples: Vec<Sample>,
    data: Vec<u8>,
    /// The highest bit rate, of segments that are long enough and of any.
    peaks: (u64, u64),
}

impl<'a> TrackWriter<'a> {
    /// A track without samples.
    pub fn new(
        outlet: &'a Outlet,
        track: u16,
        (timescale, delay): (u32, u32),
        segment_ms: u32,
        codecs: String,
    ) -> Self {
        let total = TrackTotal {
            track,
            segments: 0,
            samples: 0,
            duration: 0,
            timescale,
            bytes: 0,
            average_bandwidth: 0,
            peak_bandwidth: 0,
            codecs,
        };
        let segment_ticks = u64::from(segment_ms) * u64::from(timescale) / 1_000;
        let (samples, data) = (Vec::new(), Vec::new());
        Self {
            outlet,
            total,
            delay,
            segment_ticks,
            samples,
            data,
            peaks: (0, 0),
        }
    }

    /// Sends the track's header.
    pub fn header(&mut self, bytes: Vec<u8>, codecs: Option<String>) -> Result<(), JobError> {
        if let Some(codecs) = codecs {
            self.total.codecs = codecs;
        }
        self.outlet.send(&Message::Header(Header {
            track: self.total.track,
            bytes,
        }))
    }

    /// Adds a sample whose bytes `write` appends.
    pub fn add(&mut self, shown_at: i64, key: bool, write: impl FnOnce(&mut Vec<u8>) -> usize) {
        let size = write(&mut self.data) as u32;
        self.samples.push(Sample {
            shown_at,
            size,
            key,
        });
    }

    /// Takes back samples at the end that are not shown before `from` and were not sent.
    pub fn drop_tail(&mut self, from: i64) {
        while self
            .samples
            .last()
            .is_some_and(|sample| sample.shown_at >= from)
        {
            let size = self.samples.pop().map_or(0, |sample| sample.size as usize);
            self.data.truncate(self.data.len().saturating_sub(size));
        }
    }

    /// Sends what was gathered as a segment that ends at the tick `end`.
    pub fn cut(&mut self, end: i64) -> Result<(), JobError> {
        let Some(start) = self.samples.iter().map(|sample| sample.shown_at).min() else {
            return Ok(());
        };
        let (start, duration) = (start.max(0) as u64, (end - start).max(0) as u64);
        let bytes = media_segment(
            self.total.segments + 1,
            &self.samples,
            end,
            self.delay,
            &self.data,
        );
        let total = &mut self.total;
        total.segments += 1;
        total.samples += self.samples.len() as u64;
        total.duration += duration;
        total.bytes += bytes.len() as u64;
        let rate = bit_rate(bytes.len() as u64, duration, total.timescale);
        self.peaks.1 = self.peaks.1.max(rate);
        if duration * 2 >= self.segment_ticks {
            self.peaks.0 = self.peaks.0.max(rate);
        }
        let segment = Segment {
            track: total.track,
            index: total.segments,
            start,
            duration,
            timescale: total.timescale,
            samples: self.samples.len() as u32,
            bytes,
        };
        self.samples.clear();
        self.data.clear();
        self.outlet.send(&Message::Segment(segment))
    }

    /// What was sent.
    pub fn total(&self) -> TrackTotal {
        let mut total = self.total.clone();
        let average = bit_rate(total.bytes, total.duration, total.timescale);
        let (long, any) = self.peaks;
        total.average_bandwidth = u32::try_from(average).unwrap_or(u32::MAX);
        total.peak_bandwidth = u32::try_from(if long > 0 { long } else { any }).unwrap_or(u32::MAX);
        total
    }
}

/// Bits per second.
fn bit_rate(bytes: u64, ticks: u64, timescale: u32) -> u64 {
    let bits = u128::from(bytes) * 8 * u128::from(timescale);
    u64::try_from(bits / u128::from(ticks.max(1))).unwrap_or(u64::MAX)
}
