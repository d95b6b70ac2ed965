//! The queue between the tasks that fetch segments and the thread that decodes them.

use std::{
    io::{self, Read},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::{Buf, Bytes};
use swarm::content::TrackId;
use tokio::sync::{OwnedSemaphorePermit, mpsc};

use crate::error::PlayError;

/// The most parts that wait in an inbox. Their bytes are bounded by the feed's budget.
pub const MAX_PARTS: usize = 256;

/// What a feed sends.
#[derive(Debug)]
pub enum Part {
    /// The CMAF header of a track: the segments that follow belong to it.
    Header {
        /// The track.
        track: TrackId,
        /// The opened header.
        bytes: Bytes,
    },
    /// One opened media segment of the last header's track.
    Segment {
        /// Its bytes.
        bytes: Bytes,
        /// Frames or packets in it, as the manifest says.
        samples: u32,
        /// Its share of the feed's byte budget, given back when the decoder has taken it.
        budget: Option<OwnedSemaphorePermit>,
    },
    /// The feed cannot go on.
    Failed(PlayError),
}

/// The decoder's end of the queue. The FFmpeg reader and the decoding loop share it.
pub struct Inbox {
    /// Locked by the one decoding thread only: by its loop, or inside FFmpeg's read callback.
    state: Mutex<State>,
}

struct State {
    parts: mpsc::Receiver<Part>,
    /// A header that was taken from the queue and begins the next run.
    next: Option<(TrackId, Bytes)>,
    current: Bytes,
    budget: Option<OwnedSemaphorePermit>,
    failure: Option<PlayError>,
    closed: bool,
    samples: u64,
    segments: u64,
    tracks: Vec<TrackId>,
}

impl Inbox {
    /// An inbox, and the sender that feeds it. The lane ends when the sender is dropped.
    #[must_use]
    pub fn new() -> (mpsc::Sender<Part>, Arc<Self>) {
        let (sender, parts) = mpsc::channel(MAX_PARTS);
        let state = State {
            parts,
            next: None,
            current: Bytes::new(),
            budget: None,
            failure: None,
            closed: false,
            samples: 0,
            segments: 0,
            tracks: Vec::new(),
        };
        (
            sender,
            Arc::new(Self {
                state: Mutex::new(state),
            }),
        )
    }

    /// Frames or packets in the segments that the decoder took so far, as the manifest says.
    #[must_use]
    pub fn samples(&self) -> u64 {
        self.lock().samples
    }

    /// Media segments that the decoder took so far.
    #[must_use]
    pub fn segments(&self) -> u64 {
        self.lock().segments
    }

    /// The tracks that the decoder took segments of, in order.
    #[must_use]
    pub fn tracks(&self) -> Vec<TrackId> {
        self.lock().tracks.clone()
    }

    /// Why the feed ended early, if it did.
    #[must_use]
    pub fn failure(&self) -> Option<PlayError> {
        self.lock().failure.clone()
    }

    /// Waits for the header of the next run and puts it in front of the reader; `None` at the
    /// end of the lane.
    pub(super) fn next_run(&self) -> Result<Option<TrackId>, PlayError> {
        let mut state = self.lock();
        while !state.run_ended() {
            state.take_part();
        }
        if let Some(failure) = &state.failure {
            return Err(failure.clone());
        }
        Ok(state.next.take().map(|(track, header)| {
            state.current = header;
            state.tracks.push(track);
            track
        }))
    }

    pub(super) fn reader(self: &Arc<Self>) -> PartReader {
        PartReader(Arc::clone(self))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn run_ended(&self) -> bool {
        self.next.is_some() || self.failure.is_some() || self.closed
    }

    /// Takes one part off the queue; waits for it.
    fn take_part(&mut self) {
        self.budget = None;
        match self.parts.blocking_recv() {
            Some(Part::Header { track, bytes }) => self.next = Some((track, bytes)),
            Some(Part::Segment {
                bytes,
                samples,
                budget,
            }) => {
                self.current = bytes;
                self.budget = budget;
                self.samples += u64::from(samples);
                self.segments += 1;
            }
            Some(Part::Failed(error)) => self.failure = Some(error),
            None => self.closed = true,
        }
    }
}

/// One run as a blocking stream of bytes; ends at the next header.
pub(super) struct PartReader(Arc<Inbox>);

impl Read for PartReader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let mut state = self.0.lock();
        while !state.current.has_remaining() && !state.run_ended() {
            state.take_part();
        }
        if state.failure.is_some() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let taken = out.len().min(state.current.remaining());
        if let Some(out) = out.get_mut(..taken) {
            state.current.copy_to_slice(out);
        }
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(track: u16) -> Part {
        Part::Header {
            track: TrackId(track),
            bytes: Bytes::from(format!("<{track}>")),
        }
    }

    fn segment(text: &'static str, samples: u32) -> Part {
        Part::Segment {
            bytes: Bytes::from_static(text.as_bytes()),
            samples,
            budget: None,
        }
    }

    fn filled(parts: Vec<Part>) -> Arc<Inbox> {
        let (sender, inbox) = Inbox::new();
        for part in parts {
            sender.try_send(part).expect("room");
        }
        inbox
    }

    fn read_run(inbox: &Arc<Inbox>) -> io::Result<String> {
        let mut text = String::new();
        inbox.reader().read_to_string(&mut text).map(|_| text)
    }

    #[test]
    fn a_run_is_a_header_and_its_segments() {
        let parts = vec![
            header(1),
            segment("ab", 2),
            segment("", 0),
            segment("c", 1),
            header(2),
            segment("d", 1),
        ];
        let inbox = filled(parts);
        assert_eq!(inbox.next_run(), Ok(Some(TrackId(1))));
        assert_eq!(read_run(&inbox).ok().as_deref(), Some("<1>abc"));
        assert_eq!((inbox.samples(), inbox.segments()), (3, 3));
        assert_eq!(inbox.next_run(), Ok(Some(TrackId(2))));
        assert_eq!(read_run(&inbox).ok().as_deref(), Some("<2>d"));
        assert_eq!(inbox.next_run(), Ok(None));
        assert_eq!(inbox.samples(), 4);
        assert_eq!(inbox.tracks(), [TrackId(1), TrackId(2)]);
    }

    #[test]
    fn a_failed_feed_is_an_error_and_not_an_end() {
        let inbox = filled(vec![
            header(1),
            segment("ab", 2),
            Part::Failed(PlayError::Interrupted),
        ]);
        assert_eq!(inbox.next_run(), Ok(Some(TrackId(1))));
        assert!(read_run(&inbox).is_err());
        assert_eq!(inbox.failure(), Some(PlayError::Interrupted));
        assert_eq!(inbox.next_run(), Err(PlayError::Interrupted));
    }

    #[test]
    fn the_budget_is_given_back_when_the_next_part_is_wanted() {
        let budget = Arc::new(tokio::sync::Semaphore::new(1));
        let permit = Arc::clone(&budget).try_acquire_owned().ok();
        let bytes = Bytes::from_static(b"a");
        let held = Part::Segment {
            bytes,
            samples: 1,
            budget: permit,
        };
        let inbox = filled(vec![header(1), held, segment("b", 1)]);
        assert_eq!(inbox.next_run(), Ok(Some(TrackId(1))));
        let mut reader = inbox.reader();
        let mut bytes = [0; 4];
        for (text, free) in [("<1>", 0), ("a", 0), ("b", 1)] {
            let read = reader.read(&mut bytes).expect("bytes");
            assert_eq!(bytes.get(..read), Some(text.as_bytes()));
            assert_eq!(budget.available_permits(), free, "after {text}");
        }
    }
}
