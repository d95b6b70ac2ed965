//! How fast this machine's own link is, from what it took from its neighbours.
//!
//! A machine on a bad link that is a home costs twice: its neighbours wait for it and in the end fetch their own
//! copies over the WAN, and its own viewer shares the link with what it fetches for others. Its neighbours cannot
//! leave it out, each by its own measure: they would rank differently, and chunks would have several homes 1. So
//! it says itself how much of its weight it is worth, and the roster tells everybody.
//!
//! The weight is never 0 for that: at a site where every link is bad, all are as good as one another.

use std::collections::VecDeque;

use crate::time::Micros;

/// The last so many transfers count; the fastest of them decides.
const SAMPLES: usize = 4;
/// Shorter transfers say nothing, bytes.
const SAMPLE_MIN: u32 = 64 << 10;
/// A link below this is slow, bytes per second; and one above twice this is not.
const SLOW: u64 = 1_250_000;
/// What a slow and a good link are worth, percent of the weight.
const SLOW_WORTH: u32 = 2;
const FULL_WORTH: u32 = 100;

/// See the module.
#[derive(Clone, Debug)]
pub(super) struct Link {
    rates: VecDeque<u64>,
    worth: u32,
}

impl Link {
    pub(super) fn new() -> Self {
        Self {
            rates: VecDeque::with_capacity(SAMPLES),
            worth: FULL_WORTH,
        }
    }

    /// A neighbour's chunk came: its bytes took this long while so many transfers ran at most. Answers what
    /// the link is worth, when that changed.
    pub(super) fn carried(&mut self, len: u32, took: Micros, at_once: usize) -> Option<u32> {
        if len < SAMPLE_MIN {
            return None;
        }
        let together = u64::from(len) * 1_000_000 * at_once.max(1) as u64;
        if self.rates.len() >= SAMPLES {
            self.rates.pop_front();
        }
        self.rates.push_back(together / took.0.max(1));
        let fastest = self.rates.iter().max().copied()?;
        let worth = match self.worth {
            FULL_WORTH if self.rates.len() >= SAMPLES && fastest < SLOW => SLOW_WORTH,
            SLOW_WORTH if fastest >= 2 * SLOW => FULL_WORTH,
            unchanged => unchanged,
        };
        (std::mem::replace(&mut self.worth, worth) != worth).then_some(worth)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u32 = 1 << 20;

    #[test]
    fn a_link_is_slow_when_nothing_came_fast_and_good_again_when_something_does() {
        let ms = Micros::from_millis;
        let mut link = Link::new();
        let said: Vec<_> = (0..6).map(|_| link.carried(MIB, ms(4000), 1)).collect();
        assert_eq!(said, [None, None, None, Some(2), None, None]);
        assert_eq!(link.carried(MIB, ms(700), 1), None, "not clearly better");
        assert_eq!(link.carried(MIB, ms(100), 1), Some(100));
    }

    #[test]
    fn a_good_link_that_many_share_is_not_slow_and_crumbs_do_not_count() {
        let mut link = Link::new();
        for _ in 0..20 {
            assert_eq!(link.carried(MIB, Micros::from_secs(2), 10), None);
            assert_eq!(link.carried(1000, Micros::from_secs(9), 1), None);
        }
    }
}
