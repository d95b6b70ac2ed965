//! Opening what is to be published. Everything read here is hostile until decoded.

use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dms_transcoder_protocol::FailureCode;
use ffmpeg::format::context::{Input, StreamIo};
use ffmpeg_next as ffmpeg;

use crate::error::JobError;

/// The containers that are opened. Formats that name other files (playlists, concatenation
/// lists, image sequences, subtitle scripts) are not among them.
const CONTAINERS: &str = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,ogg,flv,asf,wav,\
                          w64,mp3,flac,aac,yuv4mpegpipe,h264,hevc,m4v,mpegvideo,ivf,mxf,aiff,ac3,eac3";

/// The decoders that run. What people export video with, not every format there ever was.
pub const DECODERS: &[&str] = &[
    "h264",
    "hevc",
    "vp8",
    "vp9",
    "libdav1d",
    "libaom-av1",
    "av1",
    "mpeg1video",
    "mpeg2video",
    "mpeg4",
    "msmpeg4v1",
    "msmpeg4v2",
    "msmpeg4",
    "h263",
    "flv",
    "wmv1",
    "wmv2",
    "wmv3",
    "vc1",
    "theora",
    "vp6",
    "vp6f",
    "mjpeg",
    "prores",
    "dnxhd",
    "ffv1",
    "huffyuv",
    "ffvhuff",
    "utvideo",
    "rawvideo",
    "dvvideo",
    "cinepak",
    "svq3",
    "qtrle",
    "png",
    "wrapped_avframe",
    "libvpx",
    "libvpx-vp9",
    "aac",
    "aac_latm",
    "mp1",
    "mp1float",
    "mp2",
    "mp2float",
    "mp3",
    "mp3float",
    "ac3",
    "eac3",
    "dca",
    "vorbis",
    "libvorbis",
    "opus",
    "libopus",
    "flac",
    "alac",
    "wmav1",
    "wmav2",
    "wmapro",
    "amrnb",
    "amrwb",
    "pcm_s16le",
    "pcm_s16be",
    "pcm_s24le",
    "pcm_s24be",
    "pcm_s32le",
    "pcm_s32be",
    "pcm_f32le",
    "pcm_f32be",
    "pcm_f64le",
    "pcm_u8",
    "pcm_s8",
    "pcm_mulaw",
    "pcm_alaw",
    "pcm_bluray",
    "pcm_dvd",
    "adpcm_ms",
    "adpcm_ima_wav",
    "adpcm_ima_qt",
    "truehd",
    "mlp",
    "speex",
    "libspeex",
    "nellymoser",
];

/// How much of the source is read at a time, bytes.
const BUFFER: usize = 256 << 10;

/// How far into the source what it is must have become clear, bytes.
const PROBE: &str = "20000000";

/// A source: an opened file that counts how far it was read.
#[derive(Debug)]
pub struct Counting<R> {
    inner: R,
    position: Arc<AtomicU64>,
}

impl<R: Read> Read for Counting<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(into)?;
        self.position.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

impl<R: Seek> Seek for Counting<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = self.inner.seek(to)?;
        self.position.store(position, Ordering::Relaxed);
        Ok(position)
    }
}

/// An opened source.
pub struct Source {
    /// The demuxer.
    pub input: Input,
    /// How far it was read, bytes.
    pub position: Arc<AtomicU64>,
    /// Length, bytes.
    pub length: u64,
}

