//! A small real title: encoded with the ffmpeg command, sealed, listed and signed.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use drm::{
    key::TitleKey,
    segment::{self, SegmentContext},
};
use ed25519_dalek::SigningKey;
use sha2::{Digest, Sha256};
use swarm::content::{
    ChunkId, ChunkRef, Manifest, Segment, TitleId, TitleKind, Track, TrackId, TrackKind,
};

pub const TENANT: &str = "acme";
pub const FPS: u64 = 25;
pub const SECONDS: u64 = 4;
/// The small rendition, the large one, the sound.
pub const SMALL: TrackId = TrackId(1);
pub const LARGE: TrackId = TrackId(2);
pub const SOUND: TrackId = TrackId(3);

/// A title with everything a server needs to hand it out.
pub struct Clip {
    pub manifest: Manifest,
    pub manifest_key: SigningKey,
    pub license_key: drm::license::SigningKey,
    pub title_key: TitleKey,
    pub chunks: BTreeMap<ChunkId, Vec<u8>>,
    /// What the decoder should see of the large rendition.
    pub large_sha256: String,
}

/// The clip of this test run; encoding it takes a second or two.
pub fn clip() -> &'static Clip {
    static CLIP: OnceLock<Clip> = OnceLock::new();
    CLIP.get_or_init(Clip::make)
}

impl Clip {
    fn make() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        encode(folder.path());
        let mut rng = rand::rng();
        let mut clip = Self {
            manifest: manifest(),
            manifest_key: SigningKey::from_bytes(&rand::random()),
            license_key: drm::license::SigningKey::generate(&mut rng),
            title_key: TitleKey::generate(&mut rng),
            chunks: BTreeMap::new(),
            large_sha256: reference_sha256(&folder.path().join("large")),
        };
        let picture = |width, height| TrackKind::Video {
            width,
            height,
            frame_rate_milli: 25_000,
        };
        let sound = TrackKind::Audio {
            channels: 2,
            sample_rate: 48_000,
            language: "en".to_owned(),
        };
        clip.add(
            SMALL,
            picture(320, 180),
            "avc1.64000d",
            &folder.path().join("small"),
        );
        clip.add(
            LARGE,
            picture(640, 360),
            "avc1.64001e",
            &folder.path().join("large"),
        );
        clip.add(SOUND, sound, "mp4a.40.2", &folder.path().join("sound"));
        clip.manifest.check().expect("the manifest is valid");
        clip
    }

    /// Seals the files of one rendition and lists them.
    fn add(&mut self, id: TrackId, kind: TrackKind, codecs: &str, folder: &Path) {
        let mut segments = Vec::new();
        let mut most = 0;
        for (index, file) in files(folder).iter().enumerate() {
            let plain = std::fs::read(file).expect("a segment");
            let context = SegmentContext {
                tenant: TENANT,
                title: self.manifest.title.0,
                version: self.manifest.version,
                track: id.0,
                segment: index as u32,
            };
            let key = self.title_key.track(id.0);
            let sealed = segment::seal(&key, &context, &plain, &mut rand::rng()).expect("sealed");
            let (duration, samples) = match index {
                0 => (0, 0),
                _ => (1000, packets(folder, file)),
            };
            most = most.max(plain.len() as u32 * 8);
            segments.push(Segment {
                duration,
                samples,
                plain_len: plain.len() as u64,
                chunks: sealed.into_iter().map(|chunk| self.store(chunk)).collect(),
            });
        }
        self.manifest.tracks.push(Track {
            id,
            kind,
            codecs: codecs.to_owned(),
            // A hundredth of what they need: the slowest machine's speed carries every rendition.
            bandwidth: most / 100,
            average_bandwidth: most / 100,
            timescale: 1000,
            segments,
        });
    }

    fn store(&mut self, chunk: Vec<u8>) -> ChunkRef {
        let id = ChunkId::of(&chunk);
        let len = chunk.len() as u32;
        self.chunks.insert(id, chunk);
        ChunkRef { id, len }
    }

    /// The first chunk of a segment.
    pub fn chunk_of(&self, track: TrackId, segment: usize) -> ChunkId {
        self.manifest.track(track).expect("a track").segments[segment].chunks[0].id
    }

    /// Frames of video, or packets of audio, in the whole track.
    pub fn samples(&self, track: TrackId) -> u64 {
        let segments = &self.manifest.track(track).expect("a track").segments;
        segments
            .iter()
            .map(|segment| u64::from(segment.samples))
            .sum()
    }

    /// Ciphertext bytes of a track.
    pub fn sealed_bytes(&self, track: TrackId) -> u64 {
        let segments = &self.manifest.track(track).expect("a track").segments;
        segments.iter().map(Segment::sealed_len).sum()
    }
}

