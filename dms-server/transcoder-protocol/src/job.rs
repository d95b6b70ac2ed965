//! What the child is asked to do, and within which limits.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use minicbor::{CborLen, Decode, Encode};

use crate::PROTOCOL;

/// One media job.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, CborLen)]
#[cbor(map)]
pub struct JobSpec {
    /// [`PROTOCOL`] of the program that asks.
    #[n(0)]
    pub protocol: u16,
    /// Length of a segment, milliseconds of media time.
    #[n(1)]
    pub segment_ms: u32,
    /// Which renditions may be made.
    #[n(2)]
    pub ladder: LadderLimits,
    /// What the job may use up.
    #[n(3)]
    pub limits: Limits,
    /// The sheet of small pictures for the seek bar.
    #[n(4)]
    pub sprites: SpriteSpec,
    /// Refuse to run where the kernel cannot confine the process (Landlock and seccomp). When
    /// false, what is missing is said on standard error and the job runs.
    #[n(5)]
    pub require_sandbox: bool,
    /// Threads for decoding and encoding; 0 means one for each processor.
    #[n(6)]
    pub threads: u16,
}

/// Which renditions may be made of a source.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, CborLen)]
#[cbor(map)]
pub struct LadderLimits {
    /// The tallest rendition, lines of a landscape picture (its shorter side).
    #[n(0)]
    pub max_height: u16,
    /// The most renditions of video.
    #[n(1)]
    pub max_renditions: u8,
    /// The highest frame rate, frames per 1000 seconds.
    #[n(2)]
    pub max_frame_rate_milli: u32,
    /// The most audio tracks; one of each language is made, in the source's order.
    #[n(3)]
    pub max_audio_tracks: u8,
    /// Take sources that have sound but no picture.
    #[n(4)]
    pub allow_audio_only: bool,
    /// Bits of the pictures in percent of what is usual for their size.
    #[n(5)]
    pub bit_rate_percent: u16,
    /// Bits per second of a sound track of two channels; one channel gets half.
    #[n(6)]
    pub audio_bit_rate: u32,
}

/// What a job may use up.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, CborLen)]
#[cbor(map)]
pub struct Limits {
    /// Time on the wall, seconds.
    #[n(0)]
    pub wall_s: u32,
    /// Processor time over all threads, seconds.
    #[n(1)]
    pub cpu_s: u32,
    /// Private memory (data segment and anonymous mappings), bytes.
    #[n(2)]
    pub memory_bytes: u64,
    /// The widest source picture, pixels.
    #[n(3)]
    pub max_width: u32,
    /// The tallest source picture, pixels.
    #[n(4)]
    pub max_height: u32,
    /// The most pixels in a source picture.
    #[n(5)]
    pub max_pixels: u64,
    /// The longest source, milliseconds.
    #[n(6)]
    pub max_duration_ms: u64,
    /// The longest frame the child may send, bytes; at most [`crate::MAX_FRAME`].
    #[n(7)]
    pub max_frame_bytes: u32,
}

/// The sheet of small pictures for the seek bar.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, CborLen)]
#[cbor(map)]
pub struct SpriteSpec {
    /// Width of a tile, pixels; its height follows from the picture's shape.
    #[n(0)]
    pub tile_width: u16,
    /// Tiles in a row.
    #[n(1)]
    pub columns: u16,
    /// The most tiles; the interval grows with the playing time so that they suffice.
    #[n(2)]
    pub max_tiles: u16,
    /// The shortest interval between tiles, milliseconds.
    #[n(3)]
    pub min_interval_ms: u32,
}

/// Why an argument is not a job specification.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArgumentError {
    /// Not base64url without padding.
    #[error("the job argument is not base64url: {0}")]
    Base64(#[from] base64::DecodeError),
    /// Not the CBOR of a job specification.
    #[error("the job argument is not a job specification: {0}")]
    Malformed(#[from] minicbor::decode::Error),
    /// Made by a program of another version.
    #[error(
        "the job argument is of protocol {0}, this program speaks {PROTOCOL}: install dms and \
             dms-transcoder of the same version"
    )]
    Protocol(u16),
    /// A value that makes no sense.
    #[error("the job argument's {0} is out of range")]
    OutOfRange(&'static str),
}

impl Default for JobSpec {
    fn default() -> Self {
        Self {
            protocol: PROTOCOL,
            segment_ms: 4_000,
            ladder: LadderLimits::default(),
            limits: Limits::default(),
            sprites: SpriteSpec::default(),
            require_sandbox: true,
            threads: 0,
        }
    }
}

impl Default for LadderLimits {
    fn default() -> Self {
        Self {
            max_height: 1080,
            max_renditions: 4,
            max_frame_rate_milli: 60_000,
            max_audio_tracks: 4,
            allow_audio_only: true,
            bit_rate_percent: 100,
            audio_bit_rate: 128_000,
        }
    }
}

