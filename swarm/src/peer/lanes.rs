//! How many fetches run at once, and which chunk is next when one ends.

use std::collections::BTreeSet;

use super::Priority;
use crate::{content::ChunkId, time::Instant};

/// A place in the line: the most urgent first, then the earliest deadline.
pub(super) type Place = (Priority, Instant, ChunkId);

/// Fetches of one kind: from peers, or from the origin.
#[derive(Clone, Debug)]
pub(super) struct Lane {
    max: usize,
    running: usize,
    line: BTreeSet<Place>,
}

impl Lane {
    pub(super) fn new(max: usize) -> Self {
        Self {
            max: max.max(1),
            running: 0,
            line: BTreeSet::new(),
        }
    }

    /// So many fetches may run at once from now on.
    pub(super) fn resize(&mut self, max: usize) {
        self.max = max.max(1);
    }

    pub(super) fn has_room(&self) -> bool {
        self.running < self.max
    }

    /// Whether there is room for a fetch that a deadline depends on: twice as many may run.
    pub(super) fn has_urgent_room(&self) -> bool {
        self.running < 2 * self.max
    }

    /// A fetch starts.
    pub(super) fn start(&mut self) {
        self.running += 1;
    }

    pub(super) fn end(&mut self) {
        debug_assert!(self.running > 0, "a fetch ends once");
        self.running = self.running.saturating_sub(1);
    }

    pub(super) fn line_up(&mut self, place: Place) {
        self.line.insert(place);
    }

    pub(super) fn leave_line(&mut self, place: &Place) {
        self.line.remove(place);
    }

    /// The next chunk in the line, when there is room for it.
    pub(super) fn next(&mut self) -> Option<Place> {
        if self.has_room() {
            self.line.pop_first()
        } else {
            None
        }
    }

    pub(super) fn running(&self) -> usize {
        self.running
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_is_served_by_urgency() {
        let mut lane = Lane::new(1);
        let place = |p, t| (p, Instant(t), ChunkId([t as u8; 32]));
        for p in [
            place(Priority::File, 1),
            place(Priority::Playing, 9),
            place(Priority::Playing, 3),
            place(Priority::Live, 50),
        ] {
            lane.line_up(p);
        }
        lane.start();
        assert_eq!(lane.next(), None);
        lane.end();
        lane.leave_line(&place(Priority::Playing, 3));
        let order: Vec<u64> = std::iter::from_fn(|| lane.next()).map(|p| p.1.0).collect();
        assert_eq!(order, [50, 9, 1]);
    }
}
