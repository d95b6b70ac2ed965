//! Other peers' requests: serve, let wait, refer, or turn away.

use super::{
    Answer, Ask, AskId, MAX_ASKS, MAX_ASKS_PER_DEVICE, MAX_JOBS, Output, Timer,
    job::{Job, Waiting},
    machine::{AskPlace, Peer, Wake},
};
use crate::{
    content::{ChunkId, DeviceId},
    time::{Instant, Micros},
    wire::{MAX_HOPS, MAX_REFERRAL},
};

/// The most chunks copied at once without anybody's need.
const MAX_COPIES: usize = 64;
/// How long after home 1 said that it is about to fetch a chunk the other homes ask for a copy, on
/// average. The viewers come first.
const COPY_AFTER: Micros = Micros::from_secs(1);
/// How long such a copy is tried for.
const COPY_WITHIN: Micros = Micros::from_secs(60);

impl Peer {
    pub(super) fn asked(&mut self, mut ask: Ask, now: Instant) {
        ask.hops = ask.hops.min(MAX_HOPS);
        if self.asks.contains_key(&ask.ask) {
            self.counters.misused += 1;
            return;
        }
        if let Err(answer) = self.welcome(&ask) {
            return self.answer(ask.ask, answer);
        }
        if self.held.contains(&ask.chunk) {
            self.enter(&ask, AskPlace::Queued(ask.from));
            return self.admit(Waiting::new(ask, now), now);
        }
        match self.seek_for(&ask, now) {
            Ok(()) => {
                self.enter(&ask, AskPlace::Job(ask.chunk, ask.from));
                let waiting = Waiting::new(ask, now);
                self.job(ask.chunk, now).asks.push(waiting);
                self.drive(ask.chunk, now);
            }
            Err(answer) => self.answer(ask.ask, answer),
        }
    }

    /// Whether this device may ask here at all.
    fn welcome(&self, ask: &Ask) -> Result<(), Answer> {
        if !self.gives() || ask.from == self.me || self.bans.contains(ask.from) {
            return Err(Answer::NotHere);
        }
        if self.roster.peer(ask.from).is_none() {
            // Of another site, or so new that the roster does not know it yet: if so, it may
            // come again in a moment.
            return Err(Answer::Busy);
        }
        let of_device = self.asks_of.get(&ask.from).copied().unwrap_or(0);
        if self.asks.len() >= MAX_ASKS || of_device >= MAX_ASKS_PER_DEVICE {
            return Err(Answer::Busy);
        }
        Ok(())
    }

    /// Whether this peer gets a chunk it does not have, so that the asker may wait for it.
    fn seek_for(&mut self, ask: &Ask, now: Instant) -> Result<(), Answer> {
        if self.is_absent(ask.chunk, now) {
            return Err(Answer::NotHere);
        }
        let homes = self.homes_of(ask.chunk, now);
        let place = |device| homes.iter().position(|home| *home == device);
        let job = self.jobs.get(&ask.chunk);
        if job.is_some_and(|job| job.is_waiting_for(ask.from)) {
            // Each would wait for the other.
            return Err(Answer::NotHere);
        }
        if self.is_to_come_again(ask, &homes) {
            return Err(Answer::Refer(vec![self.me]));
        }
        let job = self.jobs.get(&ask.chunk);
        if job.is_some_and(|job| job.is_asking(super::Source::Origin)) {
            // Whoever ranks where: this peer is the one that will have it.
            return Ok(());
        }
        let Some(mine) = place(self.me) else {
            if place(ask.from) == Some(0) {
                // Home 1 asks around before it goes to the origin; the others wait for it.
                return Err(Answer::NotHere);
            }
            if job.is_some_and(|job| !job.running.is_empty()) {
                return Ok(());
            }
            return Err(pass_on(ask, &homes));
        };
        if let Some(theirs) = place(ask.from).filter(|theirs| *theirs < mine) {
            // A home before this one asks: it seeks the chunk itself, and this peer will copy.
            // Of what the site is to hold it keeps as many copies as it is told.
            let spare = self.keep.contains(ask.chunk) && !self.is_to_keep(ask.chunk, &homes);
            if theirs == 0 && !spare {
                self.copy_later(ask.chunk, now);
            }
            return Err(Answer::NotHere);
        }
        if mine > 0 && ask.hops >= MAX_HOPS {
            return Err(Answer::NotHere);
        }
        if job.is_none() && self.jobs.len() >= MAX_JOBS {
            return Err(Answer::Busy);
        }
        Ok(())
    }