impl Default for Limits {
    /// Room for hours of 4K, on machines of any number of processors.
    fn default() -> Self {
        Self {
            wall_s: 6 * 3600,
            cpu_s: 24 * 3600,
            memory_bytes: 2048 << 20,
            max_width: 8192,
            max_height: 8192,
            max_pixels: 4096 * 2304,
            max_duration_ms: 12 * 3600 * 1000,
            max_frame_bytes: crate::MAX_FRAME as u32,
        }
    }
}

impl Default for SpriteSpec {
    fn default() -> Self {
        Self {
            tile_width: 160,
            columns: 10,
            max_tiles: 100,
            min_interval_ms: 1_000,
        }
    }
}

impl JobSpec {
    /// The child's one argument: base64url of CBOR. It holds no secret.
    #[must_use]
    pub fn to_argument(&self) -> String {
        // Encoding into a Vec cannot fail: the error type of the writer is uninhabited.
        let bytes = minicbor::to_vec(self).unwrap_or_default();
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads what [`JobSpec::to_argument`] made.
    ///
    /// # Errors
    /// [`ArgumentError`], naming what is wrong with it.
    pub fn from_argument(argument: &str) -> Result<Self, ArgumentError> {
        let bytes = URL_SAFE_NO_PAD.decode(argument)?;
        let spec: Self = minicbor::decode(&bytes)?;
        if spec.protocol != PROTOCOL {
            return Err(ArgumentError::Protocol(spec.protocol));
        }
        spec.check()?;
        Ok(spec)
    }

    fn check(&self) -> Result<(), ArgumentError> {
        let (limits, sprites) = (&self.limits, &self.sprites);
        let ranges = [
            ("segment_ms", (500..=30_000).contains(&self.segment_ms)),
            (
                "ladder.max_height",
                (16..=4320).contains(&self.ladder.max_height),
            ),
            (
                "ladder.max_renditions",
                (1..=8).contains(&self.ladder.max_renditions),
            ),
            (
                "ladder.max_frame_rate_milli",
                self.ladder.max_frame_rate_milli >= 1_000,
            ),
            (
                "ladder.max_audio_tracks",
                self.ladder.max_audio_tracks <= 16,
            ),
            (
                "ladder.bit_rate_percent",
                (10..=400).contains(&self.ladder.bit_rate_percent),
            ),
            (
                "ladder.audio_bit_rate",
                (32_000..=512_000).contains(&self.ladder.audio_bit_rate),
            ),
            ("limits.wall_s", limits.wall_s > 0),
            ("limits.cpu_s", limits.cpu_s > 0),
            ("limits.memory_bytes", limits.memory_bytes >= 64 << 20),
            (
                "limits.max_frame_bytes",
                limits.max_frame_bytes as usize <= crate::MAX_FRAME,
            ),
            (
                "sprites.tile_width",
                (16..=640).contains(&sprites.tile_width),
            ),
            ("sprites.columns", (1..=50).contains(&sprites.columns)),
            ("sprites.max_tiles", (1..=500).contains(&sprites.max_tiles)),
            ("sprites.min_interval_ms", sprites.min_interval_ms > 0),
        ];
        match ranges.into_iter().find(|(_, holds)| !holds) {
            Some((name, _)) => Err(ArgumentError::OutOfRange(name)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_argument_goes_there_and_back() {
        let spec = JobSpec {
            threads: 3,
            require_sandbox: false,
            ..JobSpec::default()
        };
        assert_eq!(JobSpec::from_argument(&spec.to_argument()).unwrap(), spec);
    }

    #[test]
    fn another_protocol_a_wild_value_and_garbage_are_refused() {
        let spec = JobSpec {
            protocol: PROTOCOL + 1,
            ..JobSpec::default()
        };
        assert!(matches!(
            JobSpec::from_argument(&spec.to_argument()),
            Err(ArgumentError::Protocol(_))
        ));
        let spec = JobSpec {
            segment_ms: 0,
            ..JobSpec::default()
        };
        assert!(matches!(
            JobSpec::from_argument(&spec.to_argument()),
            Err(ArgumentError::OutOfRange("segment_ms"))
        ));
        let wild = |change: fn(&mut LadderLimits)| {
            let mut spec = JobSpec::default();
            change(&mut spec.ladder);
            match JobSpec::from_argument(&spec.to_argument()) {
                Err(ArgumentError::OutOfRange(what)) => what,
                other => panic!("{other:?}"),
            }
        };
        for percent in [0, 9, 401] {
            let spec = JobSpec {
                ladder: LadderLimits {
                    bit_rate_percent: percent,
                    ..LadderLimits::default()
                },
                ..JobSpec::default()
            };
            let read = JobSpec::from_argument(&spec.to_argument());
            assert!(matches!(
                read,
                Err(ArgumentError::OutOfRange("ladder.bit_rate_percent"))
            ));
        }
        assert_eq!(
            wild(|ladder| ladder.audio_bit_rate = 31_999),
            "ladder.audio_bit_rate"
        );
        assert_eq!(wild(|ladder| ladder.max_height = 15), "ladder.max_height");
        assert!(JobSpec::from_argument("--help").is_err());
        assert!(matches!(
            JobSpec::from_argument(""),
            Err(ArgumentError::Malformed(_))
        ));
    }
}
