//! One uninterrupted run of all lanes: from the start or a seek to the end or the next seek.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use swarm::content::{TitleId, TrackId, TrackKind};
use tokio::task::{AbortHandle, JoinHandle};
use tokio_util::task::AbortOnDropHandle;

use super::{
    feed::{self, FeedTask, LookAhead},
    playhead::Lane,
    quality::{Chooser, Quality},
    session::Session,
    transport::Transport,
};
use crate::{
    decode::{self, Decoded, Inbox, Sink},
    error::PlayError,
};

/// What is played: the choosers live on over seeks, so a measured speed is not forgotten.
#[derive(Clone)]
pub struct Plan {
    lanes: Vec<(Lane, Arc<Mutex<Chooser>>)>,
    duration: Duration,
}

impl Plan {
    /// The picture in the wanted quality and the first sound track the licence opens.
    ///
    /// # Errors
    /// [`PlayError::NothingToPlay`].
    pub fn of(session: &Session, quality: Quality) -> Result<Self, PlayError> {
        let videos = session.tracks(|kind| matches!(kind, TrackKind::Video { .. }));
        let audios = session.tracks(|kind| matches!(kind, TrackKind::Audio { .. }));
        let video = Chooser::new(quality, &videos).map(|chooser| (Lane::Video, chooser));
        let audio = audios
            .first()
            .map(|track| (Lane::Audio, Chooser::fixed(track)));
        let lanes: Vec<_> = video
            .into_iter()
            .chain(audio)
            .map(|(lane, chooser)| (lane, Arc::new(Mutex::new(chooser))))
            .collect();
        if lanes.is_empty() {
            let title: TitleId = session.manifest().title;
            return Err(PlayError::NothingToPlay(title));
        }
        Ok(Self {
            lanes,
            duration: Duration::from_millis(session.manifest().duration_ms),
        })
    }

    /// The lanes that are played.
    #[must_use]
    pub fn lanes(&self) -> Vec<Lane> {
        self.lanes.iter().map(|(lane, _)| *lane).collect()
    }

    /// The title's playing time.
    #[must_use]
    pub fn duration(&self) -> Duration {
        self.duration
    }
}

/// What one lane did.
#[derive(Debug)]
pub struct LaneTally {
    /// Which lane.
    pub lane: Lane,
    /// Frames or packets of the segments the decoder took, as the manifest says.
    pub expected: u64,
    /// Media segments the decoder took.
    pub segments: u64,
    /// The tracks, in the order they were played.
    pub tracks: Vec<TrackId>,
    /// What came out.
    pub decoded: Decoded,
    /// Why it ended early.
    pub error: Option<PlayError>,
}

/// How a decoder's thread ended.
struct Ended<S> {
    decoded: Decoded,
    error: Option<PlayError>,
    sink: S,
}

struct Running<S> {
    lane: Lane,
    inbox: Arc<Inbox>,
    feed: FeedTask,
    decoder: JoinHandle<Ended<S>>,
}

/// Running lanes. Dropping it stops the feeds; the decoders then end by themselves.
pub struct Playback<S> {
    running: Vec<Running<S>>,
    /// Stops the decoders when the licence is withdrawn: also what was opened already is not played.
    _watcher: AbortOnDropHandle<()>,
}

impl<S: Sink + Send + 'static> Playback<S> {
    /// Starts feeds and decoders at `at`. Needs a Tokio runtime.
    pub fn start(
        session: &Arc<Session>,
        plan: &Plan,
        transport: &Arc<Transport>,
        at: Duration,
        look_ahead: LookAhead,
        mut sink: impl FnMut(Lane) -> S,
    ) -> Self {
        let mut running = Vec::new();
        for &(lane, ref chooser) in &plan.lanes {
            let (inbox, feed) = feed::start(session, transport, chooser, at, look_ahead);
            let mut sink = sink(lane);
            let (transport, parts) = (Arc::clone(transport), Arc::clone(&inbox));
            let decoder = tokio::task::spawn_blocking(move || {
                let mut decoded = Decoded::default();
                let error = decode::decode(&parts, lane, &mut sink, &mut decoded).err();
                if error.is_some() {
                    // Half a title is not played on: the other lane stops too.
                    transport.stop();
                }
                transport.playhead(|playhead, now| playhead.ended(lane, now));
                Ended {
                    decoded,
                    error,
                    sink,
                }
            });
            running.push(Running {
                lane,
                inbox,
                feed,
                decoder,
            });
        }
        let watcher = {
            let (withdrawn, transport) = (session.withdrawn().clone(), Arc::clone(transport));
            tokio::spawn(async move {
                withdrawn.cancelled().await;
                transport.stop();
            })
        };
        Self {
            running,
            _watcher: AbortOnDropHandle::new(watcher),
        }
    }

    /// Handles that let the feeds fetch no more. The decoders finish what they have.
    pub fn feeds(&self) -> Vec<AbortHandle> {
        self.running
            .iter()
            .map(|running| running.feed.abort_handle())
            .collect()
    }

    /// Waits for the decoders.
    pub async fn finish(self) -> Vec<(LaneTally, Option<S>)> {
        let mut tallies = Vec::new();
        for running in self.running {
            let Running {
                lane,
                inbox,
                feed,
                decoder,
            } = running;
            let (decoded, error, sink) = match decoder.await {
                Ok(ended) => (ended.decoded, ended.error, Some(ended.sink)),
                Err(_) => (Decoded::default(), Some(PlayError::Interrupted), None),
            };
            drop(feed);
            let tally = LaneTally {
                lane,
                expected: inbox.samples(),
                segments: inbox.segments(),
                tracks: inbox.tracks(),
                decoded,
                error,
            };
            tallies.push((tally, sink));
        }
        tallies
    }
}
