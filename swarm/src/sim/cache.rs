//! What a machine keeps: campaigns tell it what its site is to hold, and a full cache gives chunks up.

use super::world::{Event, World};
use crate::{content::ChunkRef, peer::Input, time::Instant};

/// How many copies a campaign asks for.
const COPIES: u8 = 2;

impl World<'_> {
    /// Plans what a peer that said hello is told to hold.
    pub(super) fn campaign(&mut self, peer: u32) {
        if let Some(at) = self.scenario.campaign {
            let at = (Instant(0) + at).max(self.now + self.control_delay(peer));
            self.plan(at, Event::Hold(peer));
        }
    }

    pub(super) fn hold(&mut self, peer: u32) {
        let chunks = (0..self.title.chunks()).map(|n| self.title.chunk(n));
        let chunks = chunks.map(|(id, len)| ChunkRef { id, len }).collect();
        let copies = COPIES;
        self.feed(peer, Input::Hold { chunks, copies });
    }

    /// Gives up chunks until the rest fits: those of other homes first, then its own, those that the site
    /// is to hold last; among equals the oldest. What is being sent stays.
    pub(super) fn trim(&mut self, peer: u32) {
        let Some(limit) = self.sites[self.site_of(peer)].spec.cache else {
            return;
        };
        loop {
            let held: Vec<u32> = self.shell(peer).disk_order.clone();
            let bytes: u64 = held.iter().map(|n| self.title.len_of(*n)).sum();
            if bytes <= limit {
                return;
            }
            let in_use = self.being_sent(peer);
            let worth = |n: &u32| {
                let (id, _) = self.title.chunk(*n);
                let machine = self.shells[peer as usize].peer.as_ref();
                let home = machine.and_then(|m| m.home(id)).is_some();
                let kept = machine.is_some_and(|m| m.keeps(id));
                (home, kept)
            };
            let idle = held.iter().filter(|n| !in_use.contains(n));
            let Some(victim) = idle.copied().min_by_key(worth) else {
                return;
            };
            self.say(|_| format!("p{peer} gives up chunk {victim}"));
            let id = self.title.chunk(victim).0;
            let shell = self.shell(peer);
            shell.disk_order.retain(|n| *n != victim);
            shell.disk_holds.remove(victim);
            self.feed(peer, Input::Evicted(id));
        }
    }

    fn being_sent(&self, peer: u32) -> Vec<u32> {
        let clients = self.shells[peer as usize].clients.values();
        let exchanges = clients.filter_map(|(client, fetch)| {
            let exchange = self.shells.get(*client as usize)?.exchanges.get(fetch)?;
            exchange.flow.map(|_| exchange.chunk)
        });
        exchanges.collect()
    }
}
