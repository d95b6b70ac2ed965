//! Running the child and judging what it sends.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use dms_transcoder_protocol::{
    Done, Failed, FailureCode, JobSpec, Message, Plan, Poster, Probe, Progress, Rendition,
    RenditionKind, Segment, Sprites, TrackTotal, read_message,
};
use tempfile::TempDir;

use crate::clips;

/// The program under test.
pub fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_dms-transcoder"))
}

/// A published title.
pub struct Published {
    pub probe: Probe,
    pub tracks: BTreeMap<u16, Track>,
    pub poster: Poster,
    pub sprites: Option<Sprites>,
    pub progress: Vec<Progress>,
    pub done: Done,
    folder: TempDir,
}

/// One of its tracks.
pub struct Track {
    pub rendition: Rendition,
    pub header: Vec<u8>,
    pub segments: Vec<Segment>,
    pub total: TrackTotal,
}

/// What the child sent, and how it ended.
pub fn messages(source: &Path, spec: &JobSpec) -> (Vec<Message>, ExitStatus) {
    let mut child = program()
        .arg(spec.to_argument())
        .stdin(File::open(source).unwrap())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut pipe = child.stdout.take().unwrap();
    let mut messages = Vec::new();
    while let Some(message) = read_message(&mut pipe).unwrap() {
        messages.push(message);
    }
    (messages, child.wait().unwrap())
}

/// Publishes a source that must be publishable, and checks everything that holds for any title.
pub fn publish(source: &Path) -> Published {
    publish_with(source, &JobSpec::default())
}

/// The same with another specification.
pub fn publish_with(source: &Path, spec: &JobSpec) -> Published {
    let (messages, status) = messages(source, spec);
    if let Some(Message::Failed(failed)) = messages.last() {
        panic!("{} is refused: {failed:?}", source.display());
    }
    assert!(status.success(), "{status}");
    let published = sort(messages);
    published.tracks.values().for_each(check_track);
    published.check_together(spec);
    published
}

/// Publishes a source that must be refused, and returns why.
pub fn refuse(source: &Path) -> Failed {
    refuse_with(source, &JobSpec::default())
}

/// The same with another specification.
pub fn refuse_with(source: &Path, spec: &JobSpec) -> Failed {
    let (mut messages, status) = messages(source, spec);
    assert_eq!(status.code(), Some(1), "{messages:?}");
    let Some(Message::Failed(failed)) = messages.pop() else {
        panic!("{} is not refused: {messages:?}", source.display());
    };
    let ended = messages
        .iter()
        .any(|m| matches!(m, Message::Done(_) | Message::Failed(_)));
    assert!(!ended, "two ends");
    failed
}

/// Refuses with this code.
pub fn assert_refused(source: &Path, code: FailureCode) {
    let failed = refuse(source);
    assert_eq!(failed.code, code, "{}: {}", source.display(), failed.detail);
}

/// Checks the order that the protocol promises, and sorts the messages.
fn sort(messages: Vec<Message>) -> Published {
    let mut messages = messages.into_iter();
    let Some(Message::Probe(probe)) = messages.next() else {
        panic!("no probe first")
    };
    let Some(Message::Plan(plan)) = messages.next() else {
        panic!("no plan second")
    };
    let mut tracks = planned(plan);
    let (mut poster, mut sprites, mut progress, mut done) = (None, None, Vec::new(), None);
    for message in messages {
        assert!(done.is_none(), "a message after the end");
        match message {
            Message::Header(header) => {
                let track = tracks.get_mut(&header.track).unwrap();
                assert!(track.header.is_empty() && track.segments.is_empty());
                track.header = header.bytes;
            }
            Message::Segment(segment) => {
                let track = tracks.get_mut(&segment.track).unwrap();
                assert!(!track.header.is_empty(), "a segment before its header");
                track.segments.push(segment);
            }
            Message::Poster(p) => assert!(poster.replace(p).is_none()),
            Message::Sprites(s) => assert!(sprites.replace(s).is_none()),
            Message::Progress(p) => progress.push(p),
            Message::Done(d) => done = Some(d),
            other => panic!("out of place: {other:?}"),
        }
    }
    let (done, poster) = (done.expect("no end"), poster.expect("no poster"));
    assert_eq!(done.tracks.len(), tracks.len());
    for (track, total) in tracks.values_mut().zip(&done.tracks) {
        track.total = total.clone();
    }
    let folder = TempDir::new().unwrap();
    for (number, track) in &tracks {
        let segments = track.segments.iter().map(|s| s.bytes.as_slice());
        let joined = std::iter::once(track.header.as_slice()).chain(segments);
        let joined: Vec<u8> = joined.flatten().copied().collect();
        std::fs::write(folder.path().join(format!("{number}.mp4")), joined).unwrap();
    }
    std::fs::write(folder.path().join("poster.jpg"), &poster.jpeg).unwrap();
    Published {
        probe,
        tracks,
        poster,
        sprites,
        progress,
        done,
        folder,
    }
}

