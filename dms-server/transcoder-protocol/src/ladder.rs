//! Which renditions a source gets: sizes, bit rates and H.264 levels.
//!
//! A rendition is the source fitted into a box (1080, 720, 480 and 360 lines at 16:9, turned for
//! portrait pictures), never larger than the source. The tallest is always made; a smaller one
//! only where it saves enough pixels to be worth a track of its own.

use crate::LadderLimits;

/// Lines of the standard boxes.
const BOXES: [u16; 4] = [1080, 720, 480, 360];

/// A rendition is made when it has at most this share of the pixels of the one above it.
const WORTHWHILE: f64 = 0.72;

/// Below this many pixels a side is made even by adding a column, not by dropping one.
const TINY: u32 = 16;

/// The bit rate a 1920x1080 rendition at 30 frames a second may reach, bits per second.
const FULL_HD_MAXRATE: f64 = 5_000_000.0;

/// The least a rendition may reach, bits per second.
const LEAST_MAXRATE: f64 = 150_000.0;

/// x264's constant quality as it usually is: lower is better and larger. And its ends, beyond which nobody gains.
const QUALITY: f64 = 23.0;
const FINEST: f64 = 17.0;
const COARSEST: f64 = 32.0;

/// One rendition of video to be made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rung {
    /// Picture width, pixels, even.
    pub width: u16,
    /// Picture height, pixels, even.
    pub height: u16,
    /// The bit rate the encoder is held to, bits per second.
    pub maxrate: u32,
    /// H.264 level times ten, such as 31.
    pub level: u8,
}

impl Rung {
    fn new(width: u16, height: u16, frame_rate_milli: u32, percent: u16) -> Self {
        let maxrate = maxrate(width, height, frame_rate_milli, percent);
        let level = level(width, height, frame_rate_milli, maxrate);
        Self {
            width,
            height,
            maxrate,
            level,
        }
    }

    /// The RFC 6381 string of the High profile at this level.
    #[must_use]
    pub fn codecs(&self) -> String {
        format!("avc1.6400{:02x}", self.level)
    }

    fn pixels(&self) -> f64 {
        f64::from(self.width) * f64::from(self.height)
    }
}

/// The renditions of a picture that is `width` by `height` on the screen, tallest first; `frame_rate_milli` is what
/// they get, at most what the limits allow.
#[must_use]
pub fn rungs(width: u32, height: u32, frame_rate_milli: u32, limits: &LadderLimits) -> Vec<Rung> {
    let frame_rate_milli = frame_rate_milli.min(limits.max_frame_rate_milli);
    let steps = std::iter::once(limits.max_height)
        .chain(BOXES.into_iter().filter(|&lines| lines < limits.max_height));
    let mut rungs: Vec<Rung> = Vec::new();
    for lines in steps {
        let (width, height) = fit(width, height, lines);
        let rung = Rung::new(width, height, frame_rate_milli, limits.bit_rate_percent);
        let worthwhile = rungs
            .last()
            .is_none_or(|above| rung.pixels() <= above.pixels() * WORTHWHILE);
        if worthwhile && rungs.len() < usize::from(limits.max_renditions) {
            rungs.push(rung);
        }
    }
    rungs
}

/// The largest even size of this shape inside the box of so many lines, no larger than itself.
fn fit(width: u32, height: u32, lines: u16) -> (u16, u16) {
    let short_box = f64::from(lines);
    let long_box = short_box * 16.0 / 9.0;
    let (long, short) = (f64::from(width.max(height)), f64::from(width.min(height)));
    let scale = (long_box / long).min(short_box / short);
    if scale >= 1.0 {
        return (even_of_source(width), even_of_source(height));
    }
    (
        nearest_even(f64::from(width) * scale),
        nearest_even(f64::from(height) * scale),
    )
}

fn even_of_source(side: u32) -> u16 {
    let side = if side < TINY {
        side.next_multiple_of(2).max(2)
    } else {
        side & !1
    };
    u16::try_from(side).unwrap_or(u16::MAX - 1)
}

fn nearest_even(side: f64) -> u16 {
    ((side / 2.0).round() * 2.0).max(2.0) as u16
}

/// Small pictures need more bits for a pixel than large ones, and the second thirty frames of a
/// second less than the first.
fn maxrate(width: u16, height: u16, frame_rate_milli: u32, percent: u16) -> u32 {
    let share = f64::from(width) * f64::from(height) / (1920.0 * 1080.0);
    let frames = (f64::from(frame_rate_milli.max(1_000)) / 30_000.0)
        .max(0.5)
        .sqrt();
    let rate = FULL_HD_MAXRATE * share.powf(0.75) * frames * f64::from(percent) / 100.0;
    rate.max(LEAST_MAXRATE).round() as u32
}

/// x264's constant quality for so many percent of the usual bits: each 6 of it are a factor of two.
#[must_use]
pub fn quality(percent: u16) -> f64 {
    (QUALITY - 6.0 * (f64::from(percent.max(1)) / 100.0).log2()).clamp(FINEST, COARSEST)
}

/// Bits per second of a sound track: one channel gets half of what two get.
#[must_use]
pub const fn sound_rate(channels: u8, limits: &LadderLimits) -> u32 {
    if channels == 1 {
        limits.audio_bit_rate / 2
    } else {
        limits.audio_bit_rate
    }
}

