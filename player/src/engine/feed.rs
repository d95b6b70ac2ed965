//! Fetches the segments of one lane in order, ahead of the playhead and within a byte budget.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use bytes::Bytes;
use swarm::content::TrackId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_util::task::AbortOnDropHandle;

use super::{quality::Chooser, session::Session, timeline::Timeline, transport::Transport};
use crate::{
    decode::{Inbox, Part},
    error::PlayError,
};

/// The most segments of a lane that are fetched at a time.
const SEGMENTS_IN_FLIGHT: usize = 2;
/// How often a feed that is far enough ahead looks at the playhead.
const LOOK_AGAIN: Duration = Duration::from_millis(200);
/// Unit of the byte budget: a semaphore counts in 32 bits.
const BUDGET_UNIT: u64 = 1024;

/// How far ahead segments are fetched.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LookAhead {
    /// Media time.
    pub time: Duration,
    /// Opened bytes that wait for the decoder.
    pub bytes: u64,
}

impl Default for LookAhead {
    fn default() -> Self {
        Self {
            time: Duration::from_secs(30),
            bytes: 64 << 20,
        }
    }
}

/// The task that feeds a lane. Dropping it ends the lane.
pub type FeedTask = AbortOnDropHandle<()>;

struct Feed {
    session: Arc<Session>,
    transport: Arc<Transport>,
    /// Locked for a choice or a measurement; never across an await.
    chooser: Arc<Mutex<Chooser>>,
    look_ahead: LookAhead,
    budget: Arc<Semaphore>,
    /// The track of the segment that was started last.
    track: Option<TrackId>,
}

/// Room for one segment.
struct Room {
    track: TrackId,
    budget: OwnedSemaphorePermit,
    deadline: Duration,
}

struct Fetched {
    track: TrackId,
    header: Option<Bytes>,
    bytes: Bytes,
    samples: u32,
    budget: OwnedSemaphorePermit,
}

/// Starts to feed a lane from the segment that covers `at`.
pub fn start(
    session: &Arc<Session>,
    transport: &Arc<Transport>,
    chooser: &Arc<Mutex<Chooser>>,
    at: Duration,
    look_ahead: LookAhead,
) -> (Arc<Inbox>, FeedTask) {
    let (sender, inbox) = Inbox::new();
    let permits = usize::try_from(look_ahead.bytes.div_ceil(BUDGET_UNIT)).unwrap_or(usize::MAX);
    let feed = Feed {
        session: Arc::clone(session),
        transport: Arc::clone(transport),
        chooser: Arc::clone(chooser),
        look_ahead,
        budget: Arc::new(Semaphore::new(permits.clamp(1, u32::MAX as usize >> 4))),
        track: None,
    };
    (
        inbox,
        AbortOnDropHandle::new(tokio::spawn(feed.run(at, sender))),
    )
}

impl Feed {
    async fn run(mut self, at: Duration, sender: mpsc::Sender<Part>) {
        let timeline = self.timeline(self.choose(Duration::ZERO));
        let (mut next, last) = (timeline.at(at), timeline.last());
        let mut fetching: VecDeque<AbortOnDropHandle<_>> = VecDeque::new();
        loop {
            let more = next <= last && fetching.len() < SEGMENTS_IN_FLIGHT;
            let result = tokio::select! {
                room = self.room(&timeline, next), if more => {
                    let Some(room) = room else { return };
                    let fetch = self.fetch(next, room);
                    fetching.push_back(AbortOnDropHandle::new(tokio::spawn(fetch)));
                    next += 1;
                    continue;
                }
                result = first(&mut fetching), if !fetching.is_empty() => result,
                else => return,
            };
            fetching.pop_front();
            let delivered = match result {
                Ok(fetched) => deliver(&sender, fetched).await,
                Err(error) => {
                    // The lane ends here; nothing after a gap is played.
                    let _ = sender.send(Part::Failed(error)).await;
                    false
                }
            };
            if !delivered {
                return;
            }
        }
    }

    /// Waits until segment `index` may be fetched.
    async fn room(&self, timeline: &Timeline, index: usize) -> Option<Room> {
        let start = timeline.start(index);
        loop {
            let ahead = self.transport.ahead(start);
            if ahead > self.look_ahead.time {
                tokio::time::sleep(LOOK_AGAIN.min(ahead - self.look_ahead.time)).await;
                continue;
            }
            let track = self.choose(ahead);
            let segment = self.session.manifest().track(track)?.segments.get(index)?;
            let most = self.look_ahead.bytes.div_ceil(BUDGET_UNIT).max(1);
            let units = segment.plain_len.div_ceil(BUDGET_UNIT).clamp(1, most);
            let units = u32::try_from(units).ok()?;
            let budget = Arc::clone(&self.budget)
                .acquire_many_owned(units)
                .await
                .ok()?;
            let deadline = self.transport.deadline(start);
            return Some(Room {
                track,
                budget,
                deadline,
            });
        }
    }

    /// The fetch of one segment, with its track's header when the track is a new one.
    fn fetch(
        &mut self,
        index: usize,
        room: Room,
    ) -> impl Future<Output = Result<Fetched, PlayError>> + Send + 'static {
        let session = Arc::clone(&self.session);
        let chooser = Arc::clone(&self.chooser);
        let new_track = self.track.replace(room.track) != Some(room.track);
        async move {
            let Room {
                track,
                budget,
                deadline,
            } = room;
            let began = Instant::now();
            let missing = PlayError::CorruptSegment {
                track,
                segment: index,
            };
            let header = async {
                match new_track {
                    true => session.segment(track, 0, deadline).await,
                    false => Ok(None),
                }
            };
            let media = session.segment(track, index, deadline);
            let (header, bytes) = futures_util::future::try_join(header, media).await?;
            let bytes = bytes.ok_or(missing)?;
            let mut chooser = chooser.lock().unwrap_or_else(PoisonError::into_inner);
            chooser.fetched(bytes.len() as u64, began.elapsed());
            drop(chooser);
            let segment = session
                .manifest()
                .track(track)
                .and_then(|t| t.segments.get(index));
            let samples = segment.map_or(0, |segment| segment.samples);
            Ok(Fetched {
                track,
                header,
                bytes,
                samples,
                budget,
            })
        }
    }

    fn choose(&self, ahead: Duration) -> TrackId {
        self.chooser
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .choose(ahead)
    }

    fn timeline(&self, track: TrackId) -> Timeline {
        self.session
            .manifest()
            .track(track)
            .map_or_else(Timeline::empty, Timeline::of)
    }
}

/// The result of the fetch that was started first.
async fn first(
    fetching: &mut VecDeque<AbortOnDropHandle<Result<Fetched, PlayError>>>,
) -> Result<Fetched, PlayError> {
    match fetching.front_mut() {
        Some(task) => task.await.unwrap_or(Err(PlayError::Interrupted)),
        None => std::future::pending().await,
    }
}

async fn deliver(sender: &mpsc::Sender<Part>, fetched: Fetched) -> bool {
    let Fetched {
        track,
        header,
        bytes,
        samples,
        budget,
    } = fetched;
    if let Some(bytes) = header
        && sender.send(Part::Header { track, bytes }).await.is_err()
    {
        return false;
    }
    sender
        .send(Part::Segment {
            bytes,
            samples,
            budget: Some(budget),
        })
        .await
        .is_ok()
}
