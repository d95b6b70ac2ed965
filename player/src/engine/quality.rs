//! Which rendition of the picture to fetch next.

use std::{str::FromStr, time::Duration};

use swarm::content::{Track, TrackId, TrackKind};

/// What the viewer asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Quality {
    /// As good as the measured speed carries.
    Auto,
    /// The rendition with the most bits.
    Highest,
    /// The rendition with the fewest bits.
    Lowest,
    /// The best rendition of at most this many lines; of a portrait picture, columns.
    Height(u16),
}

/// Why a text is no quality.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a quality is auto, highest, lowest, or a number of lines such as 720")]
pub struct QualityError;

impl FromStr for Quality {
    type Err = QualityError;
    fn from_str(text: &str) -> Result<Self, QualityError> {
        match text {
            "auto" => Ok(Self::Auto),
            "highest" => Ok(Self::Highest),
            "lowest" => Ok(Self::Lowest),
            lines => lines
                .trim_end_matches('p')
                .parse()
                .map(Self::Height)
                .map_err(|_| QualityError),
        }
    }
}

/// One rendition.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rung {
    /// The track.
    pub track: TrackId,
    /// Peak bits per second.
    pub bandwidth: u32,
    /// The picture's shorter side, pixels: what people mean by 720p, upright pictures too.
    pub lines: u16,
}

/// Below this much media ahead, only a rendition well under the measured speed is taken.
const LOW_BUFFER: Duration = Duration::from_secs(8);
/// Above this much media ahead, the measured speed may be used almost whole.
const HIGH_BUFFER: Duration = Duration::from_secs(16);

/// Chooses the rendition of each segment.
#[derive(Debug)]
pub struct Chooser {
    quality: Quality,
    /// Ascending by bandwidth; never empty.
    rungs: Vec<Rung>,
    speed: Speed,
}

impl Chooser {
    /// A chooser among the video tracks of `tracks`. `None` when there is no video track.
    ///
    /// Renditions whose segments are not cut like the others' cannot be switched to within a
    /// title; `Auto` leaves them out.
    #[must_use]
    pub fn new(quality: Quality, tracks: &[&Track]) -> Option<Self> {
        let mut rungs: Vec<(Rung, usize)> = tracks
            .iter()
            .filter_map(|track| match track.kind {
                TrackKind::Video { width, height, .. } => Some((
                    Rung {
                        track: track.id,
                        bandwidth: track.bandwidth,
                        lines: width.min(height),
                    },
                    track.segments.len(),
                )),
                _ => None,
            })
            .collect();
        rungs.sort_by_key(|(rung, _)| (rung.bandwidth, rung.track));
        let cut = rungs.last()?.1;
        if quality == Quality::Auto {
            rungs.retain(|&(_, segments)| segments == cut);
        }
        let rungs = rungs.into_iter().map(|(rung, _)| rung).collect();
        Some(Self {
            quality,
            rungs,
            speed: Speed::default(),
        })
    }

    /// A chooser that has no choice.
    #[must_use]
    pub fn fixed(track: &Track) -> Self {
        let rung = Rung {
            track: track.id,
            bandwidth: track.bandwidth,
            lines: 0,
        };
        Self {
            quality: Quality::Highest,
            rungs: vec![rung],
            speed: Speed::default(),
        }
    }

    /// Tells how long a fetch took.
    pub fn fetched(&mut self, bytes: u64, took: Duration) {
        self.speed.add(bytes, took);
    }

    /// The rendition of the next segment, with `ahead` of media not played yet.
    #[must_use]
    pub fn choose(&self, ahead: Duration) -> TrackId {
        let best = |fits: &dyn Fn(&Rung) -> bool| {
            self.rungs
                .iter()
                .rev()
                .find(|rung| fits(rung))
                .or(self.rungs.first())
        };
        let rung = match self.quality {
            Quality::Highest => self.rungs.last(),
            Quality::Lowest => self.rungs.first(),
            Quality::Height(lines) => best(&|rung| rung.lines <= lines),
            Quality::Auto => {
                let budget = self.budget(ahead);
                best(&|rung| u64::from(rung.bandwidth) <= budget)
            }
        };
        rung.map_or(TrackId(0), |rung| rung.track)
    }

    /// Bits per second that the next segment may have.
    fn budget(&self, ahead: Duration) -> u64 {
        let percent = if ahead < LOW_BUFFER {
            60
        } else if ahead < HIGH_BUFFER {
            75
        } else {
            90
        };
        self.speed.bits_per_second().saturating_mul(percent) / 100
    }
}