/// Level times ten, macroblocks a second, macroblocks a frame, kbit/s of the Baseline profile.
/// From table A-1 of ITU-T H.264.
const LEVELS: [(u8, u32, u32, u32); 14] = [
    (10, 1_485, 99, 64),
    (11, 3_000, 396, 192),
    (12, 6_000, 396, 384),
    (13, 11_880, 396, 768),
    (20, 11_880, 396, 2_000),
    (21, 19_800, 792, 4_000),
    (22, 20_250, 1_620, 4_000),
    (30, 40_500, 1_620, 10_000),
    (31, 108_000, 3_600, 14_000),
    (32, 216_000, 5_120, 20_000),
    (40, 245_760, 8_192, 20_000),
    (42, 522_240, 8_704, 50_000),
    (50, 589_824, 22_080, 135_000),
    (51, 983_040, 36_864, 240_000),
];

fn level(width: u16, height: u16, frame_rate_milli: u32, maxrate: u32) -> u8 {
    let (columns, rows) = (
        u32::from(width.div_ceil(16)),
        u32::from(height.div_ceil(16)),
    );
    let frame = columns * rows;
    let second = (u64::from(frame) * u64::from(frame_rate_milli)).div_ceil(1_000);
    LEVELS
        .into_iter()
        .find(|&(_, most_second, most_frame, kbit)| {
            let longest_side = columns.max(rows);
            frame <= most_frame
                && longest_side * longest_side <= 8 * most_frame
                && second <= u64::from(most_second)
                && maxrate / 1_250 <= kbit
        })
        .map_or(52, |(level, ..)| level)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(width: u32, height: u32) -> Vec<(u16, u16)> {
        let rungs = rungs(width, height, 25_000, &LadderLimits::default());
        rungs
            .into_iter()
            .map(|rung| (rung.width, rung.height))
            .collect()
    }

    #[test]
    fn common_sources_get_the_standard_steps() {
        let all = vec![(1920, 1080), (1280, 720), (854, 480), (640, 360)];
        assert_eq!(sizes(1920, 1080), all);
        assert_eq!(sizes(3840, 2160), all);
        assert_eq!(sizes(1280, 720), all[1..]);
        assert_eq!(sizes(640, 360), all[3..]);
        assert_eq!(
            sizes(1080, 1920),
            vec![(1080, 1920), (720, 1280), (480, 854), (360, 640)]
        );
    }

    #[test]
    fn nothing_is_scaled_up_and_close_steps_are_left_out() {
        assert_eq!(sizes(320, 240), vec![(320, 240)]);
        assert_eq!(
            sizes(1920, 800),
            vec![(1920, 800), (1280, 534), (854, 356), (640, 266)]
        );
        assert_eq!(sizes(1280, 800), vec![(1280, 800), (768, 480), (576, 360)]);
        assert_eq!(sizes(1024, 576), vec![(1024, 576), (854, 480), (640, 360)]);
        assert_eq!(sizes(711, 400), vec![(710, 400)]);
    }

    #[test]
    fn odd_and_absurd_sizes_come_out_even_and_positive() {
        assert_eq!(sizes(3, 5), vec![(4, 6)]);
        assert_eq!(sizes(1, 1), vec![(2, 2)]);
        assert_eq!(sizes(641, 361), vec![(640, 360)]);
        assert_eq!(sizes(8192, 1)[0], (1920, 2));
        for (width, height) in [(1, 8192), (17, 8191), (4097, 2305), (853, 479)] {
            for (w, h) in sizes(width, height) {
                assert!(
                    w >= 2 && h >= 2 && w % 2 == 0 && h % 2 == 0,
                    "{width}x{height}"
                );
            }
        }
    }

    #[test]
    fn limits_hold() {
        let limits = LadderLimits {
            max_height: 480,
            ..LadderLimits::default()
        };
        assert_eq!(rungs(1920, 1080, 25_000, &limits)[0].height, 480);
        let limits = LadderLimits {
            max_renditions: 2,
            ..LadderLimits::default()
        };
        assert_eq!(rungs(1920, 1080, 25_000, &limits).len(), 2);
    }

    #[test]
    fn a_share_of_the_bits_and_a_slower_picture_hold_for_every_rung() {
        let usual = LadderLimits::default();
        let half = LadderLimits {
            bit_rate_percent: 50,
            ..usual.clone()
        };
        let slow = LadderLimits {
            max_frame_rate_milli: 15_000,
            ..usual.clone()
        };
        let rates = |limits: &LadderLimits| -> Vec<u32> {
            let rungs = rungs(1920, 1080, 60_000, limits);
            rungs.iter().map(|rung| rung.maxrate).collect()
        };
        for (usual, half) in rates(&usual).into_iter().zip(rates(&half)) {
            assert!(half.abs_diff(usual / 2) <= 1, "{usual} {half}");
        }
        for (usual, slow) in rates(&usual).into_iter().zip(rates(&slow)) {
            assert!(
                slow.abs_diff(usual / 2) <= 1,
                "a quarter of the frames: {usual} {slow}"
            );
        }
        assert!((quality(100) - 23.0).abs() < 1e-9 && (quality(50) - 29.0).abs() < 1e-9);
        assert!(quality(u16::MAX) >= FINEST && quality(0) <= COARSEST);
        assert_eq!(
            (sound_rate(1, &usual), sound_rate(2, &usual)),
            (64_000, 128_000)
        );
    }

    #[test]
    fn levels_are_those_of_the_standard() {
        assert_eq!(Rung::new(1920, 1080, 30_000, 100).level, 40);
        assert_eq!(Rung::new(1920, 1080, 60_000, 100).level, 42);
        assert_eq!(Rung::new(1280, 720, 30_000, 100).level, 31);
        assert_eq!(Rung::new(1280, 720, 60_000, 100).level, 32);
        assert_eq!(Rung::new(640, 360, 25_000, 100).level, 30);
        assert_eq!(Rung::new(640, 360, 25_000, 100).codecs(), "avc1.64001e");
    }
}
