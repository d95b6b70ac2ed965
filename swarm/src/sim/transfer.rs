//! The bytes themselves: where they go, how long they take, and what arrives.

use super::{
    check::Never,
    effects::STALL_TIMEOUT,
    net::{Path, loss_ceiling},
    scenario::{Evil, Planted},
    shell::Exchange,
    world::{Event, World},
};
use crate::{
    content::ChunkId,
    peer::{FetchId, Input, Outcome},
    time::Micros,
};

/// What a transfer must move within [`STALL_TIMEOUT`], bytes: 8 KiB a second.
const LEAST: u64 = 80 << 10;
/// What a lost packet costs where no other one follows it: the least retransmission timeout.
const RETRANSMIT: Micros = Micros::from_millis(200);

impl World<'_> {
    /// Starts the flow of a chunk; its first byte is on its way.
    pub(super) fn send(&mut self, client: u32, fetch: FetchId, server: Option<u32>) {
        let now = self.now;
        let first_byte = now + self.one_way(client, server) + self.queue_delay(client, server);
        let Some(exchange) = self.shell(client).exchanges.get(&fetch).copied() else {
            return;
        };
        let len = self.title.len_of(exchange.chunk);
        let rtt = 2 * self.one_way(client, server).0;
        let ceiling = loss_ceiling(rtt, self.loss(client, server));
        let path = self.path(client, server);
        let flow = self.net.start(path, len, ceiling, (client, fetch.0), now);
        if let Some(exchange) = self.shell(client).exchanges.get_mut(&fetch) {
            exchange.flow = Some(flow);
            exchange.first_byte = Some(first_byte);
        }
        self.plan(first_byte, Event::Began { client, fetch });
        // Only these are ever slow enough for the rule to matter.
        let crawls =
            |p: u32| matches!(self.shells[p as usize].evil, Some(Evil::Slow | Evil::Squat));
        if crawls(client) || server.is_some_and(crawls) {
            let least = LEAST;
            self.plan_after(
                STALL_TIMEOUT,
                Event::Crawls {
                    client,
                    fetch,
                    least,
                },
            );
        }
    }

    /// The head of an answer with bytes is here.
    pub(super) fn began(&mut self, client: u32, fetch: FetchId) {
        if self.shell(client).exchanges.contains_key(&fetch) {
            self.feed(client, Input::Began(fetch));
        }
    }

    /// Both ends cut a transfer that moved less than [`LEAST`] in the last [`STALL_TIMEOUT`].
    pub(super) fn crawls(&mut self, client: u32, fetch: FetchId, least: u64) {
        let now = self.now;
        let Some(exchange) = self.shell(client).exchanges.get(&fetch).copied() else {
            return;
        };
        let Some(moved) = exchange.flow.and_then(|flow| self.net.moved(flow, now)) else {
            return;
        };
        if moved < least {
            self.say(|_| {
                format!(
                    "the transfer of chunk {} to p{client} is cut",
                    exchange.chunk
                )
            });
            return self.reply(client, fetch, super::world::Reply::Broken);
        }
        let least = moved + LEAST;
        self.plan_after(
            STALL_TIMEOUT,
            Event::Crawls {
                client,
                fetch,
                least,
            },
        );
    }

    fn path(&self, client: u32, server: Option<u32>) -> Path {
        let to = &self.shells[client as usize];
        let from = server.map(|s| &self.shells[s as usize]);
        let mut path = Path::default();
        let mut push = |link| {
            if let Some(link) = link {
                path.push(link);
            }
        };
        match from {
            None => push(self.origin_out),
            Some(from) => {
                push(from.disk);
                push(Some(from.up));
                if from.site != to.site {
                    push(Some(self.sites[from.site].wan_up));
                }
            }
        }
        if from.is_none_or(|from| from.site != to.site) {
            push(Some(self.sites[to.site].wan_down));
        }
        push(Some(to.down));
        push(to.disk);
        path
    }

    /// The network says that some flow may be over.
    pub(super) fn flows_end(&mut self, version: u64) {
        if version != self.net.version {
            return;
        }
        for (flow, (client, fetch)) in self.net.ended(self.now) {
            let fetch = FetchId(fetch);
            let Some(exchange) = self.shell(client).exchanges.get(&fetch).copied() else {
                continue;
            };
            if exchange.flow != Some(flow) {
                continue;
            }
            self.stop_flow(client, &exchange);
            if let Some(exchange) = self.shell(client).exchanges.get_mut(&fetch) {
                exchange.flow = None;
            }
            let back = self.one_way(client, exchange.server);
            let back = back + self.queue_delay(client, exchange.server);
            self.plan_after(back, Event::Arrived { client, fetch });
            if let (Some(server), Some(ask)) = (exchange.server, exchange.ask) {
                self.shell(server).clients.remove(&ask);
                let forgets = self.scenario.planted == Some(Planted::ForgetHolders);
                self.feed(
                    server,
                    if forgets {
                        Input::AskGone(ask)
                    } else {
                        Input::Served(ask)
                    },
                );
            }
        }
    }

    pub(super) fn arrived(&mut self, client: u32, fetch: FetchId) {
        let now = self.now;
        let Some(exchange) = self.shell(client).exchanges.remove(&fetch) else {
            return;
        };
        let Exchange { chunk, server, .. } = exchange;
        let len = self.title.len_of(chunk);
        let bad = server.is_some_and(|s| {
            let shell = self.shell(s);
            shell.evil == Some(Evil::Poison) || shell.tainted.contains(&chunk)
        });
        let checked = self.scenario.planted != Some(Planted::SkipHashCheck);
        let outcome = if bad && checked {
            self.shell(client).tally.bad += 1;
            self.shell(client).fooled_by.extend(server);
            self.say(|_| format!("p{client} got wrong bytes for chunk {chunk} from p{server:?}"));
            let got = ChunkId([0xbd; 32]);
            Outcome::BadHash { got }
        } else {
            if let Some(server) = server {
                self.shell(client).tally.from_peers += len;
                self.shell(server).tally.to_peers += len;
            }
            let shell = self.shell(client);
            if shell.disk_holds.insert(chunk) {
                shell.disk_order.push(chunk);
            }
            shell.requests.remove(&chunk);
            if bad {
                shell.tainted.insert(chunk);
                self.violations.note(Never::BadBytes, || {
                    format!("{now:?}: p{client} stores wrong bytes for chunk {chunk}")
                });
            }
            self.say(|_| format!("p{client} has chunk {chunk}"));
            let waited = exchange.first_byte.unwrap_or(now).since(exchange.started);
            Outcome::Delivered {
                len: len as u32,
                waited,
                took: now.since(exchange.started),
            }
        };
        if self.shell(client).peer.is_none() {
            return match outcome {
                Outcome::Delivered { .. } => self.direct_came(client, chunk, server),
                _ => self.direct_failed(client, chunk, server),
            };
        }
        self.feed(client, Input::Fetched { fetch, outcome });
        self.trim(client);
    }

    /// Ends a flow, and counts what it carried over the WAN.
    pub(super) fn stop_flow(&mut self, client: u32, exchange: &Exchange) {
        let Some(flow) = exchange.flow else {
            return;
        };
        let Some(moved) = self.net.stop(flow, self.now) else {
            return;
        };
        let site = self.site_of(client);
        let over_wan = exchange.server.is_none_or(|s| self.site_of(s) != site);
        if over_wan {
            let site = &mut self.sites[site];
            site.wan_bytes += moved;
            site.wan_chunks.insert(exchange.chunk);
        }
    }

    /// From the client to the server, and back, over links without queues.
    pub(super) fn one_way(&self, client: u32, server: Option<u32>) -> Micros {
        let to = &self.shells[client as usize];
        let wan = |site: usize| self.sites[site].spec.wan.link.delay;
        match server.map(|s| &self.shells[s as usize]) {
            None => to.delay() + wan(to.site),
            Some(from) if from.site == to.site => to.delay() + from.delay(),
            Some(from) => to.delay() + from.delay() + wan(to.site) + wan(from.site),
        }
    }

    /// What stands before a client in the queue of its WAN link while that is full.
    fn queue_delay(&self, client: u32, server: Option<u32>) -> Micros {
        let site = self.site_of(client);
        if server.is_some_and(|s| self.site_of(s) == site) {
            return Micros(0);
        }
        let site = &self.sites[site];
        let link = site.spec.wan.link;
        let full = link.queue > 0 && self.net.is_full(site.wan_down);
        Micros(if full {
            link.queue * 1_000_000 / link.rate
        } else {
            0
        })
    }

    /// Packets lost between the two, of a million.
    fn loss(&self, client: u32, server: Option<u32>) -> u32 {
        let to = &self.shells[client as usize];
        let wan = |site: usize| self.sites[site].spec.wan.link.loss;
        let own = to.nic.link.loss;
        own + match server.map(|s| &self.shells[s as usize]) {
            None => wan(to.site),
            Some(from) if from.site == to.site => from.nic.link.loss,
            Some(from) => from.nic.link.loss + wan(to.site) + wan(from.site),
        }
    }

    /// What lost packets cost a small message.
    pub(super) fn retransmissions(&mut self, client: u32, server: Option<u32>) -> Micros {
        let loss = self.loss(client, server);
        if self.rng.chance(loss) {
            RETRANSMIT
        } else {
            Micros(0)
        }
    }
}
