//! Carrying out what the machines want: requests, answers, flows, and machines that go.

use super::{
    net::Plan,
    shell::{Exchange, Life},
    world::{Event, Reply, ToDms, World},
};
use crate::{
    peer::{Answer, Ask, AskId, Fetch, FetchId, Input, Outcome, Output, Priority, Source, Via},
    time::{Instant, Micros},
};

/// The number under which the origin stands among the servers a peer is connected to.
const ORIGIN: u32 = u32::MAX;
/// How long a machine that is cut off keeps others waiting: for a connection, for bytes, and
/// on the control connection (three heartbeats of 15 s).
const CONNECT_TIMEOUT: Micros = Micros::from_secs(3);
const STALL_TIMEOUT: Micros = Micros::from_secs(5);
const CONTROL_TIMEOUT: Micros = Micros::from_secs(45);

impl World<'_> {
    pub(super) fn carry_out(&mut self, peer: u32, output: Output) {
        match output {
            Output::Fetch(fetch) => self.fetch(peer, &fetch),
            Output::Abort(fetch) => self.abort(peer, fetch),
            Output::Answer { ask, answer } => self.answer(peer, ask, answer),
            Output::Deliver { request, via, .. } => {
                let now = self.now;
                let shell = self.shell(peer);
                if let Some((segment, deadline)) = shell.wants.remove(&request) {
                    shell.tally.delivered += 1;
                    shell.tally.late += u32::from(now > deadline);
                    shell.tally.from_cache += u32::from(via == Via::Cache);
                    shell.viewer.got(segment);
                    self.plan(now, Event::Play(peer));
                }
            }
            Output::Fail { request, .. } => {
                let shell = self.shell(peer);
                shell.tally.failed += u32::from(shell.wants.remove(&request).is_some());
            }
            Output::ReportBad { from, .. } => self.tell_dms(peer, ToDms::Bad(from)),
            // No simulated site has a WAN cap.
            Output::WantLease(_) => {}
            Output::WantRoster => self.tell_dms(peer, ToDms::WantRoster),
        }
    }

    fn fetch(&mut self, client: u32, fetch: &Fetch) {
        let now = self.now;
        let server = match fetch.from {
            Source::Origin => None,
            Source::Peer(device) => self.by_device.get(&device).copied(),
        };
        let Some(chunk) = self.by_chunk.get(&fetch.chunk).copied() else {
            return;
        };
        let one_way = self.one_way(client, server);
        let shell = self.shell(client);
        let exchange = Exchange {
            server,
            chunk,
            started: now,
            ask: None,
            flow: None,
            first_byte: None,
        };
        shell.exchanges.insert(fetch.fetch, exchange);
        // A new connection costs two round trips before the request: TCP and TLS 1.3.
        let new = shell.connected.insert(server.unwrap_or(ORIGIN));
        let wait = if new { Micros(5 * one_way.0) } else { one_way };
        let Fetch {
            fetch,
            deadline,
            hops,
            priority,
            ..
        } = *fetch;
        self.plan_after(
            wait,
            Event::Request {
                client,
                fetch,
                deadline,
                hops,
                priority,
            },
        );
    }

    /// The request reached its server, if the client still wants it.
    pub(super) fn request(
        &mut self,
        client: u32,
        fetch: FetchId,
        deadline: Instant,
        hops: u8,
        priority: Priority,
    ) {
        let from = self.shell(client).device;
        let Some(exchange) = self.shell(client).exchanges.get(&fetch).copied() else {
            return;
        };
        let Some(server) = exchange.server else {
            return self.send(client, fetch, None);
        };
        let back = self.one_way(client, Some(server));
        let broken = Event::Reply {
            client,
            fetch,
            reply: Reply::Broken,
        };
        match self.shell(server).life {
            Life::Crashed => return self.plan_after(back, broken),
            Life::Vanished => return self.plan_after(CONNECT_TIMEOUT, broken),
            Life::Running => {}
        }
        let ask = AskId(self.shell(server).new_id());
        self.shell(server).clients.insert(ask, (client, fetch));
        if let Some(exchange) = self.shell(client).exchanges.get_mut(&fetch) {
            exchange.ask = Some(ask);
        }
        let (chunk, len) = self.chunks[exchange.chunk as usize];
        self.feed(
            server,
            Input::Asked(Ask {
                ask,
                from,
                chunk,
                deadline,
                hops,
                priority,
                len: Some(len),
            }),
        );
        self.maybe_lose(server);
    }

    fn answer(&mut self, server: u32, ask: AskId, answer: Answer) {
        let Some((client, fetch)) = self.shell(server).clients.get(&ask).copied() else {
            return;
        };
        let reply = match answer {
            Answer::Serve => return self.send(client, fetch, Some(server)),
            Answer::NotHere => Reply::NotHere,
            Answer::Busy => Reply::Busy,
            Answer::Refer(devices) => Reply::Refer(devices),
        };
        self.shell(server).clients.remove(&ask);
        let back = self.one_way(client, Some(server));
        self.plan_after(
            back,
            Event::Reply {
                client,
                fetch,
                reply,
            },
        );
    }

    /// Starts the flow of a chunk; its first byte is on its way.
    fn send(&mut self, client: u32, fetch: FetchId, server: Option<u32>) {
        let first_byte = self.now + self.one_way(client, server);
        let (site, down) = (self.shell(client).site, self.shell(client).down);
        let out = match server {
            None => self.wan[site],
            Some(server) => self.shell(server).up,
        };
        let Some(exchange) = self.shell(client).exchanges.get(&fetch).copied() else {
            return;
        };
        let len = u64::from(self.chunks[exchange.chunk as usize].1);
        let mut plans = Vec::new();
        let flow = self.net.start([out, down], len, self.now, &mut plans);
        self.plan_ends(plans);
        self.flows.insert(flow, (client, fetch));
        if let Some(exchange) = self.shell(client).exchanges.get_mut(&fetch) {
            exchange.flow = Some(flow);
            exchange.first_byte = Some(first_byte);
        }
    }

    pub(super) fn reply(&mut self, client: u32, fetch: FetchId, reply: Reply) {
        let Some(exchange) = self.shell(client).exchanges.remove(&fetch) else {
            return;
        };
        let outcome = match reply {
            Reply::NotHere => Outcome::NotHere,
            Reply::Busy => Outcome::Busy,
            Reply::Refer(devices) => Outcome::Referred(devices),
            Reply::Broken => {
                let server = exchange.server.unwrap_or(ORIGIN);
                self.shell(client).connected.remove(&server);
                Outcome::Failed
            }
        };
        self.feed(client, Input::Fetched { fetch, outcome });
    }

    pub(super) fn flow_end(&mut self, plan: Plan) {
        if !self.net.holds(&plan) {
            return;
        }
        let Some((client, fetch)) = self.flows.get(&plan.flow).copied() else {
            return;
        };
        let Some(exchange) = self.shell(client).exchanges.get(&fetch).copied() else {
            return;
        };
        self.stop_flow(client, &exchange);
        let back = self.one_way(client, exchange.server);
        self.plan_after(back, Event::Arrived { client, fetch });
        if let (Some(server), Some(ask)) = (exchange.server, exchange.ask) {
            self.shell(server).clients.remove(&ask);
            self.feed(server, Input::Served(ask));
        }
    }

    pub(super) fn arrived(&mut self, client: u32, fetch: FetchId) {
        let now = self.now;
        let Some(exchange) = self.shell(client).exchanges.remove(&fetch) else {
            return;
        };
        let (_, len) = self.chunks[exchange.chunk as usize];
        let poisoned = exchange
            .server
            .is_some_and(|server| self.shell(server).poison);
        let tally = &mut self.shell(client).tally;
        let outcome = if poisoned {
            tally.bad += 1;
            let got = crate::content::ChunkId([0xbd; 32]);
            Outcome::BadHash { got }
        } else {
            if exchange.server.is_some() {
                tally.from_peers += u64::from(len);
            }
            let waited = exchange.first_byte.unwrap_or(now).since(exchange.started);
            Outcome::Delivered {
                len,
                waited,
                took: now.since(exchange.started),
            }
        };
        self.feed(client, Input::Fetched { fetch, outcome });
    }

    fn abort(&mut self, client: u32, fetch: FetchId) {
        let Some(exchange) = self.shell(client).exchanges.remove(&fetch) else {
            return;
        };
        self.stop_flow(client, &exchange);
        if let (Some(server), Some(ask)) = (exchange.server, exchange.ask) {
            let wait = self.one_way(client, Some(server));
            self.plan_after(wait, Event::ClientGone { server, ask });
        }
    }

    /// A machine goes, and with it everything it was doing.
    pub(super) fn lose(&mut self, peer: u32, vanish: bool) {
        let shell = self.shell(peer);
        shell.life = if vanish {
            Life::Vanished
        } else {
            Life::Crashed
        };
        shell.viewer.leave();
        let exchanges = std::mem::take(&mut shell.exchanges);
        let clients = std::mem::take(&mut shell.clients);
        let pick = |timeout, at_once| if vanish { timeout } else { at_once };
        for exchange in exchanges.values() {
            self.stop_flow(peer, exchange);
            if let (Some(server), Some(ask)) = (exchange.server, exchange.ask) {
                let wait = pick(STALL_TIMEOUT, self.one_way(peer, Some(server)));
                self.plan_after(wait, Event::ClientGone { server, ask });
            }
        }
        for (client, fetch) in clients.into_values() {
            let Some(exchange) = self.shell(client).exchanges.get(&fetch).copied() else {
                continue;
            };
            self.stop_flow(client, &exchange);
            // Cut off before the first byte, a client only notices by its own deadline: nothing
            // tells a silent server from one that waits for the chunk itself.
            if vanish && exchange.first_byte.is_none() {
                continue;
            }
            let wait = pick(STALL_TIMEOUT, self.one_way(client, Some(peer)));
            self.plan_after(
                wait,
                Event::Reply {
                    client,
                    fetch,
                    reply: Reply::Broken,
                },
            );
        }
        let wait = pick(
            CONTROL_TIMEOUT,
            self.wan_delay(self.shells[peer as usize].site),
        );
        self.plan_after(
            wait,
            Event::ToDms {
                peer,
                letter: ToDms::Gone,
            },
        );
    }

    /// Loses this peer if the scenario waits for a home that is fetching while others wait for it.
    fn maybe_lose(&mut self, peer: u32) {
        let Some((after, vanish)) = self.lose_busy_home else {
            return;
        };
        let now = self.now;
        let shell = self.shell(peer);
        let fetching = shell.exchanges.values().any(|e| e.server.is_none());
        let waited_for = shell.peer.load().asks > shell.peer.load().uploads;
        if now >= after && fetching && waited_for {
            self.lose_busy_home = None;
            self.plan(now, Event::Lose { peer, vanish });
        }
    }

    fn stop_flow(&mut self, client: u32, exchange: &Exchange) {
        let Some(flow) = exchange.flow else { return };
        self.flows.remove(&flow);
        let mut plans = Vec::new();
        let Some(moved) = self.net.stop(flow, self.now, &mut plans) else {
            return;
        };
        self.plan_ends(plans);
        if exchange.server.is_none() {
            let site = self.shell(client).site;
            self.origin_bytes[site] += moved;
            self.origin_chunks[site].insert(exchange.chunk);
        }
    }

    fn plan_ends(&mut self, plans: Vec<Plan>) {
        for plan in plans {
            self.plan(plan.at, Event::FlowEnd(plan));
        }
    }

    fn tell_dms(&mut self, peer: u32, letter: ToDms) {
        let delay = self.wan_delay(self.shells[peer as usize].site);
        self.plan_after(delay, Event::ToDms { peer, letter });
    }

    fn one_way(&mut self, client: u32, server: Option<u32>) -> Micros {
        let own = self.shell(client).delay;
        match server {
            None => own + self.wan_delay(self.shells[client as usize].site),
            Some(server) => own + self.shell(server).delay,
        }
    }
}