/// The measured speed: the lower of a quick and a slow moving average, so that one fast fetch
/// does not promise much and one slow fetch is believed at once.
#[derive(Debug, Default)]
struct Speed {
    quick: Option<f64>,
    slow: Option<f64>,
}

impl Speed {
    fn add(&mut self, bytes: u64, took: Duration) {
        let seconds = took.as_secs_f64().max(0.001);
        let sample = bytes as f64 * 8.0 / seconds;
        let blend = |old: Option<f64>, share: f64| {
            Some(old.map_or(sample, |old| old * (1.0 - share) + sample * share))
        };
        self.quick = blend(self.quick, 0.5);
        self.slow = blend(self.slow, 0.15);
    }

    fn bits_per_second(&self) -> u64 {
        match (self.quick, self.slow) {
            (Some(quick), Some(slow)) => quick.min(slow) as u64,
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use swarm::content::Segment;

    fn video(id: u16, height: u16, bandwidth: u32, segments: usize) -> Track {
        let segment = Segment {
            duration: 1,
            samples: 1,
            plain_len: 1,
            chunks: vec![],
        };
        Track {
            id: TrackId(id),
            kind: TrackKind::Video {
                width: height * 2,
                height,
                frame_rate_milli: 25_000,
            },
            codecs: "avc1".into(),
            bandwidth,
            average_bandwidth: bandwidth,
            timescale: 1,
            segments: vec![segment; segments],
        }
    }

    fn ladder(quality: Quality) -> Chooser {
        let tracks = [
            video(1, 1080, 6_000_000, 3),
            video(2, 360, 800_000, 3),
            video(3, 720, 3_000_000, 3),
        ];
        Chooser::new(quality, &tracks.iter().collect::<Vec<_>>()).expect("video")
    }

    #[test]
    fn fixed_choices() {
        let table = [
            ("highest", 1),
            ("lowest", 2),
            ("1080", 1),
            ("720p", 3),
            ("719", 2),
            ("100", 2),
            ("9000", 1),
        ];
        for (text, track) in table {
            let quality = text.parse().expect(text);
            assert_eq!(
                ladder(quality).choose(Duration::ZERO),
                TrackId(track),
                "{text}"
            );
        }
        assert_eq!("best".parse::<Quality>(), Err(QualityError));
    }

    #[test]
    fn a_portrait_picture_goes_by_its_shorter_side() {
        let mut upright = video(1, 1280, 3_000_000, 3);
        upright.kind = TrackKind::Video {
            width: 720,
            height: 1280,
            frame_rate_milli: 25_000,
        };
        let small = video(2, 640, 800_000, 3);
        let chooser = Chooser::new(Quality::Height(720), &[&upright, &small]).expect("video");
        assert_eq!(chooser.choose(Duration::ZERO), TrackId(1));
    }

    #[test]
    fn auto_starts_low_rises_with_the_speed_and_falls_at_once() {
        let mut chooser = ladder(Quality::Auto);
        let ahead = Duration::from_secs(20);
        assert_eq!(chooser.choose(ahead), TrackId(2));
        let second = Duration::from_secs(1);
        for _ in 0..4 {
            chooser.fetched(1_000_000, second);
        }
        assert_eq!(chooser.choose(ahead), TrackId(1), "8 Mbit/s carry 6");
        assert_eq!(
            chooser.choose(Duration::from_secs(2)),
            TrackId(3),
            "with little ahead: 60 %"
        );
        chooser.fetched(50_000, second);
        assert_eq!(chooser.choose(ahead), TrackId(3));
        chooser.fetched(50_000, second);
        assert_eq!(chooser.choose(ahead), TrackId(2));
    }

    #[test]
    fn auto_leaves_out_what_is_cut_differently() {
        let tracks = [video(1, 1080, 6_000_000, 3), video(2, 360, 800_000, 4)];
        let refs: Vec<_> = tracks.iter().collect();
        let auto = Chooser::new(Quality::Auto, &refs).expect("video");
        assert_eq!(auto.choose(Duration::ZERO), TrackId(1));
        let lowest = Chooser::new(Quality::Lowest, &refs).expect("video");
        assert_eq!(lowest.choose(Duration::ZERO), TrackId(2));
        assert!(Chooser::new(Quality::Auto, &[]).is_none());
    }
}
