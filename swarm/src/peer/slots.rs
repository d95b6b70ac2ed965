//! Upload slots: how many peers are given to at once, and who is next.
//!
//! Whoever watches is served by urgency. Of what nobody watches, the chunk that was given least goes first,
//! and each chunk's first copies go to other devices than the next one's: where the links of all peers are
//! alike thin, every copy beyond the first has to be given by somebody else, and nobody may become the one
//! that all are sent to.

use std::collections::BTreeMap;

use super::{Ask, AskId, Priority, bounded::Bounded, job::Waiting};
use crate::{
    content::{ChunkId, DeviceId},
    site::uniform,
};

/// The most asks that wait for a slot.
pub(super) const MAX_QUEUED: usize = 256;
/// The most chunks of which is remembered how often they were given.
const MAX_GIVEN: usize = 4096;

/// Slots and the queue before them. One device has at most half of the slots, so that a greedy
/// one leaves room for the others.
#[derive(Clone, Debug)]
pub(super) struct Slots {
    max: usize,
    /// The most that what nobody watches may take: fewer, so that each is whole sooner and can be passed on.
    max_bulk: usize,
    per_device: usize,
    active: BTreeMap<AskId, (DeviceId, ChunkId)>,
    queue: Vec<Waiting>,
    given: Bounded<ChunkId, u64>,
}

/// Whose turn it is: the smallest first.
type Turn = (Priority, u64, usize, u64, usize);

impl Slots {
    pub(super) fn new(max: usize) -> Self {
        let max = max.max(1);
        Self {
            max,
            max_bulk: (max * 5).div_ceil(8),
            per_device: max.div_ceil(2),
            active: BTreeMap::new(),
            queue: Vec::new(),
            given: Bounded::new(MAX_GIVEN),
        }
    }

    /// Takes a slot if one is free for this device.
    pub(super) fn take(&mut self, ask: &Ask) -> bool {
        let free = self.is_free_for(ask);
        if free {
            self.start(ask);
        }
        free
    }

    fn is_free_for(&self, ask: &Ask) -> bool {
        let max = if is_bulk(ask) {
            self.max_bulk
        } else {
            self.max
        };
        self.active.len() < max && self.held_by(ask.from) < self.per_device
    }

    fn start(&mut self, ask: &Ask) {
        *self.given.entry(ask.chunk, || 0) += 1;
        self.active.insert(ask.ask, (ask.from, ask.chunk));
    }

    /// Waits for a slot; false when too many wait already.
    pub(super) fn enqueue(&mut self, waiting: Waiting) -> bool {
        let room = self.queue.len() < MAX_QUEUED;
        if room {
            self.queue.push(waiting);
        }
        room
    }

    /// Gives a slot back; who had it, and for which chunk.
    pub(super) fn release(&mut self, ask: AskId) -> Option<(DeviceId, ChunkId)> {
        self.active.remove(&ask)
    }

    /// Who gets a free slot next: the most urgent; of them the chunk that was given least, if nobody
    /// watches it; then the device with the fewest slots, then the earliest deadline or the luck of the
    /// draw, then who came first.
    pub(super) fn next(&mut self) -> Option<Waiting> {
        let queue = self.queue.iter().enumerate();
        let eligible = queue.filter(|(_, ask)| self.is_free_for(ask));
        let (.., at) = eligible.map(|(at, ask)| self.turn(ask, at)).min()?;
        let ask = self.queue.remove(at);
        self.start(&ask);
        Some(ask)
    }

    fn turn(&self, ask: &Ask, at: usize) -> Turn {
        let held = self.held_by(ask.from);
        if is_bulk(ask) {
            let given = self.given.peek(&ask.chunk).copied().unwrap_or(0);
            (ask.priority, given, held, draw(ask), at)
        } else {
            (ask.priority, 0, held, ask.deadline.0, at)
        }
    }

    /// Puts those who wait for one chunk into the order in which they are given it.
    pub(super) fn sort(asks: &mut [Waiting]) {
        asks.sort_by_key(|ask| (ask.priority, if is_bulk(ask) { draw(ask) } else { 0 }));
    }

    /// Takes an ask out of the queue.
    pub(super) fn remove(&mut self, ask: AskId) -> Option<Waiting> {
        let at = self
            .queue
            .iter()
            .position(|waiting| waiting.ask.ask == ask)?;
        Some(self.queue.remove(at))
    }

    /// Takes the asks out of the queue that match.
    pub(super) fn drain(&mut self, matches: impl Fn(&Ask) -> bool) -> Vec<Waiting> {
        self.queue
            .extract_if(.., |waiting| matches(waiting))
            .collect()
    }

    /// The asks that wait for a slot and this chunk, in the order they came.
    pub(super) fn waiting_for(&self, chunk: ChunkId) -> Vec<Waiting> {
        self.queue
            .iter()
            .filter(|ask| ask.chunk == chunk)
            .copied()
            .collect()
    }

    pub(super) fn active(&self) -> usize {
        self.active.len()
    }

    pub(super) fn queued(&self) -> usize {
        self.queue.len()
    }

    fn held_by(&self, device: DeviceId) -> usize {
        self.active.values().filter(|(d, _)| *d == device).count()
    }
}

/// Whether nobody watches it.
fn is_bulk(ask: &Ask) -> bool {
    ask.priority >= Priority::PrePosition
}

