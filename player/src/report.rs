//! What `--report json` prints: one object that says how playing went.

use std::time::{Duration, Instant};

use serde::Serialize;
use swarm::content::{TitleId, Track, TrackKind};

use crate::{
    breaks::{BreakReport, Breaks},
    engine::{playback::LaneTally, playhead::Lane, session::Session, transport::Transport},
    error::PlayError,
    source::BytesBySource,
};

/// The number of this object's format; it grows when a field changes its meaning.
pub const SCHEMA: u32 = 1;

/// See the module. Times are milliseconds.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: u32,
    /// The title.
    pub title: TitleId,
    /// Its version; absent when no manifest was read.
    pub version: Option<u64>,
    /// `dms-player`.
    pub player: &'static str,
    /// `agent` or `dms`: the path in use at the end; absent when none was found.
    pub path: Option<String>,
    /// Whether a saved title was played without contact to the DMS.
    pub offline: bool,
    /// From the program's start to the first frame; absent when there was none.
    pub startup_ms: Option<u64>,
    /// How often the playhead reached a point that was not decoded.
    pub stalls: u32,
    /// How long it waited there in all.
    pub stalled_ms: u64,
    /// The title's playing time.
    pub duration_ms: u64,
    /// What was played, in order.
    pub tracks: Vec<PlayedTrack>,
    /// Video frames in the segments that were played, as the manifest says.
    pub frames_expected: u64,
    /// Video frames that came out of the decoder.
    pub frames_decoded: u64,
    /// Audio packets in the segments that were played, as the manifest says.
    pub audio_packets_expected: u64,
    /// Audio packets that went through the decoder.
    pub audio_packets_decoded: u64,
    /// Chunk bytes by where they came from.
    pub bytes: BytesBySource,
    /// Their sum.
    pub bytes_total: u64,
    /// SHA-256 over all pictures as raw planes, when asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frames_sha256: Option<String>,
    /// What became of the breaks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub breaks: Vec<BreakReport>,
    /// What ended playing early or makes it a failure; empty when all is well.
    pub errors: Vec<String>,
    /// What went wrong on the way and was survived.
    pub notes: Vec<String>,
    /// The first error, which decides the exit code.
    #[serde(skip)]
    pub failure: Option<PlayError>,
}

/// One track that was played.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlayedTrack {
    /// Its id in the manifest.
    pub id: u16,
    /// `video` or `audio`.
    pub kind: &'static str,
    /// Lines of the picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub height: Option<u16>,
    /// RFC 6381 codec string.
    pub codecs: String,
}

impl Report {
    /// A report of what a session fetched so far, without its lanes.
    #[must_use]
    pub fn new(session: &Session) -> Self {
        let manifest = session.manifest();
        let mut report = Self::without_session(manifest.title);
        report.version = Some(manifest.version);
        report.path = Some(session.source().path().to_string());
        report.duration_ms = manifest.duration_ms;
        report.bytes = session.source().bytes();
        report.bytes_total = report.bytes.cache + report.bytes.peer + report.bytes.origin;
        report.notes = session.source().notes();
        report.offline = session.is_offline();
        if let Some(failure) = session.failure() {
            report.fail(failure);
        }
        report
    }

    /// A report of a title that could not even be opened.
    #[must_use]
    pub fn without_session(title: TitleId) -> Self {
        Self {
            schema: SCHEMA,
            title,
            version: None,
            player: "dms-player",
            path: None,
            offline: false,
            startup_ms: None,
            stalls: 0,
            stalled_ms: 0,
            duration_ms: 0,
            tracks: Vec::new(),
            frames_expected: 0,
            frames_decoded: 0,
            audio_packets_expected: 0,
            audio_packets_decoded: 0,
            bytes: BytesBySource::default(),
            bytes_total: 0,
            frames_sha256: None,
            breaks: Vec::new(),
            errors: Vec::new(),
            notes: Vec::new(),
            failure: None,
        }
    }