    /// Whether a home before this one asks around while this peer is already fetching the chunk from
    /// the origin: under another roster it was home 1. A referral to itself says "wait for me".
    fn is_to_come_again(&mut self, ask: &Ask, homes: &[DeviceId]) -> bool {
        let place = |device| homes.iter().position(|home| *home == device);
        let theirs = place(ask.from);
        let before = theirs.is_some() && place(self.me).is_none_or(|mine| theirs < Some(mine));
        let Some(job) = self.jobs.get_mut(&ask.chunk) else {
            return false;
        };
        before && job.is_asking(super::Source::Origin) && job.invite(ask.from)
    }

    /// Plans a copy of a chunk of which this peer is a lower home.
    fn copy_later(&mut self, chunk: ChunkId, now: Instant) {
        let room = self.copies.len() < MAX_COPIES && self.jobs.len() < MAX_JOBS;
        if !room || self.jobs.contains_key(&chunk) {
            return;
        }
        let mut job = Job::new();
        job.not_before = now + self.jitter(COPY_AFTER);
        job.copy_until = Some(now + COPY_WITHIN);
        self.counters.copies += 1;
        self.copies.insert(chunk);
        self.jobs.insert(chunk, job);
        self.drive(chunk, now);
    }

    /// The chunk is here: serve, refer, or let wait for a slot.
    pub(super) fn admit(&mut self, waiting: Waiting, now: Instant) {
        let Waiting { ask, until } = waiting;
        if self.slots.take(&ask) {
            return self.serve(&ask);
        }
        if let Some(answer) = self.refer(&ask, now) {
            return self.answer(ask.ask, answer);
        }
        if !self.slots.enqueue(waiting) {
            return self.answer(ask.ask, Answer::Busy);
        }
        self.asks.insert(ask.ask, AskPlace::Queued(ask.from));
        self.set_timer(until, Wake::Ask(ask.ask), Timer::GiveUp);
    }

    /// The asker went away, before or during its turn.
    pub(super) fn ask_gone(&mut self, ask: AskId, now: Instant) {
        match self.leave(ask) {
            None => {}
            Some(AskPlace::Job(chunk, _)) => {
                if let Some(job) = self.jobs.get_mut(&chunk) {
                    job.asks.retain(|waiting| waiting.ask.ask != ask);
                }
                self.drive(chunk, now);
            }
            Some(AskPlace::Queued(_)) => self.leave_queue(ask),
            Some(AskPlace::Active(_)) => {
                self.slots.release(ask);
                self.fill_slots();
            }
        }
    }

    /// The asker has the chunk: it is a holder, and its slot is free.
    pub(super) fn served(&mut self, ask: AskId, now: Instant) {
        if !matches!(self.asks.get(&ask), Some(AskPlace::Active(_))) {
            return;
        }
        self.leave(ask);
        let Some((device, chunk)) = self.slots.release(ask) else {
            return;
        };
        self.holders.took(chunk, device, now);
        self.fill_slots();
        for waiting in self.slots.waiting_for(chunk) {
            let Some(answer) = self.refer(&waiting, now) else {
                break;
            };
            self.leave_queue(waiting.ask.ask);
            self.answer(waiting.ask.ask, answer);
        }
    }

    pub(super) fn queue_expired(&mut self, ask: AskId) {
        if self.slots.remove(ask).is_some() {
            self.answer(ask, Answer::Busy);
        }
    }

    pub(super) fn evicted(&mut self, chunk: ChunkId) {
        self.held.remove(&chunk);
        for waiting in self.slots.drain(|ask| ask.chunk == chunk) {
            self.clear_timer(waiting.until, Wake::Ask(waiting.ask.ask));
            self.answer(waiting.ask.ask, Answer::NotHere);
        }
    }