fn planned(plan: Plan) -> BTreeMap<u16, Track> {
    let empty = |(number, rendition): (u16, Rendition)| {
        assert_eq!(rendition.track, number);
        let total = TrackTotal {
            track: number,
            segments: 0,
            samples: 0,
            duration: 0,
            timescale: 0,
            bytes: 0,
            average_bandwidth: 0,
            peak_bandwidth: 0,
            codecs: String::new(),
        };
        let (header, segments) = (Vec::new(), Vec::new());
        (
            number,
            Track {
                rendition,
                header,
                segments,
                total,
            },
        )
    };
    (1..).zip(plan.renditions).map(empty).collect()
}

/// What holds for every track on its own.
fn check_track(track: &Track) {
    let total = &track.total;
    let mut at = 0;
    for (index, segment) in (1..).zip(&track.segments) {
        assert_eq!(
            (segment.index, segment.start),
            (index, at),
            "{:?}",
            track.rendition
        );
        assert_eq!(segment.timescale, track.rendition.timescale);
        assert!(segment.samples > 0 && segment.duration > 0);
        assert_eq!(&segment.bytes[4..8], b"styp");
        at += segment.duration;
    }
    let samples: u64 = track.segments.iter().map(|s| u64::from(s.samples)).sum();
    let bytes: u64 = track.segments.iter().map(|s| s.bytes.len() as u64).sum();
    assert_eq!(total.segments as usize, track.segments.len());
    assert_eq!(
        (total.samples, total.duration, total.bytes),
        (samples, at, bytes)
    );
    assert_eq!(
        (&total.codecs, total.timescale),
        (&track.rendition.codecs, track.rendition.timescale)
    );
    let average = bytes * 8 * u64::from(total.timescale) / at;
    assert_eq!(u64::from(total.average_bandwidth), average);
    assert_eq!(&track.header[4..8], b"ftyp");
}

impl Published {
    /// A track's header and segments in one file.
    pub fn file(&self, track: u16) -> PathBuf {
        self.folder.path().join(format!("{track}.mp4"))
    }

    /// The poster's file.
    pub fn poster_file(&self) -> PathBuf {
        self.folder.path().join("poster.jpg")
    }

    /// Width and height of the pictures, tallest first.
    pub fn sizes(&self) -> Vec<(u16, u16)> {
        let size = |track: &Track| match track.rendition.kind {
            RenditionKind::Video { width, height, .. } => Some((width, height)),
            RenditionKind::Audio { .. } => None,
        };
        self.tracks.values().filter_map(size).collect()
    }

    /// The tracks of pictures.
    pub fn pictures(&self) -> Vec<&Track> {
        let is_video = |track: &&Track| matches!(track.rendition.kind, RenditionKind::Video { .. });
        self.tracks.values().filter(is_video).collect()
    }

    /// The tracks of sound.
    pub fn sounds(&self) -> Vec<&Track> {
        let is_audio = |track: &&Track| matches!(track.rendition.kind, RenditionKind::Audio { .. });
        self.tracks.values().filter(is_audio).collect()
    }

