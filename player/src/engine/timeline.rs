//! Which segment of a track covers which time.

use std::time::Duration;

use swarm::content::Track;

/// The start of each media segment of one track. Segment 0 is the header and has no time.
#[derive(Debug, Clone)]
pub struct Timeline {
    /// `bounds[i]` is where segment `i + 1` starts; the last entry is the end.
    bounds: Vec<Duration>,
}

impl Timeline {
    /// The timeline of a media track.
    #[must_use]
    pub fn of(track: &Track) -> Self {
        let mut ticks = 0_u64;
        let mut bounds = vec![Duration::ZERO];
        for segment in track.segments.iter().skip(1) {
            ticks = ticks.saturating_add(segment.duration);
            bounds.push(time(ticks, track.timescale));
        }
        Self { bounds }
    }

    /// The timeline of a track without media.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            bounds: vec![Duration::ZERO],
        }
    }

    /// The number of the last media segment; 0 when there is none.
    #[must_use]
    pub fn last(&self) -> usize {
        self.bounds.len().saturating_sub(1)
    }

    /// Where segment `index` (from 1) starts; the end of the track for later ones.
    #[must_use]
    pub fn start(&self, index: usize) -> Duration {
        self.bounds
            .get(index.saturating_sub(1))
            .copied()
            .unwrap_or_else(|| self.end())
    }

    /// Where the track ends.
    #[must_use]
    pub fn end(&self) -> Duration {
        self.bounds.last().copied().unwrap_or_default()
    }

    /// The segment that covers `at`; the last one for times after the end.
    #[must_use]
    pub fn at(&self, at: Duration) -> usize {
        self.bounds
            .partition_point(|&start| start <= at)
            .clamp(1, self.last().max(1))
    }
}

/// `ticks` of a clock with `timescale` ticks a second; zero for a timescale of zero.
#[must_use]
pub fn time(ticks: u64, timescale: u32) -> Duration {
    let nanos = (u128::from(ticks) * 1_000_000_000).checked_div(u128::from(timescale));
    Duration::from_nanos(u64::try_from(nanos.unwrap_or(0)).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use swarm::content::{Segment, TrackId, TrackKind};

    fn track(durations: &[u64]) -> Track {
        let segment = |duration| Segment {
            duration,
            samples: 1,
            plain_len: 1,
            chunks: vec![],
        };
        Track {
            id: TrackId(1),
            kind: TrackKind::Subtitle {
                language: "und".into(),
            },
            codecs: String::new(),
            bandwidth: 1,
            average_bandwidth: 1,
            timescale: 1000,
            segments: std::iter::once(0)
                .chain(durations.iter().copied())
                .map(segment)
                .collect(),
        }
    }

    #[test]
    fn times_map_to_segments_and_back() {
        let line = Timeline::of(&track(&[4000, 4000, 1500]));
        assert_eq!(line.last(), 3);
        assert_eq!(line.end(), Duration::from_millis(9500));
        let table = [
            (0, 1),
            (3999, 1),
            (4000, 2),
            (7999, 2),
            (8000, 3),
            (9500, 3),
            (99_999, 3),
        ];
        for (ms, index) in table {
            assert_eq!(line.at(Duration::from_millis(ms)), index, "{ms} ms");
        }
        assert_eq!(line.start(3), Duration::from_millis(8000));
    }

    #[test]
    fn a_header_alone_and_a_zero_timescale_are_harmless() {
        let line = Timeline::of(&track(&[]));
        assert_eq!(
            (line.last(), line.end(), line.at(Duration::ZERO)),
            (0, Duration::ZERO, 1)
        );
        assert_eq!(time(5, 0), Duration::ZERO);
    }
}