    /// This peer does not give any more: nobody is left waiting. Uploads that run may end.
    pub(super) fn turn_all_away(&mut self, now: Instant) {
        self.turn_away(|_| true, now);
    }

    /// A device that is avoided: nothing runs at it, and nothing of it waits here.
    pub(super) fn shun(&mut self, device: DeviceId, now: Instant) {
        self.turn_away(|ask| ask.from == device, now);
        self.leave_unreachable(now);
    }

    fn turn_away(&mut self, whom: impl Fn(&Ask) -> bool, now: Instant) {
        for waiting in self.slots.drain(&whom) {
            self.clear_timer(waiting.until, Wake::Ask(waiting.ask.ask));
            self.answer(waiting.ask.ask, Answer::NotHere);
        }
        let mut turned: Vec<Waiting> = Vec::new();
        for job in self.jobs.values_mut() {
            turned.extend(job.asks.extract_if(.., |ask| whom(ask)));
        }
        for waiting in turned {
            self.answer(waiting.ask.ask, Answer::NotHere);
            self.drive(waiting.chunk, now);
        }
    }

    /// Peers that took the chunk from here once and can be asked for it.
    pub(super) fn known_holders(&self, chunk: ChunkId, now: Instant) -> Vec<DeviceId> {
        let mut known = self.holders.of(chunk, now);
        known.retain(|device| self.is_usable(*device, now));
        known.truncate(MAX_REFERRAL);
        known
    }

    /// Gives the asker its answer; only [`Answer::Serve`] keeps it on the books.
    pub(super) fn answer(&mut self, ask: AskId, answer: Answer) {
        match answer {
            Answer::Serve => self.counters.served += 1,
            Answer::Refer(_) => self.counters.referred += 1,
            Answer::NotHere => self.counters.not_here += 1,
            Answer::Busy => self.counters.busy += 1,
        }
        if answer != Answer::Serve {
            self.leave(ask);
        }
        self.push(Output::Answer { ask, answer });
    }

    fn serve(&mut self, ask: &Ask) {
        self.asks.insert(ask.ask, AskPlace::Active(ask.from));
        self.answer(ask.ask, Answer::Serve);
    }

    fn fill_slots(&mut self) {
        while let Some(waiting) = self.slots.next() {
            self.clear_timer(waiting.until, Wake::Ask(waiting.ask.ask));
            self.serve(&waiting);
        }
    }

    fn refer(&mut self, ask: &Ask, now: Instant) -> Option<Answer> {
        if ask.hops >= MAX_HOPS {
            return None;
        }
        let mut holders = std::mem::replace(&mut self.holders, super::holders::Holders::new());
        let named = holders.refer(ask.chunk, ask.from, now, |d| {
            self.is_usable(d, now) && !self.estimates.doubtful(d)
        });
        self.holders = holders;
        (!named.is_empty()).then_some(Answer::Refer(named))
    }

    fn leave_queue(&mut self, ask: AskId) {
        if let Some(waiting) = self.slots.remove(ask) {
            self.clear_timer(waiting.until, Wake::Ask(waiting.ask.ask));
        }
    }

    fn enter(&mut self, ask: &Ask, place: AskPlace) {
        self.asks.insert(ask.ask, place);
        *self.asks_of.entry(ask.from).or_default() += 1;
    }

    fn leave(&mut self, ask: AskId) -> Option<AskPlace> {
        let place = self.asks.remove(&ask)?;
        let (AskPlace::Job(_, device) | AskPlace::Queued(device) | AskPlace::Active(device)) =
            place;
        if let Some(count) = self.asks_of.get_mut(&device) {
            *count -= 1;
            if *count == 0 {
                self.asks_of.remove(&device);
            }
        }
        Some(place)
    }
}

/// Sends the asker to the homes: it has another roster, or a referral that is out of date.
fn pass_on(ask: &Ask, homes: &[DeviceId]) -> Answer {
    let others: Vec<DeviceId> = homes
        .iter()
        .copied()
        .filter(|d| *d != ask.from)
        .take(MAX_REFERRAL)
        .collect();
    // Who was sent here by somebody else learns that it was sent in vain.
    if ask.hops > 0 || others.is_empty() {
        Answer::NotHere
    } else {
        Answer::Refer(others)
    }
}
