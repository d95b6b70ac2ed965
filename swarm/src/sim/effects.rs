//! Carrying out what machines want: requests, answers, and the bytes themselves.

use super::{
    check::Never,
    net::{Path, loss_ceiling},
    scenario::{Evil, Planted},
    shell::{Exchange, Life, ORIGIN},
    world::{Event, Reply, ToDms, World},
};
use crate::{
    content::{ChunkId, DeviceId},
    peer::{Answer, Ask, AskId, Fetch, FetchId, Input, Outcome, Output, Source},
    time::{Instant, Micros},
    wire::{MAX_HOPS, MAX_REFERRAL},
};

/// How long a machine that is cut off keeps others waiting: for a connection, and for bytes.
const CONNECT_TIMEOUT: Micros = Micros::from_secs(3);
pub(super) const STALL_TIMEOUT: Micros = Micros::from_secs(5);
/// What a lost packet costs where no other one follows it: the least retransmission timeout.
const RETRANSMIT: Micros = Micros::from_millis(200);

impl World<'_> {
    pub(super) fn carry_out(&mut self, peer: u32, output: Output) {
        match output {
            Output::Fetch(fetch) => self.fetch(peer, &fetch),
            Output::Abort(fetch) => self.abort(peer, fetch),
            Output::Answer { ask, answer } => self.answer(peer, ask, answer),
            Output::Deliver { request, chunk, .. } => {
                let Some(chunk) = self.title.number(chunk) else {
                    return;
                };
                self.deliver(peer, request, chunk);
            }
            Output::Fail { request, reason } => {
                let shell = self.shell(peer);
                let known = shell.wants.remove(&request).is_some();
                shell.tally.failed += u32::from(known);
                self.say(|_| format!("p{peer} want fails: {reason}"));
            }
            Output::ReportBad { from, .. } => self.tell_dms(peer, ToDms::Bad(from)),
            Output::WantRoster => self.tell_dms(peer, ToDms::WantRoster),
        }
    }

    /// A chunk reaches who wanted it on this machine.
    pub(super) fn deliver(&mut self, peer: u32, request: crate::peer::RequestId, chunk: u32) {
        let now = self.now;
        let shell = self.shell(peer);
        let Some((_, segment, deadline)) = shell.wants.remove(&request) else {
            return;
        };
        shell.tally.delivered += 1;
        shell.tally.late += u32::from(now > deadline);
        shell.viewer.got(segment);
        let (held, tainted) = (
            shell.disk_holds.contains(chunk),
            shell.tainted.contains(&chunk),
        );
        if !held {
            self.violations.note(Never::NotHeld, || {
                format!("{now:?}: p{peer} is given chunk {chunk}, which is not there")
            });
        }
        if tainted {
            self.violations.note(Never::BadBytes, || {
                format!("{now:?}: p{peer} is given wrong bytes for chunk {chunk}")
            });
        }
        self.plan(now, Event::Play(peer));
    }

    fn fetch(&mut self, client: u32, fetch: &Fetch) {
        let Some(chunk) = self.title.number(fetch.chunk) else {
            return;
        };
        let server = match fetch.from {
            Source::Origin => None,
            Source::Peer(device) => self.by_device.get(&device).copied(),
        };
        if self.scenario.planted == Some(Planted::NoHedge)
            && self
                .shell(client)
                .exchanges
                .values()
                .any(|e| e.chunk == chunk && !e.is_probe(server))
        {
            return;
        }
        self.say(|_| {
            let from = server.map_or("the origin".into(), |s| format!("p{s}"));
            format!(
                "p{client} asks {from} for chunk {chunk}, hops {}",
                fetch.hops
            )
        });
        self.exchange(
            client,
            fetch.fetch,
            chunk,
            server,
            (fetch.deadline, fetch.hops),
        );
    }

    /// Starts a request.
    pub(super) fn exchange(
        &mut self,
        client: u32,
        fetch: FetchId,
        chunk: u32,
        server: Option<u32>,
        (deadline, hops): (Instant, u8),
    ) {
        let now = self.now;
        let true_hops = server.map_or(0, |s| self.true_hops(client, chunk, s));
        if true_hops > MAX_HOPS + 1 {
            self.violations.note(Never::Hops, || {
                format!("{now:?}: p{client} asks for chunk {chunk} after {true_hops} hops")
            });
        }
        let one_way = self.one_way(client, server);
        let shell = self.shell(client);
        if server.is_some_and(|s| shell.fooled_by.contains(&s)) {
            self.violations.note(Never::BannedAsked, || {
                format!("{now:?}: p{client} asks p{server:?} again after wrong bytes")
            });
        }
        let shell = self.shell(client);
        shell.tally.messages += 1;
        let exchange = Exchange {
            server,
            chunk,
            started: now,
            hops: true_hops,
            ask: None,
            flow: None,
            first_byte: None,
        };
        shell.exchanges.insert(fetch, exchange);
        // A new connection costs two round trips before the request: TCP and TLS 1.3.
        let new = shell.connected.insert(server.unwrap_or(ORIGIN));
        let wait = if new { Micros(5 * one_way.0) } else { one_way };
        let wait = wait + self.retransmissions(client, server);
        let hops = match self.scenario.planted {
            Some(Planted::ReferralLoop) => 0,
            _ => hops,
        };
        let request = Event::Request {
            client,
            fetch,
            deadline,
            hops,
        };
        self.plan_after(wait, request);
    }

    /// The request reached its server, if the client still wants it.
    pub(super) fn request(&mut self, client: u32, fetch: FetchId, deadline: Instant, hops: u8) {
        let from = self.shell(client).device;
        let Some(exchange) = self.shell(client).exchanges.get(&fetch).copied() else {
            return;
        };
        let broken = Event::Reply {
            client,
            fetch,
            reply: Reply::Broken,
        };
        let back = self.one_way(client, exchange.server);
        let Some(server) = exchange.server else {
            let site = self.site_of(client);
            self.sites[site].origin_requests += 1;
            if self.origin_away {
                return self.plan_after(back, broken);
            }
            return self.send(client, fetch, None);
        };
        match self.shell(server).life {
            Life::Crashed | Life::Back(_) => return self.plan_after(back, broken),
            Life::Vanished => return self.plan_after(CONNECT_TIMEOUT, broken),
            Life::Running => {}
        }
        self.shell(server).tally.messages += 1;
        let ask = AskId(self.shell(server).new_id());
        self.shell(server).clients.insert(ask, (client, fetch));
        if let Some(exchange) = self.shell(client).exchanges.get_mut(&fetch) {
            exchange.ask = Some(ask);
        }
        if self.asked_of_evil(server, ask, client, fetch) {
            return;
        }
        if self.shell(server).peer.is_none() {
            return self.direct_asked(server, ask, exchange.chunk);
        }
        let chunk = self.title.chunk(exchange.chunk).0;
        let ask = Ask {
            ask,
            from,
            chunk,
            deadline,
            hops,
        };
        self.feed(server, Input::Asked(ask));
        self.maybe_lose(server);
    }

    /// What an evil peer does with a request. Answers whether it did anything.
    fn asked_of_evil(&mut self, server: u32, ask: AskId, client: u32, fetch: FetchId) -> bool {
        match self.shell(server).evil {
            Some(Evil::Poison) => self.answer(server, ask, Answer::Serve),
            Some(Evil::Lie) => {
                let named = self.some_neighbours(server, client);
                self.answer(server, ask, Answer::Refer(named));
            }
            Some(Evil::Stall) => {
                let now = self.now;
                if let Some(exchange) = self.shell(client).exchanges.get_mut(&fetch) {
                    exchange.first_byte = Some(now);
                }
                let broken = Event::Reply {
                    client,
                    fetch,
                    reply: Reply::Broken,
                };
                self.plan_after(STALL_TIMEOUT, broken);
            }
            Some(Evil::Slow | Evil::Squat) | None => return false,
        }
        true
    }

    /// A few random peers of the same site.
    fn some_neighbours(&mut self, of: u32, but: u32) -> Vec<DeviceId> {
        let site = self.site_of(of);
        let peers = self.shells.len() as u64;
        let mut named = Vec::new();
        for _ in 0..4 * MAX_REFERRAL {
            let other = self.rng.below(peers) as usize;
            let shell = &self.shells[other];
            if shell.site == site && other != of as usize && other != but as usize {
                named.push(shell.device);
            }
            if named.len() == MAX_REFERRAL {
                break;
            }
        }
        named
    }

    pub(super) fn answer(&mut self, server: u32, ask: AskId, answer: Answer) {
        let Some((client, fetch)) = self.shell(server).clients.get(&ask).copied() else {
            return;
        };
        let Some(chunk) = self.shell(client).exchanges.get(&fetch).map(|e| e.chunk) else {
            return;
        };
        let now = self.now;
        let reply = match answer {
            Answer::Serve => {
                let shell = self.shell(server);
                let lies = shell.evil == Some(Evil::Poison);
                if !lies && !shell.disk_holds.contains(chunk) {
                    self.violations.note(Never::NotHeld, || {
                        format!("{now:?}: p{server} serves chunk {chunk}, which is not there")
                    });
                }
                self.say(|_| format!("p{server} serves chunk {chunk} to p{client}"));
                return self.send(client, fetch, Some(server));
            }
            Answer::NotHere => Reply::NotHere,
            Answer::Busy => Reply::Busy,
            Answer::Refer(devices) => Reply::Refer(devices),
        };
        self.say(|_| format!("p{server} answers p{client} about chunk {chunk}: {reply:?}"));
        self.shell(server).clients.remove(&ask);
        self.shell(server).tally.messages += 1;
        let wait = self.one_way(client, Some(server)) + self.retransmissions(client, Some(server));
        let reply = Event::Reply {
            client,
            fetch,
            reply,
        };
        self.plan_after(wait, reply);
    }

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

    pub(super) fn reply(&mut self, client: u32, fetch: FetchId, reply: Reply) {
        let Some(exchange) = self.shell(client).exchanges.remove(&fetch) else {
            return;
        };
        self.shell(client).tally.messages += 1;
        let outcome = match reply {
            Reply::NotHere => Outcome::NotHere,
            Reply::Busy => Outcome::Busy,
            Reply::Refer(devices) => {
                for device in &devices {
                    if let Some(named) = self.by_device.get(device).copied() {
                        let hops = exchange.hops.saturating_add(1);
                        let known = &mut self.shell(client).named;
                        known.entry((exchange.chunk, named)).or_insert(hops);
                    }
                }
                Outcome::Referred(devices)
            }
            Reply::Broken => {
                self.stop_flow(client, &exchange);
                let server = exchange.server.unwrap_or(ORIGIN);
                self.shell(client).connected.remove(&server);
                if let (Some(server), Some(ask)) = (exchange.server, exchange.ask) {
                    self.plan(self.now, Event::ClientGone { server, ask: ask.0 });
                }
                Outcome::Failed
            }
        };
        if self.shell(client).peer.is_none() {
            return self.direct_failed(client, exchange.chunk, exchange.server);
        }
        self.feed(client, Input::Fetched { fetch, outcome });
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
            shell.disk_holds.insert(chunk);
            shell.named.retain(|(of, _), _| *of != chunk);
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
    }

    fn abort(&mut self, client: u32, fetch: FetchId) {
        let Some(exchange) = self.shell(client).exchanges.remove(&fetch) else {
            return;
        };
        self.stop_flow(client, &exchange);
        if let (Some(server), Some(ask)) = (exchange.server, exchange.ask) {
            let wait = self.one_way(client, Some(server));
            self.plan_after(wait, Event::ClientGone { server, ask: ask.0 });
        }
    }

    pub(super) fn client_gone(&mut self, server: u32, ask: u64) {
        if self.shell(server).clients.remove(&AskId(ask)).is_some() {
            self.feed(server, Input::AskGone(AskId(ask)));
        }
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

    pub(super) fn tell_dms(&mut self, peer: u32, letter: ToDms) {
        self.shell(peer).tally.messages += 1;
        let delay = self.control_delay(peer);
        self.plan_after(delay, Event::ToDms { peer, letter });
    }

    /// Between a peer and the DMS.
    pub(super) fn control_delay(&self, peer: u32) -> Micros {
        let shell = &self.shells[peer as usize];
        shell.delay() + self.sites[shell.site].spec.wan.link.delay
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
    fn retransmissions(&mut self, client: u32, server: Option<u32>) -> Micros {
        let loss = self.loss(client, server);
        if self.rng.chance(loss) {
            RETRANSMIT
        } else {
            Micros(0)
        }
    }
}

impl Exchange {
    /// Whether this exchange is a home's question to another one, next to which the origin is asked.
    fn is_probe(&self, next: Option<u32>) -> bool {
        next.is_none() && self.flow.is_none() && self.server.is_some() && self.hops == 0
    }
}
