//! Upload slots: how many peers are given to at once, and who is next.

use std::collections::BTreeMap;

use super::{Ask, AskId};
use crate::content::{ChunkId, DeviceId};

/// The most asks that wait for a slot.
pub(super) const MAX_QUEUED: usize = 256;

/// Slots and the queue before them. One device has at most half of the slots, so that a greedy
/// one leaves room for the others.
#[derive(Clone, Debug)]
pub(super) struct Slots {
    max: usize,
    per_device: usize,
    active: BTreeMap<AskId, (DeviceId, ChunkId)>,
    queue: Vec<Ask>,
}

impl Slots {
    pub(super) fn new(max: usize) -> Self {
        let max = max.max(1);
        Self {
            max,
            per_device: max.div_ceil(2),
            active: BTreeMap::new(),
            queue: Vec::new(),
        }
    }

    /// Takes a slot if one is free for this device.
    pub(super) fn take(&mut self, ask: &Ask) -> bool {
        let free = self.active.len() < self.max && self.held_by(ask.from) < self.per_device;
        if free {
            self.active.insert(ask.ask, (ask.from, ask.chunk));
        }
        free
    }

    /// Waits for a slot; false when too many wait already.
    pub(super) fn enqueue(&mut self, ask: Ask) -> bool {
        let room = self.queue.len() < MAX_QUEUED;
        if room {
            self.queue.push(ask);
        }
        room
    }

    /// Gives a slot back; who had it, and for which chunk.
    pub(super) fn release(&mut self, ask: AskId) -> Option<(DeviceId, ChunkId)> {
        self.active.remove(&ask)
    }

    /// Who gets a free slot next: the most urgent, of them the device with the fewest, then the
    /// earliest deadline, then who came first.
    pub(super) fn next(&mut self) -> Option<Ask> {
        if self.active.len() >= self.max {
            return None;
        }
        let eligible = self.queue.iter().enumerate().filter_map(|(at, ask)| {
            let held = self.held_by(ask.from);
            (held < self.per_device).then_some((ask.priority, held, ask.deadline, at))
        });
        let (_, _, _, at) = eligible.min()?;
        let ask = self.queue.remove(at);
        self.active.insert(ask.ask, (ask.from, ask.chunk));
        Some(ask)
    }

    /// Takes an ask out of the queue.
    pub(super) fn remove(&mut self, ask: AskId) -> Option<Ask> {
        let at = self.queue.iter().position(|waiting| waiting.ask == ask)?;
        Some(self.queue.remove(at))
    }

    /// Takes the asks out of the queue that match.
    pub(super) fn drain(&mut self, matches: impl Fn(&Ask) -> bool) -> Vec<Ask> {
        self.queue.extract_if(.., |ask| matches(ask)).collect()
    }

    /// The asks that wait for a slot and this chunk, in the order they came.
    pub(super) fn waiting_for(&self, chunk: ChunkId) -> Vec<Ask> {
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
            assert!(slots.enqueue(waiting));
        }
        let mut order = Vec::new();
        for free in [4, 1, 2, 13, 14] {
            slots.release(AskId(free));
            order.extend(slots.next().map(|a| a.ask.0));
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
        assert!(slots.enqueue(file) && slots.enqueue(ask(4, 4, 9)));
        slots.release(AskId(1));
        assert_eq!(slots.next().map(|a| a.ask.0), Some(4));
    }

    #[test]
    fn the_queue_is_bounded_and_can_be_emptied() {
        let mut slots = Slots::new(1);
        assert!(slots.take(&ask(0, 1, 0)));
        let taken = (1..1000).filter(|n| slots.enqueue(ask(*n, 2, 0))).count();
        assert_eq!((taken, slots.queued()), (MAX_QUEUED, MAX_QUEUED));
        assert_eq!(slots.remove(AskId(7)).map(|a| a.ask.0), Some(7));
        assert_eq!(slots.drain(|a| a.ask.0 < 10).len(), 8);
        assert_eq!(slots.waiting_for(ChunkId([1; 32])).len(), slots.queued());
        assert!(slots.waiting_for(ChunkId([2; 32])).is_empty());
    }
}