/// Opens a source.
///
/// # Errors
/// `not_video` for anything that is no container of the list, `corrupt_container` for one of
/// them that cannot be read, `storage_unavailable` when reading fails.
pub fn open<R: Read + Seek + Send + 'static>(mut from: R) -> Result<Source, JobError> {
    let storage = |e: io::Error| JobError::refused(FailureCode::StorageUnavailable, e.to_string());
    let length = from.seek(SeekFrom::End(0)).map_err(storage)?;
    from.rewind().map_err(storage)?;
    let mut start = Vec::new();
    from.by_ref()
        .take(4096)
        .read_to_end(&mut start)
        .map_err(storage)?;
    from.rewind().map_err(storage)?;
    if length == 0 {
        return Err(JobError::refused(
            FailureCode::NotVideo,
            "the file is empty",
        ));
    }
    let position = Arc::new(AtomicU64::new(0));
    let stream = Counting {
        inner: from,
        position: Arc::clone(&position),
    };
    let io = StreamIo::from_read_seek_with_capacity(stream, BUFFER)
        .map_err(JobError::library("preparing to read the source"))?;
    let input = ffmpeg::format::input_from_stream(io, None, Some(options()))
        .map_err(|error| refusal(error, &start))?;
    Ok(Source {
        input,
        position,
        length,
    })
}

fn options() -> ffmpeg::Dictionary<'static> {
    let decoders = DECODERS.join(",");
    let mut options = ffmpeg::Dictionary::new();
    options.set("format_whitelist", CONTAINERS);
    options.set("codec_whitelist", &decoders);
    // No protocol has this name: nothing a container points at is opened.
    options.set("protocol_whitelist", "none");
    options.set("probesize", PROBE);
    options
}

fn refusal(error: ffmpeg::Error, start: &[u8]) -> JobError {
    match (error, looks_like(start)) {
        (
            ffmpeg::Error::Other {
                errno: ffmpeg::error::ENOMEM,
            },
            _,
        ) => JobError::library("opening the source")(error),
        (_, Some(container)) => JobError::refused(
            FailureCode::CorruptContainer,
            format!("starts like {container}, but cannot be read: {error}"),
        ),
        (_, None) => JobError::refused(
            FailureCode::NotVideo,
            format!("no known container of video or sound: {error}"),
        ),
    }
}

/// The container whose first bytes these are. It tells a damaged video from something else.
fn looks_like(start: &[u8]) -> Option<&'static str> {
    const MP4: [&[u8]; 6] = [b"ftyp", b"moov", b"mdat", b"wide", b"moof", b"styp"];
    let at = |from: usize, magic: &[u8]| start.get(from..).is_some_and(|s| s.starts_with(magic));
    let packets = |size: usize| (0..3).all(|n| start.get(n * size) == Some(&0x47));
    if MP4.iter().any(|kind| at(4, kind)) {
        return Some("MP4");
    }
    let known: [(&str, usize, &[u8]); 9] = [
        ("Matroska or WebM", 0, &[0x1a, 0x45, 0xdf, 0xa3]),
        ("AVI", 8, b"AVI "),
        ("WAV", 8, b"WAVE"),
        ("Ogg", 0, b"OggS"),
        ("FLV", 0, b"FLV\x01"),
        ("ASF", 0, &[0x30, 0x26, 0xb2, 0x75, 0x8e, 0x66, 0xcf, 0x11]),
        ("MPEG program stream", 0, &[0, 0, 1, 0xba]),
        ("FLAC", 0, b"fLaC"),
        ("MP3", 0, b"ID3"),
    ];
    let known = known.into_iter().find(|(_, from, magic)| at(*from, magic));
    known
        .map(|(name, ..)| name)
        .or((packets(188) || packets(192)).then_some("MPEG-TS"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_start_of_a_file_tells_a_damaged_video_from_something_else() {
        assert_eq!(looks_like(b"\0\0\0\x20ftypisom"), Some("MP4"));
        assert_eq!(looks_like(b"RIFF\0\0\0\0AVI LIST"), Some("AVI"));
        assert_eq!(
            looks_like(&[0x1a, 0x45, 0xdf, 0xa3, 0]),
            Some("Matroska or WebM")
        );
        let mut transport = vec![0; 600];
        (0..3).for_each(|n| transport[n * 188] = 0x47);
        assert_eq!(looks_like(&transport), Some("MPEG-TS"));
        assert_eq!(
            looks_like(b"Dear all, please find the video attached."),
            None
        );
        assert_eq!(looks_like(b"G"), None);
        assert_eq!(looks_like(b""), None);
    }
}
