//! Links and the flows on them, as fluids.
//!
//! A flow crosses up to [`MAX_PATH`] links. Rates are max-min fair, as many TCP connections come
//! close to: the link with the least to give each of its flows decides for these, what is left is shared
//! among the others, and so on. A flow may have a ceiling of its own, which stands for what loss and
//! round trip let one connection reach.
//!
//! Recomputing costs about (flows + links) x log(links) of one network. Sites do not share links, so
//! each is a network of its own and the cost stays that of one site.

use std::{cmp::Reverse, collections::BinaryHeap};

use crate::time::Instant;

/// The most links a flow crosses: disk, NIC, WAN on either side.
pub(super) const MAX_PATH: usize = 6;

/// A link's number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct LinkId(pub(super) u32);

/// The links of a flow. A link that stands there twice counts twice: half-duplex.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Path {
    links: [u32; MAX_PATH],
    len: u8,
}

impl Path {
    pub(super) fn push(&mut self, link: LinkId) {
        if let Some(place) = self.links.get_mut(usize::from(self.len)) {
            *place = link.0;
            self.len += 1;
        }
    }

    fn links(&self) -> &[u32] {
        &self.links[..usize::from(self.len)]
    }
}

/// A flow's number: its place, and how many flows were there before.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) struct FlowId {
    slot: u32,
    turn: u32,
}

/// Bytes are counted in millionths, so that a rate times microseconds is exact.
const MILLION: u64 = 1_000_000;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Net {
    links: Vec<LinkState>,
    slots: Vec<Slot>,
    free: Vec<u32>,
    active: Vec<u32>,
    /// The links with flows, while rates are computed.
    used: Vec<u32>,
    heap: BinaryHeap<Reverse<(u64, u32)>>,
    dirty: bool,
    /// Grows with every computation: an end planned before is void.
    pub(super) version: u64,
}

#[derive(Debug)]
struct LinkState {
    rate: u64,
    flows: Vec<u32>,
    left: u64,
    open: u32,
}

#[derive(Debug, Default)]
struct Slot {
    turn: u32,
    place: u32,
    path: Path,
    len: u64,
    left_millionths: u64,
    rate: u64,
    ceiling: u64,
    since: Instant,
    /// Whose fetch it carries.
    tag: (u32, u64),
    fixed: bool,
}

impl Net {
    pub(super) fn add_link(&mut self, rate: u64) -> LinkId {
        self.links.push(LinkState {
            rate: rate.max(1),
            flows: Vec::new(),
            left: 0,
            open: 0,
        });
        LinkId(self.links.len() as u32 - 1)
    }