fn manifest() -> Manifest {
    let now = dms_player::license::now_ms();
    Manifest {
        format: Manifest::FORMAT,
        tenant: TENANT.into(),
        title: TitleId(rand::random()),
        version: 7,
        kind: TitleKind::Video,
        created_ms: now - 1000,
        expires_ms: now + 86_400_000,
        duration_ms: SECONDS * 1000,
        tracks: Vec::new(),
        breaks: Vec::new(),
    }
}

/// Two renditions of a test picture with a frame counter, and a tone; segments of one second.
fn encode(folder: &Path) {
    for name in ["small", "large", "sound"] {
        std::fs::create_dir(folder.join(name)).expect("a folder");
    }
    let hls = |name: &str| -> Vec<String> {
        let text = format!(
            "-f hls -hls_time 1 -hls_playlist_type vod -hls_segment_type fmp4 \
             -hls_fmp4_init_filename init.mp4 -hls_segment_filename {0}/seg%03d.m4s {0}/list.m3u8",
            folder.join(name).display()
        );
        text.split_whitespace().map(str::to_owned).collect()
    };
    let x264 =
        "-c:v libx264 -preset veryfast -pix_fmt yuv420p -g 25 -keyint_min 25 -sc_threshold 0";
    let mut command = Command::new("ffmpeg");
    command.args(["-hide_banner", "-loglevel", "error", "-y"]);
    let picture = format!("testsrc2=size=640x360:rate={FPS}:duration={SECONDS}");
    let tone = format!("sine=frequency=440:sample_rate=48000:duration={SECONDS}");
    command.args(["-f", "lavfi", "-i", &picture, "-f", "lavfi", "-i", &tone]);
    command
        .args(["-map", "0:v", "-s", "320x180"])
        .args(x264.split(' '))
        .args(hls("small"));
    command
        .args(["-map", "0:v"])
        .args(x264.split(' '))
        .args(hls("large"));
    command
        .args(["-map", "1:a", "-c:a", "aac", "-ac", "2"])
        .args(hls("sound"));
    let status = command.status().expect("the ffmpeg command is installed");
    assert!(status.success(), "ffmpeg encodes the clip");
}

/// The header and the segments of a rendition, in order.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("a file").path())
        .filter(|path| path.extension().is_some_and(|e| e == "m4s"))
        .collect();
    files.sort();
    files.insert(0, folder.join("init.mp4"));
    files
}

fn whole(folder: &Path) -> Vec<u8> {
    files(folder)
        .iter()
        .flat_map(|file| std::fs::read(file).expect("a segment"))
        .collect()
}

/// Packets in one segment, counted by ffprobe.
fn packets(folder: &Path, segment: &Path) -> u32 {
    let mut bytes = std::fs::read(folder.join("init.mp4")).expect("a header");
    bytes.extend(std::fs::read(segment).expect("a segment"));
    let file = folder.join("one.mp4");
    std::fs::write(&file, bytes).expect("written");
    let output = Command::new("ffprobe")
        .args([
            "-v",
            "error",
            "-count_packets",
            "-show_entries",
            "stream=nb_read_packets",
        ])
        .args(["-of", "csv=p=0"])
        .arg(&file)
        .output()
        .expect("ffprobe is installed");
    let text = String::from_utf8_lossy(&output.stdout);
    text.trim()
        .trim_end_matches(',')
        .parse()
        .unwrap_or_else(|_| panic!("a count: {text:?}"))
}

/// SHA-256 of the raw pictures as the ffmpeg command decodes them.
fn reference_sha256(folder: &Path) -> String {
    let file = folder.join("whole.mp4");
    std::fs::write(&file, whole(folder)).expect("written");
    let output = Command::new("ffmpeg")
        .args(["-v", "error", "-i"])
        .arg(&file)
        .args([
            "-f",
            "rawvideo",
            "-pix_fmt",
            "yuv420p",
            "-vsync",
            "passthrough",
            "-",
        ])
        .output()
        .expect("ffmpeg is installed");
    assert_eq!(
        output.stdout.len() as u64,
        FPS * SECONDS * 640 * 360 * 3 / 2,
        "all frames"
    );
    hex::encode(Sha256::digest(&output.stdout))
}
