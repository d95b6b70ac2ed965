//! Carrying out what machines want: requests, answers, and the bytes themselves.

use super::{
    check::Never,
    scenario::{Evil, Planted},
    shell::{Exchange, Life, ORIGIN},
    world::{Event, Reply, Says, ToDms, World},
};
use crate::{
    content::DeviceId,
    peer::{Answer, Ask, AskId, Fetch, FetchId, Input, Outcome, Output, Priority, Source},
    time::Micros,
    wire::{MAX_HOPS, MAX_REFERRAL},
};

/// How long a machine that is cut off keeps others waiting: for a connection, and for bytes.
const CONNECT_TIMEOUT: Micros = Micros::from_secs(3);
pub(super) const STALL_TIMEOUT: Micros = Micros::from_secs(10);
/// The most requests of one peer for one chunk: every referral it follows, and every home again and again.
const MAX_REQUESTS: u16 = 100;

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
            Output::Worth { percent } => self.tell_dms(peer, ToDms::Worth(percent)),
            Output::WantLease(ask) => self.tell_dms(peer, ToDms::Lease(ask)),
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
            Source::Origin => {
                self.spend_lease(client, chunk);
                None
            }
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
            Says {
                deadline: fetch.deadline,
                hops: fetch.hops,
                priority: fetch.priority,
            },
        );
    }

    /// Starts a request.
    pub(super) fn exchange(
        &mut self,
        client: u32,
        fetch: FetchId,
        chunk: u32,
        server: Option<u32>,
        says: Says,
    ) {
        let now = self.now;
        let one_way = self.one_way(client, server);
        let shell = self.shell(client);
        if server.is_some_and(|s| shell.fooled_by.contains(&s)) {
            self.violations.note(Never::BannedAsked, || {
                format!("{now:?}: p{client} asks p{server:?} again after wrong bytes")
            });
        }
        let shell = self.shell(client);
        shell.tally.messages += 1;
        let requests = shell.requests.entry(chunk).or_default();
        *requests += 1;
        let requests = *requests;
        let exchange = Exchange {
            server,
            chunk,
            started: now,
            hops: says.hops,
            ask: None,
            flow: None,
            first_byte: None,
        };
        shell.exchanges.insert(fetch, exchange);
        // A new connection costs two round trips before the request: TCP and TLS 1.3.
        let new = shell.connected.insert(server.unwrap_or(ORIGIN));
        let wait = if new { Micros(5 * one_way.0) } else { one_way };
        let wait = wait + self.retransmissions(client, server);
        let request = Event::Request {
            client,
            fetch,
            says,
        };
        self.plan_after(wait, request);
        if requests > MAX_REQUESTS {
            self.violations.note(Never::Hops, || {
                format!("{now:?}: p{client} asks {requests} times for chunk {chunk}")
            });
        }
    }

    /// The request reached its server, if the client still wants it.
    pub(super) fn request(&mut self, client: u32, fetch: FetchId, says: Says) {
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
        let (chunk, len) = self.title.chunk(exchange.chunk);
        let ask = Ask {
            ask,
            from,
            chunk,
            deadline: says.deadline,
            hops: says.hops,
            priority: says.priority,
            len: Some(len),
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
                let head = self.one_way(client, Some(server));
                self.plan_after(head, Event::Began { client, fetch });
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

    pub(super) fn reply(&mut self, client: u32, fetch: FetchId, reply: Reply) {
        let Some(exchange) = self.shell(client).exchanges.remove(&fetch) else {
            return;
        };
        self.shell(client).tally.messages += 1;
        let outcome = match reply {
            Reply::NotHere => Outcome::NotHere,
            Reply::Busy => Outcome::Busy,
            Reply::Refer(devices) => {
                if self.scenario.planted == Some(Planted::ReferralLoop) {
                    return self.follow_blindly(client, fetch, &exchange, &devices);
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

    /// The planted fault: the transport follows a referral by itself, as many HTTP clients do, and says
    /// nothing of the hops behind it.
    fn follow_blindly(
        &mut self,
        client: u32,
        fetch: FetchId,
        exchange: &Exchange,
        devices: &[DeviceId],
    ) {
        let (now, chunk) = (self.now, exchange.chunk);
        let hops = exchange.hops.saturating_add(1);
        if hops > MAX_HOPS {
            self.violations.note(Never::Hops, || {
                format!("{now:?}: p{client} asks for chunk {chunk} after {hops} hops")
            });
        }
        let known = devices.iter().find_map(|d| self.by_device.get(d).copied());
        let says = Says {
            deadline: now + STALL_TIMEOUT,
            hops: 0,
            priority: Priority::Playing,
        };
        self.exchange(client, fetch, chunk, known, says);
        if let Some(exchange) = self.shell(client).exchanges.get_mut(&fetch) {
            exchange.hops = hops;
        }
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
}

impl Exchange {
    /// Whether this exchange is a home's question to another one, next to which the origin is asked.
    fn is_probe(&self, next: Option<u32>) -> bool {
        next.is_none() && self.flow.is_none() && self.server.is_some() && self.hops == 0
    }
}