    /// Starts a flow of `len` bytes, never faster than `ceiling` bytes a second.
    pub(super) fn start(
        &mut self,
        path: Path,
        len: u64,
        ceiling: u64,
        tag: (u32, u64),
        now: Instant,
    ) -> FlowId {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot::default());
            self.slots.len() as u32 - 1
        });
        let state = &mut self.slots[slot as usize];
        state.turn += 1;
        state.place = self.active.len() as u32;
        (state.path, state.len, state.ceiling) = (path, len, ceiling.max(1));
        (state.left_millionths, state.rate, state.since) = (len * MILLION, 0, now);
        state.tag = tag;
        let turn = state.turn;
        self.active.push(slot);
        for link in path.links() {
            self.links[*link as usize].flows.push(slot);
        }
        self.dirty = true;
        FlowId { slot, turn }
    }

    /// Ends a flow, finished or not. Answers how many bytes it carried.
    pub(super) fn stop(&mut self, id: FlowId, now: Instant) -> Option<u64> {
        let state = self.slots.get_mut(id.slot as usize)?;
        if state.turn != id.turn {
            return None;
        }
        state.settle(now);
        state.turn += 1;
        let (path, place) = (state.path, state.place as usize);
        let moved = state.len - state.left_millionths.div_ceil(MILLION);
        for link in path.links() {
            let flows = &mut self.links[*link as usize].flows;
            if let Some(at) = flows.iter().position(|f| *f == id.slot) {
                flows.swap_remove(at);
            }
        }
        self.active.swap_remove(place);
        if let Some(other) = self.active.get(place) {
            self.slots[*other as usize].place = place as u32;
        }
        self.free.push(id.slot);
        self.dirty = true;
        Some(moved)
    }

    /// How many bytes a flow carried until now.
    pub(super) fn moved(&mut self, id: FlowId, now: Instant) -> Option<u64> {
        let state = self.slots.get_mut(id.slot as usize)?;
        if state.turn != id.turn {
            return None;
        }
        state.settle(now);
        Some(state.len - state.left_millionths.div_ceil(MILLION))
    }

    /// Gives every flow its rate, if something changed. Answers when the first one ends.
    pub(super) fn share(&mut self, now: Instant) -> Option<(Instant, u64)> {
        if !std::mem::take(&mut self.dirty) {
            return None;
        }
        self.version += 1;
        self.open_links(now);
        while let Some(Reverse((share, what))) = self.heap.pop() {
            if what & 1 == 1 {
                self.fix(what >> 1, share);
                continue;
            }
            let link = (what >> 1) as usize;
            let state = &mut self.links[link];
            let Some(now_share) = state.left.checked_div(state.open.into()) else {
                continue;
            };
            if now_share > share {
                self.heap.push(Reverse((now_share, what)));
                continue;
            }
            let flows = std::mem::take(&mut state.flows);
            flows.iter().for_each(|flow| self.fix(*flow, share));
            self.links[link].flows = flows;
        }
        let ends = self
            .active
            .iter()
            .map(|slot| self.slots[*slot as usize].end());
        ends.min().map(|at| (at.max(now), self.version))
    }

    /// The flows that are over now, in the order of their places.
    pub(super) fn ended(&self, now: Instant) -> Vec<(FlowId, (u32, u64))> {
        let over = |slot: &u32| {
            let state = &self.slots[*slot as usize];
            let id = FlowId {
                slot: *slot,
                turn: state.turn,
            };
            (state.end() <= now).then_some((id, state.tag))
        };
        self.active.iter().filter_map(over).collect()
    }

    /// Whether a link carries all it can.
    pub(super) fn is_full(&self, link: LinkId) -> bool {
        let state = &self.links[link.0 as usize];
        let rates = state.flows.iter().map(|f| self.slots[*f as usize].rate);
        rates.sum::<u64>() >= state.rate - state.rate / 20
    }

    fn open_links(&mut self, now: Instant) {
        let Self {
            links,
            slots,
            active,
            used,
            heap,
            ..
        } = self;
        used.clear();
        heap.clear();
        for slot in active.iter() {
            let state = &mut slots[*slot as usize];
            state.settle(now);
            state.fixed = false;
            if state.ceiling < u64::MAX {
                heap.push(Reverse((state.ceiling, *slot << 1 | 1)));
            }
            for link in state.path.links() {
                let link_state = &mut links[*link as usize];
                if link_state.open == 0 {
                    link_state.left = link_state.rate;
                    used.push(*link);
                }
                link_state.open += 1;
            }
        }
        for link in used.iter() {
            let state = &links[*link as usize];
            heap.push(Reverse((state.left / u64::from(state.open), *link << 1)));
        }
    }

    fn fix(&mut self, slot: u32, rate: u64) {
        let state = &mut self.slots[slot as usize];
        if std::mem::replace(&mut state.fixed, true) {
            return;
        }
        state.rate = rate.max(1);
        for link in state.path.links() {
            let link = &mut self.links[*link as usize];
            link.left = link.left.saturating_sub(rate);
            link.open -= 1;
        }
    }
}

impl Slot {
    fn settle(&mut self, now: Instant) {
        let moved = self.rate.saturating_mul(now.since(self.since).0);
        self.left_millionths = self.left_millionths.saturating_sub(moved);
        self.since = now;
    }

    fn end(&self) -> Instant {
        let needed = self.left_millionths.div_ceil(self.rate.max(1));
        Instant(self.since.0.saturating_add(needed))
    }
}

/// What loss lets one connection reach, bytes per second: 1.22 x MSS / (RTT x sqrt(loss)), for a
/// congestion control that takes loss for congestion (Mathis et al., CCR 1997).
pub(super) fn loss_ceiling(rtt_us: u64, loss_per_million: u32) -> u64 {
    if loss_per_million == 0 {
        return u64::MAX;
    }
    const MSS: u64 = 1448;
    // sqrt(loss / 10^6) = isqrt(loss x 10^6) / 10^6.
    let root = (u64::from(loss_per_million) * MILLION).isqrt().max(1);
    MSS * 122 / 100 * MILLION * MILLION / rtt_us.max(1) / root
}

