//! How many fetches at once this peer has at the origin.
//!
//! As few as keep the link to the origin busy: while one carries bytes, the others wait for their first.
//! More would only make each of them later, and with it whoever waits for it here: on a thin link the first
//! whole chunk is what lets the site begin to share. In a site of many peers their fetches hide each
//! other's waits, and one each is enough.
//!
//! It is not enough where one connection cannot fill the link, since packets are lost on it, or where the
//! others are done and this peer is not. Of a link that somebody else uses, too, one fetch more always
//! seems to bring more. So the site is to have [`SITE`] fetches at the origin together, each peer as large
//! a part of them as of the chunks that are still to come; and within its part a peer takes one more only
//! while that carries more bytes in all.

/// A site of so many peers keeps its link to the origin busy with one fetch each.
const CROWD: usize = 8;
/// How many fetches a site may have at the origin for what nobody watches.
const SITE: usize = 8;
/// One fetch more has to carry so much more in all, percent.
const GAIN: u64 = 115;
/// The most fetches at once.
const MAX_WIDTH: usize = 16;
/// What was measured is forgotten after so many chunks: the others may have come or gone since.
const FRESH: u64 = 16;

/// See the module.
#[derive(Clone, Debug)]
pub(super) struct Width {
    /// Bytes per second of one fetch while so many ran, less one, and after which chunk that was measured.
    rates: [(u64, u64); MAX_WIDTH],
    chunks: u64,
}

/// The chunks sought that nobody watches: how many, and of how many this peer is home 1.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct ToCome {
    pub(super) all: usize,
    pub(super) mine: usize,
}

impl Width {
    pub(super) fn new() -> Self {
        Self {
            rates: [(0, 0); MAX_WIDTH],
            chunks: 0,
        }
    }

    /// A chunk came from the origin at this rate, bytes per second, while so many fetches ran.
    pub(super) fn carried(&mut self, rate: u64, at_once: usize) {
        self.chunks += 1;
        let chunks = self.chunks;
        if let Some(measured) = self.rates.get_mut(at_once.saturating_sub(1)) {
            let known = chunks - measured.1 <= FRESH && measured.0 > 0;
            let rate = if known {
                measured.0.midpoint(rate)
            } else {
                rate
            };
            *measured = (rate, chunks);
        }
    }

    /// How many fetches at once. `waits` is how many chunks the link carries while one waits for its first
    /// byte, `peers` the size of the site.
    pub(super) fn choose(&self, most: usize, waits: usize, peers: usize, to_come: ToCome) -> usize {
        let most = most.clamp(1, MAX_WIDTH);
        let alone = usize::from(peers < CROWD);
        let mut width = waits.saturating_add(alone).clamp(1, most);
        let part = (SITE * to_come.mine).checked_div(to_come.all).unwrap_or(0);
        while width < part.min(most) {
            let (Some(now), Some(more)) = (self.in_all(width), self.in_all(width + 1)) else {
                // The next is tried once this one is known.
                return width + usize::from(self.in_all(width).is_some());
            };
            if more * 100 < now * GAIN {
                return width;
            }
            width += 1;
        }
        width
    }

    /// What so many fetches carry together, bytes per second, if that was measured lately.
    fn in_all(&self, width: usize) -> Option<u64> {
        let (rate, at) = self.rates.get(width.checked_sub(1)?).copied()?;
        let fresh = rate > 0 && self.chunks - at <= FRESH;
        fresh.then(|| rate.saturating_mul(width as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MBPS: u64 = 1_000_000;
    const NOTHING: ToCome = ToCome { all: 0, mine: 0 };
    const ALL: ToCome = ToCome { all: 10, mine: 10 };

    /// The width a peer settles on when so many fetches carry together what `link` says.
    fn settled(peers: usize, to_come: ToCome, link: impl Fn(u64) -> u64) -> usize {
        let mut width = Width::new();
        let mut at_once = 1;
        for _ in 0..12 {
            width.carried(link(at_once as u64) / at_once as u64, at_once);
            at_once = width.choose(6, 1, peers, to_come);
        }
        at_once
    }

    #[test]
    fn waits_are_hidden_by_the_others_or_by_one_more() {
        // How many chunks the link carries while one waits, the site's peers -> fetches at once.
        for (waits, peers, fetches) in [(1, 1, 2), (1, CROWD, 1), (3, 1, 4), (3, 20, 3), (23, 1, 6)]
        {
            let chosen = Width::new().choose(6, waits, peers, NOTHING);
            assert_eq!(chosen, fetches, "{waits} {peers}");
        }
        assert_eq!(Width::new().choose(1, 3, 0, NOTHING), 1);
    }

    #[test]
    fn more_at_once_only_where_they_carry_more() {
        let full = |_: u64| 6 * MBPS;
        let lossy = |fetches: u64| (fetches * MBPS).min(6 * MBPS);
        let third = ToCome { all: 30, mine: 10 };
        let tenth = ToCome { all: 100, mine: 10 };
        // Peers, what is to come, what the link does -> fetches at once.
        assert_eq!(settled(10, ALL, full), 1, "one fills the link");
        assert_eq!(settled(10, ALL, lossy), 6);
        assert_eq!(settled(1, ALL, |n| (n * MBPS).min(4 * MBPS)), 4);
        assert_eq!(settled(10, third, lossy), 2, "the others have a part, too");
        assert_eq!(settled(10, tenth, lossy), 1);
        assert_eq!(settled(10, NOTHING, lossy), 1, "somebody watches");
    }

    #[test]
    fn what_was_measured_long_ago_is_measured_again() {
        let mut width = Width::new();
        for at_once in [1, 2, 1] {
            width.carried(6 * MBPS / at_once as u64, at_once);
        }
        assert_eq!(width.choose(6, 1, 10, ALL), 1, "two carry no more");
        (0..=FRESH).for_each(|_| width.carried(6 * MBPS, 1));
        assert_eq!(width.choose(6, 1, 10, ALL), 2, "one more is tried again");
        width.carried(MBPS, 99);
    }
}
