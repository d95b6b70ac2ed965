//! The poster of a title without pictures: how loud it is over its time.

use dms_transcoder_protocol::{Message, Poster};
use ffmpeg_next::format::Pixel;
use ffmpeg_next::frame;

use super::jpeg;
use crate::error::JobError;
use crate::outlet::Outlet;

/// Size of the poster, pixels.
const WIDTH: usize = 640;
const HEIGHT: usize = 360;

/// Bars in the poster, and pixels from one to the next.
const BARS: usize = 64;
const PITCH: usize = WIDTH / BARS;

/// Brightness of the ground and of the bars; colour of both (blue and red difference).
const GROUND: u8 = 28;
const BAR: u8 = 190;
const COLOUR: (u8, u8) = (142, 118);

/// Peaks are gathered at this resolution at most, then every two become one.
const MOST_PEAKS: usize = 16_384;

/// Gathers peaks while sound goes by.
#[derive(Debug, Default)]
pub struct Waveform {
    peaks: Vec<f32>,
    /// How many stretches of sound one peak stands for.
    each: usize,
    gathering: (f32, usize),
}

impl Waveform {
    /// The next stretch of sound; stretches are equally long.
    pub fn hear(&mut self, samples: &[f32]) {
        let peak = samples
            .iter()
            .fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
        self.gathering.0 = self.gathering.0.max(peak);
        self.gathering.1 += 1;
        if self.gathering.1 < self.each.max(1) {
            return;
        }
        self.peaks.push(self.gathering.0);
        self.gathering = (0.0, 0);
        if self.peaks.len() >= MOST_PEAKS {
            let pairs = self.peaks.chunks(2);
            self.peaks = pairs
                .map(|pair| pair.iter().copied().fold(0.0, f32::max))
                .collect();
            self.each = self.each.max(1) * 2;
        }
    }

    /// Draws the poster and sends it.
    pub fn finish(&self, outlet: &Outlet) -> Result<(), JobError> {
        let mut picture = frame::Video::new(Pixel::YUVJ420P, WIDTH as u32, HEIGHT as u32);
        picture.data_mut(1).fill(COLOUR.0);
        picture.data_mut(2).fill(COLOUR.1);
        let stride = picture.stride(0);
        let heights = self.bar_heights();
        for (line, pixels) in picture.data_mut(0).chunks_mut(stride).enumerate() {
            pixels.fill(GROUND);
            for (bar, height) in pixels.chunks_mut(PITCH).zip(heights) {
                if line.abs_diff(HEIGHT / 2) <= height {
                    bar.iter_mut()
                        .skip(2)
                        .take(PITCH - 4)
                        .for_each(|pixel| *pixel = BAR);
                }
            }
        }
        let jpeg = jpeg::encode(&mut picture)?;
        let (width, height) = (WIDTH as u32, HEIGHT as u32);
        outlet.send(&Message::Poster(Poster {
            jpeg,
            width,
            height,
        }))
    }

    /// Half the height of each bar; the loudest reaches close to the edge.
    fn bar_heights(&self) -> [usize; BARS] {
        let loudest = self.peaks.iter().copied().fold(0.001_f32, f32::max);
        let most = (HEIGHT / 2 - 40) as f32;
        std::array::from_fn(|bar| {
            let from = bar * self.peaks.len() / BARS;
            let to = ((bar + 1) * self.peaks.len() / BARS).max(from + 1);
            let peaks = self
                .peaks
                .get(from..to.min(self.peaks.len()))
                .unwrap_or_default();
            let peak = peaks.iter().copied().fold(0.0_f32, f32::max);
            (peak / loudest * most).clamp(2.0, most) as usize
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_follow_the_loudness_and_memory_is_bounded() {
        let mut waveform = Waveform::default();
        for n in 0..MOST_PEAKS * 5 {
            let level = if n < MOST_PEAKS * 5 / 2 { 0.1 } else { -0.9 };
            waveform.hear(&[0.0, level, 0.05]);
        }
        assert!(waveform.peaks.len() < MOST_PEAKS);
        let heights = waveform.bar_heights();
        assert!(heights[0] < heights[BARS - 1] / 4, "{heights:?}");
        assert_eq!(heights[BARS - 1], HEIGHT / 2 - 40);
    }

    #[test]
    fn silence_still_draws_a_line() {
        assert_eq!(Waveform::default().bar_heights(), [2; BARS]);
    }
}
