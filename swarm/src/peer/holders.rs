//! Who else in the site has a chunk: peers that took it from here, or were sent to one who had.
//!
//! The memory makes referrals. A fresh holder is named a few times and then rests, so that
//! a hot chunk spreads as a tree instead of moving the crowd from one door to the next.

use super::bounded::Bounded;
use crate::{
    content::{ChunkId, DeviceId},
    time::{Instant, Micros},
    wire::MAX_REFERRAL,
};

/// The most chunks remembered.
const MAX_CHUNKS: usize = 4096;
/// The most holders remembered of one chunk.
const MAX_HOLDERS: usize = 32;
/// How often a holder is named before it rests.
const NAMED_PER_ROUND: u8 = 3;
/// How long it rests.
const ROUND: Micros = Micros::from_secs(1);
/// How long after being referred an asker is believed to have the chunk.
const BELIEVED_AFTER: Micros = Micros::from_millis(500);

/// See the module.
#[derive(Clone, Debug)]
pub(super) struct Holders {
    chunks: Bounded<ChunkId, Vec<Holder>>,
}

#[derive(Clone, Copy, Debug)]
struct Holder {
    device: DeviceId,
    /// When it has, or will have, the chunk.
    since: Instant,
    round: Instant,
    named: u8,
}

impl Holders {
    pub(super) fn new() -> Self {
        Self {
            chunks: Bounded::new(MAX_CHUNKS),
        }
    }

    /// The device took the chunk from here.
    pub(super) fn took(&mut self, chunk: ChunkId, device: DeviceId, now: Instant) {
        let holders = self.chunks.entry(chunk, Vec::new);
        holders.retain(|h| h.device != device);
        if holders.len() >= MAX_HOLDERS {
            holders.remove(0);
        }
        holders.push(Holder {
            device,
            since: now,
            round: now,
            named: 0,
        });
    }

    /// The device is gone or does not give.
    pub(super) fn forget(&mut self, chunk: ChunkId, device: DeviceId) {
        if let Some(holders) = self.chunks.peek_mut(&chunk) {
            holders.retain(|h| h.device != device);
        }
    }

    /// Who has the chunk, the most recent taker first.
    pub(super) fn of(&self, chunk: ChunkId, now: Instant) -> Vec<DeviceId> {
        let holders = self.chunks.peek(&chunk).into_iter().flatten().rev();
        holders
            .filter(|h| h.since <= now)
            .map(|h| h.device)
            .collect()
    }

    /// Whom to name to an asker, the most recent taker first; empty when nobody is to be bothered.
    /// The asker is believed to be a holder itself a moment later.
    pub(super) fn refer(
        &mut self,
        chunk: ChunkId,
        asker: DeviceId,
        now: Instant,
        may_name: impl Fn(DeviceId) -> bool,
    ) -> Vec<DeviceId> {
        let Some(holders) = self.chunks.peek_mut(&chunk) else {
            return Vec::new();
        };
        let mut named = Vec::new();
        for holder in holders.iter_mut().rev() {
            if now.since(holder.round) >= ROUND {
                (holder.round, holder.named) = (now, 0);
            }
            let usable = holder.since <= now && holder.device != asker && may_name(holder.device);
            if usable && holder.named < NAMED_PER_ROUND && named.len() < MAX_REFERRAL {
                // Only the first name is likely to be asked.
                holder.named += u8::from(named.is_empty());
                named.push(holder.device);
            }
        }
        if !named.is_empty() {
            self.took(chunk, asker, now + BELIEVED_AFTER);
        }
        named
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHUNK: ChunkId = ChunkId([9; 32]);
    const T0: Instant = Instant(1_000_000);

    fn device(n: u8) -> DeviceId {
        DeviceId([n; 16])
    }

    #[test]
    fn the_most_recent_taker_is_named_first_and_the_asker_never() {
        let mut holders = Holders::new();
        assert!(holders.refer(CHUNK, device(9), T0, |_| true).is_empty());
        for n in 1..=6 {
            holders.took(CHUNK, device(n), T0 + Micros(n.into()));
        }
        let now = T0 + Micros(10);
        assert_eq!(
            holders.refer(CHUNK, device(5), now, |_| true),
            [6, 4, 3, 2].map(device)
        );
        let only_even = |d: DeviceId| d.0[0].is_multiple_of(2);
        assert_eq!(
            holders.refer(CHUNK, device(9), now, only_even),
            [6, 4, 2].map(device)
        );
    }

    #[test]
    fn a_holder_rests_after_a_few_referrals() {
        let mut holders = Holders::new();
        holders.took(CHUNK, device(1), T0);
        for asker in 10..10 + NAMED_PER_ROUND {
            assert_eq!(
                holders.refer(CHUNK, device(asker), T0, |_| true),
                [device(1)]
            );
        }
        assert!(holders.refer(CHUNK, device(20), T0, |_| true).is_empty());
        // A moment later those who were referred hold it too.
        let soon = T0 + BELIEVED_AFTER;
        assert_eq!(
            holders.refer(CHUNK, device(20), soon, |_| true)[0],
            device(12)
        );
        let later = T0 + ROUND;
        assert!(
            holders
                .refer(CHUNK, device(21), later, |_| true)
                .contains(&device(11))
        );
    }

    #[test]
    fn a_forgotten_holder_is_not_named() {
        let mut holders = Holders::new();
        holders.took(CHUNK, device(1), T0);
        holders.forget(CHUNK, device(1));
        assert!(holders.refer(CHUNK, device(2), T0, |_| true).is_empty());
    }

    #[test]
    fn the_memory_is_bounded() {
        let mut holders = Holders::new();
        for n in 0..=255 {
            holders.took(CHUNK, device(n), T0);
        }
        assert_eq!(holders.chunks.peek(&CHUNK).map(Vec::len), Some(MAX_HOLDERS));
        for n in 0..6000u32 {
            holders.took(ChunkId::of(&n.to_be_bytes()), device(1), T0);
        }
        assert_eq!(holders.chunks.len(), MAX_CHUNKS);
    }
}