    fn check_together(&self, spec: &JobSpec) {
        let pictures = self.pictures();
        let cuts = |track: &Track| -> Vec<(u64, u64, u32)> {
            track
                .segments
                .iter()
                .map(|s| (s.start, s.duration, s.samples))
                .collect()
        };
        for track in &pictures {
            assert_eq!(
                cuts(track),
                cuts(pictures[0]),
                "renditions are cut at different times"
            );
            self.check_video(track);
        }
        for track in self.sounds() {
            self.check_audio(track, spec);
        }
        let jpeg = clips::probe(&self.poster_file(), "v:0", "width,height");
        assert_eq!(
            jpeg,
            [
                self.poster.width.to_string(),
                self.poster.height.to_string()
            ]
        );
        assert_eq!(self.sprites.is_some(), !pictures.is_empty());
        if let Some(sprites) = &self.sprites {
            self.check_sprites(sprites);
        }
        let told: Vec<u16> = self.progress.iter().map(|p| p.permille).collect();
        assert!(
            told.is_sorted() && told.iter().all(|&permille| permille < 1_000),
            "{told:?}"
        );
    }

    fn check_video(&self, track: &Track) {
        let file = self.file(track.rendition.track);
        let RenditionKind::Video { width, height, .. } = track.rendition.kind else {
            return;
        };
        let expected = [
            String::from("h264"),
            width.to_string(),
            height.to_string(),
            String::from("1:1"),
            String::from("yuv420p"),
            String::from("0"),
            track.total.samples.to_string(),
        ];
        let entries =
            "codec_name,width,height,sample_aspect_ratio,pix_fmt,start_pts,nb_read_frames";
        assert_eq!(clips::probe(&file, "v:0", entries), expected);
        clips::decode(
            &file,
            &[
                "-fps_mode",
                "passthrough",
                "-enc_time_base",
                "-1",
                "-f",
                "null",
            ],
        );
        for segment in &track.segments {
            self.check_alone(track, segment);
        }
    }

    /// A segment can be decoded without those before it, whole.
    fn check_alone(&self, track: &Track, segment: &Segment) {
        let file = self.folder.path().join("alone.mp4");
        std::fs::write(
            &file,
            [track.header.as_slice(), segment.bytes.as_slice()].concat(),
        )
        .unwrap();
        let frames = clips::probe(&file, "v:0", "nb_read_frames");
        assert_eq!(
            frames,
            [segment.samples.to_string()],
            "segment {}",
            segment.index
        );
        clips::decode(
            &file,
            &[
                "-fps_mode",
                "passthrough",
                "-enc_time_base",
                "-1",
                "-f",
                "null",
            ],
        );
    }

    fn check_audio(&self, track: &Track, spec: &JobSpec) {
        let file = self.file(track.rendition.track);
        let RenditionKind::Audio { channels, .. } = track.rendition.kind else {
            return;
        };
        let samples = track.total.samples.to_string();
        let expected = ["aac", "48000", &channels.to_string(), "0", &samples].map(str::to_owned);
        let entries = "codec_name,sample_rate,channels,start_pts,nb_read_frames";
        assert_eq!(clips::probe(&file, "a:0", entries), expected);
        clips::decode(&file, &["-f", "null"]);
        for segment in &track.segments {
            let boundary = u64::from(segment.index - 1) * u64::from(spec.segment_ms) * 48;
            assert!(
                segment.start.abs_diff(boundary) <= 512,
                "segment {}",
                segment.index
            );
        }
    }

    fn check_sprites(&self, sprites: &Sprites) {
        let file = self.folder.path().join("sprites.jpg");
        std::fs::write(&file, &sprites.jpeg).unwrap();
        let width = u32::from(sprites.columns) * u32::from(sprites.tile_width);
        let height = u32::from(sprites.rows) * u32::from(sprites.tile_height);
        let size = clips::probe(&file, "v:0", "width,height");
        assert_eq!(size, [width.to_string(), height.to_string()]);
        let expected = self.pictures()[0].total.duration / 90 / u64::from(sprites.interval_ms);
        assert!(
            u64::from(sprites.count).abs_diff(expected) <= 1,
            "{} tiles",
            sprites.count
        );
        assert!(sprites.count <= sprites.columns * sprites.rows);
    }
}
