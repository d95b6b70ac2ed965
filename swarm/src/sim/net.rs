//! Links and the flows on them. A flow crosses two links and gets the smaller of its even shares.

use std::collections::BTreeMap;

use crate::time::Instant;

/// A link's number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct LinkId(pub(super) u32);

/// A flow's number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) struct FlowId(u64);

/// A flow's end as planned. It holds as long as the flow's plan has this number.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Plan {
    pub(super) flow: FlowId,
    pub(super) plan: u32,
    pub(super) at: Instant,
}

/// Bytes are counted in millionths, so that a rate times microseconds is exact.
const MILLION: u64 = 1_000_000;

#[derive(Debug, Default)]
pub(super) struct Net {
    links: Vec<LinkState>,
    flows: BTreeMap<FlowId, Flow>,
    next: u64,
}

#[derive(Debug)]
struct LinkState {
    rate: u64,
    flows: Vec<FlowId>,
}

#[derive(Debug)]
struct Flow {
    path: [LinkId; 2],
    len: u64,
    left_millionths: u64,
    rate: u64,
    since: Instant,
    plan: u32,
}

impl Net {
    pub(super) fn add_link(&mut self, rate: u64) -> LinkId {
        self.links.push(LinkState {
            rate: rate.max(1),
            flows: Vec::new(),
        });
        LinkId(self.links.len() as u32 - 1)
    }

    /// Starts a flow. `plans` gets the new end of every flow whose rate changed.
    pub(super) fn start(
        &mut self,
        path: [LinkId; 2],
        len: u64,
        now: Instant,
        plans: &mut Vec<Plan>,
    ) -> FlowId {
        let id = FlowId(self.next);
        self.next += 1;
        let left_millionths = len * MILLION;
        self.flows.insert(
            id,
            Flow {
                path,
                len,
                left_millionths,
                rate: 0,
                since: now,
                plan: 0,
            },
        );
        for link in path {
            self.link(link).flows.push(id);
        }
        self.share(path, now, plans);
        id
    }

    /// Ends a flow, finished or not. Answers how many bytes it carried.
    pub(super) fn stop(&mut self, id: FlowId, now: Instant, plans: &mut Vec<Plan>) -> Option<u64> {
        self.flows.get_mut(&id)?.settle(now);
        let flow = self.flows.remove(&id)?;
        for link in flow.path {
            self.link(link).flows.retain(|f| *f != id);
        }
        self.share(flow.path, now, plans);
        Some(flow.len - flow.left_millionths / MILLION)
    }

    /// Whether a planned end is still the flow's.
    pub(super) fn holds(&self, plan: &Plan) -> bool {
        self.flows
            .get(&plan.flow)
            .is_some_and(|flow| flow.plan == plan.plan)
    }

    fn link(&mut self, id: LinkId) -> &mut LinkState {
        &mut self.links[id.0 as usize]
    }

    /// Gives every flow on these links its share.
    fn share(&mut self, path: [LinkId; 2], now: Instant, plans: &mut Vec<Plan>) {
        let mut touched: Vec<FlowId> = Vec::new();
        for link in path {
            touched.extend(&self.link(link).flows);
        }
        touched.sort_unstable();
        touched.dedup();
        for id in touched {
            let Some(flow) = self.flows.get_mut(&id) else {
                continue;
            };
            let links = flow.path.map(|link| &self.links[link.0 as usize]);
            let share = links.map(|link| link.rate / link.flows.len().max(1) as u64);
            let rate = share.into_iter().min().unwrap_or(1).max(1);
            if rate != flow.rate {
                flow.settle(now);
                flow.rate = rate;
                flow.plan += 1;
                let needed = flow.left_millionths.div_ceil(rate);
                plans.push(Plan {
                    flow: id,
                    plan: flow.plan,
                    at: Instant(now.0 + needed),
                });
            }
        }
    }
}

impl Flow {
    fn settle(&mut self, now: Instant) {
        let moved = self.rate.saturating_mul(now.since(self.since).0);
        self.left_millionths = self.left_millionths.saturating_sub(moved);
        self.since = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MB: u64 = 1_000_000;

    fn last_plan(plans: &[Plan], flow: FlowId) -> Instant {
        plans
            .iter()
            .rev()
            .find(|p| p.flow == flow)
            .expect("it is planned")
            .at
    }

    #[test]
    fn flows_share_a_link_and_speed_up_when_one_ends() {
        let mut net = Net::default();
        let (wan, a, b) = (
            net.add_link(MB),
            net.add_link(100 * MB),
            net.add_link(100 * MB),
        );
        let mut plans = Vec::new();
        let first = net.start([wan, a], MB, Instant(0), &mut plans);
        assert_eq!(last_plan(&plans, first), Instant(MB));
        // Half a second later a second one takes half of the link.
        let second = net.start([wan, b], MB, Instant(500_000), &mut plans);
        assert_eq!(last_plan(&plans, first), Instant(1_500_000));
        assert_eq!(last_plan(&plans, second), Instant(2_500_000));
        let end = *plans
            .iter()
            .rev()
            .find(|p| p.flow == first)
            .expect("planned");
        assert!(net.holds(&end));
        assert_eq!(net.stop(first, end.at, &mut plans), Some(MB));
        assert!(!net.holds(&end));
        assert_eq!(last_plan(&plans, second), Instant(2_000_000));
        assert_eq!(
            net.stop(second, Instant(1_750_000), &mut plans),
            Some(750_000),
            "broken off"
        );
        assert_eq!(net.stop(second, Instant(1_750_000), &mut plans), None);
    }

    #[test]
    fn the_narrower_link_decides() {
        let mut net = Net::default();
        let (wide, narrow) = (net.add_link(10 * MB), net.add_link(MB));
        let mut plans = Vec::new();
        let flow = net.start([wide, narrow], 3 * MB, Instant(7), &mut plans);
        assert_eq!(last_plan(&plans, flow), Instant(3_000_007));
    }
}