    /// Adds what a lane did.
    pub fn lane(&mut self, session: &Session, tally: LaneTally) {
        let played = tally
            .tracks
            .iter()
            .filter_map(|id| session.manifest().track(*id));
        self.tracks.extend(played.map(PlayedTrack::of));
        match tally.lane {
            Lane::Video => {
                self.frames_expected += tally.expected;
                self.frames_decoded += tally.decoded.frames;
            }
            Lane::Audio => {
                self.audio_packets_expected += tally.expected;
                let taken = tally.decoded.packets.saturating_sub(tally.decoded.refused);
                self.audio_packets_decoded += taken;
            }
        }
        if let Some(error) = tally.error {
            self.fail(error);
        }
    }

    /// Adds when the first frame was presented, and the stalls.
    pub fn timing(&mut self, transport: &Transport, began: Instant) {
        transport.playhead(|playhead, now| {
            playhead.settle(now);
            let (stalls, stalled) = playhead.stalls();
            self.stalled(stalls, stalled);
            self.presented(playhead.started(), began);
        });
    }

    /// Adds the stalls.
    pub fn stalled(&mut self, times: u32, time: Duration) {
        self.stalls = times;
        self.stalled_ms = millis(time);
    }

    /// Adds when the first frame was presented.
    pub fn presented(&mut self, first: Option<Instant>, began: Instant) {
        self.startup_ms = first.map(|first| millis(first.saturating_duration_since(began)));
    }

    /// Adds what became of the breaks. What they show first counts as the first frame.
    pub fn broken(&mut self, breaks: &Breaks, began: Instant) {
        self.breaks = breaks.reports();
        let first = *breaks.first_shown();
        let shown = first.map(|first| millis(first.saturating_duration_since(began)));
        self.startup_ms = [self.startup_ms, shown].into_iter().flatten().min();
    }

    /// The same, for who has no more to add.
    #[must_use]
    pub fn with_breaks(mut self, breaks: &Breaks, began: Instant) -> Self {
        self.broken(breaks, began);
        self
    }

    /// Adds an error. The first one decides the exit code.
    pub fn fail(&mut self, error: PlayError) {
        self.errors.push(format!("{}: {error}", error.code()));
        self.failure.get_or_insert(error);
    }

    /// Compares what was decoded with what the manifest lists for the segments that were taken.
    /// Only for what was played to its end.
    pub fn check_counts(&mut self) {
        if self.failure.is_some() {
            return;
        }
        let pairs = [
            ("frames", self.frames_expected, self.frames_decoded),
            (
                "audio packets",
                self.audio_packets_expected,
                self.audio_packets_decoded,
            ),
        ];
        for (what, expected, decoded) in pairs {
            if expected != decoded {
                self.fail(PlayError::WrongCount {
                    what,
                    expected,
                    decoded,
                });
            }
        }
    }

    /// A sentence for people.
    #[must_use]
    pub fn summary(&self) -> String {
        let startup = self
            .startup_ms
            .map_or("no".to_owned(), |ms| format!("{ms} ms"));
        format!(
            "{} of {} frames decoded, start-up {startup}, {} stalls ({} ms), \
             {} bytes from the cache, {} from peers, {} from the origin",
            self.frames_decoded,
            self.frames_expected,
            self.stalls,
            self.stalled_ms,
            self.bytes.cache,
            self.bytes.peer,
            self.bytes.origin,
        )
    }
}

impl PlayedTrack {
    fn of(track: &Track) -> Self {
        let (kind, height) = match track.kind {
            TrackKind::Video { height, .. } => ("video", Some(height)),
            TrackKind::Audio { .. } => ("audio", None),
            TrackKind::Subtitle { .. } => ("subtitle", None),
            TrackKind::File { .. } => ("file", None),
        };
        Self {
            id: track.id.0,
            kind,
            height,
            codecs: track.codecs.clone(),
        }
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
