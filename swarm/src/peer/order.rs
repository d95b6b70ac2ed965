//! Which of a viewer's chunks are sought now: those of the next segment before those after it.
//!
//! A player asks for half a minute ahead. If all of that were sought at once, its chunks would share the WAN
//! evenly, through as many homes, and the one that is needed first would come as late as the last. Nobody
//! sees the queues of all homes; but the viewers of a site ask for nearly the same, so each asking for its most
//! urgent chunks first puts the whole site in order. Chunks needed at about the same time go together; the next
//! ones go when those are here, or when nothing went for a while: one silent home must not stop a viewer
//! who could fill its buffer.

use std::collections::BTreeSet;

use crate::{
    content::ChunkId,
    time::{Instant, Micros},
};

/// Chunks needed within so much time of each other go together.
const TOGETHER: Micros = Micros::from_secs(1);
/// After so much time without another one going, the next go.
const PATIENCE: Micros = Micros::from_secs(3);

/// When a chunk is needed, and which.
pub(super) type Turn = (Instant, ChunkId);

/// See the module.
#[derive(Clone, Debug)]
pub(super) struct Order {
    going: BTreeSet<Turn>,
    waiting: BTreeSet<Turn>,
    last: Instant,
}

impl Order {
    pub(super) fn new() -> Self {
        Self {
            going: BTreeSet::new(),
            waiting: BTreeSet::new(),
            last: Instant(0),
        }
    }

    /// Whether a chunk that is needed then may go.
    pub(super) fn allows(&self, needed: Instant, now: Instant) -> bool {
        let near = |turn: Option<&Turn>| turn.is_none_or(|(first, _)| needed <= *first + TOGETHER);
        let first_in_line = near(self.waiting.first());
        near(self.going.first()) || (first_in_line && self.again_at() <= now)
    }

    /// When the next in the line may go whatever became of the others.
    pub(super) fn wake_at(&self) -> Option<Instant> {
        (!self.waiting.is_empty()).then_some(self.again_at())
    }

    fn again_at(&self) -> Instant {
        self.last + PATIENCE
    }

    pub(super) fn go(&mut self, turn: Turn, now: Instant) {
        self.going.insert(turn);
        self.last = now;
    }

    pub(super) fn gone(&mut self, turn: Turn) {
        self.going.remove(&turn);
    }

    pub(super) fn line_up(&mut self, turn: Turn) {
        self.waiting.insert(turn);
    }

    pub(super) fn leave_line(&mut self, turn: Turn) {
        self.waiting.remove(&turn);
    }

    /// The next chunk that may go, taken out of the line.
    pub(super) fn next(&mut self, now: Instant) -> Option<ChunkId> {
        let first = *self.waiting.first()?;
        self.allows(first.0, now)
            .then(|| self.waiting.remove(&first))?;
        Some(first.1)
    }

    #[cfg(test)]
    pub(super) fn is_idle(&self) -> bool {
        self.going.is_empty() && self.waiting.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Instant {
        Instant(0) + Micros::from_millis(ms)
    }

    fn turn(ms: u64) -> Turn {
        (at(ms), ChunkId::of(&ms.to_be_bytes()))
    }

    #[test]
    fn one_segment_after_another() {
        let mut order = Order::new();
        assert!(order.allows(at(4000), at(0)), "nothing is more urgent");
        order.go(turn(4000), at(0));
        assert!(order.allows(at(4999), at(0)), "of the same segment");
        assert!(order.allows(at(2000), at(0)), "more urgent");
        assert!(!order.allows(at(8000), at(0)));
        for ms in [12_000, 8000, 8500] {
            order.line_up(turn(ms));
        }
        assert_eq!(order.next(at(10)), None);
        order.gone(turn(4000));
        let next: Vec<_> = std::iter::from_fn(|| {
            let chunk = order.next(at(10))?;
            let needed = if order.going.is_empty() { 8000 } else { 8500 };
            order.go(turn(needed), at(10));
            Some(chunk)
        })
        .collect();
        assert_eq!(next, [turn(8000).1, turn(8500).1]);
    }

    #[test]
    fn a_segment_that_does_not_come_stops_the_others_for_a_while_only() {
        let mut order = Order::new();
        order.go(turn(4000), at(0));
        order.line_up(turn(8000));
        assert!(
            !order.allows(at(12_000), at(3000)),
            "not before who is first"
        );
        assert_eq!(order.next(at(2999)), None);
        assert_eq!(order.next(at(3000)), Some(turn(8000).1));
    }
}