#[cfg(test)]
mod tests {
    use super::*;

    const MB: u64 = 1_000_000;

    fn path(links: &[LinkId]) -> Path {
        let mut path = Path::default();
        links.iter().for_each(|l| path.push(*l));
        path
    }

    fn start(net: &mut Net, links: &[LinkId], len: u64, now: u64) -> FlowId {
        net.start(path(links), len, u64::MAX, (0, 0), Instant(now))
    }

    fn rate(net: &Net, flow: FlowId) -> u64 {
        net.slots[flow.slot as usize].rate
    }

    #[test]
    fn flows_share_a_link_and_speed_up_when_one_ends() {
        let mut net = Net::default();
        let [wan, a, b] = [MB, 100 * MB, 100 * MB].map(|r| net.add_link(r));
        let first = start(&mut net, &[wan, a], MB, 0);
        assert_eq!(net.share(Instant(0)), Some((Instant(MB), 1)));
        assert_eq!(net.share(Instant(0)), None, "nothing changed");
        // Half a second later a second one takes half of the link.
        let second = start(&mut net, &[wan, b], MB, 500_000);
        assert_eq!(net.share(Instant(500_000)), Some((Instant(1_500_000), 2)));
        assert_eq!(net.ended(Instant(1_499_999)), []);
        assert_eq!(net.ended(Instant(1_500_000)), [(first, (0, 0))]);
        assert_eq!(net.stop(first, Instant(1_500_000)), Some(MB));
        assert_eq!(net.stop(first, Instant(1_500_000)), None);
        assert_eq!(net.share(Instant(1_500_000)), Some((Instant(2_000_000), 3)));
        let broken = net.stop(second, Instant(1_750_000));
        assert_eq!(broken, Some(750_000), "broken off");
    }

    #[test]
    fn what_a_flow_cannot_use_goes_to_the_others() {
        let mut net = Net::default();
        let [wan, narrow, wide] = [9 * MB, MB, 100 * MB].map(|r| net.add_link(r));
        let slow = start(&mut net, &[wan, narrow], MB, 0);
        let fast = [0, 1].map(|_| start(&mut net, &[wan, wide], MB, 0));
        net.share(Instant(0));
        assert_eq!(rate(&net, slow), MB);
        assert_eq!(fast.map(|f| rate(&net, f)), [4 * MB; 2]);
    }

    #[test]
    fn a_ceiling_and_half_duplex_hold() {
        let mut net = Net::default();
        let [wan, air] = [9 * MB, 4 * MB].map(|r| net.add_link(r));
        let capped = net.start(path(&[wan]), MB, MB, (0, 0), Instant(0));
        let relayed = start(&mut net, &[air, air], MB, 0);
        net.share(Instant(0));
        assert_eq!(rate(&net, capped), MB);
        assert_eq!(rate(&net, relayed), 2 * MB, "it crosses the air twice");
    }

    #[test]
    fn no_link_ever_carries_more_than_it_can() {
        let mut rng = super::super::rng::Rng::new(3, 0);
        let mut net = Net::default();
        let links: Vec<LinkId> = (0..20)
            .map(|_| net.add_link(1000 + rng.below(5000)))
            .collect();
        let mut flows = Vec::new();
        for now in 0..400 {
            let pick = |rng: &mut super::super::rng::Rng| links[rng.below(20) as usize];
            let (a, b) = (pick(&mut rng), pick(&mut rng));
            flows.push(start(&mut net, &[a, b], 1000, now));
            if now % 3 == 0 {
                let at = rng.below(flows.len() as u64) as usize;
                net.stop(flows.swap_remove(at), Instant(now));
            }
            net.share(Instant(now));
            for link in &net.links {
                let sum: u64 = link.flows.iter().map(|f| net.slots[*f as usize].rate).sum();
                assert!(sum <= link.rate + link.flows.len() as u64);
            }
        }
    }

    #[test]
    fn loss_and_distance_slow_one_connection() {
        assert_eq!(loss_ceiling(20_000, 0), u64::MAX);
        // 1448 x 1.22 / (0.02 s x sqrt(0.01)) = 883,280 bytes a second.
        assert!(loss_ceiling(20_000, 10_000).abs_diff(883_000) < 2000);
        assert!(loss_ceiling(40_000, 10_000).abs_diff(441_500) < 2000);
    }
}
