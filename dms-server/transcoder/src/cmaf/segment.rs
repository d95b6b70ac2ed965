//! A media segment of a track: `styp`, `moof` and `mdat`.

use super::boxes::Boxes;

/// `sample_depends_on` = 2: a key frame.
const KEY: u32 = 0x0200_0000;
/// `sample_depends_on` = 1 and `sample_is_non_sync_sample`.
const NOT_KEY: u32 = 0x0101_0000;

/// Bytes of boxes in front of the sample data: what does not depend on the number of samples.
const FIXED: usize = 128;

/// One coded picture, or one packet of sound, in order of decoding.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sample {
    /// When it is shown, ticks.
    pub shown_at: i64,
    /// Its bytes in the segment's data.
    pub size: u32,
    /// It can be decoded without those before it.
    pub key: bool,
}

/// The segment of these samples, which ends at the tick `end`. `sequence` counts from 1; `delay`
/// is what the track's header says.
pub fn media_segment(
    sequence: u32,
    samples: &[Sample],
    end: i64,
    delay: u32,
    data: &[u8],
) -> Vec<u8> {
    let times = decode_times(samples, i64::from(delay));
    let start = times.first().copied().unwrap_or(0);
    let mut b = Boxes::with_capacity(FIXED + samples.len() * 16 + data.len());
    b.nest(b"styp", |b| {
        b.raw(b"msdh");
        b.u32(0);
        [b"msdh", b"msix", b"cmfs"]
            .into_iter()
            .for_each(|brand| b.raw(brand));
    });
    let fragment = b.len();
    let mut offset_at = 0;
    b.nest(b"moof", |b| {
        b.full(b"mfhd", 0, 0, |b| b.u32(sequence));
        b.nest(b"traf", |b| {
            // default-base-is-moof: offsets count from the start of this moof.
            b.full(b"tfhd", 0, 0x02_0000, |b| b.u32(1));
            b.full(b"tfdt", 1, 0, |b| b.u64(start.max(0) as u64));
            // Data offset; per sample: duration, size, flags, composition offset.
            b.full(b"trun", 0, 0x01 | 0x100 | 0x200 | 0x400 | 0x800, |b| {
                b.u32(samples.len() as u32);
                offset_at = b.len();
                b.u32(0);
                let next = times.iter().skip(1).copied().chain([end]);
                for ((sample, &decoded_at), next) in samples.iter().zip(&times).zip(next) {
                    let offset = sample.shown_at - decoded_at + i64::from(delay);
                    b.u32((next - decoded_at).max(0) as u32);
                    b.u32(sample.size);
                    b.u32(if sample.key { KEY } else { NOT_KEY });
                    b.u32(offset.max(0) as u32);
                }
            });
        });
    });
    let data_offset = (b.len() - fragment + 8) as u32;
    b.patch_u32(offset_at, data_offset);
    b.nest(b"mdat", |b| b.raw(data));
    b.into_bytes()
}

/// When each sample is decoded: evenly, as samples are shown, but never so late that it would
/// miss its time by more than the delay. Times grow strictly and start where the segment starts.
fn decode_times(samples: &[Sample], delay: i64) -> Vec<i64> {
    let mut times: Vec<i64> = samples.iter().map(|sample| sample.shown_at).collect();
    times.sort_unstable();
    let mut latest = i64::MAX;
    for (time, sample) in times.iter_mut().zip(samples).rev() {
        latest = latest.min(sample.shown_at.saturating_add(delay));
        *time = latest.min(*time);
        latest = *time - 1;
    }
    times
}

#[cfg(test)]
mod tests {
    use super::*;

    fn u32_at(bytes: &[u8], at: usize) -> u32 {
        u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap())
    }

    fn find(bytes: &[u8], kind: &[u8; 4]) -> usize {
        bytes.windows(4).position(|four| four == kind).unwrap()
    }

    #[test]
    fn samples_out_of_display_order_get_exact_times() {
        let sample = |shown_at, size| Sample {
            shown_at,
            size,
            key: shown_at == 1000,
        };
        let samples = [
            sample(1000, 3),
            sample(1300, 2),
            sample(1150, 1),
            sample(1400, 1),
        ];
        let segment = media_segment(7, &samples, 1500, 150, &[1, 2, 3, 4, 5, 6, 7]);

        let tfdt = find(&segment, b"tfdt");
        assert_eq!(&segment[tfdt + 8..tfdt + 16], 1000u64.to_be_bytes());
        let trun = find(&segment, b"trun") + 8;
        assert_eq!(u32_at(&segment, trun), 4);
        let row = |n: usize| {
            let at = trun + 8 + n * 16;
            (
                u32_at(&segment, at),
                u32_at(&segment, at + 4),
                u32_at(&segment, at + 12),
            )
        };
        // Duration, size, composition offset.
        let expected = [(150, 3, 150), (150, 2, 300), (100, 1, 0), (100, 1, 150)];
        assert_eq!([row(0), row(1), row(2), row(3)], expected);

        let moof = find(&segment, b"moof") - 4;
        let data = moof + u32_at(&segment, trun + 4) as usize;
        assert_eq!(&segment[data..], &[1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(u32_at(&segment, data - 8) as usize, 8 + 7);
    }

    #[test]
    fn an_uneven_segment_is_decoded_early_enough() {
        let shown = [0, 9_000, 100, 200, 30_000, 9_100, 9_200];
        let samples = shown.map(|shown_at| Sample {
            shown_at,
            size: 1,
            key: shown_at == 0,
        });
        let times = decode_times(&samples, 50);
        assert_eq!(times[0], 0);
        assert!(times.windows(2).all(|pair| pair[0] < pair[1]), "{times:?}");
        let late = samples
            .iter()
            .zip(&times)
            .map(|(s, time)| time - s.shown_at)
            .max();
        assert!(late <= Some(50), "{times:?}");
    }
}