/// Another order of the devices for each chunk.
fn draw(ask: &Ask) -> u64 {
    uniform(ask.chunk, ask.from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{peer::Priority, time::Instant};

    fn ask(n: u64, from: u8, deadline: u64) -> Ask {
        let (chunk, deadline) = (ChunkId([1; 32]), Instant(deadline));
        Ask {
            ask: AskId(n),
            from: DeviceId([from; 16]),
            chunk,
            deadline,
            hops: 0,
            priority: Priority::Playing,
            len: None,
        }
    }

    fn wait(ask: Ask) -> Waiting {
        Waiting::new(ask, Instant(0))
    }

    #[test]
    fn one_device_never_has_more_than_half() {
        let mut slots = Slots::new(4);
        assert!(slots.take(&ask(1, 1, 0)) && slots.take(&ask(2, 1, 0)));
        assert!(!slots.take(&ask(3, 1, 0)));
        assert!(slots.take(&ask(4, 2, 0)) && slots.take(&ask(5, 3, 0)));
        assert!(!slots.take(&ask(6, 4, 0)), "full");
        assert_eq!(
            slots.release(AskId(4)).map(|(d, _)| d),
            Some(DeviceId([2; 16]))
        );
        assert!(slots.take(&ask(6, 4, 0)));
        assert_eq!(slots.release(AskId(99)), None);
    }

    #[test]
    fn the_poorest_device_is_next_then_the_most_urgent_then_the_first() {
        let mut slots = Slots::new(4);
        for (n, from) in [(1, 1), (2, 1), (3, 2), (4, 3)] {
            assert!(slots.take(&ask(n, from, 0)));
        }
        for waiting in [
            ask(10, 1, 1),
            ask(11, 2, 5),
            ask(12, 4, 9),
            ask(13, 5, 7),
            ask(14, 6, 7),
        ] {
            assert!(slots.enqueue(wait(waiting)));
        }
        let mut order = Vec::new();
        for free in [4, 1, 2, 13, 14] {
            slots.release(AskId(free));
            order.extend(slots.next().map(|a| a.ask.ask.0));
        }
        assert_eq!(order, [13, 14, 10, 12, 11]);
        assert_eq!(slots.next(), None);
    }

    #[test]
    fn whoever_watches_goes_before_files() {
        let mut slots = Slots::new(2);
        assert!(slots.take(&ask(1, 1, 0)) && slots.take(&ask(2, 2, 0)));
        let file = Ask {
            priority: Priority::File,
            ..ask(3, 3, 1)
        };
        assert!(slots.enqueue(wait(file)) && slots.enqueue(wait(ask(4, 4, 9))));
        slots.release(AskId(1));
        assert_eq!(slots.next().map(|a| a.ask.ask.0), Some(4));
    }

    #[test]
    fn files_leave_room_for_viewers() {
        let mut slots = Slots::new(8);
        let file = |n| Ask {
            priority: Priority::File,
            ..ask(n, n as u8, 0)
        };
        assert_eq!((1..=8).filter(|n| slots.take(&file(*n))).count(), 5);
        assert!((11..=13).all(|n| slots.take(&ask(n, n as u8, 0))));
        assert!(!slots.take(&ask(14, 14, 0)));
        assert!(
            Slots::new(1).take(&file(1)),
            "a single slot is for everybody"
        );
    }

    #[test]
    fn of_files_the_chunk_that_was_given_least_is_next_and_each_to_other_devices_first() {
        let file = |n: u64, from: u8, chunk: u8| Ask {
            priority: Priority::File,
            chunk: ChunkId([chunk; 32]),
            ..ask(n, from, n)
        };
        let mut slots = Slots::new(1);
        assert!(slots.take(&file(0, 1, 1)));
        for waiting in [file(1, 2, 1), file(2, 3, 1), file(3, 2, 2), file(4, 3, 2)] {
            assert!(slots.enqueue(wait(waiting)));
        }
        let mut given = Vec::new();
        for n in 0..4 {
            slots.release(AskId(given.last().map_or(n, |a: &Waiting| a.ask.ask.0)));
            given.extend(slots.next());
        }
        let chunks: Vec<u8> = given.iter().map(|a| a.chunk.0[0]).collect();
        assert_eq!(chunks, [2, 1, 2, 1], "the second chunk had to catch up");

        let first = |chunk: u8| {
            let file = |from: u8| wait(file(from.into(), from, chunk));
            let mut asks: Vec<Waiting> = (1..=10).map(file).collect();
            Slots::sort(&mut asks);
            asks[0].from
        };
        let firsts: std::collections::BTreeSet<DeviceId> = (0..40).map(first).collect();
        assert!(firsts.len() >= 8, "{firsts:?}");
        let mut viewers: Vec<Waiting> = (1..=10).map(|n| wait(ask(n, n as u8, 0))).collect();
        let before = viewers.clone();
        Slots::sort(&mut viewers);
        assert_eq!(viewers, before, "whoever came first");
    }

    #[test]
    fn the_queue_is_bounded_and_can_be_emptied() {
        let mut slots = Slots::new(1);
        assert!(slots.take(&ask(0, 1, 0)));
        let taken = (1..1000)
            .filter(|n| slots.enqueue(wait(ask(*n, 2, 0))))
            .count();
        assert_eq!((taken, slots.queued()), (MAX_QUEUED, MAX_QUEUED));
        assert_eq!(slots.remove(AskId(7)).map(|a| a.ask.ask.0), Some(7));
        assert_eq!(slots.drain(|a| a.ask.0 < 10).len(), 8);
        assert_eq!(slots.waiting_for(ChunkId([1; 32])).len(), slots.queued());
        assert!(slots.waiting_for(ChunkId([2; 32])).is_empty());
    }
}
