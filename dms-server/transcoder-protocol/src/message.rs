//! What the child tells its parent.

use minicbor::{CborLen, Decode, Encode};

use crate::FailureCode;

/// One frame on the child's standard output. The crate's page names their order.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, CborLen)]
pub enum Message {
    /// What the source is.
    #[n(0)]
    Probe(#[n(0)] Probe),
    /// Which tracks will come.
    #[n(1)]
    Plan(#[n(0)] Plan),
    /// The CMAF header of a track.
    #[n(2)]
    Header(#[n(0)] Header),
    /// A media segment of a track.
    #[n(3)]
    Segment(#[n(0)] Segment),
    /// A picture that stands for the title.
    #[n(4)]
    Poster(#[n(0)] Poster),
    /// Small pictures for the seek bar.
    #[n(5)]
    Sprites(#[n(0)] Sprites),
    /// How far the job is.
    #[n(6)]
    Progress(#[n(0)] Progress),
    /// The job is complete. Nothing follows.
    #[n(7)]
    Done(#[n(0)] Done),
    /// The job cannot be done. Nothing follows.
    #[n(8)]
    Failed(#[n(0)] Failed),
}

/// What the source is.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, CborLen)]
#[cbor(map)]
pub struct Probe {
    /// The demuxer's name, such as `mov,mp4,m4a,3gp,3g2,mj2`.
    #[n(0)]
    pub container: String,
    /// Playing time as the container claims it, milliseconds; none when it does not say.
    #[n(1)]
    pub duration_ms: Option<u64>,
    /// Length of the source, bytes.
    #[n(2)]
    pub bytes: u64,
    /// The picture that will be published, if there is one.
    #[n(3)]
    pub video: Option<SourceVideo>,
    /// The sound tracks, in the source's order.
    #[n(4)]
    pub audio: Vec<SourceAudio>,
}

/// A source's picture.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, CborLen)]
#[cbor(map)]
pub struct SourceVideo {
    /// The decoder's name, such as `h264`.
    #[n(0)]
    pub codec: String,
    /// Width as coded, pixels, before rotation and pixel shape.
    #[n(1)]
    pub width: u32,
    /// Height as coded, pixels, before rotation and pixel shape.
    #[n(2)]
    pub height: u32,
    /// Width on the screen, pixels.
    #[n(3)]
    pub display_width: u32,
    /// Height on the screen, pixels.
    #[n(4)]
    pub display_height: u32,
    /// Average frames per 1000 seconds; 0 when unknown.
    #[n(5)]
    pub frame_rate_milli: u32,
    /// Clockwise turn the player has to make: 0, 90, 180 or 270 degrees.
    #[n(6)]
    pub rotation: u16,
    /// The pixel format's name, such as `yuv420p10le`.
    #[n(7)]
    pub pixel_format: String,
}

/// A source's sound track.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, CborLen)]
#[cbor(map)]
pub struct SourceAudio {
    /// The decoder's name, such as `aac`.
    #[n(0)]
    pub codec: String,
    /// Channels.
    #[n(1)]
    pub channels: u16,
    /// Samples per second.
    #[n(2)]
    pub sample_rate: u32,
    /// The language the container names; `und` when it does not.
    #[n(3)]
    pub language: String,
}

/// Which tracks will come.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, CborLen)]
#[cbor(map)]
pub struct Plan {
    /// The tracks, ascending by number: video from the tallest to the smallest, then audio.
    #[n(0)]
    pub renditions: Vec<Rendition>,
}

/// One track to come.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, CborLen)]
#[cbor(map)]
pub struct Rendition {
    /// The track's number in this job, from 1.
    #[n(0)]
    pub track: u16,
    /// What it carries.
    #[n(1)]
    pub kind: RenditionKind,
    /// RFC 6381 codec string, such as `avc1.64001f`.
    #[n(2)]
    pub codecs: String,
    /// The bit rate the encoder is held to, bits per second; [`TrackTotal`] has what came out.
    #[n(3)]
    pub bandwidth: u32,
    /// Ticks per second of the track's segments.
    #[n(4)]
    pub timescale: u32,
}

/// What a track carries.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, CborLen)]
pub enum RenditionKind {
    /// Moving pictures.
    #[n(0)]
    #[cbor(map)]
    Video {
        /// Picture width, pixels.
        #[n(0)]
        width: u16,
        /// Picture height, pixels.
        #[n(1)]
        height: u16,
        /// Average frames per 1000 seconds.
        #[n(2)]
        frame_rate_milli: u32,
    },
    /// Sound.
    #[n(1)]
    #[cbor(map)]
    Audio {
        /// Channels.
        #[n(0)]
        channels: u8,
        /// Samples per second.
        #[n(1)]
        sample_rate: u32,
        /// BCP 47 tag; `und` when unknown.
        #[n(2)]
        language: String,
    },
}

/// A track's CMAF header (`ftyp` and `moov`): segment 0 of its track.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, CborLen)]
#[cbor(map)]
pub struct Header {
    /// The track.
    #[n(0)]
    pub track: u16,
    /// The header.
    #[n(1)]
    #[cbor(with = "minicbor::bytes")]
    pub bytes: Vec<u8>,
}

/// A track's media segment (`styp`, `moof` and `mdat`).
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, CborLen)]
#[cbor(map)]
pub struct Segment {
    /// The track.
    #[n(0)]
    pub track: u16,
    /// Place in the track, from 1.
    #[n(1)]
    pub index: u32,
    /// Media time of the first sample, ticks.
    #[n(2)]
    pub start: u64,
    /// Playing time, ticks: exactly the distance to the next segment's start.
    #[n(3)]
    pub duration: u64,
    /// Ticks per second.
    #[n(4)]
    pub timescale: u32,
    /// Frames of video, or packets of audio.
    #[n(5)]
    pub samples: u32,
    /// The segment.
    #[n(6)]
    #[cbor(with = "minicbor::bytes")]
    pub bytes: Vec<u8>,
}

/// A picture that stands for the title.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, CborLen)]
#[cbor(map)]
pub struct Poster {
    /// A JPEG file.
    #[n(0)]
    #[cbor(with = "minicbor::bytes")]
    pub jpeg: Vec<u8>,
    /// Width, pixels.
    #[n(1)]
    pub width: u32,
    /// Height, pixels.
    #[n(2)]
    pub height: u32,
}

/// Small pictures for the seek bar, in rows from the top left.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, CborLen)]
#[cbor(map)]
pub struct Sprites {
    /// A JPEG file with every tile.
    #[n(0)]
    #[cbor(with = "minicbor::bytes")]
    pub jpeg: Vec<u8>,
    /// Tiles in a row.
    #[n(1)]
    pub columns: u16,
    /// Rows.
    #[n(2)]
    pub rows: u16,
    /// Width of a tile, pixels.
    #[n(3)]
    pub tile_width: u16,
    /// Height of a tile, pixels.
    #[n(4)]
    pub tile_height: u16,
    /// Tile n shows the picture at n times this, milliseconds.
    #[n(5)]
    pub interval_ms: u32,
    /// Tiles in use; the rest of the last row is black.
    #[n(6)]
    pub count: u16,
}

/// How far the job is. At most four a second.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, CborLen)]
#[cbor(map)]
pub struct Progress {
    /// Share of the playing time that is done, thousandths; never shrinks.
    #[n(0)]
    pub permille: u16,
    /// Media time that is done, milliseconds.
    #[n(1)]
    pub out_time_ms: u64,
    /// Estimated time until the job is done, milliseconds; none while it is too early to say.
    #[n(2)]
    pub eta_ms: Option<u64>,
    /// Media time per time on the wall, thousandths (2000 is twice as fast as playing).
    #[n(3)]
    pub speed_milli: u32,
}

/// What came out.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, CborLen)]
#[cbor(map)]
pub struct Done {
    /// Playing time of the longest track, milliseconds.
    #[n(0)]
    pub duration_ms: u64,
    /// The tracks of the plan, in its order.
    #[n(1)]
    pub tracks: Vec<TrackTotal>,
}

/// What came out for one track.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, CborLen)]
#[cbor(map)]
pub struct TrackTotal {
    /// The track.
    #[n(0)]
    pub track: u16,
    /// Media segments.
    #[n(1)]
    pub segments: u32,
    /// Frames of video, or packets of audio.
    #[n(2)]
    pub samples: u64,
    /// Playing time, ticks: the sum over the segments.
    #[n(3)]
    pub duration: u64,
    /// Ticks per second.
    #[n(4)]
    pub timescale: u32,
    /// Length of the segments together, bytes, without the header.
    #[n(5)]
    pub bytes: u64,
    /// Average bit rate, bits per second.
    #[n(6)]
    pub average_bandwidth: u32,
    /// Highest bit rate of a segment, bits per second. A last segment shorter than half of the
    /// segment length does not count unless it is the only one.
    #[n(7)]
    pub peak_bandwidth: u32,
    /// RFC 6381 codec string.
    #[n(8)]
    pub codecs: String,
}

/// Why the job cannot be done.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, CborLen)]
#[cbor(map)]
pub struct Failed {
    /// The stable code; [`FailureCode::sentence`] is what a publisher reads.
    #[n(0)]
    pub code: FailureCode,
    /// What the libraries said, for logs and support; at most a few hundred characters.
    #[n(1)]
    pub detail: String,
}
